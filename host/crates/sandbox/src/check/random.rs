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
        let length = count as usize;
        let left = self.random_left.checked_sub(length);
        let Some(left) = left.filter(|_| count <= MAX_PER_CALL) else {
            return Ok(Err(Failure::TooMany));
        };
        let mut bytes = vec![0; length];
        let entropy = self.standing.reach.entropy.as_ref();
        if !entropy.is_some_and(|entropy| entropy.fill(&mut bytes)) {
            return Ok(Err(Failure::Unavailable));
        }
        self.random_left = left;
        Ok(Ok(bytes))
    }
}
