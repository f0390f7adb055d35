//! Where a check runs: inline on the thread that asks, or on threads of the plugin's own.
//!
//! A check takes microseconds, so it runs where it is asked for, and costs nobody a change of
//! threads. A plugin that may take longer would hold up everything else there: one that has shown
//! that it does, one that waits for a network, one that is shown a large document. Its checks run on
//! its lane, threads that it shares with no other plugin, so that its loop delays nobody's checks but
//! its own.
//!
//! A plugin with a clean history is tried inline with little patience. Where that is used up the
//! attempt is dropped with its sandbox, and the same check runs again on the lane with the whole
//! deadline. Only a check without lasting effects can be run twice; one with effects is never tried.

mod history;
mod threads;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;
use wardlet_call::{Edit, Part, PluginName, Subject, Verdict};
use wardlet_sandbox::{Check, Fault, Plugin, Sentence, Usage};

use crate::plugins::Bound;
use crate::record::{Recorded, Recorder};
use history::{History, Took};
use threads::{Queue, Ticket};

/// How long a check may take inline: one tick of the sandbox's clock, which makes two at the most,
/// since the first may be about to end. Hundreds of times what an honest check takes, and still no
/// delay that a person sees.
const PATIENCE: Duration = Duration::from_millis(5);

/// Bytes of documents up to which a check is tried inline. A sandboxed search reads some 100 MB/s, so
/// more than this would take longer than [`history::QUICK`] and say nothing about the plugin.
const INLINE_BYTES: usize = 64 << 10;

/// How long a check may wait for a thread of its lane: an agent waits tens of seconds for an answer,
/// and so long a queue is no passing moment.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// What is added to the deadline of a check that has begun before it is given up: a machine that is so busy
/// makes everything late, and a call that the system holds up must not hold up the session for ever.
const GRACE: Duration = Duration::from_secs(5);

/// What a check gives, and what it used.
pub type Ran<T> = (Result<T, Fault>, Usage);

/// The lanes of all plugins. They outlive a reload: a plugin with the same component keeps its
/// history.
#[derive(Debug, Default)]
pub struct Lanes {
    known: Mutex<HashMap<PluginName, Vec<Arc<Lane>>>>,
    /// Writes each check down, in a gateway in development.
    recorder: Option<Arc<Recorder>>,
}

/// One plugin's history, and its threads where it has any.
#[derive(Debug)]
struct Lane {
    /// The digest of the component.
    digest: String,
    history: Mutex<History>,
    queue: Arc<Queue>,
}

impl Lanes {
    /// Lanes whose checks are written down.
    #[must_use]
    pub fn recording(recorder: Arc<Recorder>) -> Self {
        Lanes {
            recorder: Some(recorder),
            ..Lanes::default()
        }
    }

    /// Asks a policy.
    pub async fn evaluate(
        &self,
        bound: &Bound,
        subject: &Arc<Subject>,
        check: &Check,
    ) -> Ran<(Verdict, Sentence)> {
        let (subject, recorded) = (Arc::clone(subject), self.recorded(bound));
        let evaluate = move |plugin: &Plugin, check: &Check| match &recorded {
            None => plugin.evaluate(&subject, check),
            Some(recorded) => recorded.evaluate(plugin, &subject, check),
        };
        self.run(bound, check, evaluate).await
    }

    /// Asks a redactor about a part.
    pub async fn find(
        &self,
        bound: &Bound,
        (subject, part): (&Arc<Subject>, Part),
        check: &Check,
    ) -> Ran<Vec<Edit>> {
        let (subject, recorded) = (Arc::clone(subject), self.recorded(bound));
        let find = move |plugin: &Plugin, check: &Check| match &recorded {
            None => plugin.find(&subject, part, check),
            Some(recorded) => recorded.find(plugin, (&subject, part), check),
        };
        self.run(bound, check, find).await
    }

    fn recorded(&self, bound: &Bound) -> Option<Recorded> {
        let recorder = self.recorder.as_ref()?;
        Some(Recorded::new(recorder, bound))
    }

