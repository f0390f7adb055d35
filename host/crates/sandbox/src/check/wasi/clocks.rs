//! `wasi:clocks`: the snapshot of the capability `clock`, and a monotonic clock that counts how often
//! it was looked at. Real time within a check would let a plugin measure what others do.

use wasmtime::Result;
use wasmtime::component::Resource;

use super::bindings::clocks::wall_clock::Datetime;
use super::bindings::clocks::{monotonic_clock, wall_clock};
use super::bindings::io::poll::Pollable;
use super::streams::ANY;
use crate::check::State;

/// How far the monotonic clock moves with each look, in nanoseconds: so little that no runtime thinks
/// that time has run out, and enough that none divides by zero.
const STEP: u64 = 1_000;

/// What the snapshot is rounded to, in nanoseconds: a millisecond.
const SNAPSHOT_RESOLUTION: u32 = 1_000_000;

impl monotonic_clock::Host for State {
    fn now(&mut self) -> Result<u64> {
        self.meter.host_call()?;
        self.wasi.looks = self.wasi.looks.saturating_add(1);
        Ok(self.wasi.looks.saturating_mul(STEP))
    }

    fn resolution(&mut self) -> Result<u64> {
        self.meter.host_call()?;
        Ok(STEP)
    }

    /// Whoever sleeps is woken at once.
    fn subscribe_instant(&mut self, _: u64) -> Result<Resource<Pollable>> {
        self.meter.host_call()?;
        self.hand_out(ANY)
    }

    fn subscribe_duration(&mut self, _: u64) -> Result<Resource<Pollable>> {
        self.meter.host_call()?;
        self.hand_out(ANY)
    }
}

impl wall_clock::Host for State {
    fn now(&mut self) -> Result<Datetime> {
        self.meter.host_call()?;
        let milliseconds = u32::try_from(self.check.now_ms % 1000).unwrap_or_default();
        Ok(Datetime {
            seconds: self.check.now_ms / 1000,
            nanoseconds: milliseconds * SNAPSHOT_RESOLUTION,
        })
    }

    fn resolution(&mut self) -> Result<Datetime> {
        self.meter.host_call()?;
        Ok(Datetime {
            seconds: 0,
            nanoseconds: SNAPSHOT_RESOLUTION,
        })
    }
}
