//! What parent and child say to one another, and the parent's side of it.
//!
//! The child has one socket as its standard input and output. The request is a header and the component;
//! the parent then keeps its end open until it has its answer, so that the end of the input tells the
//! child that the parent is gone. The answer is a header and what came out. A socket, not pipes, since
//! reading from and writing to one can have a time limit.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::DIGEST_BYTES;

/// The length of a request's header: processor time, memory, length of the component.
pub(super) const REQUEST_HEADER: usize = 8 + 8 + 8;

/// The length of an answer's header: outcome, digest of the engine, length of what follows.
pub(super) const ANSWER_HEADER: usize = 1 + DIGEST_BYTES + 8;

/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;

/// What the child is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) cpu_seconds: u64,
    pub(super) memory: u64,
    pub(super) length: u64,
}

impl Request {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut header = Vec::new();
        for number in [self.cpu_seconds, self.memory, self.length] {
            header.extend(number.to_le_bytes());
        }
        header
    }

    pub(super) fn decode(header: &[u8; REQUEST_HEADER]) -> Option<Self> {
        let (cpu_seconds, rest) = header.split_first_chunk()?;
        let (memory, rest) = rest.split_first_chunk()?;
        let (length, _) = rest.split_first_chunk()?;
        Some(Request {
            cpu_seconds: u64::from_le_bytes(*cpu_seconds),
            memory: u64::from_le_bytes(*memory),
            length: u64::from_le_bytes(*length),
        })
    }
}

/// What came out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Machine code.
    Compiled(Vec<u8>),
    /// The compiler's message.
    Refused(String),
    /// The compiler was told by the system that there is no memory.
    OutOfMemory,
}

const COMPILED: u8 = 0;
const REFUSED: u8 = 1;
const OUT_OF_MEMORY: u8 = 2;

impl Outcome {
    /// Header and body.
    pub(super) fn encode(self, engine: &[u8; DIGEST_BYTES]) -> (Vec<u8>, Vec<u8>) {
        let (code, body) = match self {
            Outcome::Compiled(code) => (COMPILED, code),
            Outcome::Refused(message) => (REFUSED, message.into_bytes()),
            Outcome::OutOfMemory => (OUT_OF_MEMORY, Vec::new()),
        };
        let mut header = vec![code];
        header.extend(engine);
        header.extend((body.len() as u64).to_le_bytes());
        (header, body)
    }

    /// Whole, of the right length and for this engine, or nothing.
    pub(super) fn decode(
        mut answer: Vec<u8>,
        engine: &[u8; DIGEST_BYTES],
    ) -> Result<Self, &'static str> {
        let header = answer.first_chunk::<ANSWER_HEADER>().copied();
        let (&[code], rest) = header
            .as_ref()
            .and_then(|header| header.split_first_chunk())
            .ok_or("it ends in its header")?;
        let (found, length) = rest
            .split_first_chunk::<DIGEST_BYTES>()
            .ok_or("it ends in its header")?;
        let length = length.first_chunk().copied().map(u64::from_le_bytes);
        answer.drain(..ANSWER_HEADER);
        if length != Some(answer.len() as u64) {
            return Err("it does not have the length that it names");
        }
        if found != engine {
            return Err("it is for another engine");
        }
        match code {
            COMPILED => Ok(Outcome::Compiled(answer)),
            REFUSED => Ok(Outcome::Refused(
                String::from_utf8_lossy(&answer).into_owned(),
            )),
            OUT_OF_MEMORY => Ok(Outcome::OutOfMemory),
            _ => Err("its outcome is unknown"),
        }
    }
}

/// How an exchange ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The child closed its side after this answer.
    All(Vec<u8>),
    /// It had not done so in time.
    Late,
    /// It sent more than it may.
    TooMuch,
}

/// Sends a request, and hears the answer until the child closes its side. Ends by itself, also where
/// the child neither reads nor writes, or writes without end.
pub(super) fn exchange(
    socket: &mut UnixStream,
    request: [&[u8]; 2],
    limit: usize,
    until: Instant,
) -> io::Result<Heard> {
    for mut part in request {
        while !part.is_empty() {
            let Some(left) = left(until) else {
                return Ok(Heard::Late);
            };
            socket.set_write_timeout(Some(left))?;
            match socket.write(part) {
                Ok(count) => part = part.get(count..).unwrap_or_default(),
                Err(error) if is_pause(&error) => {}
                // A child that does not read on is asked no more; its answer says why.
                Err(_) => break,
            }
        }
    }
    let mut answer = Vec::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let Some(left) = left(until) else {
            return Ok(Heard::Late);
        };
        socket.set_read_timeout(Some(left))?;
        match socket.read(&mut chunk) {
            Ok(0) => return Ok(Heard::All(answer)),
            Ok(count) => answer.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            Err(error) if is_pause(&error) => {}
            // It ended before it had read everything.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                return Ok(Heard::All(answer));
            }
            Err(error) => return Err(error),
        }
        if answer.len() > limit {
            return Ok(Heard::TooMuch);
        }
    }
}

/// The time that is left, unless it is over.
fn left(until: Instant) -> Option<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    (!left.is_zero()).then_some(left)
}

/// Whether nothing was read or written, since the time was over or a signal came.
fn is_pause(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests;
