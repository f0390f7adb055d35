//! Capability `clock`: the time at which the check began.

/// Milliseconds since 1970-01-01T00:00:00Z. The same for the whole check: it measures nothing.
#[must_use]
pub fn now() -> u64 {
    crate::host::clock::now()
}
