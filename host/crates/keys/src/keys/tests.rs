//! Key folders as they are made, loaded and refused.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::{ENTRY_KEY_FILE, Keys, PSEUDONYM_KEY_FILE, TOKEN_KEY_FILE};
use crate::error::KeyError;
use crate::private::PrivateFolder;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_first_use_makes_what_later_ones_load() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("state/keys");
    let first = Keys::open(&folder).unwrap();
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&temporary.path().join("state")), 0o700);
    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, [ENTRY_KEY_FILE, PSEUDONYM_KEY_FILE, TOKEN_KEY_FILE]);
    for name in names {
        assert_eq!(mode(&folder.join(name)), 0o600);
    }

    let again = Keys::open(&folder).unwrap();
    assert_eq!(again.entry().public(), first.entry().public());
    assert_eq!(again.token().kid(), first.token().kid());
    assert_eq!(again.pseudonym("alice"), first.pseudonym("alice"));
    assert_ne!(again.pseudonym("alice"), first.pseudonym("bob"));
    assert_eq!(again.pseudonym("alice").len(), 22);

    let other = Keys::open(&temporary.path().join("other")).unwrap();
    assert_ne!(other.entry().public(), first.entry().public());
    assert_ne!(other.pseudonym("alice"), first.pseudonym("alice"));
}

#[test]
fn gateways_that_start_at_once_agree() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("keys");
    let all: Vec<_> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| Keys::open(&folder)))
            .collect();
        started
            .into_iter()
            .map(|thread| thread.join().unwrap().unwrap())
            .collect()
    });
    for keys in &all {
        assert_eq!(keys.entry().public(), all[0].entry().public());
        assert_eq!(keys.token().kid(), all[0].token().kid());
        assert_eq!(keys.pseudonym("alice"), all[0].pseudonym("alice"));
    }
}

/// Breaks a fresh key folder and expects the refusal to name `named` and hint at `hint`.
fn check(what: &str, spoil: &dyn Fn(&Path), named: &str, hint: &str) {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("keys");
    drop(Keys::open(&folder).unwrap());
    spoil(&folder);
    let error = Keys::open(&folder).expect_err(what);
    let text = error.to_string();
    assert!(text.contains(named), "{what}: {text}");
    let hinted = error.hint().unwrap_or_default();
    assert!(hinted.contains(hint), "{what}: {hinted}");
}

fn entry(folder: &Path) -> PathBuf {
    folder.join(ENTRY_KEY_FILE)
}

#[test]
fn modes_that_are_refused() {
    for bits in [
        0o601, 0o602, 0o604, 0o610, 0o620, 0o640, 0o660, 0o644, 0o666, 0o700,
    ] {
        let spoil = move |folder: &Path| set_mode(&entry(folder), bits);
        check(
            &format!("file {bits:o}"),
            &spoil,
            ENTRY_KEY_FILE,
            "chmod 600 ",
        );
    }
    for bits in [0o701, 0o710, 0o755, 0o777, 0o1777] {
        let spoil = move |folder: &Path| set_mode(folder, bits);
        check(&format!("folder {bits:o}"), &spoil, "/keys`", "chmod 700 ");
    }
}

#[test]
fn what_is_no_plain_file_or_folder_is_refused() {
    check(
        "a link to the key",
        &|folder| {
            let away = folder.join("away");
            fs::rename(entry(folder), &away).unwrap();
            symlink(&away, entry(folder)).unwrap();
        },
        "not a plain file",
        "not a link",
    );
    check(
        "a dangling link",
        &|folder| {
            fs::remove_file(entry(folder)).unwrap();
            symlink(folder.join("nowhere"), entry(folder)).unwrap();
        },
        "not a plain file",
        "not a link",
    );
    check(
        "a link to the folder",
        &|folder| {
            let away = folder.with_file_name("away");
            fs::rename(folder, &away).unwrap();
            symlink(&away, folder).unwrap();
        },
        "not a plain folder",
        "not a link",
    );
    check(
        "a folder for a key",
        &|folder| {
            fs::remove_file(entry(folder)).unwrap();
            fs::create_dir(entry(folder)).unwrap();
        },
        "not a plain file",
        "",
    );
    check(
        "a pipe for a key",
        &|folder| {
            fs::remove_file(entry(folder)).unwrap();
            let mode = rustix::fs::Mode::from_raw_mode(0o600);
            let kind = rustix::fs::FileType::Fifo;
            rustix::fs::mknodat(rustix::fs::CWD, entry(folder), kind, mode, 0).unwrap();
        },
        "not a plain file",
        "",
    );
}

