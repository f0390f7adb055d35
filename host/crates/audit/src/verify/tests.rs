//! What a verifier finds.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use super::{Head, Options, Progress, Report, StepBack, VerifyError, verify, verify_from};
use crate::error::Damage;
use crate::fixture::{Place, decision, outcome};
use crate::log::Durability;
use crate::merkle::{Tree, leaf};
use crate::record::{Effect, Status};

fn over(bytes: &[u8], place: &Place, against: Option<Head>) -> Result<Report, VerifyError> {
    let options = Options {
        against,
        progress: None,
    };
    verify_from(
        Cursor::new(bytes),
        bytes.len() as u64,
        Path::new("test"),
        &place.public(),
        options,
    )
}

fn head(bytes: &[u8]) -> Head {
    let mut tree = Tree::new();
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        tree.push(leaf(line.strip_suffix(b"\n").unwrap()));
    }
    Head {
        size: tree.size(),
        root: tree.root(),
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let place = Place::new();
    let whole = place.three_entries();
    let report = over(&whole, &place, Some(head(&whole))).unwrap();
    assert_eq!(report.head, head(&whole));
    let mut bytes = whole.clone();
    for at in 0..whole.len() {
        let index = whole[..at].iter().filter(|&&byte| byte == b'\n').count() as u64;
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            match over(&bytes, &place, None) {
                Err(VerifyError::Broken { index: found, .. }) => assert_eq!(found, index),
                // Without its line break the last line counts as unfinished.
                Ok(report) => {
                    assert_eq!((at, report.head.size), (whole.len() - 1, 2));
                    assert!(report.unfinished_bytes > 0);
                }
                Err(other) => panic!("byte {at} bit {bit}: {other}"),
            }
            bytes[at] = whole[at];
        }
    }
}

#[test]
fn dropped_swapped_and_repeated_lines_are_found() {
    let place = Place::new();
    let log = place.open();
    for _ in 0..4 {
        let written = log
            .decision(&decision(Effect::Allow), Durability::Written)
            .unwrap();
        log.outcome(written, &outcome(Status::Answered)).unwrap();
        log.refusal(&decision(Effect::Deny)).unwrap();
    }
    drop(log);
    let whole = place.bytes();
    let lines: Vec<&[u8]> = whole.split_inclusive(|&byte| byte == b'\n').collect();
    let check =
        |changed: Vec<&[u8]>, at: usize, what: &str| match over(&changed.concat(), &place, None) {
            Err(VerifyError::Broken {
                index,
                damage: Damage::Index,
                offset,
            }) => {
                assert_eq!(index, at as u64, "{what}");
                assert_eq!(offset, lines[..at].concat().len() as u64, "{what}");
            }
            other => panic!("{what} {at}: {other:?}"),
        };
    for at in 0..lines.len() {
        let mut changed = lines.clone();
        changed.insert(at, lines[at]);
        check(changed, at + 1, "repeated");
        for other in at + 1..lines.len() {
            let mut changed = lines.clone();
            changed.swap(at, other);
            check(changed, at, "swapped");
        }
        if at + 1 < lines.len() {
            let mut changed = lines.clone();
            changed.remove(at);
            check(changed, at, "dropped");
        }
        // A cut tail verifies by itself, and is found with a head from earlier.
        let cut = lines[..at].concat();
        assert_eq!(over(&cut, &place, None).unwrap().head.size, at as u64);
        match over(&cut, &place, Some(head(&whole))) {
            Err(error @ VerifyError::Cut { .. }) => assert!(error.is_broken()),
            other => panic!("cut {at}: {other:?}"),
        }
        // A log that went on still has its earlier head.
        assert!(over(&whole, &place, Some(head(&cut))).is_ok());
    }
}

#[test]
fn another_history_under_the_same_key_is_found() {
    let place = Place::new();
    let first = place.three_entries();
    fs::remove_file(place.file()).unwrap();
    let log = place.open();
    for _ in 0..5 {
        log.refusal(&decision(Effect::Deny)).unwrap();
    }
    drop(log);
    let second = place.bytes();
    assert!(over(&second, &place, None).is_ok());
    let forked = over(&second, &place, Some(head(&first)));
    assert!(matches!(forked, Err(VerifyError::Forked { size: 3 })));
    let nothing = Head {
        size: 0,
        root: [0; 32],
    };
    assert!(matches!(
        over(&second, &place, Some(nothing)),
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
    let lines: String = entries
        .iter()
        .map(|entry| place.forge(entry) + "\n")
        .collect();
    let result = over(lines.as_bytes(), &place, None);
    match (result, damage) {
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
        (" ".repeat(70_000), Some(Damage::TooLong)),
    ] {
        let result = over(format!("{changed}\n").as_bytes(), &place, None);
        match (result, damage) {
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
        let line = place.forge(&entry(0, "config", &body)) + "\n";
        assert_eq!(line.len(), length + 1);
        assert_eq!(over(line.as_bytes(), &place, None).is_ok(), fits);
    }
}

#[test]
fn a_clock_that_went_back_is_reported() {
    let place = Place::new();
    let at = |index, time: &str| {
        let entry = entry(index, "config", "{}");
        place.forge(&entry.replace("00:00:00.000", time)) + "\n"
    };
    let lines: String = [
        at(0, "12:00:00.000"),
        at(1, "11:59:55.000"),
        at(2, "11:59:49.999"),
        at(3, "12:00:00.000"),
        at(4, "10:00:00.000"),
        at(5, "09:59:00.000"),
    ]
    .concat();
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
        let some: String = lines.split_inclusive('\n').take(count).collect();
        assert_eq!(
            over(some.as_bytes(), &place, None).unwrap().step_back,
            step_back
        );
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
        against: None,
        progress: Some(&mut tell),
    };
    verify(&place.folder(), &place.public(), options).unwrap();
    assert_eq!(
        told.iter()
            .map(|progress| progress.entries)
            .collect::<Vec<_>>(),
        [512, 1024]
    );
    assert_eq!(told[1].total_bytes, place.bytes().len() as u64);
    assert!(told[0].bytes < told[1].bytes && told[1].bytes < told[1].total_bytes);
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
    let line = after(r#"{"body":"#).to_owned() + "\n";
    let path = Path::new("FORMAT.md");
    let options = Options::default();
    let report = verify_from(line.as_bytes(), line.len() as u64, path, &key, options).unwrap();
    let root: String = report
        .head
        .root
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(page.contains(&root), "the page's root is not {root}");
}
