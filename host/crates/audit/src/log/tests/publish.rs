//! What is published, and when.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use wardlet_keys::VerifyingKey;

use super::super::files::System;
use super::super::{HEARTBEAT_EVERY, Log};
use crate::clock::Clock;
use crate::error::AuditError;
use crate::fixture::{
    MemorySigner, ORIGIN, Place, Ticking, allow, decision, gateway, head, outcome,
};
use crate::line::Seal;
use crate::merkle::Hash;
use crate::record::{Effect, Status};
use crate::signer::{CheckpointSigner, SignError};
use crate::verify::Head;

/// A log without threads: it publishes when it is told to.
fn quiet(place: &Place, clock: Box<dyn Clock>, signer: Box<dyn CheckpointSigner>) -> Log {
    let seal = Seal::new(Arc::clone(&place.key), ORIGIN, &gateway()).unwrap();
    let files = Arc::new(System);
    let signer = || Ok(Some(signer));
    let (log, open) = Log::prepare(files, &place.folder(), seal, clock, signer).unwrap();
    log.close_unknown(open).unwrap();
    log
}

fn refuse(log: &Log, count: usize) {
    for _ in 0..count {
        log.refusal(&decision(Effect::Deny)).unwrap();
    }
}

/// All files below a folder, by their paths.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left = vec![folder.to_owned()];
    while let Some(at) = left.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap();
                found.insert(name.to_str().unwrap().to_owned());
            }
        }
    }
    found
}

/// Compares the files below `tile` with names in a line.
fn check_tiles(place: &Place, expected: &str) {
    let expected: BTreeSet<String> = expected.split_whitespace().map(str::to_owned).collect();
    assert_eq!(files(&place.path("tile")), expected);
}

#[test]
fn the_published_files_are_those_of_the_tree() {
    let place = Place::new();
    let log = quiet(&place, Ticking::new(), Box::new(place.signer.clone()));
    assert_eq!(log.published().size, None);
    let mut size = 0;
    // The partial tiles of the checkpoint before stay for whoever has just read it.
    for (more, expected) in [
        (0, ""),
        (1, "0/000.p/1 entries/000.p/1"),
        (
            254,
            "0/000.p/1 0/000.p/255 entries/000.p/1 entries/000.p/255",
        ),
        (
            1,
            "0/000 0/000.p/255 1/000.p/1 entries/000 entries/000.p/255",
        ),
        (1, "0/000 0/001.p/1 1/000.p/1 entries/000 entries/001.p/1"),
        (
            400,
            "0/000 0/001 0/001.p/1 0/002.p/145 1/000.p/1 1/000.p/2 \
             entries/000 entries/001 entries/001.p/1 entries/002.p/145",
        ),
    ] {
        refuse(&log, more);
        size += more as u64;
        log.publish().unwrap();
        check_tiles(&place, expected);
        assert_eq!(log.published().size, Some(size));
        let report = place.verified();
        let checkpoint = (size > 0).then_some(report.head);
        assert_eq!((report.head.size, report.checkpoint), (size, checkpoint));
        assert_eq!(report.checkpoint_signed, size > 0);
    }
    drop(log);
    assert_eq!(place.verified().head, head(&place.entries()));
    // What an earlier process left is swept when the next one publishes.
    let log = quiet(&place, Ticking::new(), Box::new(place.signer.clone()));
    refuse(&log, 1);
    log.publish().unwrap();
    check_tiles(
        &place,
        "0/000 0/001 0/002.p/146 1/000.p/2 entries/000 entries/001 entries/002.p/146",
    );
}

/// A crash after a bundle got its place, and before the partial tiles and the checkpoint that cover it: what is there of the
/// tree's edge is that of the checkpoint before.
#[test]
fn a_crash_between_a_bundle_and_its_checkpoint_leaves_a_log_that_opens() {
    let place = Place::new();
    let open = || quiet(&place, Ticking::new(), Box::new(place.signer.clone()));
    let log = open();
    refuse(&log, 456);
    log.publish().unwrap();
    let earlier = fs::read(place.path("checkpoint")).unwrap();
    refuse(&log, 100);
    log.publish().unwrap();
    drop(log);
    fs::write(place.path("checkpoint"), earlier).unwrap();
    for partial in ["tile/1/000.p/2", "tile/0/002.p/44", "tile/entries/002.p/44"] {
        fs::remove_file(place.path(partial)).unwrap();
    }
    let log = open();
    assert_eq!(*log.recovered(), crate::Recovered::default());
    refuse(&log, 1);
    log.publish().unwrap();
    drop(log);
    assert_eq!(place.verified().checkpoint.unwrap().size, 557);
}

#[test]
fn a_log_without_a_signer_has_tiles_and_no_checkpoint() {
    let place = Place::new();
    let log = place.open();
    refuse(&log, 300);
    log.publish().unwrap();
    drop(log);
    assert!(place.path("tile/entries/000").exists() && !place.path("checkpoint").exists());
    assert_eq!(place.verified().checkpoint, None);
    // A signer that comes later signs it from its first entry on.
    drop(place.open_signed());
    assert_eq!(place.verified().checkpoint, Some(head(&place.entries())));
}

