//! The threads of one plugin: started when there is something to do, ended when there is nothing.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use super::lock;

/// Checks that may wait for a thread of one lane. A plugin that takes five milliseconds for each is
/// through with so many in the time that the last of them may wait.
const MAX_WAITING: usize = 1024;

/// How long a thread without work is kept: an agent that calls a tool calls it again within seconds.
const IDLE: Duration = Duration::from_secs(5);

/// How far a plugin's threads step back behind everybody else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StepBack {
    /// Not at all.
    #[default]
    No,
    /// A slow plugin: as many threads as it may have together get about as much as one that serves a
    /// session, where they meet on one processor.
    Some,
    /// A plugin that overran: each thread gets a seventieth of that.
    Far,
}

impl StepBack {
    /// The nice value (`setpriority(2)`).
    fn nice(self) -> i32 {
        match self {
            StepBack::No => 0,
            StepBack::Some => 10,
            StepBack::Far => 19,
        }
    }
}

/// A check to be run. How far its plugin is to step back afterwards.
pub(super) type Job = Box<dyn FnOnce() -> StepBack + Send>;

/// Threads that a plugin which overran its time has at least: one check that loops must not hold up all of its
/// others. What loops in its own code is interrupted for everybody else.
const FAR_CONCURRENCY: u32 = 2;

/// Threads of a plugin that is slow or asks for all memory: so many that half of the processors are left to everybody
/// else. Stepping back is not enough, since a kernel that gives out memory and takes it back is not
/// interrupted for a thread that has waited longer.
pub(super) fn spare_processors() -> u32 {
    static HALF: OnceLock<u32> = OnceLock::new();
    *HALF.get_or_init(|| {
        let all = thread::available_parallelism().map_or(1, usize::from);
        u32::try_from(all / 2).unwrap_or(u32::MAX).max(1)
    })
}

/// A check's place in the queue.
#[derive(Debug)]
pub(super) struct Ticket(u64);

/// The queue of one plugin's checks, with the threads that work it off.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(u64, Job)>,
    next: u64,
    threads: u32,
    idle: u32,
    /// The checks of the plugin that may run at one time.
    concurrency: u32,
    /// How far the plugin's threads work behind everybody else; then they are few.
    back: StepBack,
}

impl State {
    /// The threads that the plugin may have.
    fn most(&self) -> u32 {
        let most = self.concurrency.max(1);
        match self.back {
            StepBack::No => most,
            StepBack::Some => most.min(spare_processors()),
            StepBack::Far => most.min(spare_processors().max(FAR_CONCURRENCY)),
        }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.state);
        f.debug_struct("Queue")
            .field("waiting", &state.waiting.len())
            .field("threads", &state.threads)
            .finish_non_exhaustive()
    }
}

impl Queue {
    /// Puts a check at the end; none where too many wait, or no thread can be had. At most
    /// `concurrency` threads work; fewer where they step back. Threads above that, of an earlier call, end at
    /// their next turn.
    pub(super) fn put(
        queue: &Arc<Self>,
        job: Job,
        (concurrency, back): (u32, StepBack),
    ) -> Option<Ticket> {
        let mut state = lock(&queue.state);
        if state.waiting.len() >= MAX_WAITING {
            return None;
        }
        (state.concurrency, state.back) = (concurrency, back);
        let all_busy = state.waiting.len() >= usize::try_from(state.idle).unwrap_or(usize::MAX);
        if all_busy && state.threads < state.most() {
            let own = Arc::clone(queue);
            let started = thread::Builder::new()
                .name("wardlet-lane".into())
                .spawn(move || own.work());
            match started {
                Ok(_) => state.threads += 1,
                Err(error) if state.threads == 0 => {
                    tracing::warn!(%error, "no thread for a check; the call is refused");
                    return None;
                }
                // The others come to it.
                Err(_) => {}
            }
        }
        let ticket = state.next;
        state.next += 1;
        state.waiting.push_back((ticket, job));
        drop(state);
        queue.filled.notify_one();
        Some(Ticket(ticket))
    }

    /// Whether a check had not begun; then it never does.
    pub(super) fn take_back(&self, ticket: &Ticket) -> bool {
        let mut state = lock(&self.state);
        let at = state.waiting.iter().position(|(id, _)| *id == ticket.0);
        let taken = at.and_then(|at| state.waiting.remove(at));
        drop(state);
        taken.is_some()
    }

    /// A thread's life.
    fn work(&self) {
        let mut stepped = StepBack::No;
        while let Some((job, back)) = self.next(stepped) {
            if back > stepped && step_back(back) {
                stepped = back;
            }
            let back = job();
            lock(&self.state).back = back;
        }
    }

    /// Waits for something to do; none where there was nothing for long, or there are more threads than the
    /// plugin may have. A thread that has stepped back cannot step forward again, and ends once its plugin
    /// is forgiven.
    fn next(&self, stepped: StepBack) -> Option<(Job, StepBack)> {
        let mut state = lock(&self.state);
        loop {
            if state.threads > state.most() {
                state.threads -= 1;
                drop(state);
                // This one may have been woken for a check that another has to run now.
                self.filled.notify_one();
                return None;
            }
            if let Some((_, job)) = state.waiting.pop_front() {
                return Some((job, state.back));
            }
            let forgiven = stepped > state.back;
            let timed_out = if forgiven {
                true
            } else {
                state.idle += 1;
                let (back, waited) = self
                    .filled
                    .wait_timeout(state, IDLE)
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                state = back;
                state.idle -= 1;
                waited.timed_out()
            };
            if timed_out && state.waiting.is_empty() {
                state.threads -= 1;
                return None;
            }
        }
    }

    /// Threads that live.
    #[cfg(test)]
    pub(super) fn threads(&self) -> u32 {
        lock(&self.state).threads
    }
}

/// Puts this thread so far behind all others. Whether the system let it.
fn step_back(back: StepBack) -> bool {
    let done = rustix::process::setpriority_process(None, back.nice());
    if let Err(error) = done {
        tracing::debug!(%error, "a thread keeps its priority");
    }
    done.is_ok()
}
