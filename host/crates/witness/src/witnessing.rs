//! Having the checkpoints of a log cosigned, again and again, beside the gateway.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wardlet_audit::checkpoint::Checkpoint;
use wardlet_audit::note::Note;
use wardlet_audit::proof::{LogHashes, ProveError, at_checkpoint};
use wardlet_audit::witness::{Policy, Post, Round, SubmitError, WitnessReport, Witnesses};
use wardlet_audit::{AuditError, Clock};
use wardlet_keys::{PrivateFolder, VerifyingKey};

use crate::patience::Patient;
use crate::status::{Behind, Limits, WitnessingStatus, alarm};
use crate::witnessed::{WITNESSED, Witnessed, WitnessedError, continues, judge, read};

/// How often the log is looked at, by default: a history that nobody has cosigned for some seconds
/// is what an attacker has to work with, and a public witness should not be asked each second.
pub const DEFAULT_CADENCE: Duration = Duration::from_secs(10);

/// Why witnessing cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What was witnessed before cannot be read, or does not fit the policy.
    #[error(transparent)]
    Witnessed(#[from] WitnessedError),
    /// The operating system gives no thread.
    #[error("no thread for the witnesses: {0}")]
    Thread(#[source] io::Error),
}

impl StartError {
    /// What the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            StartError::Witnessed(WitnessedError::Unwitnessed { path, .. }) => Some(format!(
                "where the policy was changed on purpose, move `{}` away and keep it",
                path.display()
            )),
            StartError::Witnessed(error) => error.hint(),
            StartError::Thread(_) => None,
        }
    }
}

/// Has the checkpoints of a log cosigned in a thread of its own, until it is dropped. Dropping waits
/// for a round that is under way, which may take twice the time that [`Post`] gives an exchange.
pub struct Witnessing {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    status: Mutex<WitnessingStatus>,
    clock: Box<dyn Clock>,
    orders: Mutex<Orders>,
    /// Told of each change of the orders.
    ordered: Condvar,
}

/// What the thread is asked for, and how far it is.
#[derive(Default)]
struct Orders {
    stop: bool,
    /// How many looks were asked for, and how many of those have been taken.
    asked: u64,
    taken: u64,
    /// Whether the thread has ended, also by a panic.
    is_over: bool,
}

impl Shared {
    fn status(&self) -> MutexGuard<'_, WitnessingStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order(&self, change: impl FnOnce(&mut Orders)) {
        change(&mut self.orders());
        self.ordered.notify_all();
    }

    /// Waits for the time to look again; says whether there is one.
    fn wait(&self, cadence: Duration) -> bool {
        let idle = |orders: &mut Orders| !orders.stop && orders.asked == orders.taken;
        let waited = self
            .ordered
            .wait_timeout_while(self.orders(), cadence, idle);
        let (orders, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !orders.stop
    }
}

/// Says that the thread has ended once it is dropped.
struct Over(Arc<Shared>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.order(|orders| orders.is_over = true);
    }
}

