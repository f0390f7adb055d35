//! Where a server would like to send a request on to.

use wardlet_call::{HttpFailure, HttpMethod, HttpRequest};

use super::super::HttpClient;
use super::server::{
    Names, Server, attached, client, fetch, get, grant, ok, redirect, with_secret, with_secret_as,
};
use crate::origin::Origin;

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

/// Also in a header that a plugin may send elsewhere.
#[test]
fn a_secret_stays_behind_in_whatever_header() {
    let target = Server::saying(ok("reached"));
    let first = Server::saying(redirect(&target.url("b.test", "/")));
    let origins = [first.origin("a.test"), target.origin("b.test")];
    let client = with_secret_as("accept", &origins);
    let got = attached(&client, &get(&first.url("a.test", "/"))).unwrap();
    assert_eq!(got.body, b"reached");
    assert!(first.received.lock().unwrap().concat().contains("hunter"));
    assert!(!target.received.lock().unwrap().concat().contains("hunter"));
}
