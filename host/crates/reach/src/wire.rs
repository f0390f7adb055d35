//! HTTP/1.1 over one connection for one request: what is written, and an answer read within limits.
//!
//! With one request for each connection there is nothing that a wrong length could be smuggled into; what
//! is ambiguous is refused all the same.

use std::io::{ErrorKind, Read, Write};

use memchr::memmem;
use wardlet_call::{HttpFailure, HttpMethod, HttpResponse};
use zeroize::Zeroizing;

use crate::connection::failure_of;
use crate::origin::Url;

/// The head of an answer, and the trailers after a chunked one: four times what servers send at most.
const MAX_HEAD: usize = 32 << 10;

/// Headers of an answer.
const MAX_HEADERS: usize = 128;

/// Answers before the answer (`100`, `103`): more are a way to keep somebody waiting.
const MAX_INTERIM: usize = 4;

/// The line before each chunk: its length, and extensions that nobody uses.
const MAX_CHUNK_LINE: usize = 256;

/// What is read from the connection at a time.
const READ: usize = 16 << 10;

/// One request, ready to be written.
pub(crate) struct Message<'a> {
    pub(crate) method: HttpMethod,
    pub(crate) url: &'a Url,
    /// All of them checked.
    pub(crate) headers: Vec<(&'a str, &'a str)>,
    pub(crate) body: Option<&'a [u8]>,
}

impl Message<'_> {
    /// Sends it and reads the answer, the body of at most `max_body` bytes.
    pub(crate) fn exchange(
        &self,
        connection: &mut (impl Read + Write),
        max_body: usize,
    ) -> Result<HttpResponse, HttpFailure> {
        let head = Zeroizing::new(self.head());
        let body = self.body.unwrap_or_default();
        let mut whole = Zeroizing::new(Vec::with_capacity(head.len() + body.len()));
        whole.extend_from_slice(head.as_bytes());
        whole.extend_from_slice(body);
        // A server may answer, and close, before it has read all of the request.
        let written = connection
            .write_all(&whole)
            .and_then(|()| connection.flush());
        if let Err(error) = written
            && failure_of(&error) != HttpFailure::Unreachable
        {
            return Err(failure_of(&error));
        }
        let mut input = Input {
            source: connection,
            bytes: Vec::new(),
            at: 0,
            begun: false,
        };
        for _ in 0..=MAX_INTERIM {
            let response = input.head()?;
            match response.status {
                101 => return Err(HttpFailure::BadResponse),
                100..200 => {}
                200..600 => return input.body(response, self.method, max_body),
                _ => return Err(HttpFailure::BadResponse),
            }
        }
        Err(HttpFailure::BadResponse)
    }

    fn head(&self) -> String {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\naccept-encoding: identity\r\n",
            self.method.name(),
            self.url.target,
            self.url.origin.authority(),
        );
        // Room for the rest at once: a text that grows leaves copies of a secret behind.
        head.reserve(
            64 + self
                .headers
                .iter()
                .map(|(n, v)| n.len() + v.len() + 4)
                .sum::<usize>(),
        );
        if !self
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("user-agent"))
        {
            head.push_str("user-agent: wardlet\r\n");
        }
        let takes_body = !matches!(self.method, HttpMethod::Get | HttpMethod::Head);
        if self.body.is_some() || takes_body {
            let length = self.body.map_or(0, <[u8]>::len);
            head.push_str(&format!("content-length: {length}\r\n"));
        }
        for (name, value) in &self.headers {
            head.push_str(name);
            head.push_str(": ");
            head.push_str(value);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        head
    }
}

/// How long the body is.
#[derive(Debug, PartialEq, Eq)]
enum Length {
    None,
    Exactly(usize),
    Chunked,
    UntilClosed,
}

/// What came and has not been used.
struct Input<'a, R> {
    source: &'a mut R,
    bytes: Vec<u8>,
    at: usize,
    /// Whether anything came.
    begun: bool,
}

