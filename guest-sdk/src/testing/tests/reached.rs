//! Servers, folders and secrets of the double.

use super::super::{Check, Fault, Outside, Sent};
use crate::http_fetch::{Method, Request};
use crate::{
    Description, Part, Plugin, Policy, SettingFault, Subject, Verdict, document, fs_read,
    http_fetch, secret_use,
};

const SERVER: &str = "https://opa.test/v1/allow";

/// Allows what a server allows, and denies the texts that a file lists.
struct Asking;

impl Plugin for Asking {
    fn describe() -> Description {
        let asked = http_fetch::fetch(&Request::get(SERVER));
        assert_eq!(asked, Err(http_fetch::Failure::NotGranted));
        Description::new("asking", "1.0.0", "Asks a server.")
            .reason("listed", "The file lists it.")
            .reason("refused", "The server refuses it.")
    }

    fn configure() -> Result<(), Vec<SettingFault>> {
        Ok(())
    }
}

impl Policy for Asking {
    fn evaluate(_: &Subject) -> Result<Verdict, String> {
        let text = document::string(Part::Arguments, "/text")?.unwrap_or_default();
        let listed = fs_read::read("policy", "lists/denied")?;
        if listed
            .split(|byte| *byte == b'\n')
            .any(|line| line == text.as_bytes())
        {
            return Ok(Verdict::deny("listed"));
        }
        secret_use::attach("token")?;
        let request = Request::post(SERVER, text.as_bytes()).header("content-type", "text/plain");
        let response = http_fetch::fetch(&request)?;
        assert_eq!(response.header("content-length"), Some("4"));
        Ok(match response.body.as_slice() {
            b"true" => Verdict::allow(),
            _ => Verdict::deny("refused"),
        })
    }
}

fn outside(body: &[u8]) -> Outside {
    Outside::new()
        .answer(Method::Post, SERVER, 200, body)
        .file("policy", "lists/denied", b"rm\ndd")
        .secret("token", false, true)
}

#[test]
fn a_policy_asks_a_server_and_reads_a_file() {
    let ask = |outside: &Outside, text: &str| {
        let check = Check::new().outside(outside);
        let check = check.arguments(&format!("{{\"text\":\"{text}\"}}"));
        check.evaluate::<Asking>().answer
    };
    let allowing = outside(b"true");
    assert_eq!(ask(&allowing, "ls"), Ok(Verdict::allow()));
    assert_eq!(ask(&allowing, "rm"), Ok(Verdict::deny("listed")));
    let request = Request::post(SERVER, b"ls").header("content-type", "text/plain");
    let sent = Sent {
        request,
        attached: vec!["token".into()],
    };
    assert_eq!(allowing.sent(), [sent]);
    assert_eq!(ask(&outside(b"null"), "ls"), Ok(Verdict::deny("refused")));

    let down = Outside::new()
        .outcome(Method::Post, SERVER, Err(http_fetch::Failure::TimedOut))
        .file("policy", "lists/denied", b"")
        .secret("token", false, true);
    let slow = ask(&down, "ls");
    assert!(matches!(slow, Err(Fault::Failed(text)) if text.contains("too slow")));
    let nothing = ask(&Outside::new(), "ls");
    assert!(matches!(nothing, Err(Fault::Failed(text)) if text.contains("folder")));
}

#[test]
fn what_the_double_reaches_has_the_limits_of_the_contract() {
    let large = vec![0; (1 << 20) + 1];
    let outside = outside(b"true")
        .file("policy", "large", &large)
        .secret("key", true, false);
    let within = Check::new().outside(&outside).within(|| {
        use fs_read::{Failure, Kind};
        assert_eq!(fs_read::read("other", "large"), Err(Failure::NotGranted));
        assert_eq!(fs_read::read("policy", "large"), Err(Failure::TooLarge));
        assert_eq!(fs_read::read("policy", "lists"), Err(Failure::NotAFile));
        assert_eq!(fs_read::read("policy", "none"), Err(Failure::NotFound));
        for path in ["", ".", "..", "/etc", "a//b", "a/../b", "a\0"] {
            assert_eq!(
                fs_read::read("policy", path),
                Err(Failure::BadPath),
                "{path:?}"
            );
        }
        let listed = fs_read::list("policy", ".").unwrap();
        let listed: Vec<_> = listed.iter().map(|e| (e.name.as_str(), e.kind)).collect();
        assert_eq!(listed, [("large", Kind::File), ("lists", Kind::Folder)]);
        assert_eq!(fs_read::list("policy", "large"), Err(Failure::NotAFolder));
        assert_eq!(fs_read::stat("policy", "lists/denied").unwrap().size, 5);

        use secret_use::Failure as Refused;
        let tag = secret_use::hmac("key", b"data").unwrap();
        assert_eq!(tag.len(), 32);
        assert_ne!(secret_use::hmac("key", b"dath").unwrap(), tag);
        assert_eq!(secret_use::hmac("token", b""), Err(Refused::NotGranted));
        assert_eq!(secret_use::hmac("key", &large), Err(Refused::TooLarge));
        assert_eq!(secret_use::attach("key"), Err(Refused::NotGranted));
        assert_eq!(secret_use::attach("token"), Ok(()));
        assert_eq!(secret_use::attach("token"), Err(Refused::TooMany));

        use http_fetch::Failure as NotFetched;
        let with_body = Request {
            method: Method::Get,
            ..Request::post(SERVER, b"")
        };
        assert_eq!(http_fetch::fetch(&with_body), Err(NotFetched::BadRequest));
        for _ in 0..3 {
            assert!(http_fetch::fetch(&Request::post(SERVER, b"")).is_ok());
        }
        let fifth = http_fetch::fetch(&Request::post(SERVER, b""));
        assert_eq!(fifth, Err(NotFetched::TooMany));
    });
    assert!(within.is_ok());
    // The one that was attached went with the first request, and that was refused.
    assert!(outside.sent().iter().all(|sent| sent.attached.is_empty()));
}
