//! Whatever is changed in a folder is found and named.

use std::fs;

use super::super::{Head, VerifyError, verify_range};
use crate::error::{AuditError, Damage};
use crate::fixture::{Place, allow, copy, decision, frames, head, outcome};
use crate::record::{Effect, Status};

/// A published log of `count` entries.
pub(super) fn published(count: usize) -> (Place, Vec<Vec<u8>>) {
    let place = Place::new();
    let log = place.open_signed();
    for _ in 0..count {
        log.refusal(&decision(Effect::Deny)).unwrap();
    }
    drop(log);
    let entries = place.entries();
    assert_eq!(entries.len(), count);
    assert_eq!(place.verified().checkpoint, Some(head(&entries)));
    (place, entries)
}

/// Flips each bit of a file, one after the other, and checks what is said.
fn check_bits(place: &Place, name: &str, named: impl Fn(usize, &VerifyError) -> bool) {
    let path = place.path(name);
    let whole = fs::read(&path).unwrap();
    let mut bytes = whole.clone();
    for at in 0..whole.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            fs::write(&path, &bytes).unwrap();
            let error = place.verify(None).unwrap_err();
            assert!(named(at, &error), "{name} byte {at} bit {bit}: {error}");
            assert!(error.is_broken(), "{error}");
            bytes[at] = whole[at];
        }
    }
    fs::write(path, whole).unwrap();
    assert!(place.verify(None).is_ok());
}

#[test]
fn every_flipped_bit_is_found() {
    let place = Place::new();
    place.three_entries();
    drop(place.open_signed());
    let entries = place.entries();
    let ends: Vec<usize> = (1..=3)
        .map(|count| frames(&entries[..count]).len())
        .collect();
    check_bits(&place, "pending/0", |at, error| {
        let index = ends.iter().filter(|&&end| end <= at).count() as u64;
        match error {
            VerifyError::Broken { index: found, .. } => *found == index,
            // The length of the last entry says that it is not finished.
            VerifyError::Cut { size, expected } => (*size, *expected, index) == (2, 3, 2),
            _ => false,
        }
    });
    check_bits(
        &place,
        "tile/entries/000.p/3",
        |_, error| matches!(error, VerifyError::Tile { path, index: 0, .. } if path.ends_with("000.p/3")),
    );
    check_bits(&place, "tile/0/000.p/3", |at, error| {
        let entry = (at / 32) as u64;
        matches!(error, VerifyError::Tile { index, .. } if *index == entry)
    });
    check_bits(&place, "checkpoint", |_, error| {
        matches!(error, VerifyError::Checkpoint(_))
    });
}

/// Changes the bundles of a published log of 300 entries, and expects to be told the first entry that
/// is wrong.
fn check_changed(
    what: &str,
    (place, whole): &(Place, Vec<Vec<u8>>),
    change: impl Fn(&mut Vec<Vec<u8>>),
    index: u64,
) {
    let mut entries = whole.clone();
    change(&mut entries);
    let full = fs::read(place.path("tile/entries/000")).unwrap();
    let pending = fs::read(place.path("pending/1")).unwrap();
    fs::write(place.path("tile/entries/000"), frames(&entries[..256])).unwrap();
    fs::write(place.path("pending/1"), frames(&entries[256..])).unwrap();
    match place.verify(None).unwrap_err() {
        VerifyError::Broken {
            index: found,
            damage,
            offset,
            ..
        } => {
            assert_eq!((found, damage), (index, Damage::Index), "{what}");
            let first = if index < 256 { 0 } else { 256 };
            let before = frames(&entries[first..index as usize]);
            assert_eq!(offset, before.len() as u64, "{what}");
        }
        other => panic!("{what}: {other}"),
    }
    fs::write(place.path("tile/entries/000"), full).unwrap();
    fs::write(place.path("pending/1"), pending).unwrap();
}

#[test]
fn dropped_swapped_and_repeated_entries_are_found() {
    let log = published(300);
    for at in [0, 1, 128, 254, 255, 256, 257, 298] {
        check_changed(
            "dropped",
            &log,
            |entries| drop(entries.remove(at)),
            at as u64,
        );
        for other in [at + 1, 299] {
            let swap = |entries: &mut Vec<Vec<u8>>| entries.swap(at, other);
            if at != other {
                check_changed("swapped", &log, swap, at as u64);
            }
        }
        let repeat = |entries: &mut Vec<Vec<u8>>| entries.insert(at, entries[at].clone());
        check_changed("repeated", &log, repeat, at as u64 + 1);
    }
}

