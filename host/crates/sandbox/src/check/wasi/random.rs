//! `wasi:random`: the bytes of the capability `random`, within the same budget. The standard knows no
//! failure here, so that a check which draws too much ends.

use wasmtime::Result;

use super::bindings::random::{insecure, insecure_seed, random};
use crate::check::State;

impl State {
    fn draw_or_end(&mut self, length: u64) -> Result<Vec<u8>> {
        self.meter.host_call()?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.draw(length)
            .map_err(|_| self.end("it draws more random bytes than a check may, or there are none"))
    }

    fn draw_number(&mut self) -> Result<u64> {
        let bytes = self.draw_or_end(8)?;
        let number = bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte));
        Ok(number)
    }
}

impl random::Host for State {
    fn get_random_bytes(&mut self, length: u64) -> Result<Vec<u8>> {
        self.draw_or_end(length)
    }

    fn get_random_u64(&mut self) -> Result<u64> {
        self.draw_number()
    }
}

/// There is one kind of randomness here, and it is the good one.
impl insecure::Host for State {
    fn get_insecure_random_bytes(&mut self, length: u64) -> Result<Vec<u8>> {
        self.draw_or_end(length)
    }

    fn get_insecure_random_u64(&mut self) -> Result<u64> {
        self.draw_number()
    }
}

impl insecure_seed::Host for State {
    fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        Ok((self.draw_number()?, self.draw_number()?))
    }
}
