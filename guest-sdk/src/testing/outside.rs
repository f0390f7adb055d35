//! What a plugin reaches outside of its sandbox and finds again in the next check.

mod reached;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wardlet_call::{ENTRY_BYTES, MAX_VALUE_BYTES, is_key, is_lifetime};

pub use reached::Sent;

use crate::{counter, key_value, rate_limit};

/// What stands in the store where the operator says nothing (contract, `key-value`).
const QUOTA: u64 = 1 << 20;

/// The plugin's entries and counters, and the operator's buckets. Clones are the same one: give it to
/// several checks ([`super::Check::outside`]), and each finds what the ones before left.
///
/// Buckets do not fill up again by themselves.
#[derive(Clone, Debug, Default)]
pub struct Outside(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    entries: BTreeMap<String, Kept<Vec<u8>>>,
    counters: BTreeMap<String, Kept<i64>>,
    buckets: BTreeMap<String, Bucket>,
    quota: u64,
    available: bool,
    reached: reached::Reached,
}

/// How many tokens a bucket holds at most, and has.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    burst: u32,
    left: u32,
}

/// A value with the millisecond in which it ends.
#[derive(Debug)]
struct Kept<T> {
    value: T,
    expires: Option<u64>,
}

impl<T> Kept<T> {
    fn is_there(&self, now: u64) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }
}

impl Default for State {
    fn default() -> Self {
        State {
            entries: BTreeMap::new(),
            counters: BTreeMap::new(),
            buckets: BTreeMap::new(),
            quota: QUOTA,
            available: true,
            reached: reached::Reached::default(),
        }
    }
}

impl Outside {
    /// Nothing is kept, the quota is 1 MiB, and there are no buckets.
    #[must_use]
    pub fn new() -> Self {
        Outside::default()
    }

    /// Sets the quota of entries and counters in bytes.
    #[must_use]
    pub fn quota(self, bytes: u64) -> Self {
        self.state().quota = bytes;
        self
    }

    /// Grants a full bucket that holds so many tokens; or fills it again.
    #[must_use]
    pub fn bucket(self, name: &str, tokens: u32) -> Self {
        let bucket = Bucket {
            burst: tokens,
            left: tokens,
        };
        self.state().buckets.insert(name.to_owned(), bucket);
        self
    }

    /// From now on everything answers `unavailable`, as a disk that is full or slow would.
    pub fn fail(&self) {
        self.state().available = false;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The store of a check that began at `now`; none while nothing is to be reached.
    fn store(&self, now: u64) -> Option<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.entries.retain(|_, kept| kept.is_there(now));
        state.counters.retain(|_, kept| kept.is_there(now));
        state.available.then_some(state)
    }

    pub(super) fn get(&self, key: &str, now: u64) -> Result<Option<Vec<u8>>, key_value::Failure> {
        use key_value::Failure;
        if !is_key(key) {
            return Err(Failure::BadKey);
        }
        let state = self.store(now).ok_or(Failure::Unavailable)?;
        Ok(state.entries.get(key).map(|kept| kept.value.clone()))
    }

    pub(super) fn set(
        &self,
        key: &str,
        (value, lifetime): (&[u8], Option<u64>),
        only_new: bool,
        now: u64,
    ) -> Result<bool, key_value::Failure> {
        use key_value::Failure;
        if !is_key(key) {
            return Err(Failure::BadKey);
        }
        if value.len() > MAX_VALUE_BYTES {
            return Err(Failure::TooLarge);
        }
        if !is_lifetime(lifetime) {
            return Err(Failure::BadLifetime);
        }
        let mut state = self.store(now).ok_or(Failure::Unavailable)?;
        let old = state.entries.get(key);
        if only_new && old.is_some() {
            return Ok(false);
        }
        let old = old.map_or(0, |old| size(key, old.value.len()));
        if state.used() - old + size(key, value.len()) > state.quota {
            return Err(Failure::Quota);
        }
        let kept = Kept {
            value: value.to_vec(),
            expires: lifetime.map(|ms| now.saturating_add(ms)),
        };
        state.entries.insert(key.to_owned(), kept);
        Ok(true)
    }

    pub(super) fn delete(&self, key: &str, now: u64) -> Result<bool, key_value::Failure> {
        use key_value::Failure;
        if !is_key(key) {
            return Err(Failure::BadKey);
        }
        let mut state = self.store(now).ok_or(Failure::Unavailable)?;
        Ok(state.entries.remove(key).is_some())
    }

    pub(super) fn count(&self, key: &str, now: u64) -> Result<i64, counter::Failure> {
        use counter::Failure;
        if !is_key(key) {
            return Err(Failure::BadKey);
        }
        let state = self.store(now).ok_or(Failure::Unavailable)?;
        Ok(state.counters.get(key).map_or(0, |kept| kept.value))
    }

    pub(super) fn add(
        &self,
        key: &str,
        delta: i64,
        window: Option<u64>,
        now: u64,
    ) -> Result<i64, counter::Failure> {
        use counter::Failure;
        if !is_key(key) {
            return Err(Failure::BadKey);
        }
        if !is_lifetime(window) {
            return Err(Failure::BadWindow);
        }
        let mut state = self.store(now).ok_or(Failure::Unavailable)?;
        if let Some(kept) = state.counters.get_mut(key) {
            let value = kept.value.checked_add(delta);
            kept.value = value.ok_or(Failure::OutOfRange)?;
            return Ok(kept.value);
        }
        if state.used() + size(key, 0) > state.quota {
            return Err(Failure::Quota);
        }
        let kept = Kept {
            value: delta,
            expires: window.map(|ms| now.saturating_add(ms)),
        };
        state.counters.insert(key.to_owned(), kept);
        Ok(delta)
    }

    pub(super) fn take(
        &self,
        bucket: &str,
        amount: u32,
    ) -> Result<rate_limit::Outcome, rate_limit::Failure> {
        use rate_limit::{Failure, Outcome};
        /// What a token takes to come, for whoever tells an agent when to try again.
        const TOKEN_MS: u64 = 1000;
        let mut state = self.state();
        if !state.available {
            return Err(Failure::Unavailable);
        }
        let bucket = state.buckets.get_mut(bucket).ok_or(Failure::NotGranted)?;
        if amount > bucket.burst {
            return Err(Failure::TooMany);
        }
        match bucket.left.checked_sub(amount) {
            Some(left) => {
                bucket.left = left;
                Ok(Outcome::Taken(left))
            }
            None => Ok(Outcome::Refused(TOKEN_MS * u64::from(amount - bucket.left))),
        }
    }
}

impl State {
    fn used(&self) -> u64 {
        let entries = self.entries.iter();
        let entries = entries.map(|(key, kept)| size(key, kept.value.len()));
        let counters = self.counters.keys().map(|key| size(key, 0));
        entries.chain(counters).sum()
    }
}

/// What counts against the quota.
fn size(key: &str, value: usize) -> u64 {
    (key.len() + value) as u64 + ENTRY_BYTES
}