impl Witnessing {
    /// Begins. Looks at the log in `folder` at once and then each `cadence`, for instance
    /// [`DEFAULT_CADENCE`]. `keys` are those that sign the log's checkpoints. What was witnessed
    /// before is read back, and the time since it counts where the log went on.
    ///
    /// # Errors
    /// Any [`StartError`]. A log that has no checkpoint yet is none, nor is any witness.
    pub fn start<P: Post + Send + 'static>(
        folder: &Path,
        keys: Vec<VerifyingKey>,
        policy: Policy,
        post: P,
        cadence: Duration,
        clock: Box<dyn Clock>,
    ) -> Result<Self, StartError> {
        let private = PrivateFolder::open(folder).map_err(WitnessedError::File)?;
        let earlier = read(&private, &keys, &policy)?.map(|(witnessed, _)| witnessed);
        let shared = Arc::new(Shared {
            status: Mutex::new(WitnessingStatus {
                witnessed: earlier,
                looked: clock.now_ms(),
                ..WitnessingStatus::default()
            }),
            clock,
            orders: Mutex::default(),
            ordered: Condvar::new(),
        });
        let mut rounds = Rounds {
            folder: folder.to_owned(),
            private,
            keys,
            witnesses: Witnesses::new(policy, Patient::new(post)),
            shared: Arc::clone(&shared),
        };
        let thread = thread::Builder::new().name("witnessing".to_owned());
        let thread = thread.spawn(move || {
            let _over = Over(Arc::clone(&rounds.shared));
            loop {
                let asked = rounds.shared.orders().asked;
                rounds.look();
                rounds.shared.order(|orders| orders.taken = asked);
                if !rounds.shared.wait(cadence) {
                    break;
                }
            }
        });
        Ok(Witnessing {
            shared,
            thread: Some(thread.map_err(StartError::Thread)?),
        })
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self) -> WitnessingStatus {
        self.shared.status().clone()
    }

    /// Whether the witnessed checkpoint is further behind than `limits` allow, by now. It takes no
    /// round: what was published since the last one is not known yet.
    #[must_use]
    pub fn behind(&self, limits: &Limits) -> Option<Behind> {
        let now = self.shared.clock.now_ms();
        self.shared.status().behind(limits, now)
    }

    /// Has the log looked at now, and gives how it stands then: for instance when a gateway ends.
    /// Waits for a round that is under way, and for its own.
    #[must_use]
    pub fn look(&self) -> WitnessingStatus {
        let mut mine = 0;
        self.shared.order(|orders| {
            orders.asked += 1;
            mine = orders.asked;
        });
        let pending = |orders: &mut Orders| orders.taken < mine && !orders.is_over;
        let ordered = &self.shared.ordered;
        drop(ordered.wait_while(self.shared.orders(), pending));
        self.status()
    }
}

impl Drop for Witnessing {
    fn drop(&mut self) {
        self.shared.order(|orders| orders.stop = true);
        if let Some(thread) = self.thread.take() {
            // One that panicked has nothing more to say.
            let _ = thread.join();
        }
    }
}

