//! What a plugin keeps between its checks.

use std::fmt::Debug;
use std::time::Instant;

/// Bytes of a key: a tool, a principal and the longest pointer of a document fit.
pub const MAX_KEY_BYTES: usize = 1024;

/// Bytes of a value: one page of a guest's memory. More is a file, and no entry.
pub const MAX_VALUE_BYTES: usize = 64 << 10;

/// What an entry or counter counts against the quota beside its key and value: about what a store
/// needs to hold it, so that a million empty values are not free.
pub const ENTRY_BYTES: u64 = 64;

/// An entry or window longer than ten years outlives whatever it was meant for; what is to stay has
/// no lifetime.
pub const MAX_LIFETIME_MS: u64 = 10 * 366 * 24 * 60 * 60 * 1000;

/// The entries and counters of one plugin. No other plugin's can be named.
///
/// - Keys, values and lifetimes are within the limits of this module; whoever calls has looked.
/// - Each call is atomic, also against other processes over the same store: of two that add to one
///   counter, one sees the other's value.
/// - What a call wrote survives the end of the process; the machine's sudden end may take the last
///   seconds with it, and nothing else.
/// - Each call is back by [`Moment::until`]. Where it is back with [`StoreError::Unavailable`],
///   whether it wrote is unknown.
/// - An entry is gone from the millisecond in which its lifetime ends, by the time of the caller, and
///   then it no longer counts against the quota.
pub trait Store: Debug + Send + Sync {
    /// The value of an entry; none where there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]
    fn get(&self, key: &str, moment: Moment) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes an entry in place of what was there; says whether it did. With `only_new` it writes
    /// nothing where an entry is there.
    ///
    /// # Errors
    /// [`StoreError::Quota`], [`StoreError::Unavailable`]
    fn set(&self, key: &str, entry: Entry, moment: Moment) -> Result<bool, StoreError>;

    /// Takes an entry away; says whether it was there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]
    fn delete(&self, key: &str, moment: Moment) -> Result<bool, StoreError>;

    /// The value of a counter; 0 where there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]
    fn count(&self, key: &str, moment: Moment) -> Result<i64, StoreError>;

    /// Adds to a counter, and says what it has then. A counter that is not there begins at 0, and ends
    /// `window_ms` later; the window of one that is there stays as it is.
    ///
    /// # Errors
    /// [`StoreError::OutOfRange`] and [`StoreError::Quota`], after which it has what it had, and
    /// [`StoreError::Unavailable`].
    fn add(
        &self,
        key: &str,
        delta: i64,
        window_ms: Option<u64>,
        moment: Moment,
    ) -> Result<i64, StoreError>;
}

/// What is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub value: Vec<u8>,
    /// Milliseconds from now to its end; none where it stays.
    pub lifetime_ms: Option<u64>,
    /// Whether it is written only where none is there.
    pub only_new: bool,
}

/// When a call of a store is made.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// What time it is for the check, in milliseconds since 1970.
    pub now_ms: u64,
    /// When the call has to be back.
    pub until: Instant,
}

/// Why a store did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The plugin would keep more bytes than it may.
    #[error("over the quota")]
    Quota,
    /// The counter would leave 64 bits.
    #[error("the counter would leave its range")]
    OutOfRange,
    /// The store does not answer, or not in time.
    #[error("the store is unavailable")]
    Unavailable,
}

/// Whether a key may be used: 1 to [`MAX_KEY_BYTES`].
#[must_use]
pub fn is_key(key: &str) -> bool {
    (1..=MAX_KEY_BYTES).contains(&key.len())
}

/// Whether a lifetime or window may be used: none, or 1 to [`MAX_LIFETIME_MS`]. What ended at once
/// would be no entry, and a policy that computed it would look as if it had written one.
#[must_use]
pub fn is_lifetime(lifetime_ms: Option<u64>) -> bool {
    lifetime_ms.is_none_or(|ms| (1..=MAX_LIFETIME_MS).contains(&ms))
}

#[cfg(test)]
mod tests {
    use super::{MAX_KEY_BYTES, MAX_LIFETIME_MS, is_key, is_lifetime};

    #[test]
    fn keys_and_lifetimes_have_both_ends() {
        let longest = "k".repeat(MAX_KEY_BYTES);
        for (key, expected) in [
            ("", false),
            ("k", true),
            (&longest, true),
            (&format!("{longest}k"), false),
        ] {
            assert_eq!(is_key(key), expected, "{} bytes", key.len());
        }
        for (lifetime, expected) in [
            (None, true),
            (Some(0), false),
            (Some(1), true),
            (Some(MAX_LIFETIME_MS), true),
            (Some(MAX_LIFETIME_MS + 1), false),
        ] {
            assert_eq!(is_lifetime(lifetime), expected, "{lifetime:?}");
        }
    }
}
