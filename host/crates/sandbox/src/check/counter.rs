//! Capability `counter`: numbers that outlive the check.

use wardlet_call::{StoreError, is_key, is_lifetime};
use wasmtime::Result;

use super::State;
use crate::bindings::counter::{Failure, Host};

impl Host for State {
    fn add(
        &mut self,
        key: String,
        delta: i64,
        window: Option<u64>,
    ) -> Result<Result<i64, Failure>> {
        self.meter.host_call()?;
        if !is_key(&key) {
            return Ok(Err(Failure::BadKey));
        }
        if !is_lifetime(window) {
            return Ok(Err(Failure::BadWindow));
        }
        let added = self.in_store(|store, moment| store.add(&key, delta, window, moment));
        Ok(added.map_err(Failure::from))
    }

    fn get(&mut self, key: String) -> Result<Result<i64, Failure>> {
        self.meter.host_call()?;
        if !is_key(&key) {
            return Ok(Err(Failure::BadKey));
        }
        let count = self.in_store(|store, moment| store.count(&key, moment));
        Ok(count.map_err(Failure::from))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Quota => Failure::Quota,
            StoreError::OutOfRange => Failure::OutOfRange,
            StoreError::Unavailable => Failure::Unavailable,
        }
    }
}
