//! A running gateway takes another configuration: whole, or not at all.
//!
//! A command over the local socket, SIGHUP and the watch of the files all ask the same thread, which
//! does one reload at a time while calls go on: read the configuration, load its plugins, bind its
//! rules, write the entries, swap the set. Whoever asked while one ran is answered by the next.

mod change;
mod fixed;
mod look;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{oneshot, watch};
use wardlet_audit::{AuditError, Clock, Event, SystemClock};
use wardlet_sandbox::CAPABILITIES;

use crate::config::{Config, Faults};
use crate::gate::{Approvals, Gate};
use crate::load::{self, Grounds, LoadFault};

pub use change::{Change, Names, Pin, Replaced, Swapped};
pub use fixed::Fixed;
pub use look::Look;

/// Who asked for a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// `wardlet reload`.
    Command,
    /// SIGHUP.
    Signal,
    /// A file that changed.
    Watch,
}

impl Trigger {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Trigger::Command => "command",
            Trigger::Signal => "signal",
            Trigger::Watch => "watch",
        }
    }
}

/// Why another configuration is not taken. Everything is as it was.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// Its file is wrong.
    #[error("{}", .0.render(false).trim_end())]
    Config(Faults),
    /// What it names is wrong, or it changes what cannot be changed.
    #[error("{}", load::render(.0))]
    Set(Vec<LoadFault>),
    /// The change cannot be recorded.
    #[error("error: the change cannot be recorded: {0}")]
    Audit(#[from] AuditError),
    /// The thread that reloads has ended.
    #[error("error: the gateway is stopping")]
    Stopping,
}

impl NotTaken {
    /// For people, every fault with its hint. Colours are ANSI escapes.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        match self {
            NotTaken::Config(faults) => faults.render(colour),
            NotTaken::Set(_) | NotTaken::Audit(_) | NotTaken::Stopping => self.to_string(),
        }
    }

    /// For programs: a list of `{"message", "hint"}`, with `level`, `line` and `column` for faults of
    /// the file.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            NotTaken::Config(faults) => {
                let mut file = faults.to_json();
                file.get_mut("faults").map(Value::take).unwrap_or_default()
            }
            NotTaken::Set(faults) => faults
                .iter()
                .map(|fault| json!({ "message": fault.message, "hint": fault.hint }))
                .collect(),
            NotTaken::Audit(error) => json!([{
                "message": format!("the change cannot be recorded: {error}"),
                "hint": error.hint(),
            }]),
            NotTaken::Stopping => json!([{ "message": "the gateway is stopping", "hint": null }]),
        }
    }

    /// Whether the configuration is to blame, and not the machine.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        matches!(self, NotTaken::Config(_) | NotTaken::Set(_))
    }
}

/// How a reload ended.
pub type Outcome = Result<Change, NotTaken>;

/// The last reload, as `wardlet status` tells it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Last {
    /// When it ended, in milliseconds since 1970.
    pub time_ms: u64,
    /// Who asked for it.
    pub trigger: Trigger,
    /// Whether it was taken.
    pub taken: bool,
    /// What it changed, a line for each; or what is wrong.
    pub lines: Vec<String>,
}

/// What a session follows while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long a call may wait for the server.
    pub timeout: Duration,
}

/// What a running gateway has and was started with.
pub struct Running {
    gate: Arc<Gate>,
    approvals: Arc<Approvals>,
    grounds: Grounds,
    fixed: Fixed,
    path: PathBuf,
    since_ms: u64,
    /// The configuration in force, and what its files looked like before they were read.
    config: Mutex<(Arc<Config>, Look)>,
    last: Mutex<Option<Last>>,
    terms: watch::Sender<Terms>,
}

impl Running {
    /// Takes what was started. `grounds` are those of the gate's plugins, `read` what the files of the
    /// configuration looked like before they were read.
    #[must_use]
    pub fn new(
        (config, read): (Config, Look),
        grounds: Grounds,
        fixed: Fixed,
        gate: Arc<Gate>,
        approvals: Arc<Approvals>,
    ) -> Self {
        let timeout = timeout(&config, &fixed);
        Running {
            gate,
            approvals,
            grounds,
            path: config.source.clone(),
            since_ms: SystemClock.now_ms(),
            terms: watch::Sender::new(Terms { timeout }),
            fixed,
            config: Mutex::new((Arc::new(config), read)),
            last: Mutex::default(),
        }
    }

