//! The client against servers that mean harm.
#![allow(clippy::too_many_lines, reason = "cases are data")]

mod names;
mod redirects;
mod secrets;
mod server;
mod tls;

use std::io::{self, Write as _};
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use wardlet_call::{Http as _, HttpFailure, HttpMethod, HttpRequest};

use self::server::{LONG, Names, Server, client, fetch, get, grant, ok, read};
use super::{HttpClient, MAX_BODY};
use crate::origin::Origin;
use crate::resolve::Resolve;

#[test]
fn an_answer_arrives_and_the_request_was_framed() {
    let server = Server::answering(|request| ok(request.lines().next().unwrap()));
    let client = client(&[server.origin("a.test")]);
    let request = HttpRequest {
        method: HttpMethod::Post,
        url: server.url("a.test", "/v1/data?x=1"),
        headers: vec![("content-type".into(), "application/json".into())],
        body: Some(b"{\"input\":1}".to_vec()),
    };
    let response = fetch(&client, &request).unwrap();
    assert_eq!(
        (response.status, response.body),
        (200, b"POST /v1/data?x=1 HTTP/1.1".to_vec())
    );
    let received = server.received.lock().unwrap().concat();
    for part in [
        &format!("\r\nhost: a.test:{}\r\n", server.port),
        "\r\ncontent-type: application/json\r\n",
        "\r\n\r\n{\"input\":1}",
    ] {
        assert!(received.contains(part), "{received}");
    }
}

#[test]
fn only_what_is_granted_is_reached() {
    let server = Server::saying(ok("{}"));
    let other = Server::saying(ok("{}"));
    let client = client(&[server.origin("a.test")]);
    let check = |url: &str, expected: HttpFailure| {
        assert_eq!(fetch(&client, &get(url)), Err(expected), "{url}");
    };
    let port = server.port;
    check(&other.url("a.test", "/"), HttpFailure::NotGranted);
    check(&server.url("b.test", "/"), HttpFailure::NotGranted);
    check(&server.url("127.0.0.1", "/"), HttpFailure::NotGranted);
    check(&format!("https://a.test:{port}/"), HttpFailure::NotGranted);
    check("http://a.test/", HttpFailure::NotGranted);
    for host in [
        "127.1",
        "0x7f.1",
        "2130706433",
        "a.test.",
        "u@a.test",
        "a.test@b.test",
        "[::1%25lo]",
        "\u{430}.test",
        "a.test\\",
        "",
        "a..test",
    ] {
        check(&server.url(host, "/"), HttpFailure::BadRequest);
    }
    check(&server.url("a.test", "/a b"), HttpFailure::BadRequest);
    check(&server.url("a.test", "/\r\nx: y"), HttpFailure::BadRequest);
    assert_eq!((server.count(), other.count()), (0, 0));
}

/// Without a grant of private addresses none is connected to, however it is come by.
#[test]
fn private_addresses_need_a_grant() {
    let server = Server::saying(ok("{}"));
    let origins = [
        "a.test",
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
    ]
    .map(|host| server.origin(host));
    let check = |private: bool, host: &str, addresses: &[&str], expected: Option<HttpFailure>| {
        let (allow, allow_private) = if private {
            (&[][..], &origins[..])
        } else {
            (&origins[..], &[][..])
        };
        let names = Names::new(&[addresses]);
        let client = HttpClient::new(grant(allow, allow_private), None, None, names).unwrap();
        let got = fetch(&client, &get(&server.url(host, "/")));
        assert_eq!(got.err(), expected, "{host} {addresses:?} {private}");
    };
    let refused = Some(HttpFailure::RefusedAddress);
    check(true, "127.0.0.1", &[], None);
    check(true, "a.test", &["127.0.0.1"], None);
    // The first address has no server; the second one has.
    check(true, "a.test", &["127.0.0.2", "127.0.0.1"], None);
    for host in [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
    ] {
        check(false, host, &[], refused);
    }
    for host in ["[::ffff:127.0.0.1]", "169.254.169.254"] {
        check(true, host, &[], refused);
    }
    // A mixture is refused as a whole, in any order.
    for addresses in [
        &["127.0.0.1"][..],
        &["1.1.1.1", "127.0.0.1"],
        &["127.0.0.1", "1.1.1.1"],
        &["::1"],
        &["1.1.1.1", "::ffff:10.0.0.1"],
        &["0.0.0.0"],
        &["169.254.169.254"],
    ] {
        check(false, "a.test", addresses, refused);
    }
    for addresses in [
        &["127.0.0.1", "169.254.169.254"][..],
        &["0.0.0.0"],
        &["224.0.0.1"],
        &["::"],
    ] {
        check(true, "a.test", addresses, refused);
    }
    check(true, "a.test", &[], Some(HttpFailure::Unresolved));
}

