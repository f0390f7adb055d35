//! The log as it is written.
//!
//! One lock guards the next index and the bundle: an entry is signed and handed over with a single
//! write(2) while the lock is held, so that the order on disk is that of the indices. Whatever goes
//! wrong with the file poisons the log, since nobody can tell then what is on disk; the next start
//! finds out by reading it.
//!
//! Two threads serve it: one puts on disk what was written, and one publishes it.

pub(crate) mod files;
pub(crate) mod open_mark;
mod publish;
mod service;
pub(crate) mod space;
mod writer;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use wardlet_call::Blame;
use wardlet_keys::{EntryKey, PrivateFolder};

use self::files::{Files, Store, System};
use self::publish::Publisher;
use self::service::Service;
pub use self::service::{CHECKPOINT_ENTRIES, CHECKPOINT_EVERY, HEARTBEAT_EVERY, Published};
pub use self::space::Room;
use self::writer::{Urgency, Writer};
use crate::clock::Clock;
use crate::error::AuditError;
use crate::line::{Reference, Seal};
use crate::lock;
use crate::record::{Decision, Effect, Event, Gateway, Outcome, OutcomeBody, RecoveryBody, Status};
use crate::recover::{Found, Recovered, recover};
use crate::signer::CheckpointSigner;
use crate::tree::path;
use crate::upgrade;

/// A written entry is on disk after this time, so that a power cut loses no more than that.
pub const FLUSH_WITHIN: Duration = Duration::from_millis(50);

/// Tells the logs of one process apart.
pub(crate) static NEXT_LOG: AtomicU64 = AtomicU64::new(0);

/// When a decision counts as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It is on disk: it survives a power cut.
    Durable,
    /// It is with the operating system, and on disk within [`FLUSH_WITHIN`]: it survives a killed
    /// process.
    Written,
}

/// The audit log of one gateway. All methods may be called from many threads; they block for one
/// write, and for one fdatasync where durability is asked for.
pub struct Log {
    service: Arc<Service>,
    threads: Vec<JoinHandle<()>>,
    id: u64,
    recovered: Recovered,
}

/// Proof that the decision to allow a call is in the log. Only [`Log::decision`] makes it, and
/// [`Log::outcome`] takes it.
#[derive(Debug)]
#[must_use = "an allowed call needs its outcome in the log"]
pub struct WrittenDecision {
    pub(crate) index: u64,
    pub(crate) log: u64,
}

impl WrittenDecision {
    /// The index of the decision's entry.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }
}

/// Proof that a refusal is in the log.
#[derive(Debug)]
pub struct WrittenRefusal {
    pub(crate) index: u64,
}

impl WrittenRefusal {
    /// The index of the refusal's entry.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }
}

/// Proof that the outcome of a call is in the log, beside its decision.
#[derive(Debug)]
pub struct WrittenOutcome {
    pub(crate) index: u64,
    pub(crate) decision: u64,
}

impl WrittenOutcome {
    /// The index of the outcome's entry.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The index of the decision's entry.
    #[must_use]
    pub fn decision(&self) -> u64 {
        self.decision
    }
}

impl Log {
    /// Opens the log in `folder` (0700) or begins one, under an origin that stays the same for the
    /// log's whole life. Its checkpoints are not signed: see [`Log::open_signed`].
    ///
    /// What was not published is read through once, in bounded memory, and with it all entries from
    /// the first open decision on. A last entry that a crash left unfinished is saved to
    /// `torn/<n>` and cut off, which an entry of kind "recovery" says; each allowed call without an
    /// outcome gets the outcome "unknown". [`Log::recovered`] tells. A log of the earlier version,
    /// one file with a line for each entry, is taken over.
    ///
    /// # Errors
    /// [`AuditError::Damaged`] where an entry is not what was written or the last one was signed with
    /// another key; [`AuditError::Tile`] and [`AuditError::NotItsCheckpoint`] where what was published
    /// does not fit; [`AuditError::InUse`]; [`AuditError::TwoLogs`]; [`AuditError::Key`] where the
    /// origin cannot be the name of a key, or the folder is open to others; [`AuditError::Io`];
    /// [`AuditError::Write`]; [`AuditError::Full`].
    pub fn open(
        folder: &Path,
        origin: &str,
        gateway: &Gateway,
        key: Arc<EntryKey>,
        clock: Box<dyn Clock>,
    ) -> Result<Self, AuditError> {
        let seal = Seal::new(key, origin, gateway)?;
        Self::open_on(Arc::new(System), folder, seal, clock, None)
    }

    /// As [`Log::open`]; `signer` signs a checkpoint every second in which something is new.
    ///
    /// # Errors
    /// As [`Log::open`]. A signer that cannot be reached is no error: [`Log::published`] tells.
    pub fn open_signed(
        folder: &Path,
        origin: &str,
        gateway: &Gateway,
        key: Arc<EntryKey>,
        clock: Box<dyn Clock>,
        signer: Box<dyn CheckpointSigner>,
    ) -> Result<Self, AuditError> {
        let seal = Seal::new(key, origin, gateway)?;
        Self::open_on(Arc::new(System), folder, seal, clock, Some(signer))
    }

