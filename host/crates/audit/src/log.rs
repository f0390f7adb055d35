//! The log as it is written.
//!
//! One lock guards the next index and the file: an entry is signed and handed over with a single
//! write(2) while the lock is held, so that the order on disk is that of the indices. Whatever goes
//! wrong with the file poisons the log, since nobody can tell then what is on disk; the next start
//! finds out by reading it.

mod disk;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::fs::FlockOperation;
use rustix::io::Errno;
use serde::Serialize;
use wardlet_call::Blame;
use wardlet_keys::{EntryKey, PrivateFolder, VerifyingKey};

use self::disk::Shared;
use crate::clock::Clock;
use crate::error::AuditError;
use crate::line::{self, ENTRIES_FILE, Seal};
use crate::record::{
    Decision, Effect, Event, Gateway, Outcome, OutcomeBody, RecoveryBody, SetBody, Shadowed,
    Status, Timings, body_within,
};
use crate::recover::{Found, Recovered, recover};

/// A written entry is on disk after this time, so that a power cut loses no more than that.
pub const FLUSH_WITHIN: Duration = Duration::from_millis(50);

/// Tells the logs of one process apart.
static NEXT_LOG: AtomicU64 = AtomicU64::new(0);

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
    shared: Arc<Shared>,
    flusher: Option<JoinHandle<()>>,
    seal: Seal,
    clock: Box<dyn Clock>,
    id: u64,
    recovered: Recovered,
}

/// Proof that the decision to allow a call is in the log. Only [`Log::decision`] makes it, and
/// [`Log::outcome`] takes it.
#[derive(Debug)]
#[must_use = "an allowed call needs its outcome in the log"]
pub struct WrittenDecision {
    index: u64,
    log: u64,
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
    index: u64,
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
    index: u64,
    decision: u64,
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
    /// Opens the log in `folder` (0700; its file 0600) or begins one, under an origin that stays
    /// the same for the log's whole life.
    ///
    /// The file is read through once, in bounded memory. A last line that a crash left unfinished
    /// is saved to `entries.torn-<n>` and cut off, which an entry of kind "recovery" says; each
    /// allowed call without an outcome gets the outcome "unknown". [`Log::recovered`] tells.
    ///
    /// # Errors
    /// [`AuditError::Damaged`] where an earlier line is not what was written or the last one was
    /// signed with another key; [`AuditError::InUse`]; [`AuditError::Key`] where the origin cannot
    /// be the name of a key, or folder or file are open to others; [`AuditError::Io`];
    /// [`AuditError::Write`].
    pub fn open(
        folder: &Path,
        origin: &str,
        gateway: &Gateway,
        key: Arc<EntryKey>,
        clock: Box<dyn Clock>,
    ) -> Result<Self, AuditError> {
        let public = key.verifying_key(origin)?;
        let seal = Seal::new(key, origin, gateway)?;
        let folder = PrivateFolder::open(folder)?;
        let file = folder.append(ENTRIES_FILE)?;
        let found = lock_and_recover(&folder, &file, &public)?;
        let mut log = Log::start(file, found.size, seal, clock)?;
        log.mend(&folder, found)?;
        Ok(log)
    }

    /// A log that goes on at index `next` of `file`.
    fn start(file: File, next: u64, seal: Seal, clock: Box<dyn Clock>) -> Result<Self, AuditError> {
        let shared = Arc::new(Shared::new(file, next));
        let flushed = Arc::clone(&shared);
        let flusher = std::thread::Builder::new()
            .name("audit-flush".to_owned())
            .spawn(move || flushed.flush_until_closed())
            .map_err(|source| AuditError::Write { source })?;
        let id = NEXT_LOG.fetch_add(1, Ordering::Relaxed);
        let recovered = Recovered::default();
        Ok(Log {
            shared,
            flusher: Some(flusher),
            seal,
            clock,
            id,
            recovered,
        })
    }