/// A name that has one address when it is looked at and another one when it is connected to.
#[test]
fn names_are_resolved_once() {
    let server = Server::saying(ok("{}"));
    let origin = server.origin("a.test");
    // Were it resolved again, the connection would go to the metadata service.
    let names = Names::new(&[&["127.0.0.1"], &["169.254.169.254"]]);
    let client = HttpClient::new(
        grant(&[], std::slice::from_ref(&origin)),
        None,
        None,
        names.clone(),
    )
    .unwrap();
    assert_eq!(
        fetch(&client, &get(&server.url("a.test", "/")))
            .unwrap()
            .status,
        200
    );
    assert_eq!(names.asked.load(Ordering::Relaxed), 1);
    let again = fetch(&client, &get(&server.url("a.test", "/")));
    assert_eq!(again, Err(HttpFailure::RefusedAddress));
    assert_eq!(names.asked.load(Ordering::Relaxed), 2);

    // Public first, private next: what was looked at is what is handed on to be connected to.
    let names = Names::new(&[&["1.1.1.1"], &["127.0.0.1"]]);
    let client = HttpClient::new(
        grant(std::slice::from_ref(&origin), &[]),
        None,
        None,
        names.clone(),
    )
    .unwrap();
    let until = Instant::now() + LONG;
    let public: IpAddr = "1.1.1.1".parse().unwrap();
    assert_eq!(client.addresses(&origin, until), Ok(vec![public]));
    assert_eq!(
        client.addresses(&origin, until),
        Err(HttpFailure::RefusedAddress)
    );
    assert_eq!(names.asked.load(Ordering::Relaxed), 2);
}

/// Resolution that never ends.
#[derive(Debug)]
struct Silent;

impl Resolve for Silent {
    fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        std::thread::sleep(LONG);
        Ok(Vec::new())
    }
}

/// Nothing keeps a request past its deadline: slow names, a server that accepts and says nothing, one
/// that never accepts the rest of the body, and ones that drip head, body or chunks.
#[test]
fn nothing_waits_past_the_deadline() {
    let drip = |before: &'static str, endless: &'static [u8]| {
        Server::raw(move |mut stream: TcpStream| {
            let _ = read(&mut stream);
            let _ = stream.write_all(before.as_bytes());
            for byte in endless.iter().cycle() {
                if stream.write_all(&[*byte]).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        })
    };
    let (keep, kept) = channel();
    let silent = Server::raw(move |stream| keep.send(stream).unwrap());
    let servers = [
        ("silent", silent),
        ("slow head", drip("HTTP/1.1 200 OK\r\nx: ", b"a")),
        ("slow headers", drip("HTTP/1.1 200 OK\r\n", b"x: y\r\n")),
        ("slow status", drip("", b"H")),
        ("slow interim answers", drip("", b"HTTP/1.1 103 E\r\n\r\n")),
        (
            "slow body",
            drip("HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n", b"a"),
        ),
        (
            "slow body without end",
            drip("HTTP/1.1 200 OK\r\n\r\n", b"a"),
        ),
        (
            "slow chunks",
            drip(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                b"1\r\na\r\n",
            ),
        ),
        (
            "slow trailers",
            drip(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
                b"x: y\r\n",
            ),
        ),
    ];
    let check = |what: &str, client: &HttpClient, url: &str| {
        let request = HttpRequest {
            method: HttpMethod::Post,
            body: Some(vec![b'a'; MAX_BODY]),
            ..get(url)
        };
        let begun = Instant::now();
        let got = client.fetch(&request, &[], begun + Duration::from_millis(150));
        assert_eq!(got, Err(HttpFailure::TimedOut), "{what}");
        // Loose, for a busy machine; each of these would go on for a minute at least.
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "{what}: {:?}",
            begun.elapsed()
        );
    };
    for (what, server) in &servers {
        check(
            what,
            &client(&[server.origin("a.test")]),
            &server.url("a.test", "/"),
        );
    }
    drop(kept);
    let origin = Origin::parse("http://a.test:1").unwrap();
    let resolver = Arc::new(Silent);
    let client = HttpClient::new(grant(&[], &[origin]), None, None, resolver).unwrap();
    check("slow names", &client, "http://a.test:1/");
    assert_eq!(
        client.fetch(&get("http://a.test:1/"), &[], Instant::now()),
        Err(HttpFailure::TimedOut),
        "no time at all"
    );
}

