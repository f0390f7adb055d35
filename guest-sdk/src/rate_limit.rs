//! Capability `rate-limit`: takes from the operator's buckets.

pub use crate::bindings::wardlet::plugin::rate_limit::{Failure, Outcome};

/// Takes so many tokens at once, or none; 0 says how many there are.
///
/// # Errors
/// [`Failure`]
pub fn take(bucket: &str, amount: u32) -> Result<Outcome, Failure> {
    crate::host::rate_limit::take(bucket, amount)
}
