//! The witnesses of the log: whether enough of them have seen it, and what is refused where they have not.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wardlet_audit::witness::Policy;
use wardlet_audit::{SharedLog, SystemClock, WriterRole};
use wardlet_keys::VerifyingKey;
use wardlet_witness::{
    DEFAULT_CADENCE, HttpPost, Limits, POST_WITHIN, StartError, Witnessed, WitnessedError,
    Witnessing, verify_witnessed,
};

/// How often a gateway looks how the witnesses stand.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The witnesses as one gateway sees them. The gateway that writes the log asks them; the others read what came of it.
pub struct Witnesses {
    log: PathBuf,
    keys: PathBuf,
    policy: Policy,
    limits: Limits,
    stop: bool,
    state: Mutex<State>,
}

/// How they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The entries that enough of them have cosigned; none where they have cosigned nothing.
    pub witnessed: Option<u64>,
    /// What somebody should look at; none where all is well.
    pub problem: Option<String>,
    /// Why calls are refused; none where they are not.
    pub refuses: Option<String>,
}

#[derive(Default)]
struct State {
    asking: Option<Witnessing>,
    standing: Standing,
    /// Since when entries wait, for a gateway that does not ask itself.
    waiting: Option<Instant>,
    looked: Option<Instant>,
}

impl Witnesses {
    /// Those of a policy, for the log in the folder `log`, whose checkpoints are signed by the keys in the file `keys`. After
    /// `lag` without enough of them it is a problem, and where `stop` says so calls are refused.
    #[must_use]
    pub fn new((log, keys): (PathBuf, PathBuf), policy: Policy, lag: Duration, stop: bool) -> Self {
        Witnesses {
            log,
            keys,
            policy,
            limits: Limits {
                age: lag,
                // Only the time counts: how many entries an hour has differs from one gateway to the next.
                entries: u64::MAX,
            },
            stop,
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How they stand.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.lock().standing.clone()
    }

    /// Why calls are refused; none where they are not.
    #[must_use]
    pub fn refuses(&self) -> Option<String> {
        self.lock().standing.refuses.clone()
    }

    /// Looks how they stand, and asks them if this gateway writes the log.
    ///
    /// # Errors
    /// [`StartError`] where what was witnessed before does not fit the policy, or is damaged.
    pub fn look(&self, log: &SharedLog) -> Result<(), StartError> {
        // Gathered before the lock is taken, under which calls wait.
        if log.role() == WriterRole::Owner {
            let asking = self.lock().asking.take();
            let asking = match asking {
                Some(asking) => asking,
                None => self.ask()?,
            };
            let standing = self.of_asking(&asking);
            let mut state = self.lock();
            (state.standing, state.asking) = (standing, Some(asking));
            return Ok(());
        }
        let looked = self.lock().looked;
        if looked.is_none_or(|at| at.elapsed() >= DEFAULT_CADENCE) {
            let published = log.published().size.unwrap_or(0);
            let read = verify_witnessed(&self.log, &self.keys(), &self.policy);
            let mut state = self.lock();
            state.looked = Some(Instant::now());
            self.read(&mut state, published, read);
        }
        Ok(())
    }

    fn ask(&self) -> Result<Witnessing, StartError> {
        let post = HttpPost::new(POST_WITHIN);
        let (keys, policy) = (self.keys(), self.policy.clone());
        let clock = Box::new(SystemClock);
        Witnessing::start(&self.log, keys, policy, post, DEFAULT_CADENCE, clock)
    }

    /// The keys of the checkpoints. None where the file cannot be read: then nothing counts as witnessed.
    fn keys(&self) -> Vec<VerifyingKey> {
        let text = std::fs::read_to_string(&self.keys).unwrap_or_default();
        text.lines()
            .filter_map(|line| line.trim().parse().ok())
            .collect()
    }

    fn of_asking(&self, asking: &Witnessing) -> Standing {
        let status = asking.status();
        let behind = asking.behind(&self.limits).map(|behind| behind.to_string());
        let alarms = (!status.alarms.is_empty()).then(|| status.alarms.join("; "));
        Standing {
            witnessed: status.witnessed.map(|witnessed| witnessed.checkpoint.size),
            refuses: behind.clone().filter(|_| self.stop),
            problem: behind.or(alarms),
        }
    }

    /// What the file says that the gateway which asks them writes.
    fn read(&self, state: &mut State, published: u64, read: Result<Witnessed, WitnessedError>) {
        let (witnessed, failed) = match read {
            Ok(witnessed) => (Some(witnessed.checkpoint.size), None),
            Err(WitnessedError::Missing { .. }) => (None, None),
            Err(error) => (None, Some(error.to_string())),
        };
        let waits = published > witnessed.unwrap_or(0);
        if witnessed > state.standing.witnessed {
            // Something new was seen, and what waits now came after it.
            state.waiting = None;
        }
        state.waiting = waits.then(|| state.waiting.unwrap_or_else(Instant::now));
        let waited = state.waiting.map(|since| since.elapsed());
        let late = waited
            .filter(|waited| *waited > self.limits.age)
            .map(|waited| {
                let seconds = waited.as_secs();
                format!("entries of the log are not witnessed since {seconds} s")
            });
        let behind = failed.or(late);
        state.standing = Standing {
            witnessed,
            refuses: behind.clone().filter(|_| self.stop),
            problem: behind,
        };
    }
}

/// Looks after the witnesses for as long as the process lives.
pub async fn follow(witnesses: Arc<Witnesses>, log: Arc<SharedLog>) {
    let mut turns = tokio::time::interval(LOOK_EVERY);
    loop {
        turns.tick().await;
        let (witnesses, log) = (Arc::clone(&witnesses), Arc::clone(&log));
        // It reads files, and may wait for another gateway.
        let looked = tokio::task::spawn_blocking(move || {
            if let Err(error) = witnesses.look(&log) {
                let error = error.to_string();
                let mut state = witnesses.lock();
                state.standing.refuses = Some(error.clone()).filter(|_| witnesses.stop);
                state.standing.problem = Some(error);
            }
        });
        if looked.await.is_err() {
            return;
        }
    }
}
