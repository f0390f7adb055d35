//! What a verifier finds.

mod beside;
mod tampering;

use super::{Head, Options, Progress, StepBack, VerifyError, verify};
use crate::error::Damage;
use crate::fixture::{Place, decision, frames, head};
use crate::record::Effect;

#[test]
fn another_history_under_the_same_key_is_found() {
    let place = Place::new();
    let first = place.three_entries();
    let log = place.open();
    for _ in 0..5 {
        log.refusal(&decision(Effect::Deny)).unwrap();
    }
    drop(log);
    let all = place.entries();
    place.write(&all);
    assert!(place.verify(Some(head(&first))).is_ok());
    let log = Place::new();
    let second = log.three_entries();
    assert!(log.verify(None).is_ok());
    let forked = log.verify(Some(head(&first)));
    assert!(matches!(forked, Err(VerifyError::Forked { size: 3 })));
    assert!(log.verify(Some(head(&second))).is_ok());
    let nothing = Head {
        size: 0,
        root: [0; 32],
    };
    assert!(matches!(
        log.verify(Some(nothing)),
        Err(VerifyError::Forked { size: 0 })
    ));
}

/// An entry without its signature.
fn entry(index: u64, kind: &str, body: &str) -> String {
    format!(
        r#"{{"body":{body},"gateway":{{"build":"0.1.0","name":"laptop"}},"index":{index},"kind":"{kind}","origin":"laptop.example/log","time":"2026-11-23T00:00:00.000Z","v":1}}"#
    )
}

/// Signs `entries` with the log's own key, and expects the last one to be refused, or none.
fn check(entries: &[String], damage: Option<Damage>) {
    let place = Place::new();
    let signed: Vec<String> = entries.iter().map(|entry| place.forge(entry)).collect();
    place.write(&signed);
    match (place.verify(None), damage) {
        (Ok(_), None) => {}
        (
            Err(VerifyError::Broken {
                index,
                damage: found,
                ..
            }),
            Some(damage),
        ) => {
            assert_eq!(
                (index as usize, found),
                (entries.len() - 1, damage),
                "{entries:?}"
            );
        }
        (other, _) => panic!("{entries:?}: {other:?}"),
    }
}

