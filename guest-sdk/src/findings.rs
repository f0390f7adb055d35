//! What redactors found in the arguments of this call.

pub use crate::bindings::wardlet::plugin::findings::Finding;

/// Codes and counts, never the bytes. Empty in the response phase.
#[must_use]
pub fn list() -> Vec<Finding> {
    crate::host::findings::list()
}
