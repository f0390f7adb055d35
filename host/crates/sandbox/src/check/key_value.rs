//! Capability `key-value`: entries that outlive the check.

use std::sync::Arc;

use wardlet_call::{Entry, MAX_VALUE_BYTES, Moment, Store, StoreError, is_key, is_lifetime};
use wasmtime::Result;

use super::State;
use crate::bindings::key_value::{Failure, Host};

/// What a function of the interface answers.
type Answer<T> = std::result::Result<T, Failure>;

impl Host for State {
    fn get(&mut self, key: String) -> Result<Answer<Option<Vec<u8>>>> {
        self.meter.host_call()?;
        Ok(self.value_of(&key))
    }

    fn set(&mut self, key: String, value: Vec<u8>, lifetime: Option<u64>) -> Result<Answer<()>> {
        self.meter.host_call()?;
        Ok(self.keep(&key, value, (lifetime, false)).map(drop))
    }

    fn insert(
        &mut self,
        key: String,
        value: Vec<u8>,
        lifetime: Option<u64>,
    ) -> Result<Answer<bool>> {
        self.meter.host_call()?;
        Ok(self.keep(&key, value, (lifetime, true)))
    }

    fn delete(&mut self, key: String) -> Result<Answer<bool>> {
        self.meter.host_call()?;
        Ok(checked(&key)
            .and_then(|()| Ok(self.in_store(|store, moment| store.delete(&key, moment))?)))
    }
}

impl State {
    fn value_of(&mut self, key: &str) -> Answer<Option<Vec<u8>>> {
        checked(key)?;
        let value = self.in_store(|store, moment| store.get(key, moment))?;
        let crosses = self.meter.cross(value.as_ref().map_or(0, Vec::len));
        crosses.then_some(value).ok_or(Failure::TooLarge)
    }

    fn keep(
        &mut self,
        key: &str,
        value: Vec<u8>,
        (lifetime_ms, only_new): (Option<u64>, bool),
    ) -> Answer<bool> {
        checked(key)?;
        if value.len() > MAX_VALUE_BYTES {
            return Err(Failure::TooLarge);
        }
        if !is_lifetime(lifetime_ms) {
            return Err(Failure::BadLifetime);
        }
        let entry = Entry {
            value,
            lifetime_ms,
            only_new,
        };
        Ok(self.in_store(|store, moment| store.set(key, entry, moment))?)
    }

    /// Calls the plugin's store, by the deadline of the check. There is none while the plugin is only
    /// being loaded, since whoever looks at a configuration must change nothing.
    pub(super) fn in_store<T>(
        &mut self,
        call: impl FnOnce(&dyn Store, Moment) -> std::result::Result<T, StoreError>,
    ) -> std::result::Result<T, StoreError> {
        let store = self.reach().store.as_ref().map(Arc::clone);
        let Some(store) = store.filter(|_| self.check.caller.is_some()) else {
            return Err(StoreError::Unavailable);
        };
        let now_ms = self.check.now_ms;
        self.meter
            .wait(|until| call(store.as_ref(), Moment { now_ms, until }))
    }
}

fn checked(key: &str) -> Answer<()> {
    is_key(key).then_some(()).ok_or(Failure::BadKey)
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Quota => Failure::Quota,
            // No entry has a range.
            StoreError::OutOfRange | StoreError::Unavailable => Failure::Unavailable,
        }
    }
}
