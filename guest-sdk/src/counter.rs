//! Capability `counter`: whole numbers that outlive the check, this plugin's alone.

pub use crate::bindings::wardlet::plugin::counter::Failure;

/// Adds to a counter, and gives what it has then; atomic across checks and gateways. One that is not
/// there begins at 0 and, with a window, ends so many milliseconds later; further additions do not
/// move its end.
///
/// # Errors
/// [`Failure`]
pub fn add(key: &str, delta: i64, window: Option<u64>) -> Result<i64, Failure> {
    crate::host::counter::add(key, delta, window)
}

/// What a counter has; 0 where there is none.
///
/// # Errors
/// [`Failure`]
pub fn get(key: &str) -> Result<i64, Failure> {
    crate::host::counter::get(key)
}
