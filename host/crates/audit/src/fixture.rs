//! Small logs for the tests, with a clock that ticks by itself.

mod disk;
mod records;
mod signer;

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;
use wardlet_call::Json;
use wardlet_keys::{EntryKey, VerifyingKey, base64url};

pub(crate) use self::disk::{CUTS, Cut, Disk, Fault};
pub(crate) use self::records::*;
pub(crate) use self::signer::MemorySigner;
use crate::clock::Clock;
use crate::error::AuditError;
use crate::log::{Durability, Log, WrittenDecision};
use crate::merkle::{self, Tree};
use crate::record::*;
use crate::show::{Select, show};
use crate::verify::{Head, Options, Report, VerifyError, verify};

pub(crate) const ORIGIN: &str = "laptop.example/log";

/// Starts at 2026-11-23T00:00:00Z and ticks a millisecond each time it is read.
pub(crate) struct Ticking(AtomicU64);

impl Ticking {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Ticking(AtomicU64::new(1_795_392_000_000)))
    }
}

impl Clock for Ticking {
    fn now_ms(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// A folder for a log, and its key.
pub(crate) struct Place {
    temporary: TempDir,
    pub(crate) key: Arc<EntryKey>,
    pub(crate) signer: MemorySigner,
}

impl Place {
    pub(crate) fn new() -> Self {
        let key = Arc::new(EntryKey::generate().unwrap());
        Place {
            temporary: tempfile::tempdir().unwrap(),
            key,
            signer: MemorySigner::new(),
        }
    }

    /// Another folder for a log of the same key, with a signer of the same key that has signed
    /// nothing yet.
    pub(crate) fn again(&self) -> Self {
        Place {
            temporary: tempfile::tempdir().unwrap(),
            key: Arc::clone(&self.key),
            signer: self.signer.again(),
        }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.temporary.path().join("log")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// The entries as they stand in the bundles.
    pub(crate) fn entries(&self) -> Vec<Vec<u8>> {
        let shown = show(&self.folder(), Select::All).unwrap();
        shown
            .map(|entry| entry.unwrap().line.into_bytes())
            .collect()
    }

    /// Makes a log of these entries that was never published.
    pub(crate) fn write(&self, entries: &[impl AsRef<[u8]>]) {
        drop(std::fs::remove_dir_all(self.folder()));
        self.write_bundle(0, b"");
        for (number, bundle) in entries.chunks(256).enumerate() {
            self.write_bundle(number as u64, &frames(bundle));
        }
    }

    /// Writes a pending bundle, whatever its bytes are.
    pub(crate) fn write_bundle(&self, number: u64, bytes: &[u8]) {
        let pending = self.path("pending");
        let mut builder = std::fs::DirBuilder::new();
        builder
            .recursive(true)
            .mode(0o700)
            .create(&pending)
            .unwrap();
        std::fs::write(pending.join(number.to_string()), bytes).unwrap();
    }

    pub(crate) fn try_open(&self) -> Result<Log, AuditError> {
        Log::open(
            &self.folder(),
            ORIGIN,
            &gateway(),
            Arc::clone(&self.key),
            Ticking::new(),
        )
    }

    pub(crate) fn open(&self) -> Log {
        self.try_open().unwrap()
    }

    /// A log with a signer of its own, that keeps what it signed in memory.
    pub(crate) fn try_open_signed(&self) -> Result<Log, AuditError> {
        Log::open_signed(
            &self.folder(),
            ORIGIN,
            &gateway(),
            Arc::clone(&self.key),
            Ticking::new(),
            Box::new(self.signer.clone()),
        )
    }

    pub(crate) fn open_signed(&self) -> Log {
        self.try_open_signed().unwrap()
    }

    pub(crate) fn public(&self) -> VerifyingKey {
        self.key.verifying_key(ORIGIN).unwrap()
    }

    pub(crate) fn verified(&self) -> Report {
        self.verify(None).unwrap()
    }

    /// Checks the log, with the signature of its checkpoint.
    pub(crate) fn verify(&self, against: Option<Head>) -> Result<Report, VerifyError> {
        let checkpoint_keys = &[self.signer.public()];
        let options = Options {
            against,
            checkpoint_keys,
            progress: None,
        };
        verify(&self.folder(), &self.public(), options)
    }

    /// Signs an entry that was written by hand, and gives its canonical line.
    pub(crate) fn forge(&self, unsigned: &str) -> String {
        let Ok(Json::Object(mut members)) = Json::parse(unsigned) else {
            panic!("{unsigned}");
        };
        let canonical = Json::Object(members.clone()).canonical().unwrap();
        let message = format!("wardlet-entry/v1\n{ORIGIN}\n{canonical}");
        let signature = base64url::encode(&self.key.sign(message.as_bytes()));
        members.push(("sig".to_owned(), Json::String(signature)));
        Json::Object(members).canonical().unwrap()
    }

    /// A decision, its outcome and a refusal.
    pub(crate) fn three_entries(&self) -> Vec<Vec<u8>> {
        let log = self.open();
        let written = log
            .decision(&decision(Effect::Allow), Durability::Written)
            .unwrap();
        log.outcome(written, &outcome(Status::Answered)).unwrap();
        log.refusal(&decision(Effect::Deny)).unwrap();
        drop(log);
        self.entries()
    }
}

/// Entries as they stand in a bundle.
pub(crate) fn frames(entries: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let framed = entries.iter().map(AsRef::as_ref).map(|entry| {
        let length = u16::try_from(entry.len()).unwrap();
        [&length.to_be_bytes(), entry].concat()
    });
    framed.collect::<Vec<_>>().concat()
}

/// Size and root of these entries.
pub(crate) fn head(entries: &[impl AsRef<[u8]>]) -> Head {
    let mut tree = Tree::new();
    for entry in entries {
        tree.push(merkle::leaf(entry.as_ref()));
    }
    Head {
        size: tree.size(),
        root: tree.root(),
    }
}

pub(crate) fn allow(log: &Log) -> Result<WrittenDecision, AuditError> {
    log.decision(&decision(Effect::Allow), Durability::Written)
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    drop(std::fs::remove_dir_all(to));
    std::fs::create_dir(to).unwrap();
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
