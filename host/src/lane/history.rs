//! What is remembered of a plugin's checks: whether they hold up the thread that they run on.

use std::time::Duration;

use wardlet_sandbox::{Fault, Limit};

use super::threads::StepBack;
use super::{PATIENCE, Ran};

/// What a check may take where others wait for it. A check of a plugin of the SDK takes some tens of
/// microseconds, one in JavaScript three hundred, one in Python two milliseconds. As many sessions as ask
/// wait for one another there, so that this times their number is what a slow plugin can hold up.
pub(super) const QUICK: Duration = Duration::from_micros(500);

/// What a slow check counts against the quick ones: a plugin that is slow more than once in so many
/// times is moved to its lane, one that a busy machine held up now and then is not.
const SLOW: u32 = 16;

/// The count at which it is moved: three slow checks in short order.
const TOO_SLOW: u32 = 3 * SLOW - 2;

/// Quick checks in a row after which a plugin is tried inline again.
const FORGIVEN: u32 = 32;

/// How many it takes at the most: each relapse doubles the number, so that a plugin which behaves for
/// a while in order to loop again holds others up a hundredth of a percent of the time at the most.
const FORGIVEN_AT_LAST: u32 = 4096;

/// How long a check took, and whether it asked for more than it may have.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Took {
    pub(super) time: Duration,
    /// It was stopped for its time.
    pub(super) overran: bool,
    /// It asked for all memory that it may have, and more.
    pub(super) greedy: bool,
}

impl Took {
    pub(super) fn of<T>((answer, usage): &Ran<T>) -> Self {
        // What it waited for is the host's time: a slow server behind a plugin says nothing about its code.
        let own = usage.time.saturating_sub(usage.waited);
        // Memory up to the limit is a page fault for each of its pages, and the kernel's time to take
        // them back: a check that asks for all of it is slow, however quick it was.
        let memory = [Limit::Memory, Limit::Table];
        let greedy = memory.into_iter().any(|limit| usage.struck.contains(limit));
        Took {
            time: own,
            overran: match answer {
                Err(Fault::Deadline) => usage.waited.is_zero() || own >= PATIENCE,
                Err(Fault::Cpu) => true,
                _ => false,
            },
            greedy,
        }
    }
}

/// Where a plugin's checks run, and what it takes to change that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Inline.
    #[default]
    Inline,
    /// On its lane, a little behind everybody else, since it is slow or greedy.
    Slow,
    /// On its lane, far behind everybody else, since it overran its time.
    Overran,
}

/// The history of one plugin.
#[derive(Debug)]
pub(super) struct History {
    place: Place,
    /// Rises with slow checks and falls with quick ones.
    slow: u32,
    /// Quick checks in a row on the lane.
    quick: u32,
    /// Quick checks in a row that bring it back.
    needed: u32,
}

impl Default for History {
    fn default() -> Self {
        History {
            place: Place::Inline,
            slow: 0,
            quick: 0,
            needed: FORGIVEN,
        }
    }
}

impl History {
    /// Whether a check may be tried inline.
    pub(super) fn is_clean(&self) -> bool {
        self.place == Place::Inline
    }

    /// Takes note of a check that ran inline.
    pub(super) fn inline(&mut self, took: Took) {
        if took.overran {
            return self.leave(Place::Overran);
        }
        if took.greedy {
            return self.leave(Place::Slow);
        }
        if took.time <= QUICK {
            self.slow = self.slow.saturating_sub(1);
            return;
        }
        self.slow += SLOW;
        if self.slow >= TOO_SLOW {
            self.leave(Place::Slow);
        }
    }

    /// How far the threads of its lane step back behind everybody else.
    pub(super) fn step_back(&self) -> StepBack {
        match self.place {
            Place::Inline => StepBack::No,
            Place::Slow => StepBack::Some,
            Place::Overran => StepBack::Far,
        }
    }

    /// Takes note of a check that ran on the lane. How far the plugin is to step back.
    pub(super) fn on_lane(&mut self, took: Took) -> StepBack {
        if took.overran {
            self.leave(Place::Overran);
        } else if took.greedy && self.place == Place::Inline {
            self.leave(Place::Slow);
        } else if self.place == Place::Inline || took.greedy || took.time > QUICK {
            // A plugin that is always on its lane, or was shown a large document there, is not judged
            // by that.
            self.quick = 0;
        } else {
            self.quick += 1;
            if self.quick >= self.needed {
                self.place = Place::Inline;
                self.slow = 0;
            }
        }
        self.step_back()
    }

    fn leave(&mut self, place: Place) {
        if self.place == Place::Inline {
            self.needed = self.needed.min(FORGIVEN_AT_LAST / 2) * 2;
        }
        self.place = place;
        self.quick = 0;
    }
}
