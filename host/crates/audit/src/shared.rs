//! One log for several gateways over one state folder: the first one owns it, the others append through its socket, and
//! one of them takes over when it ends.
//!
//! Whoever holds the lock of the folder writes. It numbers and signs the entries of all, each with the name of the
//! gateway that it is of. The others do not know who writes; when their connection ends they try for the lock, and
//! whoever does not get it connects to whoever did.
//!
//! What a death of the writer leaves, and what becomes of it:
//! - Its own calls: the next writer gives them the outcome "unknown".
//! - Open calls of the others: they name them as theirs when they connect again; those that nobody names get "unknown".
//! - An entry that was written and not answered: it is sent again with the size that the log had before, and found there.
//! - An entry that was on its way and not written: it is sent again, and written.
//!
//! A gateway that dies leaves its lock on its own mark (`sessions`); the writer then closes its calls.

mod follower;
mod message;
mod owner;
mod session;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use wardlet_keys::{EntryKey, PrivateFolder};

use self::follower::{Follower, Lost};
use self::message::{Hello, Request, VERSION};
use self::owner::{Running, is_unique};
use self::session::Alive;
use crate::clock::SystemClock;
use crate::error::AuditError;
use crate::line::{Reference, Seal};
use crate::log::{
    Durability, Log, NEXT_LOG, Published, Room, WrittenDecision, WrittenOutcome, WrittenRefusal,
};
use crate::record::{Decision, Effect, Event, Gateway, Outcome, OutcomeBody, body_within};
use crate::recover::Recovered;
use crate::signer::{CheckpointSigner, SignError};

/// How long a call waits for a writer: taking over reads what was not published, some thousand entries at most.
pub const WRITER_WITHIN: Duration = Duration::from_secs(10);

/// How often a gateway without a writer tries: there is no event for both a lock that is free and a socket that is there.
const TRY_EVERY: Duration = Duration::from_millis(10);

/// Gives the signer of checkpoints to whoever writes.
pub type Signer = Box<dyn Fn() -> Result<Box<dyn CheckpointSigner>, SignError> + Send + Sync>;

/// Who writes the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// This process, for itself and for the others.
    Owner,
    /// Another process, for this one too.
    Follower,
}

/// The audit log of one gateway, which several may share. All methods may be called from many threads, and block as
/// those of [`Log`]; and while the writer changes, for [`WRITER_WITHIN`] at most.
pub struct SharedLog {
    place: Place,
    alive: Arc<Alive>,
    /// This gateway's own calls without outcome.
    open: Arc<Mutex<BTreeSet<u64>>>,
    writer: RwLock<Arc<Writer>>,
    /// Held by whoever looks for the next writer.
    looking: Mutex<()>,
    recovered: Mutex<Recovered>,
    id: u64,
    seal: Seal,
}

/// What it takes to open the log.
struct Place {
    folder: PathBuf,
    origin: String,
    gateway: Gateway,
    key: Arc<EntryKey>,
    signer: Signer,
}

enum Writer {
    Own(Running),
    Other(Box<Follower>),
}

impl SharedLog {
    /// Opens the log in `folder` as [`Log::open_signed`] does, or joins the gateway that has it open. `signer` is asked for
    /// when this process becomes the one that writes; what it has to publish then is published before this returns.
    ///
    /// # Errors
    /// As [`Log::open_signed`] and [`Log::publish`]; [`AuditError::Owner`] where the gateway that writes does not take this one in;
    /// [`AuditError::InUse`] where it does not answer.
    pub fn open(
        folder: &Path,
        origin: &str,
        gateway: &Gateway,
        key: Arc<EntryKey>,
        signer: Signer,
    ) -> Result<Self, AuditError> {
        // The folder of the sessions is in it.
        PrivateFolder::open(folder)?;
        let alive = Arc::new(Alive::new(folder)?);
        let seal = Seal::new(Arc::clone(&key), origin, gateway)?;
        let place = Place {
            folder: folder.to_owned(),
            origin: origin.to_owned(),
            gateway: gateway.clone(),
            key,
            signer,
        };
        let open = Arc::new(Mutex::new(BTreeSet::new()));
        let (writer, recovered) = place.writer(&alive, &open, true)?;
        Ok(SharedLog {
            place,
            alive,
            open,
            writer: RwLock::new(Arc::new(writer)),
            looking: Mutex::new(()),
            recovered: Mutex::new(recovered),
            id: NEXT_LOG.fetch_add(1, Ordering::Relaxed),
            seal,
        })
    }

    /// Who writes, as far as is known.
    #[must_use]
    pub fn role(&self) -> Role {
        match *self.writer() {
            Writer::Own(_) => Role::Owner,
            Writer::Other(_) => Role::Follower,
        }
    }