#[test]
fn bundles_that_are_too_short_too_long_or_gone_are_found() {
    let (place, entries) = published(600);
    let bundle = place.path("tile/entries/001");
    // Where the log took more than a second, an earlier checkpoint left a part of it.
    drop(fs::remove_dir_all(place.path("tile/entries/001.p")));
    let whole = fs::read(&bundle).unwrap();
    for (bytes, index, damage) in [
        (frames(&entries[256..511]), 511, Damage::Missing),
        (frames(&entries[256..513]), 512, Damage::Surplus),
        (whole[..whole.len() - 1].to_vec(), 511, Damage::Unfinished),
        ([&whole[..], b"\0"].concat(), 512, Damage::Surplus),
        (Vec::new(), 256, Damage::Missing),
    ] {
        fs::write(&bundle, bytes).unwrap();
        check_broken(&place, index, &damage);
    }
    fs::remove_file(&bundle).unwrap();
    check_broken(&place, 256, &Damage::Missing);
    fs::write(&bundle, whole).unwrap();
    assert!(place.verify(None).is_ok());
    for (name, index) in [
        ("tile/0/001", 256),
        ("tile/0/002.p/88", 512),
        ("tile/1/000.p/2", 0),
    ] {
        let tile = fs::read(place.path(name)).unwrap();
        fs::remove_file(place.path(name)).unwrap();
        match place.verify(None) {
            Err(VerifyError::Tile {
                path,
                index: found,
                what,
            }) => {
                assert_eq!((path, found, what), (place.path(name), index, "is missing"));
            }
            other => panic!("{name}: {other:?}"),
        }
        fs::write(place.path(name), tile).unwrap();
    }
}

fn check_broken(place: &Place, index: u64, damage: &Damage) {
    match place.verify(None) {
        Err(VerifyError::Broken {
            index: found,
            damage: what,
            ..
        }) => assert_eq!((found, &what), (index, damage)),
        other => panic!("{damage:?} at {index}: {other:?}"),
    }
}

#[test]
fn a_cut_tail_is_found_by_the_checkpoint_or_an_earlier_head() {
    let (place, entries) = published(12);
    let whole = head(&entries);
    for kept in 0..entries.len() {
        fs::write(place.path("pending/0"), frames(&entries[..kept])).unwrap();
        match place.verify(None) {
            Err(error @ VerifyError::Cut { .. }) => {
                let expected = format!("the log has {kept} entries, and once had 12");
                assert_eq!(error.to_string(), expected);
            }
            other => panic!("cut {kept}: {other:?}"),
        }
    }
    for kept in 0..entries.len() {
        // Without its checkpoint it verifies by itself, as does one that was never published.
        place.write(&entries[..kept]);
        assert_eq!(place.verify(None).unwrap().head, head(&entries[..kept]));
        let cut = place.verify(Some(whole));
        assert!(
            matches!(cut, Err(VerifyError::Cut { expected: 12, .. })),
            "{kept}"
        );
        // A log that went on still has its earlier head.
        place.write(&entries);
        assert!(place.verify(Some(head(&entries[..kept]))).is_ok());
    }
}

#[test]
fn a_mirror_of_what_is_published_verifies_and_shows() {
    for count in [3, 256, 300] {
        let (place, entries) = published(count);
        for own in ["pending", "torn", "open", "lock", "reserve"] {
            drop(fs::remove_dir_all(place.path(own)));
            drop(fs::remove_file(place.path(own)));
        }
        assert_eq!(place.verified().checkpoint, Some(head(&entries)));
        assert_eq!(place.entries(), entries);
        // Its last bundle is damaged like any other.
        let n = (count - 1) / 256;
        let name = match count % 256 {
            0 => format!("tile/entries/{n:03}"),
            width => format!("tile/entries/{n:03}.p/{width}"),
        };
        let bundle = fs::read(place.path(&name)).unwrap();
        fs::write(place.path(&name), &bundle[..bundle.len() - 1]).unwrap();
        check_broken(&place, count as u64 - 1, &Damage::Unfinished);
    }
}

