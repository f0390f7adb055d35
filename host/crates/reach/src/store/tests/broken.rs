//! Files that are damaged, foreign, or cannot be written.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;
use wardlet_call::StoreError;

use super::{MIN_QUOTA, NOW, at, entry, plugin, text};
use crate::store::{Disk, OpenError, file};

/// A closed store that holds something, on several pages.
fn filled(path: &Path) {
    {
        let store = Disk::open(path).unwrap().of(&plugin("guard"), MIN_QUOTA);
        for n in 0..100 {
            let value = entry(&"x".repeat(500), None);
            store.set(&format!("key {n}"), value, at(NOW)).unwrap();
        }
    }
    // Everything into the one file.
    let last = Connection::open(path).unwrap();
    last.pragma_update(None, "wal_checkpoint", "TRUNCATE")
        .unwrap();
}

#[test]
fn what_was_written_is_there_when_it_is_opened_again_and_only_its_owner_reads_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    filled(&path);
    let store = Disk::open(&path).unwrap().of(&plugin("guard"), MIN_QUOTA);
    assert_eq!(
        text(&*store, "key 99", NOW).map(|value| value.len()),
        Some(500)
    );
    store.set("more", entry("1", None), at(NOW)).unwrap();
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
    assert!(files.len() > 1, "the log beside the file");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.path().display());
    }
}

/// A filled store, changed.
fn damage(path: &Path, change: impl Fn(&mut Vec<u8>)) {
    filled(path);
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn sql(path: &Path, text: &str) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(text).unwrap();
}

type Make = fn(&Path);

/// What is there, how it is made, and what is said of it.
const BROKEN: [(&str, Make, &str); 7] = [
    (
        "no database",
        |path| fs::write(path, "not a database, and longer than its head ".repeat(9)).unwrap(),
        "it is not a store of Wardlet",
    ),
    (
        "another's database",
        |path| sql(path, "CREATE TABLE theirs (a)"),
        "it is not a store of Wardlet",
    ),
    (
        "another's database with its own mark",
        |path| sql(path, "PRAGMA application_id = 7"),
        "it is not a store of Wardlet",
    ),
    (
        "a later version's",
        |path| {
            filled(path);
            sql(path, "PRAGMA user_version = 2");
        },
        "a later version of Wardlet wrote it",
    ),
    (
        "cut off",
        |path| damage(path, |bytes| bytes.truncate(bytes.len() / 2)),
        "it is damaged",
    ),
    (
        "a page of noise",
        |path| damage(path, |bytes| bytes[4096..8192].fill(0xa5)),
        "it is damaged",
    ),
    (
        "its last page lost",
        |path| {
            damage(path, |bytes| {
                let end = bytes.len();
                bytes[end - 4096..].fill(0);
            });
        },
        "it is damaged",
    ),
];

#[test]
fn a_file_that_is_not_whole_and_ours_is_refused_and_left_as_it_is() {
    for (name, make, expected) in BROKEN {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("store");
        make(&path);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let before = fs::read(&path).unwrap();
        let error = Disk::open(&path).expect_err(name);
        assert_eq!(error.to_string(), expected, "{name}");
        assert!(!error.hint().is_empty());
        assert_eq!(fs::read(&path).unwrap(), before, "{name}: changed");
    }
}

#[test]
fn a_file_that_is_no_file_or_open_to_others_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    filled(&path);
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for path in [folder.path(), &link] {
        let error = Disk::open(path).unwrap_err();
        assert!(matches!(error, OpenError::Foreign), "{error}");
    }
    for mode in [0o640, 0o604, 0o620] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = Disk::open(&path).unwrap_err();
        assert!(matches!(error, OpenError::Exposed), "{error}");
        assert!(error.hint().contains("chmod 600"));
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(Disk::open(&path).is_ok());
}

#[test]
fn a_place_that_cannot_be_written_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for (name, path) in [
        ("in no folder", folder.path().join("absent/store")),
        ("below a file", file.join("store")),
    ] {
        let error = Disk::open(&path).expect_err(name);
        assert!(matches!(error, OpenError::Unreadable(_)), "{name}: {error}");
    }
    let locked = folder.path().join("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o500)).unwrap();
    // Nothing is closed to root.
    if fs::write(locked.join("probe"), "").is_err() {
        let error = Disk::open(&locked.join("store")).expect_err("a folder that is closed");
        assert!(matches!(error, OpenError::Unreadable(_)), "{error}");
    }
}

#[test]
fn a_full_disk_is_unavailable_and_what_was_there_stays() {
    let folder = TempDir::new().unwrap();
    let connection = file::open(&folder.path().join("store")).unwrap();
    connection
        .pragma_update(None, "max_page_count", 12)
        .unwrap();
    let store = Disk::over(connection)
        .unwrap()
        .of(&plugin("guard"), MIN_QUOTA);
    store.set("small", entry("1", None), at(NOW)).unwrap();
    let large = entry(&"x".repeat(60_000), None);
    assert_eq!(
        store.set("large", large, at(NOW)),
        Err(StoreError::Unavailable)
    );
    assert_eq!(text(&*store, "large", NOW), None);
    assert_eq!(text(&*store, "small", NOW).as_deref(), Some("1"));
    assert_eq!(store.set("small", entry("2", None), at(NOW)), Ok(true));
}
