#![allow(clippy::too_many_lines, reason = "cases are data")]

use std::io::{self, Read, Write};

use wardlet_call::{HttpFailure, HttpMethod, HttpResponse};

use super::Message;
use crate::origin::Url;

/// A server that has said all it will say, in pieces of `step` bytes.
struct Said<'a> {
    rest: &'a [u8],
    step: usize,
    received: Vec<u8>,
}

impl Read for Said<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let length = self.step.min(self.rest.len()).min(bytes.len());
        let (now, rest) = self.rest.split_at(length);
        bytes[..length].copy_from_slice(now);
        self.rest = rest;
        Ok(length)
    }
}

impl Write for Said<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.received.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const MAX_BODY: usize = 64;

fn answer(method: HttpMethod, said: &[u8], step: usize) -> Result<HttpResponse, HttpFailure> {
    let url = Url::parse("http://a.example/p?q").unwrap();
    let message = Message {
        method,
        url: &url,
        headers: vec![("x-a", "1")],
        body: None,
    };
    let mut server = Said {
        rest: said,
        step,
        received: Vec::new(),
    };
    message.exchange(&mut server, MAX_BODY)
}

#[test]
fn answers_are_read_whole_or_refused() {
    use HttpFailure::{BadResponse, TooLarge, Unreachable};
    let check = |head: &str, body: &str, expected: Result<&str, HttpFailure>| {
        let said = format!("{head}\r\n\r\n{body}");
        for step in [1, 2, 3, 7, 100_000] {
            let got = answer(HttpMethod::Get, said.as_bytes(), step);
            let got = got.map(|response| String::from_utf8(response.body).unwrap());
            assert_eq!(
                got.as_deref(),
                expected.as_ref().copied(),
                "{said:?} by {step}"
            );
        }
    };
    let ok = |rest: &str| format!("HTTP/1.1 200 OK\r\n{rest}");
    let chunked = ok("Transfer-Encoding: chunked");
    let full = "a".repeat(MAX_BODY);
    let over = "a".repeat(MAX_BODY + 1);

    check(&ok("content-length: 2"), "{}", Ok("{}"));
    check(&ok("content-length: 2"), "{}GARBAGE", Ok("{}"));
    check(&ok("content-length: 64"), &full, Ok(&full));
    check(&ok("x: y"), &full, Ok(&full));
    check(&ok("content-encoding: identity"), "{}", Ok("{}"));
    check(
        &chunked,
        "2\r\n{}\r\n3;ext=1\r\nabc\r\n0\r\n\r\n",
        Ok("{}abc"),
    );
    check(&chunked, "2\r\n{}\r\n0\r\nx-t: 1\r\ny: 2\r\n\r\n", Ok("{}"));
    check("HTTP/1.0 200 OK", "{}", Ok("{}"));
    check("HTTP/1.1 204 None\r\ncontent-length: 5", "", Ok(""));
    let early = "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n".repeat(4);
    check(&format!("{early}{}", ok("content-length: 1")), "x", Ok("x"));

    // Too large: by its own word, in fact, in chunks, in its head, in its trailers.
    check(&ok("content-length: 65"), "", Err(TooLarge));
    check(
        &ok("content-length: 18446744073709551615"),
        "",
        Err(TooLarge),
    );
    check(&ok("x: y"), &over, Err(TooLarge));
    check(
        &chunked,
        &format!("41\r\n{over}\r\n0\r\n\r\n"),
        Err(TooLarge),
    );
    check(
        &chunked,
        &format!("40\r\n{full}\r\n1\r\na\r\n0\r\n\r\n"),
        Err(TooLarge),
    );
    check(&chunked, "ffffffffffffffff\r\n", Err(TooLarge));
    check(
        &ok(&format!("x: {}", "a".repeat(33_000))),
        "",
        Err(TooLarge),
    );
    let trailers = "x: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(1000);
    check(&chunked, &format!("0\r\n{trailers}\r\n"), Err(TooLarge));

    // Ambiguous or malformed.
    for head in [
        "content-length: 2\r\ncontent-length: 3",
        "content-length: 2\r\ncontent-length: 2",
        "content-length: 2, 2",
        "content-length: +2",
        "content-length: -1",
        "content-length:",
        "content-length: 0x2",
        "content-length: 18446744073709551616",
        "content-length: 2\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: identity",
        "content-encoding: gzip",
        "content-encoding: br\r\ncontent-length: 2",
        "content-encoding: identity\r\ncontent-encoding: zstd",
        "no colon",
        "x : y",
        "x: y\r\n folded: z",
        "x: a\0b",
        "x: a\rb",
    ] {
        check(&ok(head), "{}", Err(BadResponse));
    }
    for body in [
        "x\r\n",
        "-1\r\na\r\n",
        "2\r\n{}",
        "2\r\n{}X\r\n0\r\n\r\n",
        "2\r\n{}\r\n",
        "2\r\n{",
        "0\r\n",
        "10000000000000000\r\n",
        "\r\n\r\n",
    ] {
        check(&chunked, body, Err(BadResponse));
    }
    check(
        &chunked,
        &format!("1;{}\r\na\r\n0\r\n\r\n", "e".repeat(300)),
        Err(BadResponse),
    );
    for head in [
        "HTTP/2 200 OK",
        "HTTP/1.1 99 X",
        "HTTP/1.1 1000 X",
        "HTTP/1.1 OK",
        "HTTP/1.1 600 X",
        "ICY 200 OK",
        "SSH-2.0-OpenSSH_9.9",
        "HTTP/1.1 101 Switching\r\nupgrade: x",
        "",
    ] {
        check(head, "", Err(BadResponse));
    }
    check(
        &format!("{early}HTTP/1.1 103 E\r\n\r\n{}", ok("x: y")),
        "",
        Err(BadResponse),
    );
    let many: String = (0..129).map(|n| format!("x-{n}: y\r\n")).collect();
    check(&ok(many.trim_end()), "", Err(BadResponse));

    // Ended early.
    check(&ok("content-length: 3"), "{}", Err(BadResponse));
    for (said, expected) in [("", Unreachable), ("HTTP/1.1 200 OK\r\nx", BadResponse)] {
        assert_eq!(answer(HttpMethod::Get, said.as_bytes(), 9), Err(expected));
    }
}

