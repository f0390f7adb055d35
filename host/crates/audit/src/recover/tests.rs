//! What the next start makes of what a crash or a stranger left.

use std::fs::{self, OpenOptions};

use wardlet_call::Json;
use wardlet_keys::{base64url, digest};

use crate::error::{AuditError, Damage};
use crate::fixture::{Place, allow, decision, frames, full_decision, outcome};
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
fn an_entry_torn_at_any_byte_is_saved_cut_off_and_recorded() {
    let place = Place::new();
    let entries = place.three_entries();
    let (kept, last) = (frames(&entries[..2]), frames(&entries[2..]));
    // Every fifth byte, and each in the length and at the end.
    let ends = (1..last.len()).filter(|&end| end < 5 || end % 5 == 0 || end + 3 > last.len());
    for end in ends {
        let torn = &last[..end];
        fs::remove_dir_all(place.folder()).unwrap();
        place.write_bundle(0, &[&kept, torn].concat());
        check_torn(&place, 2, torn);
    }
    // One that is torn beside those of earlier crashes gets a name of its own.
    place.write_bundle(0, &[&kept, &last[..9]].concat());
    for published in ["checkpoint", "open"] {
        drop(fs::remove_file(place.path(published)));
    }
    drop(place.open());
    assert_eq!(fs::read(place.path("torn/1")).unwrap(), &last[..9]);
}

