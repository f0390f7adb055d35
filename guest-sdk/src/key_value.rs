//! Capability `key-value`: entries that outlive the check, this plugin's alone. Keys are 1 to 1,024
//! bytes, values at most 64 KiB; lifetimes are in milliseconds from the beginning of the check.

pub use crate::bindings::wardlet::plugin::key_value::Failure;

/// The value of an entry; none where there is none.
///
/// # Errors
/// [`Failure`]
pub fn get(key: &str) -> Result<Option<Vec<u8>>, Failure> {
    crate::host::key_value::get(key)
}

/// Writes an entry in place of what was there. Without a lifetime it stays.
///
/// # Errors
/// [`Failure`]
pub fn set(key: &str, value: &[u8], lifetime: Option<u64>) -> Result<(), Failure> {
    crate::host::key_value::set(key, value, lifetime)
}

/// Writes an entry where none is there; true if it did. Of several checks at one time, one gets true.
///
/// # Errors
/// [`Failure`]
pub fn insert(key: &str, value: &[u8], lifetime: Option<u64>) -> Result<bool, Failure> {
    crate::host::key_value::insert(key, value, lifetime)
}

/// Takes an entry away; true if it was there.
///
/// # Errors
/// [`Failure`]
pub fn delete(key: &str) -> Result<bool, Failure> {
    crate::host::key_value::delete(key)
}
