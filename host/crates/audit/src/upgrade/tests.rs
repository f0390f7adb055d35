//! A log of the earlier version becomes one of this version.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::{Store, upgrade};
use crate::error::AuditError;
use crate::fixture::{CUTS, Disk, Place, allow, copy, decision};
use crate::record::Effect;

/// A place with an `entries.jsonl` of `count` entries and then the bytes `rest`.
fn old_log(count: usize, rest: &[u8]) -> (Place, Vec<Vec<u8>>) {
    let place = Place::new();
    let log = place.open();
    for _ in 0..count {
        log.refusal(&decision(Effect::Deny)).unwrap();
    }
    drop(log);
    let entries = place.entries();
    place.write(&[] as &[&[u8]]);
    let lines: Vec<Vec<u8>> = entries
        .iter()
        .map(|entry| [entry, &b"\n"[..]].concat())
        .collect();
    fs::remove_dir_all(place.path("pending")).unwrap();
    fs::write(
        place.path("entries.jsonl"),
        [&lines.concat(), rest].concat(),
    )
    .unwrap();
    (place, entries)
}

/// Opens an old log, which then has the same entries, and takes more.
fn check(count: usize, rest: &[u8], torn: Option<&[u8]>) {
    let (place, entries) = old_log(count, rest);
    let old = fs::read(place.path("entries.jsonl")).unwrap();
    let log = place.open_signed();
    assert_eq!(log.recovered().torn.is_some(), torn.is_some(), "{count}");
    if let Some(torn) = torn {
        let saved = fs::read(place.path("torn/0")).unwrap();
        assert_eq!(saved, torn, "{count}");
    }
    allow(&log).map(drop).unwrap();
    drop(log);
    assert_eq!(place.entries()[..count], entries);
    assert_eq!(fs::read(place.path("entries.v1.jsonl")).unwrap(), old);
    assert!(!place.path("entries.jsonl").exists() && !place.path("upgrade").exists());
    let report = place.verified();
    let more = 1 + u64::from(torn.is_some());
    assert_eq!(report.head.size, count as u64 + more);
    assert_eq!(report.checkpoint, Some(report.head));
}

#[test]
fn entries_are_taken_over_unchanged() {
    for count in [0, 1, 255, 256, 257, 600] {
        check(count, b"", None);
    }
    check(3, b"{\"body\":{", Some(b"\xff\xff{\"body\":{"));
    check(256, b"{\"body\":{", Some(b"\xff\xff{\"body\":{"));
    check(3, b"{\"body\":{\n", Some(b"\0\x09{\"body\":{"));
    check(
        3,
        &[0; 100_000],
        Some(&[&[0xff; 2][..], &[0; 100_000]].concat()),
    );
}

#[test]
fn an_entry_without_its_line_break_is_one() {
    let (place, entries) = old_log(4, b"");
    let lines = fs::read(place.path("entries.jsonl")).unwrap();
    fs::write(place.path("entries.jsonl"), &lines[..lines.len() - 1]).unwrap();
    drop(place.open());
    assert_eq!(place.entries(), entries);
}

#[test]
fn lines_behind_one_that_is_too_long_are_damage() {
    let rest = [&[b'x'; 70_000][..], b"\n{}\n"].concat();
    let (place, _) = old_log(2, &rest);
    let error = place.try_open().unwrap_err();
    assert!(
        matches!(error, AuditError::Damaged { index: 2, .. }),
        "{error}"
    );
    assert!(place.path("entries.jsonl").exists());
}

#[test]
fn two_logs_in_one_folder_are_refused() {
    let (place, _) = old_log(2, b"");
    drop(place.open());
    // An older build begins anew where its file is gone.
    fs::write(place.path("entries.jsonl"), "").unwrap();
    let error = place.try_open().unwrap_err();
    assert!(matches!(error, AuditError::TwoLogs { .. }), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn a_power_cut_while_it_is_taken_over_loses_nothing() {
    let (place, entries) = old_log(300, b"");
    let cuts = tempfile::tempdir().unwrap();
    let at = cuts.path().to_owned();
    let seen = Mutex::new(HashSet::new());
    let left: Arc<Mutex<Vec<PathBuf>>> = Arc::default();
    let leaves = Arc::clone(&left);
    let hook = move |disk: &Disk, calls: usize| {
        for cut in CUTS {
            if seen.lock().unwrap().insert(disk.fingerprint(cut)) {
                let folder = at.join(format!("{calls}-{cut:?}"));
                disk.cut(cut, &folder);
                leaves.lock().unwrap().push(folder);
            }
        }
    };
    let disk = Arc::new(Disk::new(&place.folder(), Some(Box::new(hook))));
    let store = Store::new(&place.folder(), disk);
    upgrade(&store).unwrap();
    let left = left.lock().unwrap();
    assert!(left.len() > 8, "{} states", left.len());
    for folder in left.iter() {
        let place = place.again();
        copy(folder, &place.folder());
        drop(place.open());
        assert_eq!(place.entries(), entries, "{}", folder.display());
        assert!(!place.path("entries.jsonl").exists() && !place.path("upgrade").exists());
        assert!(place.path("entries.v1.jsonl").exists());
    }
}
