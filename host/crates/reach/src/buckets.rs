//! The operator's buckets: a generic cell rate algorithm (GCRA) in whole nanoseconds.
//!
//! Of a bucket that a caller took from only the moment is kept at which it is full again. That moment
//! lies in the past for whoever has not called for a while, and then the caller is forgotten. `governor`
//! does the same with futures and a map that grows without bound; what is needed here is less than
//! what would have to be put around it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wardlet_call::{Buckets, Caller, TakeError, Taken};

/// Tokens of a rate, and of a burst: no agent makes a million calls in a second.
pub const MAX_TOKENS: u32 = 1_000_000;

/// Callers whose bucket is not full, for each bucket: some MB of memory. One more is refused until
/// the bucket of one of them is full again, since forgetting one early would give it what it has used up.
const MAX_CALLERS: usize = 10_000;

/// What an operator says of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// So many tokens run in, evenly, in a [`Terms::period`]: 1 to [`MAX_TOKENS`].
    pub tokens: u32,
    /// The time of a rate. Not zero.
    pub period: Duration,
    /// So many it holds: 1 to [`MAX_TOKENS`].
    pub burst: u32,
    /// Who has one of their own.
    pub per: Per,
}

/// What a bucket is counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Each principal.
    Principal,
    /// Each tool of each server.
    Tool,
    /// Each principal at each tool.
    PrincipalAndTool,
    /// All together.
    Gateway,
}

impl Terms {
    /// The time in which one token runs in. Rounded up: never faster than the rate.
    fn interval(&self) -> u128 {
        self.period.as_nanos().div_ceil(self.tokens.max(1).into())
    }

    /// Whose bucket it is that a caller takes from.
    fn owner(&self, caller: &Caller) -> Caller {
        let (principal, tool) = match self.per {
            Per::Principal => (true, false),
            Per::Tool => (false, true),
            Per::PrincipalAndTool => (true, true),
            Per::Gateway => (false, false),
        };
        let only = |wanted: bool, text: &String| {
            let text = wanted.then(|| text.clone());
            text.unwrap_or_default()
        };
        Caller {
            principal: only(principal, &caller.principal),
            server: only(tool, &caller.server),
            tool: only(tool, &caller.tool),
        }
    }
}

/// A bucket of the configuration, with what each caller has left of it.
#[derive(Debug)]
pub struct Bucket {
    terms: Terms,
    begun: Instant,
    callers: Mutex<Callers>,
}

/// When the bucket of each caller is full again, in nanoseconds since the bucket was made. Those whose
/// bucket is full may be missing.
#[derive(Debug, Default)]
struct Callers {
    full_at: HashMap<Caller, u128>,
    /// Before this moment nobody can be forgotten.
    next_free: u128,
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub fn new(terms: Terms) -> Self {
        Bucket {
            terms,
            begun: Instant::now(),
            callers: Mutex::default(),
        }
    }

    /// What the operator says of it.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    fn callers(&self) -> MutexGuard<'_, Callers> {
        // Nothing between two writes of it can panic.
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, amount: u32, caller: &Caller) -> Result<Taken, TakeError> {
        let mut callers = self.callers();
        // Read under the lock, so that time does not go back for whoever comes second.
        let now = self.begun.elapsed().as_nanos();
        callers.take(&self.terms, amount, caller, now)
    }
}

impl Callers {
    fn take(
        &mut self,
        terms: &Terms,
        amount: u32,
        caller: &Caller,
        now: u128,
    ) -> Result<Taken, TakeError> {
        if amount > terms.burst {
            return Err(TakeError::TooMany);
        }
        let interval = terms.interval();
        let capacity = interval * u128::from(terms.burst);
        let owner = terms.owner(caller);
        let full_at = self.full_at.get(&owner).copied().unwrap_or(now).max(now);
        let then = full_at + interval * u128::from(amount);
        let taken = then - now;
        if taken > capacity {
            let ms = (taken - capacity).div_ceil(1_000_000);
            return Ok(Taken::Refused(u64::try_from(ms).unwrap_or(u64::MAX)));
        }
        if amount > 0 {
            if !self.full_at.contains_key(&owner) && !self.has_room(now) {
                return Err(TakeError::NoRoom);
            }
            self.full_at.insert(owner, then);
        }
        let left = (capacity - taken) / interval;
        Ok(Taken::Taken(u32::try_from(left).unwrap_or(u32::MAX)))
    }

    /// Whether one more caller has room, after those are forgotten whose bucket is full again.
    fn has_room(&mut self, now: u128) -> bool {
        if self.full_at.len() >= MAX_CALLERS && now >= self.next_free {
            self.full_at.retain(|_, full_at| *full_at > now);
            // Those who take again are full later than this, never earlier.
            self.next_free = self.full_at.values().min().copied().unwrap_or(now);
        }
        self.full_at.len() < MAX_CALLERS
    }
}

/// The buckets that one plugin was granted, by their names.
#[derive(Clone, Debug, Default)]
pub struct Granted(pub BTreeMap<String, Arc<Bucket>>);

impl Buckets for Granted {
    fn take(&self, bucket: &str, amount: u32, caller: &Caller) -> Result<Taken, TakeError> {
        let bucket = self.0.get(bucket).ok_or(TakeError::NotGranted)?;
        bucket.take(amount, caller)
    }
}

#[cfg(test)]
mod tests;
