//! What one check uses, counted against its limits.

use std::time::{Duration, Instant};

use wasmtime::{ResourceLimiter, Result};

use crate::fault::Overrun;
use crate::limits::{Limit, Limits, MAX_INSTANCES, MAX_PARTS, Struck};

/// Counts what one check takes.
#[derive(Debug)]
pub(crate) struct Meter {
    memory_left: usize,
    table_left: usize,
    used: usize,
    host_calls: u32,
    host_calls_left: u32,
    payload_left: usize,
    /// When the check has to be over; none while the plugin waits for nothing, since then the clock
    /// of the engine alone holds the deadline and nobody has to ask what time it is.
    until: Option<Instant>,
    waited: Duration,
    struck: Struck,
}

impl Meter {
    pub(crate) fn new(limits: &Limits, until: Option<Instant>) -> Self {
        Meter {
            memory_left: limits.memory,
            table_left: limits.table as usize,
            used: 0,
            host_calls: 0,
            host_calls_left: limits.host_calls,
            payload_left: limits.payload,
            until,
            waited: Duration::ZERO,
            struck: Struck::default(),
        }
    }

    /// Bytes of linear memory in use.
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// Calls of host functions.
    pub(crate) fn host_calls(&self) -> u32 {
        self.host_calls
    }

    /// Time spent waiting in host functions.
    pub(crate) fn waited(&self) -> Duration {
        self.waited
    }

    /// The limits that struck so far.
    pub(crate) fn struck(&self) -> Struck {
        self.struck
    }

    /// Notes that a limit struck.
    pub(crate) fn strike(&mut self, limit: Limit) {
        self.struck.insert(limit);
    }

    /// Counts one call of a host function. Every host function begins with it.
    pub(crate) fn host_call(&mut self) -> Result<()> {
        match self.host_calls_left.checked_sub(1) {
            Some(left) => {
                self.host_calls_left = left;
                self.host_calls += 1;
                Ok(())
            }
            None => {
                self.strike(Limit::HostCalls);
                Err(Overrun(Limit::HostCalls).into())
            }
        }
    }

    /// Takes bytes of a payload that are about to cross to the plugin; false where they may not.
    #[must_use]
    pub(crate) fn cross(&mut self, bytes: usize) -> bool {
        match self.payload_left.checked_sub(bytes) {
            Some(left) => {
                self.payload_left = left;
                true
            }
            None => {
                self.strike(Limit::Payload);
                false
            }
        }
    }

    /// Runs what waits, such as a disk or a network, with the time until which it has to be back. The
    /// time it takes is the host's, not the plugin's.
    pub(crate) fn wait<T>(&mut self, call: impl FnOnce(Instant) -> T) -> T {
        let begun = Instant::now();
        let done = call(self.until.unwrap_or(begun));
        self.waited += begun.elapsed();
        done
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        let more = desired.saturating_sub(current);
        match self.memory_left.checked_sub(more) {
            Some(left) => {
                self.memory_left = left;
                self.used += more;
                Ok(true)
            }
            None => {
                self.strike(Limit::Memory);
                Ok(false)
            }
        }
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        match self.table_left.checked_sub(desired.saturating_sub(current)) {
            Some(left) => {
                self.table_left = left;
                Ok(true)
            }
            None => {
                self.strike(Limit::Table);
                Ok(false)
            }
        }
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES as usize
    }

    fn tables(&self) -> usize {
        MAX_PARTS as usize
    }

    fn memories(&self) -> usize {
        MAX_PARTS as usize
    }
}
