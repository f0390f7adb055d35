//! Capability `clock`: a snapshot.

use super::State;
use crate::bindings::clock::Host;

impl Host for State {
    fn now(&mut self) -> u64 {
        self.check.now_ms
    }
}
