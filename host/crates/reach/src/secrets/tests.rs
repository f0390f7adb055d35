use wardlet_call::{PluginName, SecretFailure, Secrets as _};

use super::{Attached, PluginSecrets, SecretUse};
use crate::origin::Origin;
use crate::secret::{Secret, SecretError};

const KEY: &[u8] = b"hunter-hunter-22";

/// Shows what is signed instead of signing it: its length, and the first bytes of it.
fn shown(key: &[u8], message: &[u8]) -> [u8; 32] {
    assert_eq!(key, KEY);
    let mut tag = [0; 32];
    tag[0] = u8::try_from(message.len() % 256).unwrap();
    let part = message.len().min(31);
    tag[1..=part].copy_from_slice(&message[message.len() - part..]);
    tag
}

fn plugin() -> PluginName {
    PluginName::parse("guard").unwrap()
}

fn signing(secret: &[u8], raw: bool) -> SecretUse {
    SecretUse {
        secret: Secret::of(secret),
        hmac: true,
        raw,
        attach: None,
    }
}

fn attached(header: &str) -> SecretUse {
    SecretUse {
        secret: Secret::of(KEY),
        hmac: false,
        raw: false,
        attach: Some(Attached {
            header: header.into(),
            prefix: "Bearer ".into(),
            origins: vec![Origin::parse("https://a.example").unwrap()],
        }),
    }
}

fn secrets(uses: impl IntoIterator<Item = (&'static str, SecretUse)>) -> PluginSecrets {
    let uses = uses
        .into_iter()
        .map(|(name, granted)| (name.into(), granted));
    PluginSecrets::new(plugin(), uses, shown).unwrap()
}

#[test]
fn signatures_are_of_this_plugin_and_purpose_unless_they_are_raw() {
    let secrets = secrets([
        ("own", signing(KEY, false)),
        ("raw", signing(KEY, true)),
        ("header", attached("authorization")),
    ]);
    let whole = b"wardlet-plugin-hmac-v1\0guard\0data";
    assert_eq!(secrets.hmac("own", b"data"), Ok(shown(KEY, whole)));
    assert_eq!(secrets.hmac("raw", b"data"), Ok(shown(KEY, b"data")));
    for secret in ["header", "none", ""] {
        assert_eq!(
            secrets.hmac(secret, b"data"),
            Err(SecretFailure::NotGranted)
        );
    }
    assert!(secrets.hmac("raw", &vec![0; 64 << 10]).is_ok());
    let over = secrets.hmac("own", &vec![0; (64 << 10) + 1]);
    assert_eq!(over, Err(SecretFailure::TooLarge));
}

#[test]
fn each_header_is_attached_once() {
    let names = ["a", "b", "c", "d", "e"];
    let mut uses: Vec<_> = names.map(|name| (name, attached(name))).to_vec();
    uses.extend([("same", attached("a")), ("key", signing(KEY, false))]);
    let secrets = secrets(uses);
    let mut already = Vec::new();
    for name in ["a", "b", "c", "d"] {
        assert_eq!(secrets.may_attach(name, &already), Ok(()));
        already.push(name.to_owned());
    }
    let too_many = Err(SecretFailure::TooMany);
    assert_eq!(secrets.may_attach("e", &already), too_many);
    assert_eq!(secrets.may_attach("a", &already[..1]), too_many);
    assert_eq!(secrets.may_attach("same", &already[..1]), too_many);
    for secret in ["key", "none"] {
        assert_eq!(
            secrets.may_attach(secret, &[]),
            Err(SecretFailure::NotGranted)
        );
    }
}

#[test]
fn a_secret_has_to_suit_its_use() {
    let check = |granted: SecretUse| {
        let error = PluginSecrets::new(plugin(), [("s".to_owned(), granted)], shown);
        let error = error.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter"), "{error}");
        error
    };
    assert!(matches!(
        check(signing(b"hunter-22", false)),
        SecretError::Length(_, 9, 16)
    ));
    for bytes in [
        &b"hunter\r\nx: y"[..],
        b"hunter-\xff\xfe",
        b"hunter-22 ",
        "hunter-\u{e4}\u{e4}".as_bytes(),
    ] {
        let granted = SecretUse {
            secret: Secret::of(bytes),
            ..attached("authorization")
        };
        assert!(matches!(check(granted), SecretError::NotAHeader(_)));
    }
}

#[test]
fn nothing_shows_the_bytes() {
    let secrets = secrets([
        ("own", signing(KEY, false)),
        ("a", attached("authorization")),
    ]);
    let shown = format!("{secrets:?} {:?}", attached("a"));
    assert!(
        !shown.contains("hunter") && shown.contains("own"),
        "{shown}"
    );
    assert!(!shown.contains(&format!("{KEY:?}")[1..20]), "{shown}");
}