    /// Runs a check of a plugin: inline where that holds up nobody, else on the plugin's lane.
    ///
    /// `call` is [`Plugin::evaluate`] or [`Plugin::find`], and may be called twice. Where no thread of
    /// the lane is free in time the answer is [`Fault::Busy`].
    pub async fn run<T: Send + 'static>(
        &self,
        bound: &Bound,
        check: &Check,
        mut call: impl FnMut(&Plugin, &Check) -> Ran<T> + Send + 'static,
    ) -> Ran<T> {
        let lane = self.of(bound);
        let mut given_up = Duration::ZERO;
        if runs_inline(&bound.plugin, check) && lane.history().is_clean() {
            let brief = Check {
                patience: Some(PATIENCE),
                ..check.clone()
            };
            let ran = guarded(|| call(&bound.plugin, &brief));
            let took = Took::of(&ran);
            lane.history().inline(took);
            if !matches!(ran.0, Err(Fault::Deadline | Fault::Cpu)) {
                return ran;
            }
            given_up = took.time;
        }
        let (answer, mut usage) = lane.run(&bound.plugin, check, call).await;
        usage.time += given_up;
        (answer, usage)
    }

    /// The lane of a plugin. Under one name there are several only while calls in flight end under an
    /// older set of plugins.
    fn of(&self, bound: &Bound) -> Arc<Lane> {
        let mut known = lock(&self.known);
        let lanes = match known.get_mut(&bound.name) {
            Some(lanes) => lanes,
            None => known.entry(bound.name.clone()).or_default(),
        };
        if let Some(lane) = lanes.iter().find(|lane| lane.digest == bound.digest) {
            return Arc::clone(lane);
        }
        lanes.retain(|lane| Arc::strong_count(lane) > 1);
        let lane = Arc::new(Lane {
            digest: bound.digest.clone(),
            history: Mutex::default(),
            queue: Arc::default(),
        });
        lanes.push(Arc::clone(&lane));
        lane
    }
}

/// Whether a check may be tried where it is asked for.
fn runs_inline(plugin: &Plugin, check: &Check) -> bool {
    !plugin.waits() && !plugin.has_effects() && check.documents.size() <= INLINE_BYTES
}

impl Lane {
    fn history(&self) -> MutexGuard<'_, History> {
        lock(&self.history)
    }

    /// Runs a check on the lane, with the plugin's deadline.
    async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        plugin: &Plugin,
        check: &Check,
        mut call: impl FnMut(&Plugin, &Check) -> Ran<T> + Send + 'static,
    ) -> Ran<T> {
        let (sender, mut receiver) = oneshot::channel();
        let (concurrency, longest) = (plugin.limits().concurrency, plugin.longest(check));
        let (lane, plugin, check) = (Arc::clone(self), plugin.clone(), check.clone());
        let job = move || {
            let ran = guarded(|| call(&plugin, &check));
            let took = Took::of(&ran);
            let mut history = lane.history();
            // Told while the history is held, so that an older word never comes after a newer one.
            lane.queue.step_back(history.on_lane(took));
            drop(history);
            // Nobody may wait for it any more.
            let _ = sender.send(ran);
        };
        let busy = || (Err(Fault::Busy), Usage::default());
        let put = {
            let history = self.history();
            Queue::put(
                &self.queue,
                Box::new(job),
                (concurrency, history.step_back()),
            )
        };
        let Some(ticket) = put else {
            return busy();
        };
        // Dropped with this future, the ticket takes a check back that has not begun.
        let waiting = Waiting(&self.queue, ticket);
        let ran = match timeout(MAX_WAIT, &mut receiver).await {
            Ok(ran) => ran,
            Err(_) if waiting.take_back() => return busy(),
            // It has begun, so it ends by its deadline, unless the system itself does not come back, as a
            // network disk may not.
            Err(_) => match timeout(longest + GRACE, &mut receiver).await {
                Ok(ran) => ran,
                Err(_) => return (Err(Fault::Deadline), Usage::default()),
            },
        };
        ran.unwrap_or_else(|_| lost())
    }
}

/// A check that ends in an answer, also where the host's own code panics in it: whatever a plugin can bring that
/// about with must refuse its call, and not end the session or a thread of its lane. What is left behind is
/// dropped with the check; the pool takes its place back as after any other.
fn guarded<T>(check: impl FnOnce() -> Ran<T>) -> Ran<T> {
    catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|_| {
        tracing::error!(
            "the host panicked in a check, which is a defect of it; the call is refused"
        );
        lost()
    })
}

/// The fault of a check that the host itself lost: it may have been the plugin's doing.
fn lost<T>() -> Ran<T> {
    (Err(Fault::Trap), Usage::default())
}

/// A check in the queue of its lane.
struct Waiting<'a>(&'a Queue, Ticket);

impl Waiting<'_> {
    /// Whether it had not begun; then it never does.
    fn take_back(&self) -> bool {
        self.0.take_back(&self.1)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.take_back();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