#[test]
fn a_head_has_no_body_whatever_it_says() {
    let said = b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\nX-A: b\r\n\r\n";
    let response = answer(HttpMethod::Head, said, 5).unwrap();
    assert_eq!((response.status, response.body.len()), (200, 0));
    let header = ("x-a".to_owned(), "b".to_owned());
    assert_eq!(response.headers[1], header);
}

#[test]
fn what_is_sent_is_framed_by_the_host() {
    let url = Url::parse("https://a.example:8443/p?q=%20").unwrap();
    let check = |method, headers: &[(&str, &str)], body: Option<&[u8]>, expected: &str| {
        let message = Message {
            method,
            url: &url,
            headers: headers.to_vec(),
            body,
        };
        let mut server = Said {
            rest: b"HTTP/1.1 204 None\r\n\r\n",
            step: 9,
            received: Vec::new(),
        };
        message.exchange(&mut server, 0).unwrap();
        let received = String::from_utf8(server.received).unwrap();
        assert_eq!(received.replace("\r\n", "|"), expected);
    };
    let fixed = "host: a.example:8443|connection: close|accept-encoding: identity|";
    check(
        HttpMethod::Get,
        &[("accept", "a/b")],
        None,
        &format!("GET /p?q=%20 HTTP/1.1|{fixed}user-agent: wardlet|accept: a/b||"),
    );
    check(
        HttpMethod::Post,
        &[("User-Agent", "x")],
        Some(b"{}"),
        &format!("POST /p?q=%20 HTTP/1.1|{fixed}content-length: 2|User-Agent: x||{{}}"),
    );
    check(
        HttpMethod::Delete,
        &[],
        None,
        &format!("DELETE /p?q=%20 HTTP/1.1|{fixed}user-agent: wardlet|content-length: 0||"),
    );
}
