#![allow(clippy::too_many_lines, reason = "cases are data")]

use super::{Origin, Url, UrlError};

#[test]
fn origins() {
    use UrlError::{Character, Host, Path, Port, Scheme, TooLong, User};
    let long = format!("https://{}.example", "a".repeat(MAX + 1));
    const MAX: usize = 2048;
    let cases: &[(&str, Result<&str, UrlError>)] = &[
        ("https://opa.example.com", Ok("https://opa.example.com:443")),
        ("http://opa.example.com", Ok("http://opa.example.com:80")),
        ("https://OPA.example:8443", Ok("https://opa.example:8443")),
        ("http://127.0.0.1:8181", Ok("http://127.0.0.1:8181")),
        ("http://[::1]:8181", Ok("http://[::1]:8181")),
        ("http://[2001:DB8:0::1]", Ok("http://[2001:db8::1]:80")),
        (
            "https://xn--bcher-kva.example",
            Ok("https://xn--bcher-kva.example:443"),
        ),
        ("https://a_b.example", Ok("https://a_b.example:443")),
        // Addresses that only some readers take for addresses.
        ("http://127.1", Err(Host)),
        ("http://2130706433", Err(Host)),
        ("http://0x7f000001", Err(Host)),
        ("http://0x7f.0.0.1", Err(Host)),
        ("http://0177.0.0.1", Err(Host)),
        ("http://017700000001", Err(Host)),
        ("http://127.0.0.0x1", Err(Host)),
        ("http://example.1", Err(Host)),
        ("http://1.2.3.4.5", Err(Host)),
        ("http://256.0.0.1", Err(Host)),
        // Names that are written in two ways.
        ("http://example.com.", Err(Host)),
        ("http://127.0.0.1.", Err(Host)),
        ("http://.example.com", Err(Host)),
        ("http://a..b", Err(Host)),
        ("http://-a.example", Err(Host)),
        ("http://b\u{fc}cher.example", Err(Character)),
        ("http://\u{ff11}27.0.0.1", Err(Character)),
        ("http://127\u{3002}0.0.1", Err(Character)),
        ("http://ex%61mple.com", Err(Host)),
        // Zones.
        ("http://[fe80::1%25eth0]", Err(Host)),
        ("http://[fe80::1%eth0]", Err(Host)),
        ("http://[::1", Err(Host)),
        ("http://[::1]8080", Err(Port)),
        ("http://[127.0.0.1]", Err(Host)),
        // Users.
        ("http://good.example@evil.example", Err(User)),
        ("http://a:b@evil.example", Err(User)),
        ("http://good.example:80@evil.example", Err(User)),
        ("http://good.example%40evil.example", Err(Host)),
        ("http://good.example\\@evil.example", Err(Character)),
        ("http://good.example#@evil.example", Err(Character)),
        // Ports.
        ("http://a.example:", Err(Port)),
        ("http://a.example:0", Err(Port)),
        ("http://a.example:080", Err(Port)),
        ("http://a.example:65536", Err(Port)),
        ("http://a.example:+80", Err(Port)),
        ("http://a.example:8 0", Err(Character)),
        ("http://a:1:2", Err(Port)),
        // Schemes and the rest.
        ("HTTP://a.example", Err(Scheme)),
        ("ftp://a.example", Err(Scheme)),
        ("//a.example", Err(Scheme)),
        ("http:/a.example", Err(Scheme)),
        ("http:///a", Err(Host)),
        ("http://", Err(Host)),
        ("", Err(Scheme)),
        ("https://a.example/", Err(Path)),
        ("https://a.example/p", Err(Path)),
        ("https://a.example?q", Err(Path)),
        ("https://a.exa\tmple", Err(Character)),
        ("https://a.example\r\nhost: b", Err(Character)),
        (&long, Err(TooLong)),
    ];
    for (text, expected) in cases {
        let got = Origin::parse(text).map(|origin| origin.to_string());
        assert_eq!(got.as_deref(), expected.as_ref().copied(), "{text}");
    }
}

#[test]
fn redirects_are_joined() {
    let base = Url::parse("https://a.example:8443/x/y?q=1").unwrap();
    for (location, expected) in [
        ("/z", "https://a.example:8443/z"),
        ("/z?r=2#part", "https://a.example:8443/z?r=2"),
        ("z", "https://a.example:8443/x/z"),
        ("?r=2", "https://a.example:8443/x/y?r=2"),
        ("", "https://a.example:8443/x/y"),
        ("//b.example/z", "https://b.example:443/z"),
        ("http://b.example:81", "http://b.example:81/"),
        (
            "/z?u=http://b.example",
            "https://a.example:8443/z?u=http://b.example",
        ),
        ("@b.example/z", "https://a.example:8443/x/@b.example/z"),
    ] {
        let got = base.join(location).unwrap();
        assert_eq!(
            format!("{}{}", got.origin, got.target),
            expected,
            "{location}"
        );
    }
    for location in [
        "file:///etc/passwd",
        "gopher://a.example/",
        "javascript:x",
        "http://a@b.example/",
        "\\\\b.example",
        "https:\\\\b.example",
        "/z z",
        "//b.example.",
        "http:b.example",
    ] {
        assert!(base.join(location).is_err(), "{location}");
    }
}

#[test]
fn authorities() {
    for (text, expected) in [
        ("https://a.example:443", "a.example"),
        ("https://a.example:80", "a.example:80"),
        ("http://[::1]:80", "[::1]"),
        ("http://[::1]:81", "[::1]:81"),
    ] {
        assert_eq!(Origin::parse(text).unwrap().authority(), expected);
    }
}