    /// What opening the log had to mend, where it was this process that opened it.
    #[must_use]
    pub fn recovered(&self) -> Recovered {
        self.recovered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// As [`Log::decision`].
    ///
    /// # Errors
    /// As [`Log::decision`]; [`AuditError::Owner`] and [`AuditError::InUse`] where the gateway that writes does not answer.
    pub fn decision(
        &self,
        decision: &Decision,
        durability: Durability,
    ) -> Result<WrittenDecision, AuditError> {
        if decision.effect != Effect::Allow {
            return Err(AuditError::Effect);
        }
        let body = body_within(decision, self.seal.room())?;
        let index = self.append(("decision", &body), Reference::Opens, durability)?;
        self.calls().insert(index);
        // Where this process took over in this moment, it took the call for somebody else's.
        if let Writer::Own(running) = &*self.writer() {
            running.owner().claim(index);
        }
        Ok(WrittenDecision {
            index,
            log: self.id,
        })
    }

    /// As [`Log::refusal`].
    ///
    /// # Errors
    /// As [`SharedLog::decision`]
    pub fn refusal(&self, decision: &Decision) -> Result<WrittenRefusal, AuditError> {
        if decision.effect == Effect::Allow {
            return Err(AuditError::Effect);
        }
        let body = body_within(decision, self.seal.room())?;
        let way = (Reference::Neither, Durability::Written);
        let index = self.append(("decision", &body), way.0, way.1)?;
        Ok(WrittenRefusal { index })
    }

    /// As [`Log::outcome`].
    ///
    /// # Errors
    /// As [`Log::outcome`]; [`AuditError::Closed`] where the writer changed and this gateway was taken for dead; and as
    /// [`SharedLog::decision`].
    pub fn outcome(
        &self,
        decision: WrittenDecision,
        outcome: &Outcome,
    ) -> Result<WrittenOutcome, AuditError> {
        if decision.log != self.id {
            return Err(AuditError::ForeignDecision);
        }
        let body = body_within(&OutcomeBody::new(decision.index, outcome), self.seal.room())?;
        let reference = Reference::Closes(decision.index);
        let written = self.append(("outcome", &body), reference, Durability::Written);
        self.calls().remove(&decision.index);
        Ok(WrittenOutcome {
            index: written?,
            decision: decision.index,
        })
    }

    /// As [`Log::record`].
    ///
    /// # Errors
    /// As [`SharedLog::decision`]
    pub fn record(&self, event: &Event) -> Result<u64, AuditError> {
        let (kind, body) = event.body()?;
        self.append((kind, &body), Reference::Neither, Durability::Written)
    }

    /// As [`Log::flush`].
    ///
    /// # Errors
    /// As [`Log::flush`] and [`SharedLog::decision`]
    pub fn flush(&self) -> Result<(), AuditError> {
        self.ask(&Request::Flush, Log::flush).map(drop)
    }

    /// As [`Log::publish`].
    ///
    /// # Errors
    /// As [`Log::publish`] and [`SharedLog::decision`]
    pub fn publish(&self) -> Result<(), AuditError> {
        self.ask(&Request::Publish, Log::publish).map(drop)
    }

    /// Publishes all, hangs up on the others if this process writes for them, and closes the calls that nobody will close any
    /// more: at the end of a process, which may not come to drop this. No entry may be written after it.
    ///
    /// # Errors
    /// As [`SharedLog::publish`]
    pub fn close(&self) -> Result<(), AuditError> {
        // By this it takes over where nobody writes.
        self.publish()?;
        match &*self.writer() {
            Writer::Other(_) => Ok(()),
            Writer::Own(running) => {
                running.close();
                running.owner().log().publish()
            }
        }
    }

    /// As [`Log::published`]. A gateway that asks now and then notices that the writer ended.
    #[must_use]
    pub fn published(&self) -> Published {
        let asked = self.ask(&Request::State, |_| Ok(()));
        asked.unwrap_or_else(|error| Published {
            size: None,
            error: Some(error.to_string()),
        })
    }

    /// As [`Log::room`]; full where no gateway writes.
    #[must_use]
    pub fn room(&self) -> Room {
        let room = self.with(|writer, _| match writer {
            Writer::Own(running) => Ok(running.owner().log().room()),
            Writer::Other(follower) => follower.room(),
        });
        room.unwrap_or(Room::Full)
    }

    fn calls(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> Arc<Writer> {
        let writer = self.writer.read();
        Arc::clone(&writer.unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks the writer for what has no answer of its own.
    fn ask(
        &self,
        request: &Request,
        own: impl Fn(&Log) -> Result<(), AuditError>,
    ) -> Result<Published, AuditError> {
        self.with(|writer, _| match writer {
            Writer::Own(running) => {
                let log = running.owner().log();
                own(log).map_err(Lost::Failed)?;
                Ok(log.published())
            }
            Writer::Other(follower) => follower.state(request),
        })
    }

    fn append(
        &self,
        (kind, body): (&str, &[u8]),
        reference: Reference,
        durability: Durability,
    ) -> Result<u64, AuditError> {
        self.with(|writer, since| match writer {
            Writer::Own(running) => self
                .append_own(running, (kind, body), (reference, durability), since)
                .map_err(Lost::Failed),
            Writer::Other(follower) => follower.append((kind, body), durability, since),
        })
    }

    fn append_own(
        &self,
        running: &Running,
        (kind, body): (&str, &[u8]),
        (reference, durability): (Reference, Durability),
        since: Option<u64>,
    ) -> Result<u64, AuditError> {
        let owner = running.owner();
        if let Some(since) = since
            && is_unique(kind)
            && let Some(index) = owner.find(since, (kind, body))?
        {
            if durability == Durability::Durable {
                owner.log().sync(index)?;
            }
            // Closed as nobody's already: the call must not go on as if it were open.
            return match reference {
                Reference::Opens if !owner.claim(index) => Err(AuditError::Closed),
                _ => Ok(index),
            };
        }
        if let Reference::Closes(decision) = reference
            && !self.calls().contains(&decision)
        {
            return Err(AuditError::Closed);
        }
        owner
            .log()
            .append_for(&self.seal, (kind, body), reference, durability)
    }

    /// Does something with whoever writes, and where that one is gone, again with the next. From the second time on it is told
    /// how many entries the log had before the first.
    fn with<T>(
        &self,
        work: impl Fn(&Writer, Option<u64>) -> Result<T, Lost>,
    ) -> Result<T, AuditError> {
        let deadline = Instant::now() + WRITER_WITHIN;
        let mut since = None;
        loop {
            let writer = self.writer();
            let size = match &*writer {
                Writer::Own(_) => None,
                Writer::Other(follower) => Some(follower.size()),
            };
            match work(&writer, since) {
                Ok(done) => return Ok(done),
                Err(Lost::Failed(error)) => return Err(error),
                Err(Lost::Gone) if Instant::now() > deadline => {
                    return Err(AuditError::InUse {
                        path: self.place.folder.clone(),
                    });
                }
                Err(Lost::Gone) => {
                    since = since.or(size);
                    self.next_writer(&writer)?;
                }
            }
        }
    }

    /// Looks for the writer after `gone`, unless another thread found it.
    fn next_writer(&self, gone: &Arc<Writer>) -> Result<(), AuditError> {
        let _looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&self.writer(), gone) {
            return Ok(());
        }
        let (writer, recovered) = self.place.writer(&self.alive, &self.open, false)?;
        *self
            .recovered
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = recovered;
        *self.writer.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(writer);
        Ok(())
    }
}

impl Place {
    /// Becomes the writer, or connects to it.
    fn writer(
        &self,
        alive: &Arc<Alive>,
        open: &Arc<Mutex<BTreeSet<u64>>>,
        is_start: bool,
    ) -> Result<(Writer, Recovered), AuditError> {
        let deadline = Instant::now() + WRITER_WITHIN;
        loop {
            match self.own(alive, open, is_start) {
                Ok((running, recovered)) => return Ok((Writer::Own(running), recovered)),
                Err(AuditError::InUse { path }) if Instant::now() > deadline => {
                    return Err(AuditError::InUse { path });
                }
                Err(AuditError::InUse { .. }) => {}
                Err(error) => return Err(error),
            }
            match self.follow(alive, open) {
                Ok(follower) => {
                    return Ok((Writer::Other(Box::new(follower)), Recovered::default()));
                }
                Err(Lost::Failed(error)) => return Err(error),
                Err(Lost::Gone) => std::thread::sleep(TRY_EVERY),
            }
        }
    }

    fn follow(&self, alive: &Alive, open: &Arc<Mutex<BTreeSet<u64>>>) -> Result<Follower, Lost> {
        let folder = PrivateFolder::open(&self.folder);
        let folder = folder.map_err(|error| Lost::Failed(error.into()))?;
        let hello = Hello {
            version: VERSION,
            session: alive.name().to_owned(),
            origin: self.origin.clone(),
            build: self.gateway.build.clone(),
            name: self.gateway.name.clone(),
            open: Vec::new(),
        };
        Follower::connect(folder, hello, Arc::clone(open))
    }

    fn own(
        &self,
        alive: &Arc<Alive>,
        open: &Mutex<BTreeSet<u64>>,
        is_start: bool,
    ) -> Result<(Running, Recovered), AuditError> {
        let key = || Arc::clone(&self.key);
        let seal = Seal::new(key(), &self.origin, &self.gateway)?;
        let signer = || (self.signer)().map_err(AuditError::Sign);
        let clock = Box::new(SystemClock);
        let (log, mut orphans) = Log::open_leaving(&self.folder, seal, clock, signer)?;
        let mut recovered = log.recovered().clone();
        let own = open.lock().unwrap_or_else(PoisonError::into_inner).clone();
        orphans.retain(|call| !own.contains(call));
        // At a start with nobody else there is nobody who could claim them. At a take-over this gateway may, for an
        // entry that was not answered.
        if is_start && alive.others()?.is_empty() {
            recovered.closed = log.close_unknown(std::mem::take(&mut orphans))?;
        }
        // A log that does not continue what was signed is not written to by anybody.
        log.publish()?;
        let folder = PrivateFolder::open(&self.folder)?;
        let running = Running::new(
            (log, folder),
            Arc::clone(alive),
            (key(), &self.origin),
            orphans,
        )?;
        Ok((running, recovered))
    }
}

impl std::fmt::Debug for SharedLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedLog")
            .field("role", &self.role())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