    /// Writes down what recovery found. A crash in here leaves fewer open decisions for the next.
    fn mend(&mut self, folder: &PrivateFolder, found: Found) -> Result<(), AuditError> {
        let mut last = found.size.checked_sub(1);
        if let Some(torn) = found.torn {
            let (file, digest) = (torn.file.as_str(), torn.digest.as_str());
            last = Some(self.append(
                "recovery",
                &RecoveryBody {
                    bytes: torn.bytes,
                    digest,
                    file,
                },
            )?);
            self.recovered.torn = Some(folder.path().join(torn.file));
        }
        let outcome = Outcome {
            blame: Some(Blame::Host),
            is_error: None,
            plugins: Vec::new(),
            reason: Some("recovered".to_owned()),
            redactions: Vec::new(),
            result: None,
            shadow: Vec::new(),
            status: Status::Unknown,
            timings: Timings::default(),
            token: None,
        };
        for decision in found.open {
            last = Some(self.append("outcome", &OutcomeBody::new(decision, &outcome))?);
            self.recovered.closed += 1;
        }
        // Also what stood there before: a killed process may have left it with the system only.
        last.map_or(Ok(()), |last| self.shared.sync(last))
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
        let index = self.append_shadowed("decision", decision)?;
        if durability == Durability::Durable {
            self.shared.sync(index)?;
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
        Ok(WrittenRefusal {
            index: self.append_shadowed("decision", decision)?,
        })
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
        let index = self.append_shadowed("outcome", &body)?;
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
        match event {
            Event::ApprovalRequest(request) => self.append("approval-request", request),
            Event::ApprovalVote(vote) => self.append("approval-vote", vote),
            Event::Quarantine(quarantine) => self.append("quarantine", quarantine),
            Event::Policy { digest, plugins } => self.append(
                "policy",
                &SetBody {
                    digest,
                    plugins: Some(plugins),
                },
            ),
            Event::Config { digest } => self.append(
                "config",
                &SetBody {
                    digest,
                    plugins: None,
                },
            ),
        }
    }

    /// Waits until all that was written is on disk.
    ///
    /// # Errors
    /// [`AuditError::Write`] and [`AuditError::Poisoned`]
    pub fn flush(&self) -> Result<(), AuditError> {
        let next = self.shared.lock()?.next;
        next.checked_sub(1)
            .map_or(Ok(()), |last| self.shared.sync(last))
    }

    fn append(&self, kind: &str, record: &impl Serialize) -> Result<u64, AuditError> {
        self.append_body(kind, &line::body(record)?)
    }

    /// Shadow rules for whom there is no room are left out: they have no effect, not even this one.
    fn append_shadowed(&self, kind: &str, record: &impl Shadowed) -> Result<u64, AuditError> {
        self.append_body(kind, &body_within(record, self.seal.room())?)
    }

    fn append_body(&self, kind: &str, body: &[u8]) -> Result<u64, AuditError> {
        let state = self.shared.lock()?;
        let index = state.next;
        // The time is read under the lock too, so that times rise with the indices.
        let line = self.seal.line(index, kind, self.clock.now_ms(), body)?;
        self.shared.write(state, &line)?;
        Ok(index)
    }
}

impl Drop for Log {
    /// Puts what was written on disk and ends the flushing thread.
    fn drop(&mut self) {
        self.shared.close();
        if let Some(flusher) = self.flusher.take() {
            // It does not panic; if it did, the state says poisoned.
            drop(flusher.join());
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

/// Takes the log for this process alone, then reads it.
fn lock_and_recover(
    folder: &PrivateFolder,
    file: &File,
    key: &VerifyingKey,
) -> Result<Found, AuditError> {
    let path = folder.path().join(ENTRIES_FILE);
    // The system lets go of the lock when the process ends, however it ends.
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Err(AuditError::InUse { path }),
        Err(errno) => {
            return Err(AuditError::Io {
                action: "lock",
                path,
                source: errno.into(),
            });
        }
    }
    recover(folder, file, key)
}

#[cfg(test)]
mod tests;