#[test]
fn what_is_no_key_is_refused() {
    for name in [ENTRY_KEY_FILE, TOKEN_KEY_FILE, PSEUDONYM_KEY_FILE] {
        let keep = move |bytes: Vec<u8>| {
            move |folder: &Path| {
                fs::write(folder.join(name), &bytes).unwrap();
            }
        };
        check("an empty key", &keep(vec![]), name, "restore it");
        check("noise", &keep(vec![7; 100]), name, "restore it");
        check("a long file", &keep(vec![7; 10_000]), name, "");
    }
    check(
        "the wrong kind of key",
        &|folder| assert!(fs::copy(entry(folder), folder.join(TOKEN_KEY_FILE)).unwrap() > 0),
        TOKEN_KEY_FILE,
        "restore it",
    );
}

#[test]
fn narrower_modes_are_taken_and_nothing_is_overwritten() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("keys");
    drop(Keys::open(&folder).unwrap());
    set_mode(&folder.join(ENTRY_KEY_FILE), 0o400);
    drop(Keys::open(&folder).unwrap());

    let private = PrivateFolder::open(&folder).unwrap();
    assert!(private.create_new("note", b"first").unwrap());
    assert!(!private.create_new("note", b"second").unwrap());
    assert_eq!(private.read("note", 5).unwrap().unwrap(), b"first");
    assert!(matches!(private.read("note", 4), Err(KeyError::Io { .. })));
    assert!(private.read("nothing", 5).unwrap().is_none());
    let left = fs::read_dir(&folder).unwrap().count();
    assert_eq!(left, 4, "no temporary file stays");
}

#[test]
fn files_that_are_replaced_touched_listed_and_removed() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("cache");
    assert!(PrivateFolder::existing(&path).unwrap().is_none());
    let folder = PrivateFolder::open(&path).unwrap();
    let outside = temporary.path().join("outside");
    fs::write(&outside, "outside").unwrap();
    symlink(&outside, path.join("link")).unwrap();
    fs::create_dir(path.join("folder")).unwrap();

    folder.replace("note", b"first").unwrap();
    folder.replace("note", b"second").unwrap();
    folder.replace("link", b"linked").unwrap();
    assert!(folder.replace("folder", b"no").is_err());
    assert_eq!(folder.read("note", 9).unwrap().unwrap(), b"second");
    assert_eq!(folder.read("link", 9).unwrap().unwrap(), b"linked");
    assert_eq!(
        fs::read(&outside).unwrap(),
        b"outside",
        "no link is followed"
    );
    assert_eq!(mode(&path.join("note")), 0o600);

    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000);
    for name in ["note", "link"] {
        let file = fs::File::options()
            .write(true)
            .open(path.join(name))
            .unwrap();
        file.set_modified(long_ago).unwrap();
    }
    folder.touch("note").unwrap();
    let mut files = folder.files().unwrap();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let listed: Vec<_> = files
        .iter()
        .map(|file| (file.name.as_str(), file.size))
        .collect();
    assert_eq!(
        listed,
        [("link", 6), ("note", 6)],
        "no folder, no temporary file"
    );
    assert_eq!(files[0].written, long_ago);
    assert!(files[1].written > long_ago);

    folder.remove("note").unwrap();
    folder.remove("note").unwrap();
    assert!(folder.read("note", 9).unwrap().is_none());
    assert!(folder.remove("folder").is_err());
    assert!(folder.touch("note").is_err());
}