#[test]
fn signed_entries_that_break_the_rules() {
    let allow = || entry(0, "decision", r#"{"effect":"allow"}"#);
    let closes =
        |index, decision: &str| entry(index, "outcome", &format!(r#"{{"decision":{decision}}}"#));
    check(&[allow(), closes(1, "0")], None);
    check(
        &[allow(), closes(1, "0"), closes(2, "0")],
        Some(Damage::Outcome),
    );
    check(&[allow(), closes(1, "1")], Some(Damage::Outcome));
    check(&[allow(), closes(1, "2")], Some(Damage::Outcome));
    check(&[closes(0, "0")], Some(Damage::Outcome));
    check(
        &[entry(0, "decision", r#"{"effect":"deny"}"#), closes(1, "0")],
        Some(Damage::Outcome),
    );
    check(&[allow(), closes(1, r#""0""#)], Some(Damage::NotAnEntry));
    check(&[allow(), closes(1, "-1")], Some(Damage::NotAnEntry));
    check(&[entry(0, "decision", "{}")], Some(Damage::NotAnEntry));
    check(&[entry(0, "decision", "[]")], Some(Damage::NotAnEntry));
    check(&[entry(1, "config", "{}")], Some(Damage::Index));
    // Kinds of later builds are counted and let be.
    check(&[entry(0, "heartbeat", "{}")], None);
    for (from, to, damage) in [
        (r#""v":1"#, r#""v":2"#, Damage::Version),
        (r#""v":1"#, r#""v":1,"w":0"#, Damage::NotAnEntry),
        (r#""kind":"config","#, "", Damage::NotAnEntry),
        (r#""kind":"config""#, r#""kind":7"#, Damage::NotAnEntry),
        ("laptop.example/log", "other.example/log", Damage::Origin),
        ("T00:00:00.000Z", "T00:00:00Z", Damage::Time),
        ("2026-11-23T", "2026-02-30T", Damage::Time),
    ] {
        check(&[entry(0, "config", "{}").replace(from, to)], Some(damage));
    }
}

#[test]
fn lines_that_are_signed_but_not_canonical() {
    let place = Place::new();
    let line = place.forge(&entry(0, "config", r#"{"digest":"d"}"#));
    for (changed, damage) in [
        (line.clone(), None),
        (
            line.replace("{\"body\"", "{ \"body\""),
            Some(Damage::NotCanonical),
        ),
        (line.clone() + " ", Some(Damage::NotCanonical)),
        (line.clone() + "\r", Some(Damage::NotCanonical)),
        (
            line.replace("\"digest\"", "\"d\\u0069gest\""),
            Some(Damage::NotCanonical),
        ),
        (
            line.replace("\"index\":0", "\"index\":-0"),
            Some(Damage::NotCanonical),
        ),
        (
            line.replace("\"index\":0", "\"index\":0.0"),
            Some(Damage::NotCanonical),
        ),
        (
            line.replace("\"v\":1", "\"v\":1,\"v\":1"),
            Some(Damage::NotAnEntry),
        ),
        (line.clone() + &line, Some(Damage::NotAnEntry)),
        (String::new(), Some(Damage::NotAnEntry)),
        ("[]".to_owned(), Some(Damage::NotAnEntry)),
        (" ".repeat(60 * 1024 + 1), Some(Damage::TooLong)),
    ] {
        place.write(&[&changed]);
        match (place.verify(None), damage) {
            (Ok(_), None) => {}
            (Err(VerifyError::Broken { damage: found, .. }), Some(damage)) => {
                assert_eq!(found, damage, "{changed}");
            }
            (other, _) => panic!("{changed}: {other:?}"),
        }
    }
    // The longest entry is one of 60 KiB to the byte.
    let fixed = place.forge(&entry(0, "config", r#"{"digest":""}"#)).len();
    for (length, fits) in [(60 * 1024, true), (60 * 1024 + 1, false)] {
        let body = format!(r#"{{"digest":"{}"}}"#, "x".repeat(length - fixed));
        let line = place.forge(&entry(0, "config", &body));
        assert_eq!(line.len(), length);
        place.write(&[line]);
        assert_eq!(place.verify(None).is_ok(), fits);
    }
}

#[test]
fn a_clock_that_went_back_is_reported() {
    let place = Place::new();
    let at = |index, time: &str| {
        let entry = entry(index, "config", "{}");
        place.forge(&entry.replace("00:00:00.000", time))
    };
    let entries = [
        at(0, "12:00:00.000"),
        at(1, "11:59:55.000"),
        at(2, "11:59:49.999"),
        at(3, "12:00:00.000"),
        at(4, "10:00:00.000"),
        at(5, "09:59:00.000"),
    ];
    for (count, step_back) in [
        (2, None),
        (
            3,
            Some(StepBack {
                index: 2,
                by_ms: 5_001,
            }),
        ),
        (
            6,
            Some(StepBack {
                index: 4,
                by_ms: 7_200_000,
            }),
        ),
    ] {
        place.write(&entries[..count]);
        assert_eq!(place.verify(None).unwrap().step_back, step_back);
    }
}

#[test]
fn unreadable_is_not_broken_and_progress_is_told() {
    let place = Place::new();
    let error = verify(&place.folder(), &place.public(), Options::default()).unwrap_err();
    assert!(!error.is_broken(), "{error}");
    let log = place.open();
    for _ in 0..1025 {
        log.refusal(&decision(Effect::Deny)).unwrap();
    }
    drop(log);
    let mut told = Vec::new();
    let mut tell = |progress: Progress| told.push(progress);
    let options = Options {
        progress: Some(&mut tell),
        ..Options::default()
    };
    verify(&place.folder(), &place.public(), options).unwrap();
    assert_eq!(
        told.iter()
            .map(|progress| progress.entries)
            .collect::<Vec<_>>(),
        [256, 512, 768, 1024, 1025]
    );
    let bytes = frames(&place.entries()).len() as u64;
    assert!(told.iter().all(|progress| progress.total_bytes == bytes));
    assert!(told.is_sorted_by(|a, b| a.bytes < b.bytes));
    assert_eq!(told.last().unwrap().bytes, bytes);
    // Another key, or the same key for another log, verifies nothing.
    let other = Place::new().public();
    let renamed = place.key.verifying_key("other.example/log").unwrap();
    for (key, damage) in [(other, Damage::Signature), (renamed, Damage::Origin)] {
        match verify(&place.folder(), &key, Options::default()) {
            Err(VerifyError::Broken {
                index: 0,
                damage: found,
                ..
            }) => assert_eq!(found, damage),
            result => panic!("{result:?}"),
        }
    }
}

#[test]
fn the_example_of_the_format_page_verifies() {
    let page = include_str!("../../FORMAT.md");
    let after = |start: &str| {
        page.lines()
            .find(|line| line.starts_with(start))
            .unwrap_or_else(|| panic!("{start}"))
    };
    let key = after("laptop.example/log+").parse().unwrap();
    let place = Place::new();
    place.write(&[after(r#"{"body":"#)]);
    let report = verify(&place.folder(), &key, Options::default()).unwrap();
    let root: String = report
        .head
        .root
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(page.contains(&root), "the page's root is not {root}");
}
