//! Capability `random`: bytes that nobody can predict.

use wasmtime::Result;

use super::State;
use crate::bindings::random::{Failure, Host};

/// Bytes of one call: the longest key or nonce of any algorithm in use, many times over.
const MAX_PER_CALL: u32 = 1024;

/// Bytes of one check: what a sampling policy or an identifier needs, and no stream.
pub(super) const MAX_PER_CHECK: usize = 16 << 10;

impl Host for State {
    fn bytes(&mut self, count: u32) -> Result<Result<Vec<u8>, Failure>> {
        self.meter.host_call()?;
        if count > MAX_PER_CALL {
            return Ok(Err(Failure::TooMany));
        }
        Ok(self.draw(count as usize))
    }
}

impl State {
    /// Draws bytes from what the check may still draw.
    pub(super) fn draw(&mut self, length: usize) -> Result<Vec<u8>, Failure> {
        let left = self.random_left.checked_sub(length);
        let left = left.ok_or(Failure::TooMany)?;
        let mut bytes = vec![0; length];
        let entropy = self.reach().entropy.as_ref();
        if !entropy.is_some_and(|entropy| entropy.fill(&mut bytes)) {
            return Err(Failure::Unavailable);
        }
        self.random_left = left;
        Ok(bytes)
    }
}
