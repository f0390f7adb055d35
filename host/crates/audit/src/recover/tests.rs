//! What the next start makes of what a crash or a stranger left.

use std::fs;

use wardlet_call::Json;
use wardlet_keys::{base64url, digest};

use crate::error::{AuditError, Damage};
use crate::fixture::{Place, allow, decision, full_decision, outcome};
use crate::log::Durability;
use crate::record::{Effect, Status};
use crate::show::{Select, show};

#[test]
fn recovery_closes_open_decisions() {
    let place = Place::new();
    let log = place.open();
    let first = allow(&log).unwrap();
    drop(allow(&log).unwrap());
    drop(
        log.decision(&full_decision(Effect::Allow), Durability::Durable)
            .unwrap(),
    );
    log.refusal(&decision(Effect::Deny)).unwrap();
    log.outcome(first, &outcome(Status::Answered)).unwrap();
    drop(log);
    assert_eq!(place.verified().open, [1, 2]);

    let log = place.open();
    assert_eq!((log.recovered().closed, &log.recovered().torn), (2, &None));
    assert_eq!(allow(&log).unwrap().index(), 7);
    log.flush().unwrap();
    assert_eq!(place.verified().open, [7]);
    for (decision, entry) in [1, 2]
        .into_iter()
        .zip(show(&place.folder(), Select::From(5)).unwrap())
    {
        let body = entry.unwrap().value.member("body").unwrap().to_text();
        let expected = format!(
            r#"{{"blame":"host","decision":{decision},"reason":"recovered","status":"unknown"}}"#
        );
        assert_eq!(body, expected);
    }
}

#[test]
fn a_line_torn_at_any_byte_is_saved_cut_off_and_recorded() {
    let place = Place::new();
    let whole = place.three_entries();
    let last_at = whole[..whole.len() - 1]
        .iter()
        .rposition(|&byte| byte == b'\n')
        .unwrap()
        + 1;
    for (number, end) in (last_at + 1..whole.len()).enumerate() {
        let torn = &whole[last_at..end];
        fs::write(place.file(), &whole[..end]).unwrap();
        check_torn(&place, number, 2, torn);
    }
}

/// Opens a log with `size` whole entries and then the bytes `torn`.
fn check_torn(place: &Place, number: usize, size: u64, torn: &[u8]) {
    let log = place.open();
    let saved = place.folder().join(format!("entries.torn-{number}"));
    assert_eq!(log.recovered().torn.as_ref(), Some(&saved));
    assert_eq!(fs::read(&saved).unwrap(), torn);
    assert_eq!(allow(&log).unwrap().index(), size + 1);
    drop(log);
    let report = place.verified();
    assert_eq!((report.head.size, report.unfinished_bytes), (size + 2, 0));
    let entry = show(&place.folder(), Select::One(size))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let digest = base64url::encode(&digest::sha256(torn));
    let expected = format!(
        r#"{{"bytes":{},"digest":"{digest}","file":"entries.torn-{number}"}}"#,
        torn.len()
    );
    assert_eq!(
        entry.value.member("kind").and_then(Json::as_str),
        Some("recovery")
    );
    assert_eq!(entry.value.member("body").unwrap().to_text(), expected);
}

#[test]
fn other_ends_that_a_crash_leaves() {
    for torn in [
        &b"\n"[..],
        b"{\n",
        &[0; 5000],
        &[0; 200_000],
        b"\xff\xfe\n",
        &[b'{'; 70_000],
    ] {
        let place = Place::new();
        let mut bytes = place.three_entries();
        bytes.extend_from_slice(torn);
        fs::write(place.file(), &bytes).unwrap();
        check_torn(&place, 0, 3, torn);
    }
}

/// Spoils a log of three entries, which then must not open; the file stays as it is.
fn check_damaged(spoil: impl Fn(&Place, &mut Vec<String>), index: u64, damage: Damage) {
    let place = Place::new();
    let text = String::from_utf8(place.three_entries()).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    spoil(&place, &mut lines);
    let spoilt = lines
        .iter()
        .map(|line| format!("{line}\n"))
        .collect::<String>();
    fs::write(place.file(), &spoilt).unwrap();
    match place.try_open() {
        Err(AuditError::Damaged {
            index: i,
            damage: d,
            offset,
            ..
        }) => {
            assert_eq!((i, d), (index, damage));
            let before: usize = lines[..index as usize]
                .iter()
                .map(|line| line.len() + 1)
                .sum();
            assert_eq!(offset, before as u64);
        }
        other => panic!("{damage:?}: {other:?}"),
    }
    assert_eq!(place.bytes(), spoilt.as_bytes());
}

#[test]
fn damage_before_the_last_line_is_not_mended() {
    check_damaged(|_, lines| lines[0].truncate(50), 0, Damage::NotAnEntry);
    check_damaged(|_, lines| lines[1].clear(), 1, Damage::NotAnEntry);
    check_damaged(|_, lines| lines[1] = "x".repeat(70_000), 1, Damage::TooLong);
    check_damaged(|_, lines| drop(lines.remove(0)), 0, Damage::Index);
    check_damaged(|_, lines| lines.swap(1, 2), 1, Damage::Index);
    check_damaged(|_, lines| lines.push(lines[2].clone()), 3, Damage::Index);
    check_damaged(
        |_, lines| lines[1] = lines[1].replace(":0,", ":2,"),
        1,
        Damage::Outcome,
    );
    check_damaged(
        |_, lines| lines[2] = lines[2].replace("\"v\":1", "\"v\":2"),
        2,
        Damage::Version,
    );
    // JSON to its last byte was not torn by a crash.
    check_damaged(|_, lines| lines[2] = "{}".to_owned(), 2, Damage::NotAnEntry);
    check_damaged(
        |_, lines| lines[2] = lines[2].replace("deny", "dent"),
        2,
        Damage::Signature,
    );
    let other_key = |_: &Place, lines: &mut Vec<String>| {
        let other = Place::new();
        other.three_entries();
        *lines = String::from_utf8(other.bytes())
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect();
    };
    check_damaged(other_key, 2, Damage::Signature);
}