/// Opens a log with `size` whole entries and then the bytes `torn`.
fn check_torn(place: &Place, size: u64, torn: &[u8]) {
    let log = place.open();
    let saved = place.path("torn/0");
    assert_eq!(log.recovered().torn.as_ref(), Some(&saved));
    assert_eq!(fs::read(&saved).unwrap(), torn);
    let open = place.verified().open.len() as u64;
    assert_eq!(
        allow(&log).unwrap().index(),
        size + 1 + log.recovered().closed
    );
    assert_eq!(open, 0);
    drop(log);
    let report = place.verified();
    assert_eq!(report.unfinished_bytes, 0);
    let entry = show(&place.folder(), Select::One(size))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let digest = base64url::encode(&digest::sha256(torn));
    let expected = format!(
        r#"{{"bytes":{},"digest":"{digest}","file":"torn/0"}}"#,
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
    let hole = [&[0; 700][..], &frames(&[&b"{\"body\":"[..]])].concat();
    for torn in [
        &b"\0"[..],
        b"\0\x01{",
        b"\0\x02\xff\xfe",
        b"\xff\xff",
        &[0; 5000],
        &[0; 200_000],
        &[b'{'; 70_000],
        &hole,
    ] {
        let place = Place::new();
        let entries = place.three_entries();
        fs::remove_dir_all(place.folder()).unwrap();
        place.write_bundle(0, &[&frames(&entries), torn].concat());
        check_torn(&place, 3, torn);
    }
}

/// A log of 300 entries, none of which was published.
fn two_bundles() -> (Place, Vec<Vec<u8>>) {
    let place = Place::new();
    let log = place.open();
    for _ in 0..300 {
        log.refusal(&decision(Effect::Deny)).unwrap();
    }
    drop(log);
    let entries = place.entries();
    place.write(&entries);
    (place, entries)
}

#[test]
fn what_follows_an_unfinished_bundle_was_told_to_nobody() {
    // A power cut keeps a later bundle and loses the end of the one before, in the middle of an
    // entry, between two, or with a hole.
    type Lose = fn(&mut Vec<u8>, usize);
    let cases: [(Lose, usize); 3] = [
        (|bundle, at| bundle.truncate(at + 5), 200),
        (Vec::truncate, 200),
        (|bundle, at| bundle[at - 300..at + 200].fill(0), 199),
    ];
    for (lose, size) in cases {
        let (place, entries) = two_bundles();
        let mut bundle = frames(&entries[..256]);
        lose(&mut bundle, frames(&entries[..200]).len());
        place.write_bundle(0, &bundle);
        let torn = [
            &bundle[frames(&entries[..size]).len()..],
            &frames(&entries[256..]),
        ]
        .concat();
        check_torn(&place, size as u64, &torn);
        assert_eq!(place.entries()[..size], entries[..size]);
    }
}

/// Spoils a log of three entries, which then must not open; the bundle stays as it is.
fn check_damaged(spoil: impl Fn(&Place, &mut Vec<String>), index: u64, damage: Damage) {
    let place = Place::new();
    let entries = place.three_entries();
    let mut entries: Vec<String> = entries
        .into_iter()
        .map(|entry| String::from_utf8(entry).unwrap())
        .collect();
    spoil(&place, &mut entries);
    place.write(&entries);
    match place.try_open() {
        Err(AuditError::Damaged {
            index: i,
            damage: d,
            offset,
            ..
        }) => {
            assert_eq!((i, d), (index, damage));
            assert_eq!(offset, frames(&entries[..index as usize]).len() as u64);
        }
        other => panic!("{damage:?}: {other:?}"),
    }
    assert_eq!(fs::read(place.path("pending/0")).unwrap(), frames(&entries));
}

#[test]
fn damage_before_the_last_entry_is_not_mended() {
    check_damaged(|_, entries| entries[0].truncate(50), 0, Damage::NotAnEntry);
    check_damaged(|_, entries| entries[1].clear(), 1, Damage::NotAnEntry);
    check_damaged(|_, entries| drop(entries.remove(0)), 0, Damage::Index);
    check_damaged(|_, entries| entries.swap(1, 2), 1, Damage::Index);
    check_damaged(
        |_, entries| entries.push(entries[2].clone()),
        3,
        Damage::Index,
    );
    check_damaged(
        |_, entries| entries[1] = entries[1].replace(":0,", ":2,"),
        1,
        Damage::Outcome,
    );
    check_damaged(
        |_, entries| entries[2] = entries[2].replace("\"v\":1", "\"v\":2"),
        2,
        Damage::Version,
    );
    // JSON to its last byte was not torn by a crash.
    check_damaged(
        |_, entries| entries[2] = "{}".to_owned(),
        2,
        Damage::NotAnEntry,
    );
    check_damaged(
        |_, entries| entries[2] = entries[2].replace("deny", "dent"),
        2,
        Damage::Signature,
    );
    let other_key = |_: &Place, entries: &mut Vec<String>| {
        let other = Place::new().three_entries();
        *entries = other
            .into_iter()
            .map(|entry| String::from_utf8(entry).unwrap())
            .collect();
    };
    check_damaged(other_key, 2, Damage::Signature);
}

/// Spoils the bytes of a bundle of three entries, which then must not open.
fn check_lengths(spoil: impl Fn(&mut Vec<u8>), index: u64, damage: &Damage) {
    let place = Place::new();
    let mut bytes = frames(&place.three_entries());
    fs::remove_dir_all(place.folder()).unwrap();
    spoil(&mut bytes);
    place.write_bundle(0, &bytes);
    match place.try_open() {
        Err(AuditError::Damaged {
            index: i,
            damage: d,
            ..
        }) => assert_eq!((i, &d), (index, damage)),
        other => panic!("{damage:?}: {other:?}"),
    }
    assert_eq!(fs::read(place.path("pending/0")).unwrap(), bytes);
}

#[test]
fn a_changed_length_does_not_hide_whole_entries() {
    check_lengths(|bytes| bytes[0] = 0x7f, 0, &Damage::Unfinished);
    check_lengths(|bytes| bytes[0] = 0xff, 0, &Damage::TooLong);
    check_lengths(|bytes| bytes[1] ^= 1, 0, &Damage::NotAnEntry);
    check_lengths(|bytes| bytes[0] = 0, 0, &Damage::NotAnEntry);
}

/// Spoils a published log of 300 entries, which then must not open.
fn check_published(spoil: impl Fn(&Place), expected: &str) {
    let place = Place::new();
    let log = place.open_signed();
    for _ in 0..300 {
        log.refusal(&decision(Effect::Deny)).unwrap();
    }
    drop(log);
    drop(place.open_signed());
    spoil(&place);
    let error = place.try_open_signed().unwrap_err();
    assert!(error.to_string().contains(expected), "{expected}: {error}");
    assert!(error.hint().is_some(), "{error}");
}

#[test]
fn a_log_that_is_not_what_was_published_does_not_open() {
    check_published(
        |place| fs::remove_file(place.path("tile/entries/000")).unwrap(),
        "entry 0 of",
    );
    check_published(
        |place| fs::remove_file(place.path("tile/0/000")).unwrap(),
        "the tile",
    );
    check_published(
        |place| fs::write(place.path("tile/0/000"), [0; 8192]).unwrap(),
        "not those of the checkpoint",
    );
    check_published(
        |place| fs::remove_dir_all(place.path("pending")).unwrap(),
        "the log has 256 entries, and once had 300",
    );
    check_published(
        |place| fs::rename(place.path("pending/1"), place.path("pending/3")).unwrap(),
        "entry 256 of",
    );
    check_published(
        |place| {
            let bundle = fs::read(place.path("pending/1")).unwrap();
            fs::write(place.path("pending/1"), &bundle[..bundle.len() - 1]).unwrap();
        },
        "entry 299 of",
    );
    check_published(
        |place| {
            let pending = OpenOptions::new().write(true).open(place.path("pending/1"));
            pending.unwrap().set_len(0).unwrap();
        },
        "entry 256 of",
    );
    check_published(
        |place| fs::write(place.path("checkpoint"), "no note").unwrap(),
        "not a signed note",
    );
    // The mark is signed, and says how long the log was.
    check_published(
        |place| {
            fs::remove_file(place.path("checkpoint")).unwrap();
            let bundle = fs::read(place.path("pending/1")).unwrap();
            fs::write(place.path("pending/1"), &bundle[..bundle.len() - 1]).unwrap();
        },
        "entry 299 of",
    );
}

#[test]
fn a_wrong_key_changes_nothing() {
    let place = Place::new();
    let mut bytes = frames(&place.three_entries());
    bytes.extend(b"\0\x09{");
    fs::remove_dir_all(place.folder()).unwrap();
    place.write_bundle(0, &bytes);
    let other = Place::new();
    crate::fixture::copy(&place.folder(), &other.folder());
    match other.try_open() {
        Err(AuditError::Damaged {
            index: 2, damage, ..
        }) => assert_eq!(damage, Damage::Signature),
        opened => panic!("{opened:?}"),
    }
    assert_eq!(fs::read(other.path("pending/0")).unwrap(), bytes);
    assert!(place.open().recovered().torn.is_some());
}

#[test]
fn open_decisions_are_found_behind_the_mark_and_without_it() {
    for spoil in ["", "missing", "other key", "later"] {
        let place = Place::new();
        let log = place.open_signed();
        let first = allow(&log).unwrap();
        for _ in 0..600 {
            log.refusal(&decision(Effect::Deny)).unwrap();
        }
        let kept = allow(&log).unwrap();
        log.outcome(first, &outcome(Status::Answered)).unwrap();
        for _ in 0..600 {
            log.refusal(&decision(Effect::Deny)).unwrap();
        }
        log.publish().unwrap();
        drop((log, kept));
        let mark = fs::read_to_string(place.path("open")).unwrap();
        assert!(mark.starts_with("wardlet-open/v1\nlaptop.example/log\n1203\n601\n"));
        match spoil {
            "missing" => fs::remove_file(place.path("open")).unwrap(),
            "other key" => {
                let mark = mark.replace("\n601\n", "\n1203\n");
                fs::write(place.path("open"), mark).unwrap();
            }
            "later" => {
                // What stands below the mark is not read: this entry would not open.
                let bundle = place.path("tile/entries/000");
                let mut bytes = fs::read(&bundle).unwrap();
                bytes[0] = 0xff;
                fs::write(bundle, bytes).unwrap();
            }
            _ => {}
        }
        let log = place.open_signed();
        assert_eq!(log.recovered().closed, 1, "{spoil}");
        drop(log);
        if spoil != "later" {
            assert!(place.verified().open.is_empty());
        }
    }
}