/// Why a look at the log brought no round.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error("the checkpoint of the log cannot be witnessed: {0}")]
    Log(#[from] ProveError),
    #[error("the checkpoint of the log cannot be witnessed: {0}")]
    Submit(#[from] SubmitError<AuditError>),
}

impl LookError {
    /// Whether the log has no checkpoint.
    fn is_missing(&self) -> bool {
        let LookError::Log(ProveError::Log(AuditError::Io { source, .. })) = self else {
            return false;
        };
        source.kind() == io::ErrorKind::NotFound
    }
}

/// What came of a look.
struct Look {
    checkpoint: Checkpoint,
    /// Why the log does not continue what was witnessed.
    broken: Option<WitnessedError>,
    /// None where all of it is witnessed.
    round: Option<Round>,
}

/// What the thread works with.
struct Rounds<P> {
    folder: PathBuf,
    private: PrivateFolder,
    keys: Vec<VerifyingKey>,
    witnesses: Witnesses<Patient<P>>,
    shared: Arc<Shared>,
}

impl<P: Post> Rounds<P> {
    /// Looks at the log once, and has it cosigned where there is something new.
    fn look(&mut self) {
        let before = self.shared.status().clone();
        let (folder, keys, witnesses) = (&self.folder, &self.keys, &mut self.witnesses);
        let shared = &self.shared;
        let looked = at_checkpoint(folder, keys, |checkpoint, note| {
            seen(shared, checkpoint);
            submit(
                folder,
                witnesses,
                before.witnessed.as_ref(),
                checkpoint,
                note,
            )
        });
        let mut status = match looked {
            Ok(look) => self.take_in(look),
            Err(error) => self.unread(&error),
        };
        status.looked = self.shared.clock.now_ms();
        *self.shared.status() = status;
    }

    /// The status after a look that failed.
    fn unread(&self, error: &LookError) -> WitnessingStatus {
        let mut status = self.shared.status().clone();
        status.alarms = earlier_conflict(&status);
        // A log that was just begun has no checkpoint.
        if !error.is_missing() || status.witnessed.is_some() {
            status.alarms.push(error.to_string());
            // Nobody knows what is in it: a log that cannot be read is not up to date.
            let now = self.shared.clock.now_ms();
            status.waiting_since = status.waiting_since.or(Some(now));
        }
        status
    }

    /// The status after a look.
    fn take_in(&self, look: Look) -> WitnessingStatus {
        let mut status = self.shared.status().clone();
        let size = look.checkpoint.size;
        let alarms = |reports: &[WitnessReport]| {
            let alarms = reports.iter().filter_map(|report| alarm(report, size));
            alarms.collect()
        };
        let Some(round) = look.round else {
            // What was wrong with the last round still is.
            status.alarms = alarms(&status.witnesses);
            status.waiting_since = None;
            return status;
        };
        let is_conflict = round.witnesses.iter().any(|it| it.status.is_alarm());
        status.alarms = alarms(&round.witnesses);
        // That the witness is gone by now takes nothing back, only that the policy is met.
        if !is_conflict && !round.is_met {
            status.alarms.extend(earlier_conflict(&status));
        }
        status.is_conflict = is_conflict || (status.is_conflict && !round.is_met);
        if let Some(broken) = &look.broken {
            status.is_conflict |= matches!(
                broken,
                WitnessedError::Forked { .. } | WitnessedError::RolledBack { .. }
            );
            status.alarms.insert(0, broken.to_string());
        } else if round.is_met {
            match self.keep(&round.checkpoint) {
                Ok(witnessed) => {
                    status.witnessed = Some(witnessed);
                    status.waiting_since = None;
                }
                Err(why) => status.alarms.push(why),
            }
        }
        status.witnesses = round.witnesses;
        status
    }

    /// Writes the file of the last witnessed checkpoint, after it was checked as a reader would.
    fn keep(&self, note: &Note) -> Result<Witnessed, String> {
        let witnessed = judge(note, &self.keys, self.witnesses.policy());
        let witnessed = witnessed.map_err(|error| error.to_string())?;
        // A crash before this ends leaves the file of before: the next round brings another.
        let written = self.private.replace(WITNESSED, note.to_string().as_bytes());
        written.map_err(|error| error.to_string())?;
        Ok(witnessed)
    }
}

/// What is left to say of a conflict whose witness does not answer any more.
fn earlier_conflict(status: &WitnessingStatus) -> Vec<String> {
    let said = "a witness has said that the log has another history than it once had";
    let said = status.is_conflict.then(|| said.to_owned());
    said.into_iter().collect()
}

/// Notes that a checkpoint was published, before witnesses take their time.
fn seen(shared: &Shared, checkpoint: &Checkpoint) {
    let now = shared.clock.now_ms();
    let mut status = shared.status();
    let is_first = status.published == 0;
    status.published = checkpoint.size;
    if status.waiting_since.is_some() || !is_new(status.witnessed.as_ref(), checkpoint) {
        return;
    }
    // After a start nobody knows for how long the log has gone on.
    let since = status.witnessed.as_ref().filter(|_| is_first);
    let since = since.map_or(now, |witnessed| witnessed.time.saturating_mul(1000));
    status.waiting_since = Some(since.min(now));
}

fn is_new(witnessed: Option<&Witnessed>, checkpoint: &Checkpoint) -> bool {
    witnessed.is_none_or(|witnessed| witnessed.checkpoint != *checkpoint)
}

/// Has a checkpoint cosigned where that was not done.
fn submit<P: Post>(
    folder: &Path,
    witnesses: &mut Witnesses<P>,
    witnessed: Option<&Witnessed>,
    checkpoint: &Checkpoint,
    note: &Note,
) -> Result<Look, LookError> {
    if !is_new(witnessed, checkpoint) {
        return Ok(Look {
            checkpoint: checkpoint.clone(),
            broken: None,
            round: None,
        });
    }
    let earlier = witnessed.map(|witnessed| &witnessed.checkpoint);
    let broken = match earlier.map_or(Ok(()), |it| continues(folder, it, checkpoint)) {
        Err(WitnessedError::Log(error)) => return Err(error.into()),
        checked => checked.err(),
    };
    // The witnesses see also what does not continue the last one: they keep it as evidence.
    let round = witnesses.submit(note, &mut LogHashes::new(folder, checkpoint.size))?;
    Ok(Look {
        checkpoint: checkpoint.clone(),
        broken,
        round: Some(round),
    })
}
