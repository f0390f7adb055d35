//! The threads of one plugin: started when there is something to do, ended when there is nothing.

use std::collections::VecDeque;
use std::fmt;
use std::io;
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
    /// All of them, from the least.
    const ALL: [StepBack; 3] = [StepBack::No, StepBack::Some, StepBack::Far];

    /// The nice value (`setpriority(2)`).
    fn nice(self) -> i32 {
        match self {
            StepBack::No => 0,
            StepBack::Some => 10,
            StepBack::Far => 19,
        }
    }
}

/// A check to be run.
pub(super) type Job = Box<dyn FnOnce() + Send>;

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
    /// Threads by how far they have stepped back.
    threads: [u32; StepBack::ALL.len()],
    /// Threads that end at their next turn, since others have taken their places.
    leaving: u32,
    idle: u32,
    /// The checks of the plugin that may run at one time.
    concurrency: u32,
    /// How far the plugin's threads work behind everybody else; then they are few.
    back: StepBack,
}

impl State {
    /// Threads that live.
    fn threads(&self) -> u32 {
        self.threads.iter().sum()
    }

    /// Threads that have stepped back further than the plugin is to now.
    fn forgiven(&self) -> u32 {
        let further = StepBack::ALL.into_iter().zip(self.threads);
        let further = further.filter(|(stepped, _)| *stepped > self.back);
        further.map(|(_, threads)| threads).sum()
    }

    fn set_back(&mut self, back: StepBack) {
        self.back = back;
        // Those of a plugin that relapsed stay.
        self.leaving = self.leaving.min(self.forgiven());
    }

    /// A thread that has begun.
    fn begins(&mut self) {
        self.stepped_to(StepBack::No);
    }

    fn stepped_to(&mut self, back: StepBack) {
        if let Some(threads) = self.threads.get_mut(back as usize) {
            *threads += 1;
        }
    }

    fn ends(&mut self, stepped: StepBack) {
        if let Some(threads) = self.threads.get_mut(stepped as usize) {
            *threads = threads.saturating_sub(1);
        }
    }

    fn stepped(&mut self, from: StepBack, to: StepBack) {
        self.ends(from);
        self.stepped_to(to);
    }

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
            .field("threads", &state.threads())
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
        state.concurrency = concurrency;
        state.set_back(back);
        let all_busy = state.waiting.len() >= usize::try_from(state.idle).unwrap_or(usize::MAX);
        let staying = state.threads().saturating_sub(state.leaving);
        // One that takes the place of another is started here and not by that other: it would inherit how far
        // that one has stepped back.
        let replaces = staying >= state.most() && state.forgiven() > state.leaving;
        if all_busy && (staying < state.most() || replaces) {
            match Queue::start(queue) {
                Ok(()) => {
                    state.begins();
                    state.leaving += u32::from(replaces);
                }
                Err(error) if state.threads() == 0 => {
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

    fn start(queue: &Arc<Self>) -> io::Result<()> {
        let own = Arc::clone(queue);
        let named = thread::Builder::new().name("wardlet-lane".into());
        named.spawn(move || own.work()).map(drop)
    }

    /// How far the plugin's threads step back from here on.
    pub(super) fn step_back(&self, back: StepBack) {
        lock(&self.state).set_back(back);
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
                lock(&self.state).stepped(stepped, back);
                stepped = back;
            }
            job();
        }
    }

    /// Waits for something to do; none where there was nothing for long, or there are more threads than the
    /// plugin may have. A thread that has stepped back cannot step forward again, and ends once its plugin
    /// is forgiven and there is nothing to do, or another thread to do it.
    fn next(&self, stepped: StepBack) -> Option<(Job, StepBack)> {
        let mut state = lock(&self.state);
        loop {
            let forgiven = stepped > state.back;
            let replaced = forgiven && state.leaving > 0;
            let too_many = state.threads() > state.most();
            if replaced || too_many && state.leaving == 0 {
                state.leaving -= u32::from(replaced);
                state.ends(stepped);
                drop(state);
                // This one may have been woken for a check that another has to run now, or another may wait for
                // this one to end.
                self.filled.notify_all();
                return None;
            }
            if !too_many && let Some((_, job)) = state.waiting.pop_front() {
                return Some((job, state.back));
            }
            let timed_out = forgiven || {
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
                state.ends(stepped);
                return None;
            }
        }
    }

    /// Threads that live.
    #[cfg(test)]
    pub(super) fn threads(&self) -> u32 {
        lock(&self.state).threads()
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
