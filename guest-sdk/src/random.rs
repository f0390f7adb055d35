//! Capability `random`: bytes that nobody can predict.

pub use crate::bindings::wardlet::plugin::random::Failure;

/// `count` unpredictable bytes: at most 1,024 in one call and 16 KiB in one check.
///
/// # Errors
/// [`Failure`]
pub fn bytes(count: u32) -> Result<Vec<u8>, Failure> {
    crate::host::random::bytes(count)
}
