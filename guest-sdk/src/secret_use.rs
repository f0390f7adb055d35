//! Capability `secret-use`: secrets of the operator, used by their names and never seen.

pub use crate::bindings::wardlet::plugin::secret_use::Failure;

/// HMAC-SHA-256 under a secret, 32 bytes, of at most 64 KiB. Unless the operator wants it raw, the host
/// signs `wardlet-plugin-hmac-v1`, a zero byte, the operator's name of the plugin, a zero byte, and then
/// `data`.
///
/// # Errors
/// [`Failure`]
pub fn hmac(secret: &str, data: &[u8]) -> Result<Vec<u8>, Failure> {
    crate::host::secret_use::hmac(secret, data)
}

/// Attaches a secret to the next [`crate::http_fetch::fetch`] of this check.
///
/// # Errors
/// [`Failure`]
pub fn attach(secret: &str) -> Result<(), Failure> {
    crate::host::secret_use::attach(secret)
}
