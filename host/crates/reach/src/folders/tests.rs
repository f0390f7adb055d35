#![allow(clippy::too_many_lines, reason = "cases are data")]

use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wardlet_call::{FileKind, FolderFailure, Folders as _};

use super::{FolderSet, MAX_ENTRIES, MAX_FILE_BYTES};

const SECRET: &str = "outside of the folder";

fn until() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// A granted folder `data` beside a secret.
fn folders() -> (TempDir, FolderSet) {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    fs::create_dir_all(data.join("sub/deep")).unwrap();
    fs::write(place.path().join("secret"), SECRET).unwrap();
    fs::write(data.join("rules.json"), "{}").unwrap();
    fs::write(data.join("sub/deep/names"), "a\nb\n").unwrap();
    symlink("sub/deep/names", data.join("inside")).unwrap();
    symlink("../rules.json", data.join("sub/up-and-inside")).unwrap();
    symlink("../secret", data.join("outside")).unwrap();
    symlink(place.path().join("secret"), data.join("absolute")).unwrap();
    symlink("..", data.join("parent")).unwrap();
    symlink("/proc/self/root", data.join("root")).unwrap();
    symlink("/proc/self/fd/0", data.join("descriptor")).unwrap();
    symlink("/dev/zero", data.join("zero")).unwrap();
    symlink("loop", data.join("loop")).unwrap();
    symlink("nowhere", data.join("dangling")).unwrap();
    let set = open(&data);
    (place, set)
}

fn open(path: &Path) -> FolderSet {
    FolderSet::open([("data", path)]).unwrap()
}

#[test]
fn files_inside_are_read_and_nothing_else_is() {
    use FolderFailure::{
        BadPath, NotAFile, NotAFolder, NotFound, NotGranted, Outside, Unavailable,
    };
    let (_place, set) = folders();
    let check = |folder: &str, path: &str, expected: Result<&str, FolderFailure>| {
        let got = set.read(folder, path, until());
        let got = got.map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(
            got.as_deref(),
            expected.as_ref().copied(),
            "{folder} {path:?}"
        );
    };
    check("data", "rules.json", Ok("{}"));
    check("data", "sub/deep/names", Ok("a\nb\n"));
    check("data", "inside", Ok("a\nb\n"));
    check("data", "sub/up-and-inside", Ok("{}"));
    for folder in ["", "other", "Data", "../data"] {
        check(folder, "rules.json", Err(NotGranted));
    }
    for path in [
        "",
        ".",
        "..",
        "/",
        "/etc/passwd",
        "//etc/passwd",
        "../secret",
        "sub/../rules.json",
        "sub/..",
        "./rules.json",
        "sub//deep",
        "rules.json/",
        "sub/./deep/names",
        "rules.json\0.txt",
        "sub/deep/../../../secret",
    ] {
        check("data", path, Err(BadPath));
    }
    check("data", &"a/".repeat(600), Err(BadPath));
    for path in [
        "outside",
        "absolute",
        "parent/secret",
        "root/etc/passwd",
        "descriptor",
        "zero",
        "parent/data/rules.json",
    ] {
        check("data", path, Err(Outside));
    }
    for path in [
        "missing",
        "dangling",
        "sub/missing",
        "..%2fsecret",
        "..\\secret",
        "C:\\secret",
    ] {
        check("data", path, Err(NotFound));
    }
    check("data", "rules.json/names", Err(NotAFolder));
    check("data", "sub", Err(NotAFile));
    check("data", "loop", Err(Unavailable));
}

/// A pipe without a writer, a socket and a device neither block nor are opened.
#[test]
fn pipes_sockets_and_devices_are_refused_at_once() {
    let (place, set) = folders();
    let data = place.path().join("data");
    let made = std::process::Command::new("mkfifo")
        .arg(data.join("pipe"))
        .status();
    assert!(made.unwrap().success());
    let _listener = UnixListener::bind(data.join("socket")).unwrap();
    for path in ["pipe", "socket"] {
        assert_eq!(
            set.read("data", path, until()),
            Err(FolderFailure::NotAFile),
            "{path}"
        );
        assert_eq!(
            set.stat("data", path).unwrap().kind,
            FileKind::Other,
            "{path}"
        );
    }
    let devices = open(Path::new("/dev"));
    for path in ["zero", "null", "tty"] {
        let got = devices.read("data", path, until());
        assert_eq!(got, Err(FolderFailure::NotAFile), "{path}");
    }
    // Links that only look like files, in a folder that an operator should not grant.
    let process = open(Path::new("/proc/self"));
    for path in ["root/etc/passwd", "cwd/Cargo.toml", "exe", "fd/0"] {
        assert!(process.read("data", path, until()).is_err(), "{path}");
    }
}

#[test]
fn sizes_and_times_are_bounded() {
    let (place, set) = folders();
    let path = place.path().join("data/large");
    let size = usize::try_from(MAX_FILE_BYTES).unwrap();
    fs::write(&path, vec![b'a'; size]).unwrap();
    assert_eq!(set.read("data", "large", until()).unwrap().len(), size);
    let late = set.read("data", "large", Instant::now());
    assert_eq!(late, Err(FolderFailure::TimedOut));
    assert_eq!(
        set.list("data", ".", Instant::now()),
        Err(FolderFailure::TimedOut)
    );
    fs::write(&path, vec![b'a'; size + 1]).unwrap();
    assert_eq!(
        set.read("data", "large", until()),
        Err(FolderFailure::TooLarge)
    );
    // A file whose size says nothing.
    let process = open(Path::new("/proc/self"));
    assert_eq!(
        process.read("data", "status", until()),
        Err(FolderFailure::Changed)
    );
}

