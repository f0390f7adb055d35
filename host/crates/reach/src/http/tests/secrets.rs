//! Where an attached secret goes, and that it does not come back.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wardlet_call::{Http as _, HttpFailure, HttpRequest};

use super::server::{LONG, SECRET, Server, attached, fetch, get, ok, redirect, with_secret};

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
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\nhunter\r\na\r\n-hunter-22\r\n0\r\n\r\n"
            .to_owned(),
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
