//! The client against servers that mean harm.

mod server;
mod tls;

use std::io::{self, Write as _};
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wardlet_call::{Http as _, HttpFailure, HttpMethod, HttpRequest};

use self::server::{
    LONG, Names, SECRET, Server, attached, client, fetch, get, grant, ok, read, redirect,
    with_secret,
};
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
    let client = HttpClient::new(grant(&[], &[origin.clone()]), None, None, names.clone()).unwrap();
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
    let client = HttpClient::new(grant(&[origin.clone()], &[]), None, None, names.clone()).unwrap();
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
    let got = fetch(&client(&[origin.clone()]), &get(&origin.to_string()));
    assert_eq!(got, Err(HttpFailure::Unreachable), "nobody listens");
}

#[test]
fn redirects_are_checked_like_first_requests() {
    let target = Server::saying(ok("reached"));
    let metadata = "http://169.254.169.254/latest/meta-data/";
    let check = |place: String, expected: Result<&str, HttpFailure>| {
        let first = Server::saying(redirect(&place));
        let origins = [first.origin("a.test"), target.origin("b.test")];
        let got = fetch(&client(&origins), &get(&first.url("a.test", "/x/y")));
        let got = got.map(|response| String::from_utf8(response.body).unwrap());
        assert_eq!(got.as_deref(), expected.as_ref().copied(), "{place}");
    };
    let not_granted = Err(HttpFailure::NotGranted);
    check(target.url("b.test", "/"), Ok("reached"));
    check(format!("//b.test:{}/", target.port), Ok("reached"));
    let reached = target.count();
    check(target.url("a.test", "/"), not_granted);
    check(target.url("127.0.0.1", "/"), not_granted);
    check(format!("https://b.test:{}/", target.port), not_granted);
    check("http://b.test/".into(), not_granted);
    check(metadata.into(), not_granted);
    for place in [
        "file:///etc/passwd",
        "http://u@b.test/",
        "http://127.1/",
        "\\\\b.test\\x",
        "http://[::1%25lo]/",
    ] {
        check(place.into(), Err(HttpFailure::BadRedirect));
    }
    // Round and round.
    check("/again".into(), Err(HttpFailure::BadRedirect));
    assert_eq!(target.count(), reached);

    // Granted by name, and private all the same: the second name leads to the metadata service.
    let first = Server::saying(redirect(metadata));
    let origins = [
        first.origin("a.test"),
        Origin::parse("http://169.254.169.254").unwrap(),
    ];
    let got = fetch(&client(&origins), &get(&first.url("a.test", "/")));
    assert_eq!(got, Err(HttpFailure::RefusedAddress));
    let first = Server::saying(redirect("http://b.test/"));
    let names = Names::new(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let allow = [Origin::parse("http://b.test").unwrap()];
    let grant = grant(&allow, &[first.origin("a.test")]);
    let client = HttpClient::new(grant, None, None, names).unwrap();
    let got = fetch(&client, &get(&first.url("a.test", "/")));
    assert_eq!(
        got,
        Err(HttpFailure::RefusedAddress),
        "public by grant, private by its address"
    );
}

#[test]
fn a_redirect_of_what_has_effects_is_an_answer() {
    let target = Server::saying(ok("reached"));
    let first = Server::saying(redirect(&target.url("b.test", "/")));
    let client = client(&[first.origin("a.test"), target.origin("b.test")]);
    for method in [
        HttpMethod::Post,
        HttpMethod::Put,
        HttpMethod::Patch,
        HttpMethod::Delete,
    ] {
        let request = HttpRequest {
            method,
            ..get(&first.url("a.test", "/"))
        };
        assert_eq!(fetch(&client, &request).unwrap().status, 302);
    }
    assert_eq!((first.count(), target.count()), (4, 0));
}

#[test]
fn a_redirect_elsewhere_carries_nothing_along() {
    let target = Server::saying(ok("reached"));
    let first = Server::saying(redirect(&target.url("b.test", "/")));
    let client = with_secret(&[first.origin("a.test"), target.origin("b.test")]);
    let request = HttpRequest {
        headers: vec![
            ("X-Own".into(), "1".into()),
            ("Accept".into(), "a/b".into()),
        ],
        ..get(&first.url("a.test", "/"))
    };
    assert_eq!(attached(&client, &request).unwrap().body, b"reached");
    let sent = first.received.lock().unwrap().concat();
    assert!(
        sent.contains("authorization: Bearer hunter-hunter-22\r\n")
            && sent.contains("X-Own: 1\r\n")
    );
    let carried = target.received.lock().unwrap().concat();
    assert!(
        !carried.contains("hunter") && !carried.contains("X-Own"),
        "{carried}"
    );
    assert!(carried.contains("Accept: a/b\r\n"), "{carried}");
}

#[test]
fn a_secret_goes_only_where_it_is_for() {
    let other = Server::saying(ok("{}"));
    let first = Server::saying(ok("{}"));
    let origins = [
        first.origin("a.test"),
        other.origin("b.test"),
        first.origin("b.test"),
    ];
    let client = with_secret(&origins);
    for url in [other.url("b.test", "/"), first.url("b.test", "/")] {
        assert_eq!(
            attached(&client, &get(&url)),
            Err(HttpFailure::SecretOrigin),
            "{url}"
        );
    }
    assert_eq!((first.count(), other.count()), (0, 0));
    assert!(attached(&client, &get(&first.url("a.test", "/"))).is_ok());
    // Without it being attached, it is not sent.
    assert!(fetch(&client, &get(&first.url("a.test", "/"))).is_ok());
    let received = first.received.lock().unwrap().clone();
    let carried: Vec<bool> = received
        .iter()
        .map(|request| request.contains("hunter"))
        .collect();
    assert_eq!(carried, [true, false]);
    // The plugin cannot write the header itself, nor attach what this client does not hold.
    let own = HttpRequest {
        headers: vec![("AUTHORIZATION".into(), "x".into())],
        ..get(&first.url("a.test", "/"))
    };
    assert_eq!(fetch(&client, &own), Err(HttpFailure::BadRequest));
    let until = Instant::now() + LONG;
    let got = client.fetch(&get(&first.url("a.test", "/")), &["none".into()], until);
    assert_eq!(got, Err(HttpFailure::SecretOrigin));
}

#[test]
fn a_secret_that_comes_back_is_not_handed_over() {
    let basic = STANDARD.encode(format!("user:{SECRET}"));
    for said in [
        ok(&format!("you sent {SECRET}")),
        ok(&format!("{{\"authorization\":\"Basic {basic}\"}}")),
        ok("68756e7465722d68756e7465722d3232"),
        format!("HTTP/1.1 200 OK\r\nx-echo: Bearer {SECRET}\r\n\r\n{{}}"),
        format!("HTTP/1.1 200 OK\r\n{SECRET}: x\r\n\r\n{{}}"),
        format!("HTTP/1.1 500 No\r\n\r\n{SECRET}"),
        format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\nhunter\r\na\r\n-hunter-22\r\n0\r\n\r\n"
        ),
        // On its way to a server that is granted, in the place of a redirect.
        redirect(&format!("/next?token={SECRET}")),
    ] {
        let server = Server::saying(said.clone());
        let client = with_secret(&[server.origin("a.test")]);
        let got = attached(&client, &get(&server.url("a.test", "/")));
        assert_eq!(got, Err(HttpFailure::ShowsSecret), "{said}");
        assert_eq!(server.count(), 1);
        // A server may have kept it: the next request need not carry it.
        assert_eq!(
            fetch(&client, &get(&server.url("a.test", "/"))),
            Err(HttpFailure::ShowsSecret)
        );
    }
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