#[test]
fn a_bit_that_flips_behind_the_writer_is_never_signed() {
    for (count, at) in [(3, 700), (3, 0), (300, 1_000), (300, 130_000)] {
        let place = Place::new();
        let log = quiet(&place, Ticking::new(), Box::new(place.signer.clone()));
        refuse(&log, count);
        let name = if at < 100_000 {
            "pending/0"
        } else {
            "pending/1"
        };
        let mut bytes = fs::read(place.path(name)).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= 1;
        fs::write(place.path(name), bytes).unwrap();
        let error = log.publish().unwrap_err();
        assert!(matches!(error, AuditError::ReadBack { from: 0, to } if to == count as u64));
        assert!(error.hint().unwrap().contains("replace the disk"));
        assert_eq!(log.published().error, Some(error.to_string()));
        assert!(!place.path("checkpoint").exists() && !place.path("tile/entries/000").exists());
        for later in [allow(&log).unwrap_err(), log.publish().unwrap_err()] {
            assert!(matches!(later, AuditError::Poisoned), "{later}");
        }
    }
}

/// A signer that cannot be reached as long as it is told so.
struct Away(MemorySigner, Arc<Mutex<bool>>);

impl Away {
    fn reach(&self) -> Result<(), SignError> {
        match *self.1.lock().unwrap() {
            true => Err(SignError::Unreachable {
                source: std::io::ErrorKind::NotFound.into(),
            }),
            false => Ok(()),
        }
    }
}

impl CheckpointSigner for Away {
    fn keys(&mut self) -> Result<Vec<VerifyingKey>, SignError> {
        self.reach()?;
        self.0.keys()
    }

    fn last(&mut self) -> Result<Option<Head>, SignError> {
        self.reach()?;
        self.0.last()
    }

    fn sign(&mut self, size: u64, root: &Hash, consistency: &[Hash]) -> Result<String, SignError> {
        self.reach()?;
        self.0.sign(size, root, consistency)
    }
}

#[test]
fn a_signer_that_is_away_is_told_and_caught_up_with() {
    let place = Place::new();
    let away = Arc::new(Mutex::new(true));
    let signer = Away(place.signer.clone(), Arc::clone(&away));
    let log = quiet(&place, Ticking::new(), Box::new(signer));
    refuse(&log, 300);
    for _ in 0..2 {
        let error = log.publish().unwrap_err();
        assert!(matches!(error, AuditError::Sign(_)), "{error}");
        let published = log.published();
        assert_eq!(
            (published.size, published.error),
            (None, Some(error.to_string()))
        );
        // The log goes on meanwhile.
        let written = allow(&log).unwrap();
        log.outcome(written, &outcome(Status::Answered)).unwrap();
    }
    *away.lock().unwrap() = false;
    log.publish().unwrap();
    let published = log.published();
    assert_eq!((published.size, published.error), (Some(304), None));
    drop(log);
    assert_eq!(place.verified().checkpoint.unwrap().size, 304);
}

#[test]
fn a_log_that_was_rolled_back_or_written_anew_gets_no_checkpoint() {
    for rewritten in [0, 10] {
        let place = Place::new();
        let log = place.open_signed();
        refuse(&log, 5);
        drop(log);
        let entries = place.entries();
        place.write(&entries[..4]);
        let log = quiet(&place, Ticking::new(), Box::new(place.signer.clone()));
        refuse(&log, rewritten);
        let Err(AuditError::Sign(error)) = log.publish() else {
            panic!("it was signed");
        };
        assert!(error.is_refusal(), "{error}");
        assert!(!place.path("checkpoint").exists());
    }
}

/// A clock that stands where it is put.
struct Still(Arc<AtomicU64>);

impl Clock for Still {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[test]
fn silence_is_told_by_heartbeats() {
    let place = Place::new();
    let now = Arc::new(AtomicU64::new(1_795_392_000_000));
    let clock = Box::new(Still(Arc::clone(&now)));
    let log = quiet(&place, clock, Box::new(place.signer.clone()));
    let every = u64::try_from(HEARTBEAT_EVERY.as_millis()).unwrap();
    refuse(&log, 1);
    log.publish().unwrap();
    for (step, written) in [(every - 1, 0), (1, 1), (0, 1), (every, 2), (every / 2, 2)] {
        now.fetch_add(step, Ordering::Relaxed);
        log.service.heartbeat().unwrap();
        assert_eq!(log.service.writer.lock().unwrap().next, 1 + written);
    }
    // A clock that was set back does not silence it.
    now.store(1_795_392_000_000, Ordering::Relaxed);
    log.service.heartbeat().unwrap();
    log.publish().unwrap();
    drop(log);
    let report = place.verified();
    assert_eq!(report.kinds["heartbeat"], 3);
    let last = String::from_utf8(place.entries().pop().unwrap()).unwrap();
    assert!(last.starts_with(r#"{"body":{"published":1},"#), "{last}");
}

#[test]
fn the_publishing_thread_works_by_itself_and_the_last_time_when_the_log_closes() {
    let place = Place::new();
    let log = place.open_signed();
    refuse(&log, 2);
    let started = Instant::now();
    while log.published().size != Some(2) {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "nothing was published"
        );
        std::thread::yield_now();
    }
    refuse(&log, 3);
    drop(log);
    let key: VerifyingKey = place.signer.public();
    let note = fs::read(place.path("checkpoint")).unwrap();
    let (checkpoint, _) = crate::checkpoint::Checkpoint::open(&note, &[key]).unwrap();
    assert_eq!(
        (checkpoint.size, checkpoint.root),
        (5, head(&place.entries()).root)
    );
}