#[test]
fn a_folder_of_yesterday_and_a_fork_are_found() {
    let (place, entries) = published(5);
    let yesterday = place.folder().with_extension("yesterday");
    copy(&place.folder(), &yesterday);
    let log = place.open_signed();
    let written = allow(&log).unwrap();
    log.outcome(written, &outcome(Status::Answered)).unwrap();
    drop(log);
    let today = head(&place.entries());
    // Rolled back whole, it is what it was yesterday: only a head from elsewhere tells.
    copy(&yesterday, &place.folder());
    assert_eq!(place.verify(None).unwrap().head, head(&entries));
    let rolled_back = place.verify(Some(today)).unwrap_err();
    assert!(
        matches!(
            rolled_back,
            VerifyError::Cut {
                size: 5,
                expected: 7
            }
        ),
        "{rolled_back}"
    );
    // It goes on with other entries under the same keys, and the signer does not sign them.
    let log = place.open_signed();
    for _ in 0..4 {
        log.refusal(&decision(Effect::Deny)).unwrap();
    }
    let refused = log.publish().unwrap_err();
    assert!(
        matches!(&refused, AuditError::Sign(error) if error.is_refusal()),
        "{refused}"
    );
    drop(log);
    assert_eq!(place.verify(None).unwrap().checkpoint, Some(head(&entries)));
    let forked = place.verify(Some(today)).unwrap_err();
    assert!(
        matches!(forked, VerifyError::Forked { size: 7 }),
        "{forked}"
    );
}

#[test]
fn entries_that_were_written_anew_with_the_same_key_are_not_those_of_the_checkpoint() {
    let (place, entries) = published(300);
    let forged: Vec<Vec<u8>> = entries
        .iter()
        .map(|entry| {
            let text = str::from_utf8(entry).unwrap();
            let (before, after) = text.split_once(r#","sig":""#).unwrap();
            let (_, after) = after.split_once('"').unwrap();
            let unsigned = format!("{before}{after}").replace("allowed", "refused");
            place.forge(&unsigned).into_bytes()
        })
        .collect();
    assert_ne!(forged, entries);
    fs::write(place.path("pending/1"), frames(&forged[256..])).unwrap();
    let error = place.verify(None).unwrap_err();
    assert!(
        matches!(error, VerifyError::NotItsCheckpoint { size: 300 }),
        "{error}"
    );
    fs::write(place.path("tile/entries/000"), frames(&forged[..256])).unwrap();
    let error = place.verify(None).unwrap_err();
    assert!(
        matches!(error, VerifyError::Tile { index: 0, .. }),
        "{error}"
    );
    // The same for a part of it, which names the entry.
    let range = verify_range(&place.folder(), &place.public(), &[], 299..300);
    match range {
        Err(VerifyError::Broken {
            index: 299, damage, ..
        }) => {
            assert_eq!(damage, Damage::NotInTree);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_range_is_checked_by_itself() {
    let (place, entries) = published(600);
    let log = place.open();
    log.refusal(&decision(Effect::Deny)).unwrap();
    log.flush().unwrap();
    let keys = [place.signer.public()];
    let check = |range| verify_range(&place.folder(), &place.public(), &keys, range);
    let checkpoint: Head = head(&entries);
    for (range, checked, proven) in [
        (0..1, 1, 1),
        (0..0, 0, 0),
        (255..257, 2, 2),
        (512..600, 88, 88),
        (0..601, 601, 600),
        (600..601, 1, 0),
    ] {
        let report = check(range.clone()).unwrap();
        assert_eq!(
            (report.entries, report.proven),
            (checked, proven),
            "{range:?}"
        );
        assert_eq!(report.checkpoint, Some(checkpoint));
        assert!(report.checkpoint_signed);
    }
    for (range, index) in [(601..602, 601), (599..700, 601), (2_000..2_001, 2_000)] {
        match check(range) {
            Err(VerifyError::Broken {
                index: found,
                damage: Damage::Missing,
                ..
            }) => {
                assert_eq!(found, index);
            }
            other => panic!("{index}: {other:?}"),
        }
    }
    // Damage elsewhere is none of its business; damage in it is.
    let bundle = place.path("tile/entries/001");
    let mut bytes = fs::read(&bundle).unwrap();
    bytes[40] ^= 1;
    fs::write(bundle, bytes).unwrap();
    assert!(check(0..256).is_ok() && check(257..400).is_ok());
    assert!(matches!(
        check(200..300),
        Err(VerifyError::Broken { index: 256, .. })
    ));
}