    /// The terms, now and whenever a reload was taken.
    #[must_use]
    pub fn terms(&self) -> watch::Receiver<Terms> {
        self.terms.subscribe()
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&lock(&self.config).0)
    }

    /// The configuration in force, and what its files looked like before they were read.
    pub(crate) fn config_as_read(&self) -> (Arc<Config>, Look) {
        lock(&self.config).clone()
    }

    /// The gate.
    #[must_use]
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// The calls that wait for a human.
    #[must_use]
    pub fn approvals(&self) -> &Arc<Approvals> {
        &self.approvals
    }

    /// How the server was started.
    #[must_use]
    pub fn fixed(&self) -> &Fixed {
        &self.fixed
    }

    /// When it was started, in milliseconds since 1970.
    #[must_use]
    pub fn since_ms(&self) -> u64 {
        self.since_ms
    }

    /// The last reload. One for a file's sake that found nothing to change is none.
    #[must_use]
    pub fn last(&self) -> Option<Last> {
        lock(&self.last).clone()
    }

    /// Reads the configuration again and takes it, whole or not at all.
    fn reload(&self) -> Outcome {
        let read = Look::at(&self.path);
        let new = Config::load(&self.path, CAPABILITIES).map_err(NotTaken::Config)?;
        let (old, old_set) = (self.config(), self.gate.policy_set());
        let read = read.and_components(&new);
        let mut wrong = self.fixed.compare(&old, &new);
        let loaded = load::policy_set(&self.grounds, &new, old_set.plugins(), &|_| ());
        let set = match loaded {
            Ok(set) if wrong.is_empty() => set,
            Ok(_) => return Err(NotTaken::Set(wrong)),
            Err(faults) => {
                wrong.extend(faults);
                return Err(NotTaken::Set(wrong));
            }
        };
        let terms = Terms {
            timeout: timeout(&new, &self.fixed),
        };
        let other_timeout = *self.terms.borrow() != terms;
        let timeout_s = other_timeout.then_some(terms.timeout.as_secs());
        let change = Change::between((&old, &old_set), (&new, &set), timeout_s);
        let entry = change.config.clone().map(|digest| Event::Config { digest });
        // What a plugin reaches may be another where the configuration is the same: a secret, a folder.
        let renewed = set.plugins().iter().any(|bound| {
            let before = old_set.plugins().get(&bound.name);
            before.is_none_or(|before| !Arc::ptr_eq(before, bound))
        });
        if renewed || change.policy_set.is_some() {
            self.gate
                .swap(entry.as_ref(), Arc::new(set), &self.approvals)?;
        } else if let Some(entry) = entry {
            self.gate.log().record(&entry)?;
        }
        *lock(&self.config) = (Arc::new(new), read);
        self.terms.send_replace(terms);
        Ok(change)
    }

    /// Tells the operator's log and whoever asks for the status how a reload ended.
    fn note(&self, trigger: Trigger, outcome: &Outcome) {
        let by = trigger.word();
        let lines: Vec<String> = match outcome {
            Ok(change) if change.is_nothing() && trigger == Trigger::Watch => return,
            Ok(change) => {
                tracing::info!(by, set = %self.gate.policy_set().digest(), "reloaded");
                change.lines()
            }
            Err(error) => {
                tracing::error!(
                    by,
                    "the configuration is not taken, nothing has changed\n{error}"
                );
                error.to_string().lines().map(str::to_owned).collect()
            }
        };
        if trigger != Trigger::Command && outcome.is_ok() {
            for line in &lines {
                tracing::info!("{line}");
            }
        }
        *lock(&self.last) = Some(Last {
            time_ms: SystemClock.now_ms(),
            trigger,
            taken: outcome.is_ok(),
            lines,
        });
    }
}

fn timeout(config: &Config, fixed: &Fixed) -> Duration {
    let server = config.servers.get(&fixed.server);
    server.map_or(crate::config::DEFAULT_TIMEOUT, |server| server.timeout)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Request {
    trigger: Trigger,
    answer: oneshot::Sender<Arc<Outcome>>,
}

/// Where reloads of a running gateway are asked for.
#[derive(Clone)]
pub struct Reloads(Sender<Request>);

impl Reloads {
    /// Starts the thread that reloads. It ends once nobody can ask any more.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(running: Arc<Running>) -> std::io::Result<Self> {
        let (sender, requests) = channel();
        thread::Builder::new()
            .name("reload".to_owned())
            .spawn(move || serve(&running, &requests))?;
        Ok(Reloads(sender))
    }

    /// Asks for a reload that begins after now, and waits for its end.
    pub async fn ask(&self, trigger: Trigger) -> Arc<Outcome> {
        self.send(trigger).await.unwrap_or_else(|_| stopping())
    }

    /// As [`Reloads::ask`], for a thread that may block.
    pub fn ask_and_block(&self, trigger: Trigger) -> Arc<Outcome> {
        let answer = self.send(trigger).blocking_recv();
        answer.unwrap_or_else(|_| stopping())
    }

    fn send(&self, trigger: Trigger) -> oneshot::Receiver<Arc<Outcome>> {
        let (answer, receiver) = oneshot::channel();
        // A request that nobody takes drops its sender, which the receiver tells.
        let _ = self.0.send(Request { trigger, answer });
        receiver
    }
}

fn stopping() -> Arc<Outcome> {
    Arc::new(Err(NotTaken::Stopping))
}

fn serve(running: &Running, requests: &Receiver<Request>) {
    while let Ok(first) = requests.recv() {
        let mut asked = vec![first];
        // All of them asked before this reload reads its first byte, so that it is theirs too.
        asked.extend(requests.try_iter());
        let outcome = Arc::new(running.reload());
        let people = asked.iter().map(|request| request.trigger);
        let trigger = people.min_by_key(|trigger| *trigger == Trigger::Watch);
        running.note(trigger.unwrap_or(Trigger::Command), &outcome);
        for Request { answer, .. } in asked {
            // Whoever asked may be gone.
            let _ = answer.send(Arc::clone(&outcome));
        }
    }
}