impl<R: Read> Input<'_, R> {
    /// Reads more; false at the end.
    fn more(&mut self) -> Result<bool, HttpFailure> {
        self.bytes.drain(..self.at);
        self.at = 0;
        let before = self.bytes.len();
        self.bytes.resize(before + READ, 0);
        let read = loop {
            let place = self.bytes.get_mut(before..).unwrap_or_default();
            match self.source.read(place) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.bytes.truncate(before + *read.as_ref().unwrap_or(&0));
        let count = read.map_err(|error| match failure_of(&error) {
            // Whoever cut the connection may have cut the answer.
            HttpFailure::Unreachable if self.begun => HttpFailure::BadResponse,
            failure => failure,
        })?;
        self.begun |= count > 0;
        Ok(count > 0)
    }

    fn unused(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Takes what stands before `end`, and `end` with it.
    fn take_through(&mut self, end: &[u8], max: usize) -> Result<Vec<u8>, HttpFailure> {
        let mut searched = 0;
        loop {
            let unused = self.unused();
            let rest = unused.get(searched..).unwrap_or_default();
            if let Some(found) = memmem::find(rest, end).map(|found| searched + found) {
                if found > max {
                    return Err(HttpFailure::TooLarge);
                }
                let taken = unused.get(..found).unwrap_or_default().to_vec();
                self.at += found + end.len();
                return Ok(taken);
            }
            if unused.len() > max + end.len() {
                return Err(HttpFailure::TooLarge);
            }
            // The end may be cut in two by what comes next.
            searched = unused.len().saturating_sub(end.len() - 1);
            if !self.more()? {
                return Err(HttpFailure::BadResponse);
            }
        }
    }

    fn head(&mut self) -> Result<HttpResponse, HttpFailure> {
        if self.unused().is_empty() && !self.more()? {
            // Nothing came at all: as if nobody were there.
            return Err(HttpFailure::Unreachable);
        }
        let mut text = self.take_through(b"\r\n\r\n", MAX_HEAD)?;
        text.extend_from_slice(b"\r\n\r\n");
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Response::new(&mut headers);
        match parsed.parse(&text) {
            Ok(httparse::Status::Complete(length)) if length == text.len() => {}
            _ => return Err(HttpFailure::BadResponse),
        }
        let lifted = parsed.headers.iter().map(|header| {
            let value = str::from_utf8(header.value).ok()?;
            Some((header.name.to_ascii_lowercase(), value.to_owned()))
        });
        Ok(HttpResponse {
            status: parsed.code.ok_or(HttpFailure::BadResponse)?,
            headers: lifted
                .collect::<Option<_>>()
                .ok_or(HttpFailure::BadResponse)?,
            body: Vec::new(),
        })
    }

    fn body(
        &mut self,
        mut response: HttpResponse,
        method: HttpMethod,
        max: usize,
    ) -> Result<HttpResponse, HttpFailure> {
        response.body = match length(&response, method)? {
            Length::None => Vec::new(),
            Length::Exactly(length) if length > max => return Err(HttpFailure::TooLarge),
            Length::Exactly(length) => {
                let mut body = Vec::new();
                self.take_exactly(length, &mut body)?;
                body
            }
            Length::Chunked => self.chunks(max)?,
            Length::UntilClosed => {
                while self.unused().len() <= max && self.more()? {}
                if self.unused().len() > max {
                    return Err(HttpFailure::TooLarge);
                }
                self.unused().to_vec()
            }
        };
        Ok(response)
    }

    fn take_exactly(&mut self, length: usize, into: &mut Vec<u8>) -> Result<(), HttpFailure> {
        let mut missing = length;
        while missing > 0 {
            if self.unused().is_empty() && !self.more()? {
                return Err(HttpFailure::BadResponse);
            }
            let unused = self.unused();
            let part = unused.get(..missing.min(unused.len())).unwrap_or_default();
            into.extend_from_slice(part);
            let taken = part.len();
            missing -= taken;
            self.at += taken;
        }
        Ok(())
    }

    fn chunks(&mut self, max: usize) -> Result<Vec<u8>, HttpFailure> {
        let bad = |failure| match failure {
            HttpFailure::TooLarge => HttpFailure::BadResponse,
            other => other,
        };
        let mut body = Vec::new();
        loop {
            let mut line = self.take_through(b"\r\n", MAX_CHUNK_LINE).map_err(bad)?;
            line.extend_from_slice(b"\r\n");
            // The parser takes a line without any digit for the last chunk.
            let has_digit = line.first().is_some_and(u8::is_ascii_hexdigit);
            let length = match httparse::parse_chunk_size(&line) {
                Ok(httparse::Status::Complete((_, length))) if has_digit => length,
                _ => return Err(HttpFailure::BadResponse),
            };
            if length == 0 {
                break;
            }
            let length = usize::try_from(length)
                .ok()
                .filter(|length| *length <= max - body.len())
                .ok_or(HttpFailure::TooLarge)?;
            self.take_exactly(length, &mut body)?;
            if !self.take_through(b"\r\n", 0).map_err(bad)?.is_empty() {
                return Err(HttpFailure::BadResponse);
            }
        }
        // Trailers: nobody sees them.
        let mut left = MAX_HEAD;
        loop {
            let line = self.take_through(b"\r\n", left)?;
            if line.is_empty() {
                return Ok(body);
            }
            left = left.saturating_sub(line.len() + 2);
        }
    }
}

/// How long the body of an answer is. Two lengths, or a length and chunks, mean that two readers could
/// read two bodies.
fn length(response: &HttpResponse, method: HttpMethod) -> Result<Length, HttpFailure> {
    let all = |wanted: &str| {
        let named = response
            .headers
            .iter()
            .filter(move |(name, _)| name == wanted);
        named.map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    let (codings, transfers, lengths) = (
        all("content-encoding"),
        all("transfer-encoding"),
        all("content-length"),
    );
    // What is compressed cannot be searched for secrets, and may be a thousand times larger than it looks.
    if codings
        .iter()
        .any(|coding| !coding.eq_ignore_ascii_case("identity"))
    {
        return Err(HttpFailure::BadResponse);
    }
    let framed = match (transfers.as_slice(), lengths.as_slice()) {
        ([], []) => Length::UntilClosed,
        ([coding], []) if coding.eq_ignore_ascii_case("chunked") => Length::Chunked,
        ([], [length]) => {
            let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
            let length = length.parse().ok().filter(|_| digits);
            Length::Exactly(length.ok_or(HttpFailure::BadResponse)?)
        }
        _ => return Err(HttpFailure::BadResponse),
    };
    let bodiless = method == HttpMethod::Head || matches!(response.status, 204 | 304);
    Ok(if bodiless { Length::None } else { framed })
}

#[cfg(test)]
mod tests;
