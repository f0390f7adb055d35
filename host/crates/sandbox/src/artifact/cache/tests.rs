//! Artifacts that are not what they should be.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use wardlet_keys::{ArtifactKey, TAG_BYTES};

use super::{Artifact, Cache, Most, Place, Source, authenticate};

const CODE: &[u8] = b"machine code, as far as a cache knows";

fn source(component: u8, engine: u8) -> Source {
    Source {
        component: [component; 32],
        engine: [engine; 32],
    }
}

/// A cache that keeps [`CODE`] as the artifact of one component.
struct Kept {
    folder: TempDir,
    cache: Cache,
    path: PathBuf,
}

impl Kept {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = ArtifactKey::open(&folder.path().join("keys")).unwrap();
        let cache = Cache::open(&folder.path().join("cache"), key).unwrap();
        cache.put(&source(1, 1), &Artifact::compiled(CODE.to_vec()));
        let path = folder
            .path()
            .join("cache")
            .join(Place::of(&source(1, 1)).name);
        Kept {
            folder,
            cache,
            path,
        }
    }

    fn code(&self, source: &Source) -> Option<Vec<u8>> {
        self.cache
            .get(source)
            .map(|artifact| artifact.code().to_vec())
    }
}

#[test]
fn what_is_kept_comes_back_and_only_its_owner_reads_it() {
    let kept = Kept::new();
    assert_eq!(kept.code(&source(1, 1)).unwrap(), CODE);
    assert_eq!(kept.code(&source(2, 1)), None);
    assert_eq!(kept.code(&source(1, 2)), None);
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&kept.path), 0o600);
    assert_eq!(mode(&kept.path.parent().unwrap().to_owned()), 0o700);
    let again = ArtifactKey::open(&kept.folder.path().join("keys")).unwrap();
    let again = Cache::open(&kept.folder.path().join("cache"), again).unwrap();
    assert!(
        again.get(&source(1, 1)).is_some(),
        "another process of the installation"
    );
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    let kept = Kept::new();
    let place = Place::of(&source(1, 1));
    let good = fs::read(&kept.path).unwrap();
    assert_eq!(good.len(), place.header.len() + CODE.len() + TAG_BYTES);
    assert!(authenticate(&kept.cache.key, &place, good.clone()).is_ok());
    for bit in 0..good.len() * 8 {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(
            authenticate(&kept.cache.key, &place, flipped).is_err(),
            "bit {bit}"
        );
    }
    for end in 0..good.len() {
        let cut = good[..end].to_vec();
        assert!(
            authenticate(&kept.cache.key, &place, cut).is_err(),
            "{end} bytes"
        );
        let behind = good[end..].to_vec();
        assert!(
            end == 0 || authenticate(&kept.cache.key, &place, behind).is_err(),
            "from {end}"
        );
    }
    let mut longer = good;
    longer.push(0);
    assert!(authenticate(&kept.cache.key, &place, longer).is_err());
}

/// Spoils the file, expects that it is not trusted, and that keeping it anew mends it.
#[track_caller]
fn check(what: &str, spoil: &dyn Fn(&Kept)) {
    let kept = Kept::new();
    spoil(&kept);
    assert!(kept.cache.get(&source(1, 1)).is_none(), "{what}");
    kept.cache
        .put(&source(1, 1), &Artifact::compiled(CODE.to_vec()));
    assert_eq!(
        kept.code(&source(1, 1)).as_deref(),
        Some(CODE),
        "{what}: kept anew"
    );
}

#[test]
fn what_is_not_trusted_is_replaced() {
    check("removed", &|kept| fs::remove_file(&kept.path).unwrap());
    check("empty", &|kept| fs::write(&kept.path, []).unwrap());
    check("cut", &|kept| {
        let bytes = fs::read(&kept.path).unwrap();
        fs::write(&kept.path, &bytes[..bytes.len() / 2]).unwrap();
    });
    for (what, other) in [("component", source(2, 1)), ("engine", source(1, 2))] {
        check(
            &format!("the artifact of another {what} under this name"),
            &|kept| {
                kept.cache
                    .put(&other, &Artifact::compiled(b"other code".to_vec()));
                let path = kept.path.with_file_name(Place::of(&other).name);
                fs::rename(path, &kept.path).unwrap();
            },
        );
    }
    check("of another installation", &|kept| {
        let foreign = Kept::new();
        fs::copy(&foreign.path, &kept.path).unwrap();
    });
    for mode in [0o604, 0o620, 0o640, 0o644, 0o666, 0o700, 0o777] {
        check(&format!("mode {mode:o}"), &|kept| {
            fs::set_permissions(&kept.path, Permissions::from_mode(mode)).unwrap();
        });
    }
    check("a link to the artifact itself", &|kept| {
        let away = kept.folder.path().join("away");
        fs::rename(&kept.path, &away).unwrap();
        symlink(&away, &kept.path).unwrap();
    });
    check("a pipe", &|kept| {
        fs::remove_file(&kept.path).unwrap();
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &kept.path, kind, mode, 0).unwrap();
    });
}

#[test]
fn a_folder_that_cannot_be_written_to_costs_nothing_but_time() {
    let kept = Kept::new();
    fs::remove_file(&kept.path).unwrap();
    fs::create_dir(&kept.path).unwrap();
    assert!(kept.cache.get(&source(1, 1)).is_none());
    kept.cache
        .put(&source(1, 1), &Artifact::compiled(CODE.to_vec()));
    assert!(kept.cache.get(&source(1, 1)).is_none());
    fs::remove_dir_all(kept.folder.path().join("cache")).unwrap();
    kept.cache
        .put(&source(1, 1), &Artifact::compiled(CODE.to_vec()));
    assert!(kept.cache.get(&source(1, 1)).is_none());
}

/// Keeps artifacts of components 1 to 4, one a second in this order, uses 1 again, keeps 5, and gives
/// those that are left.
fn left(most: Most) -> Vec<u8> {
    let mut kept = Kept::new();
    kept.cache.most = most;
    for component in 1..=4_u8 {
        let source = source(component, 1);
        kept.cache.put(&source, &Artifact::compiled(CODE.to_vec()));
        let path = kept.path.with_file_name(Place::of(&source).name);
        let Ok(file) = fs::File::options().write(true).open(path) else {
            continue;
        };
        let seconds = Duration::from_secs(1_000_000 + u64::from(component));
        file.set_modified(SystemTime::UNIX_EPOCH + seconds).unwrap();
    }
    let _ = kept.cache.get(&source(1, 1));
    kept.cache
        .put(&source(5, 1), &Artifact::compiled(CODE.to_vec()));
    let there = |component: &u8| kept.cache.get(&source(*component, 1)).is_some();
    (1..=5).filter(there).collect()
}

#[test]
fn what_was_used_longest_ago_is_forgotten_first() {
    let size = fs::metadata(Kept::new().path).unwrap().len();
    let most = |files, bytes| Most { files, bytes };
    assert_eq!(left(most(100, u64::MAX)), [1, 2, 3, 4, 5]);
    assert_eq!(left(most(4, u64::MAX)), [1, 3, 4, 5]);
    assert_eq!(left(most(100, 4 * size)), [1, 3, 4, 5]);
    assert_eq!(left(most(100, 4 * size - 1)), [3, 4, 5]);
    assert_eq!(left(most(0, 0)), [0_u8; 0]);
}