#[test]
fn folders_are_listed_in_order_and_bounded() {
    let (place, set) = folders();
    let names: Vec<_> = set.list("data", ".", until()).unwrap();
    let kinds: Vec<_> = names
        .iter()
        .map(|(name, kind)| (name.as_str(), *kind))
        .collect();
    assert!(kinds.is_sorted_by_key(|(name, _)| *name));
    for entry in [
        ("rules.json", FileKind::File),
        ("sub", FileKind::Folder),
        ("outside", FileKind::Link),
    ] {
        assert!(kinds.contains(&entry), "{kinds:?}");
    }
    for (path, expected) in [
        ("..", FolderFailure::BadPath),
        ("", FolderFailure::BadPath),
        ("parent", FolderFailure::Outside),
        ("root", FolderFailure::Outside),
        ("missing", FolderFailure::NotFound),
        ("rules.json", FolderFailure::NotAFolder),
    ] {
        assert_eq!(set.list("data", path, until()), Err(expected), "{path}");
    }
    let many = place.path().join("data/many");
    fs::create_dir(&many).unwrap();
    for name in 0..MAX_ENTRIES {
        fs::write(many.join(name.to_string()), "").unwrap();
    }
    assert_eq!(
        set.list("data", "many", until()).unwrap().len(),
        MAX_ENTRIES
    );
    fs::write(many.join("one-more"), "").unwrap();
    assert_eq!(
        set.list("data", "many", until()),
        Err(FolderFailure::TooMany)
    );
    let odd = std::ffi::OsString::from_vec(b"\xff".to_vec());
    fs::write(place.path().join("data/sub/deep").join(odd), "").unwrap();
    assert_eq!(
        set.list("data", "sub/deep", until()),
        Err(FolderFailure::NotText)
    );
}

#[test]
fn what_stands_at_a_path_is_told() {
    let (_place, set) = folders();
    let status = set.stat("data", "inside").unwrap();
    assert_eq!((status.kind, status.size), (FileKind::File, 4));
    assert!(status.modified_ms > 1_600_000_000_000);
    for path in [".", "sub"] {
        assert_eq!(set.stat("data", path).unwrap().kind, FileKind::Folder);
    }
    assert_eq!(set.stat("data", "outside"), Err(FolderFailure::Outside));
    assert_eq!(set.stat("data", "../secret"), Err(FolderFailure::BadPath));
    assert_eq!(set.stat("data", "missing"), Err(FolderFailure::NotFound));
}

#[test]
fn what_is_put_in_the_place_of_a_folder_is_not_seen() {
    let (place, set) = folders();
    let data = place.path().join("data");
    fs::rename(&data, place.path().join("moved")).unwrap();
    symlink(place.path(), &data).unwrap();
    assert_eq!(set.read("data", "rules.json", until()).unwrap(), b"{}");
    assert_eq!(
        set.read("data", "secret", until()),
        Err(FolderFailure::NotFound)
    );
    assert!(FolderSet::open([("a", place.path().join("secret").as_path())]).is_err());
    let error = FolderSet::open([("a", Path::new("/no/such/folder"))]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("folder `a`: cannot open `/no/such/folder`")
    );
}

/// A link that is swapped for a folder, and a file for a link out, while they are read again and again.
#[test]
fn races_lead_nowhere() {
    let (place, set) = folders();
    let data = place.path().join("data");
    fs::create_dir(data.join("turn")).unwrap();
    fs::write(data.join("turn/secret"), "inside").unwrap();
    let over = AtomicBool::new(false);
    let (mut inside, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            symlink("..", data.join("spare")).unwrap();
            symlink("../secret", data.join("spare-file")).unwrap();
            fs::write(data.join("file"), "inside").unwrap();
            while !over.load(Ordering::Relaxed) {
                for (a, b) in [("turn", "spare"), ("file", "spare-file")] {
                    let exchanged = rustix::fs::renameat_with(
                        rustix::fs::CWD,
                        data.join(a),
                        rustix::fs::CWD,
                        data.join(b),
                        rustix::fs::RenameFlags::EXCHANGE,
                    );
                    exchanged.unwrap();
                }
            }
        });
        // Until both sides of the race were seen a hundred times.
        let end = until();
        while (inside < 100 || refused < 100) && Instant::now() < end {
            for path in ["turn/secret", "file"] {
                match set.read("data", path, until()) {
                    Ok(bytes) => {
                        assert_ne!(bytes, SECRET.as_bytes());
                        inside += 1;
                    }
                    Err(_) => refused += 1,
                }
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(inside >= 100 && refused >= 100, "{inside} {refused}");
}

/// A file that is written into while it is read is never given as a mixture.
#[test]
fn a_file_that_changes_while_it_is_read_is_refused() {
    use std::os::unix::fs::FileExt as _;
    let (place, set) = folders();
    let path = place.path().join("data/changing");
    let size = usize::try_from(MAX_FILE_BYTES).unwrap();
    fs::write(&path, vec![b'a'; size]).unwrap();
    let over = AtomicBool::new(false);
    let mut changed = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let file = fs::File::options().write(true).open(&path).unwrap();
            while !over.load(Ordering::Relaxed) {
                file.write_all_at(b"b", 0).unwrap();
                file.write_all_at(b"a", 0).unwrap();
            }
        });
        let end = until();
        while changed == 0 && Instant::now() < end {
            match set.read("data", "changing", until()) {
                Err(FolderFailure::Changed) => changed += 1,
                other => drop(other.unwrap()),
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(changed > 0);
}
