//! Capability `clock`: a snapshot.

use wasmtime::Result;

use super::State;
use crate::bindings::clock::Host;

impl Host for State {
    fn now(&mut self) -> Result<u64> {
        self.meter.host_call()?;
        Ok(self.check.now_ms)
    }
}
