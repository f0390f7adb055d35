//! What a log's own threads do, and the way of one entry.

use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use serde::Serialize;

use super::publish::Publisher;
use super::writer::{Urgency, Writer};
use crate::clock::Clock;
use crate::error::AuditError;
use crate::line::{self, Reference, Seal};
use crate::record::{HeartbeatBody, Shadowed, body_within};

/// A log with something new gets a checkpoint after this time: what a witness has seen cannot be
/// cut off or rewritten any more, and one checkpoint costs four fsyncs beside the entries' own.
pub const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// A checkpoint comes earlier where so many entries are new, so that little has to be read back at
/// once: 16 bundles, some megabytes.
pub const CHECKPOINT_ENTRIES: u64 = 4096;

/// A log in which nothing happens says so after this time, so that silence is told from a log that
/// was cut off.
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(600);

/// How far a log was published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// The number of published entries; none before the first time since the log was opened.
    pub size: Option<u64>,
    /// Why the last try failed; none where it went well.
    pub error: Option<String>,
}

/// A log and what its threads need.
pub(super) struct Service {
    pub(super) writer: Writer,
    publisher: Mutex<Publisher>,
    published: Mutex<Published>,
    seal: Seal,
    clock: Box<dyn Clock>,
    /// Held as long as a thread may write.
    _lock: File,
}

impl Service {
    pub(super) fn new(
        writer: Writer,
        publisher: Publisher,
        seal: Seal,
        clock: Box<dyn Clock>,
        lock: File,
    ) -> Self {
        Service {
            writer,
            publisher: Mutex::new(publisher),
            published: Mutex::default(),
            seal,
            clock,
            _lock: lock,
        }
    }

    /// Writes an entry and gives its index.
    pub(super) fn append(
        &self,
        kind: &str,
        record: &impl Serialize,
        way: (Reference, Urgency),
    ) -> Result<u64, AuditError> {
        self.append_body(kind, &line::body(record)?, way)
    }

    /// Shadow rules for whom there is no room are left out: they have no effect, not even this one.
    pub(super) fn append_shadowed(
        &self,
        kind: &str,
        record: &impl Shadowed,
        way: (Reference, Urgency),
    ) -> Result<u64, AuditError> {
        self.append_body(kind, &body_within(record, self.seal.room())?, way)
    }

    pub(super) fn append_body(
        &self,
        kind: &str,
        body: &[u8],
        way: (Reference, Urgency),
    ) -> Result<u64, AuditError> {
        self.append_sealed(&self.seal, kind, body, way)
    }

    /// Writes an entry under a seal of the same log.
    pub(super) fn append_sealed(
        &self,
        seal: &Seal,
        kind: &str,
        body: &[u8],
        (reference, urgency): (Reference, Urgency),
    ) -> Result<u64, AuditError> {
        let state = self.writer.lock()?;
        // Whoever else believes it to be open: here it is known.
        if let Reference::Closes(decision) = reference
            && !state.is_open(decision)
        {
            return Err(AuditError::Closed);
        }
        let index = state.next;
        // The time is read under the lock too, so that times rise with the indices.
        let now_ms = self.clock.now_ms();
        let frame = seal.frame(index, kind, now_ms, body)?;
        self.writer
            .write(state, &frame, reference, (urgency, now_ms))?;
        Ok(index)
    }

    /// Publishes what was written so far.
    pub(super) fn publish(&self) -> Result<(), AuditError> {
        let mut publisher = self.publisher.lock().map_err(|_| AuditError::Poisoned)?;
        let result = publisher.turn(&self.writer, &self.seal);
        let mut published = self
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        published.size = publisher.published();
        published.error = result.as_ref().err().map(ToString::to_string);
        result
    }

    pub(super) fn published(&self) -> Published {
        self.published
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Says that the gateway is there, where nothing else did for long.
    pub(super) fn heartbeat(&self) -> Result<(), AuditError> {
        let snapshot = self.writer.snapshot()?;
        let silent_ms = self.clock.now_ms().checked_sub(snapshot.latest_ms);
        // A clock that was set back says nothing about how long it was.
        if silent_ms.is_some_and(|ms| u128::from(ms) < HEARTBEAT_EVERY.as_millis()) {
            return Ok(());
        }
        let published = self.published().size.unwrap_or(0);
        let way = (Reference::Neither, Urgency::Refusable);
        let body = HeartbeatBody { published };
        self.append("heartbeat", &body, way).map(drop)
    }

    /// Publishes until the log is closed, and once more then.
    fn publish_until_closed(&self) {
        loop {
            // A failure is told by `published`, and the next turn tries again, however much is new
            // then; one that poisoned the log ends the wait.
            let many = match self.publish() {
                Ok(()) => CHECKPOINT_ENTRIES,
                Err(_) => u64::MAX,
            };
            // Room for the reserve may have come back; without it the log tells that it is full.
            drop(self.writer.refill());
            let published = self.published().size.unwrap_or(0);
            let goes_on = self
                .writer
                .wait(published, HEARTBEAT_EVERY, CHECKPOINT_EVERY, many);
            if !goes_on {
                drop(self.publish());
                return;
            }
            // No room, or a log that ended, is told to whoever writes next.
            drop(self.heartbeat());
        }
    }
}

/// Starts the threads of a log.
pub(super) fn spawn(service: &Arc<Service>) -> Result<Vec<JoinHandle<()>>, AuditError> {
    let failed = |source| AuditError::Write { source };
    let flushed = Arc::clone(service);
    let flusher = Builder::new()
        .name("audit-flush".to_owned())
        .spawn(move || flushed.writer.flush_until_closed())
        .map_err(failed)?;
    let published = Arc::clone(service);
    let publisher = Builder::new()
        .name("audit-publish".to_owned())
        .spawn(move || published.publish_until_closed());
    match publisher {
        Ok(publisher) => Ok(vec![flusher, publisher]),
        Err(source) => {
            service.writer.close();
            Err(failed(source))
        }
    }
}
