//! Capability `rate-limit`: the operator's buckets.

use wardlet_call::{TakeError, Taken};
use wasmtime::Result;

use super::State;
use crate::bindings::rate_limit::{Failure, Host, Outcome};

impl Host for State {
    fn take(&mut self, bucket: String, amount: u32) -> Result<Result<Outcome, Failure>> {
        self.meter.host_call()?;
        let buckets = self.reach().buckets.as_ref();
        // Nobody calls while the plugin is only being loaded.
        let (Some(buckets), Some(caller)) = (buckets, &self.check.caller) else {
            return Ok(Err(Failure::Unavailable));
        };
        Ok(match buckets.take(&bucket, amount, caller) {
            Ok(Taken::Taken(left)) => Ok(Outcome::Taken(left)),
            Ok(Taken::Refused(retry_after_ms)) => Ok(Outcome::Refused(retry_after_ms)),
            Err(TakeError::NotGranted) => Err(Failure::NotGranted),
            Err(TakeError::TooMany) => Err(Failure::TooMany),
            Err(TakeError::NoRoom) => Err(Failure::Unavailable),
        })
    }
}