#[test]
fn what_has_no_end_is_cut() {
    let endless = |head: &'static str, piece: &'static [u8]| {
        Server::raw(move |mut stream: TcpStream| {
            let _ = read(&mut stream);
            let _ = stream.write_all(head.as_bytes());
            while stream.write_all(&piece.repeat(1000)).is_ok() {}
        })
    };
    // 2 MiB of zeros in 2 KiB, were it unpacked.
    let bomb = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2048\r\n\r\n";
    let early = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc";
    for (what, server, expected) in [
        (
            "headers",
            endless("HTTP/1.1 200 OK\r\n", b"x: y\r\n"),
            HttpFailure::TooLarge,
        ),
        (
            "header",
            endless("HTTP/1.1 200 OK\r\nx: ", b"y"),
            HttpFailure::TooLarge,
        ),
        (
            "body",
            endless("HTTP/1.1 200 OK\r\n\r\n", b"a"),
            HttpFailure::TooLarge,
        ),
        (
            "chunks",
            endless(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                b"1\r\na\r\n",
            ),
            HttpFailure::TooLarge,
        ),
        ("bomb", endless(bomb, b"\x1f\x8b"), HttpFailure::BadResponse),
        (
            "closes in the body",
            Server::saying(early),
            HttpFailure::BadResponse,
        ),
        (
            "closes in the head",
            Server::saying("HTTP/1.1 200 OK\r\nx"),
            HttpFailure::BadResponse,
        ),
        (
            "closes at once",
            Server::saying(""),
            HttpFailure::Unreachable,
        ),
        ("closes unread", Server::raw(drop), HttpFailure::Unreachable),
    ] {
        let client = client(&[server.origin("a.test")]);
        let got = fetch(&client, &get(&server.url("a.test", "/")));
        assert_eq!(got, Err(expected), "{what}");
    }
    let port = {
        std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port()
    };
    let origin = Origin::parse(&format!("http://a.test:{port}")).unwrap();
    let got = fetch(
        &client(std::slice::from_ref(&origin)),
        &get(&origin.to_string()),
    );
    assert_eq!(got, Err(HttpFailure::Unreachable), "nobody listens");
}

#[test]
fn requests_that_could_become_two_are_refused() {
    let server = Server::saying(ok("{}"));
    let client = client(&[server.origin("a.test")]);
    let check = |change: &dyn Fn(&mut HttpRequest)| {
        let mut request = get(&server.url("a.test", "/"));
        change(&mut request);
        assert_eq!(
            fetch(&client, &request),
            Err(HttpFailure::BadRequest),
            "{request:.200?}"
        );
    };
    check(&|request| {
        request
            .headers
            .push(("x-a".into(), "b\r\n\r\nGET / HTTP/1.1".into()))
    });
    check(&|request| request.headers.push(("x-a\r\nx-b".into(), "b".into())));
    check(&|request| request.headers.push(("content-length".into(), "5".into())));
    check(&|request| {
        request
            .headers
            .push(("transfer-encoding".into(), "chunked".into()))
    });
    check(&|request| request.body = Some(Vec::new()));
    check(&|request| {
        request.method = HttpMethod::Post;
        request.body = Some(vec![0; MAX_BODY + 1]);
    });
    assert_eq!(server.count(), 0);
}
