use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;
use wardlet_keys::{EntryKey, VerifyingKey};

use super::{ProofFile, ProveError};
use crate::checkpoint::CheckpointError;
use crate::error::AuditError;
use crate::fixture::{ORIGIN, Ticking, gateway};
use crate::log::Log;
use crate::record::Event;
use crate::show::{Select, show};
use crate::signer::LocalSigner;

struct Place {
    temporary: TempDir,
    key: Arc<EntryKey>,
}

impl Place {
    fn new() -> Self {
        Place {
            temporary: tempfile::tempdir().unwrap(),
            key: Arc::new(EntryKey::generate().unwrap()),
        }
    }

    fn folder(&self) -> PathBuf {
        self.temporary.path().join("log")
    }

    /// Opens the log, with the keys that check its checkpoints.
    fn open(&self) -> (Log, Vec<VerifyingKey>) {
        let signer = LocalSigner::open(&self.temporary.path().join("signer"), ORIGIN).unwrap();
        let keys = signer.verifying_keys().unwrap();
        let (folder, key) = (self.folder(), Arc::clone(&self.key));
        let clock = Ticking::new();
        let log = Log::open_signed(&folder, ORIGIN, &gateway(), key, clock, Box::new(signer));
        (log.unwrap(), keys)
    }
}

fn record(log: &Log, count: usize) {
    for n in 0..count {
        let digest = format!("sha256:{n:064x}");
        log.record(&Event::Config { digest }).unwrap();
    }
    log.publish().unwrap();
}

#[test]
fn each_entry_is_proven_while_the_log_grows() {
    let place = Place::new();
    let (log, keys) = place.open();
    let folder = place.folder();
    let mut size = 0;
    for more in [1, 2, 254, 1, 50] {
        record(&log, more);
        size += more as u64;
        for entry in show(&folder, Select::All).unwrap() {
            let entry = entry.unwrap();
            let proof = ProofFile::of_log(&folder, &keys, entry.index).unwrap();
            let checkpoint = proof.verify(entry.line.as_bytes(), &keys).unwrap();
            assert_eq!(checkpoint.size, size);
        }
        match ProofFile::of_log(&folder, &keys, size) {
            Err(ProveError::NotYet { index, size: found }) => {
                assert_eq!((index, found), (size, size));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn logs_that_prove_nothing() {
    let place = Place::new();
    let (log, keys) = place.open();
    record(&log, 300);
    drop(log);
    let folder = place.folder();
    let prove = |keys: &[VerifyingKey]| ProofFile::of_log(&folder, keys, 7).unwrap_err();
    let stranger = EntryKey::generate().unwrap().verifying_key(ORIGIN).unwrap();
    assert!(matches!(
        prove(&[stranger]),
        ProveError::Checkpoint(CheckpointError::Note(_))
    ));
    let tile = folder.join("tile/0/000");
    let good = fs::read(&tile).unwrap();
    fs::write(&tile, &good[..good.len() - 32]).unwrap();
    let damaged =
        |error| matches!(error, ProveError::Log(AuditError::Tile { path }) if path == tile);
    assert!(damaged(prove(&keys)));
    fs::remove_file(&tile).unwrap();
    assert!(damaged(prove(&keys)));
    let checkpoint = folder.join("checkpoint");
    fs::write(&checkpoint, "no checkpoint\n").unwrap();
    assert!(matches!(prove(&keys), ProveError::Checkpoint(_)));
    fs::remove_file(&checkpoint).unwrap();
    assert!(matches!(
        prove(&keys),
        ProveError::Log(AuditError::Io { .. })
    ));
}