    fn open_on(
        files: Arc<dyn Files>,
        folder: &Path,
        seal: Seal,
        clock: Box<dyn Clock>,
        signer: Option<Box<dyn CheckpointSigner>>,
    ) -> Result<Self, AuditError> {
        let (mut log, open) = Self::prepare(files, folder, seal, clock, || Ok(signer))?;
        log.recovered.closed = log.close_unknown(open)?;
        // At once, since without the reserve no call is let through; where it fails, a disk without room is told
        // by [`Log::room`].
        drop(log.service.writer.refill());
        log.threads = service::spawn(&log.service)?;
        Ok(log)
    }

    /// As [`Log::open_signed`], for the first of several gateways: the decisions without an outcome are given back,
    /// since some may belong to others that live. `signer` is asked for once the log is this process's.
    pub(crate) fn open_leaving(
        folder: &Path,
        seal: Seal,
        clock: Box<dyn Clock>,
        signer: impl FnOnce() -> Result<Box<dyn CheckpointSigner>, AuditError>,
    ) -> Result<(Self, BTreeSet<u64>), AuditError> {
        let signer = || signer().map(Some);
        let (mut log, open) = Self::prepare(Arc::new(System), folder, seal, clock, signer)?;
        drop(log.service.writer.refill());
        log.threads = service::spawn(&log.service)?;
        Ok((log, open))
    }

    /// Opens a log with the file operations of `files`, and starts no thread for it yet. With it come the decisions
    /// that have no outcome.
    pub(crate) fn prepare(
        files: Arc<dyn Files>,
        folder: &Path,
        seal: Seal,
        clock: Box<dyn Clock>,
        signer: impl FnOnce() -> Result<Option<Box<dyn CheckpointSigner>>, AuditError>,
    ) -> Result<(Self, BTreeSet<u64>), AuditError> {
        let public = seal.verifying_key()?;
        let private = PrivateFolder::open(folder)?;
        let lock = lock::take(&private, path::LOCK)?.ok_or_else(|| AuditError::InUse {
            path: folder.to_owned(),
        })?;
        let store = Store::new(folder, files);
        upgrade::upgrade(&store)?;
        let mut found = recover(&store, &public)?;
        let open = std::mem::take(&mut found.open);
        let writer = Writer::new(
            store.clone(),
            found.tree.clone(),
            open.clone(),
            found.latest_ms,
        );
        let publisher = Publisher::new(store, found.levels.clone(), signer()?);
        let mut log = Log {
            service: Arc::new(Service::new(writer, publisher, seal, clock, lock)),
            threads: Vec::new(),
            id: NEXT_LOG.fetch_add(1, Ordering::Relaxed),
            recovered: Recovered::default(),
        };
        // Without it there is less room for what is owed, which `room` tells.
        drop(log.service.writer.refill());
        log.mend(found)?;
        Ok((log, open))
    }

    /// Writes down what recovery cut off.
    fn mend(&mut self, found: Found) -> Result<(), AuditError> {
        if let Some(torn) = found.torn {
            let (file, digest) = (torn.file.as_str(), torn.digest.as_str());
            let body = RecoveryBody {
                bytes: torn.bytes,
                digest,
                file,
            };
            let way = (Reference::Neither, Urgency::Owed);
            let index = self.service.append("recovery", &body, way)?;
            self.service.writer.sync(index)?;
            self.recovered.torn = Some(self.service.writer.store.path(&torn.file));
        }
        Ok(())
    }

    /// Gives decisions that nobody will close any more the outcome "unknown", and says how many. A crash in here leaves fewer of them for the
    /// next start.
    pub(crate) fn close_unknown(&self, open: BTreeSet<u64>) -> Result<u64, AuditError> {
        let mut last = None;
        let mut count = 0;
        let outcome = Outcome {
            blame: Some(Blame::Host),
            reason: Some("recovered".to_owned()),
            ..Outcome::new(Status::Unknown)
        };
        for decision in open {
            let way = (Reference::Closes(decision), Urgency::Owed);
            let body = OutcomeBody::new(decision, &outcome);
            match self.service.append("outcome", &body, way) {
                Ok(index) => (last, count) = (Some(index), count + 1),
                // Its own gateway was faster.
                Err(AuditError::Closed) => {}
                Err(error) => return Err(error),
            }
        }
        last.map_or(Ok(()), |last| self.service.writer.sync(last))?;
        Ok(count)
    }

    /// Writes an entry for another gateway, whose seal this is, and puts it on disk where that is asked for.
    pub(crate) fn append_for(
        &self,
        seal: &Seal,
        (kind, body): (&str, &[u8]),
        reference: Reference,
        durability: Durability,
    ) -> Result<u64, AuditError> {
        let urgency = match reference {
            Reference::Closes(_) => Urgency::Owed,
            Reference::Opens | Reference::Neither => Urgency::Refusable,
        };
        let way = (reference, urgency);
        let index = self.service.append_sealed(seal, kind, body, way)?;
        if durability == Durability::Durable {
            self.service.writer.sync(index)?;
        }
        Ok(index)
    }

    /// The number of entries.
    pub(crate) fn size(&self) -> Result<u64, AuditError> {
        Ok(self.service.writer.lock()?.next)
    }

    /// Puts the entry `index` on disk, with all before it.
    pub(crate) fn sync(&self, index: u64) -> Result<(), AuditError> {
        self.service.writer.sync(index)
    }

    /// What opening the log had to mend.
    #[must_use]
    pub fn recovered(&self) -> &Recovered {
        &self.recovered
    }

    /// Writes the decision to allow a call. Nothing of the call may leave before this returns. What
    /// shadow rules say is shortened where the entry has no room for it.
    ///
    /// # Errors
    /// [`AuditError::Effect`] unless the effect is [`Effect::Allow`];
    /// [`AuditError::Unrecordable`] where a field is outside of its bound or the entry is over 60
    /// KiB; [`AuditError::Write`] and [`AuditError::Poisoned`], after which the log takes no more.
    pub fn decision(
        &self,
        decision: &Decision,
        durability: Durability,
    ) -> Result<WrittenDecision, AuditError> {
        if decision.effect != Effect::Allow {
            return Err(AuditError::Effect);
        }
        let way = (Reference::Opens, Urgency::Refusable);
        let index = self.service.append_shadowed("decision", decision, way)?;
        if durability == Durability::Durable {
            self.service.writer.sync(index)?;
        }
        Ok(WrittenDecision {
            index,
            log: self.id,
        })
    }

    /// Writes a refusal, which has no outcome.
    ///
    /// # Errors
    /// As [`Log::decision`]; [`AuditError::Effect`] where the effect is [`Effect::Allow`].
    pub fn refusal(&self, decision: &Decision) -> Result<WrittenRefusal, AuditError> {
        if decision.effect == Effect::Allow {
            return Err(AuditError::Effect);
        }
        let way = (Reference::Neither, Urgency::Refusable);
        let index = self.service.append_shadowed("decision", decision, way)?;
        Ok(WrittenRefusal { index })
    }

    /// Writes what came of an allowed call. Where this fails, the answer to the agent says that
    /// the call was executed and its outcome not recorded; the next start records it as unknown.
    ///
    /// # Errors
    /// [`AuditError::ForeignDecision`] where another log wrote the decision; else as
    /// [`Log::decision`].
    pub fn outcome(
        &self,
        decision: WrittenDecision,
        outcome: &Outcome,
    ) -> Result<WrittenOutcome, AuditError> {
        if decision.log != self.id {
            return Err(AuditError::ForeignDecision);
        }
        let body = OutcomeBody::new(decision.index, outcome);
        let way = (Reference::Closes(decision.index), Urgency::Owed);
        let index = self.service.append_shadowed("outcome", &body, way)?;
        Ok(WrittenOutcome {
            index,
            decision: decision.index,
        })
    }

    /// Writes one of the other kinds of entry, and gives its index.
    ///
    /// # Errors
    /// As [`Log::decision`].
    pub fn record(&self, event: &Event) -> Result<u64, AuditError> {
        let (kind, body) = event.body()?;
        let way = (Reference::Neither, Urgency::Refusable);
        self.service.append_body(kind, &body, way)
    }

    /// Waits until all that was written is on disk.
    ///
    /// # Errors
    /// [`AuditError::Write`] and [`AuditError::Poisoned`]
    pub fn flush(&self) -> Result<(), AuditError> {
        let next = self.service.writer.lock()?.next;
        let last = next.checked_sub(1);
        last.map_or(Ok(()), |last| self.service.writer.sync(last))
    }

    /// Publishes all that was written so far, with a checkpoint where there is a signer: what else
    /// happens within [`CHECKPOINT_EVERY`], and when the log is closed.
    ///
    /// # Errors
    /// [`AuditError::ReadBack`], [`AuditError::Sign`], [`AuditError::Io`], [`AuditError::Poisoned`]
    pub fn publish(&self) -> Result<(), AuditError> {
        self.service.publish()
    }

    /// How far the log was published, and what keeps it from going further.
    #[must_use]
    pub fn published(&self) -> Published {
        self.service.published()
    }

    /// How much room the disk has. The log takes entries as long as it can, so that outcomes find
    /// their place: whoever asks for decisions refuses calls early.
    #[must_use]
    pub fn room(&self) -> Room {
        self.service.writer.room()
    }
}

impl Drop for Log {
    /// Puts what was written on disk, publishes it and ends the threads.
    fn drop(&mut self) {
        self.service.writer.close();
        for thread in self.threads.drain(..) {
            // They do not panic; if one did, the state says poisoned.
            drop(thread.join());
        }
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log")
            .field("recovered", &self.recovered)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
