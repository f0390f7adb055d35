//! The operator's buckets, from which plugins take.

use std::fmt::Debug;

/// Who calls what: what a bucket may be counted per.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The pseudonym of the principal, as entries have it.
    pub principal: String,
    /// The operator's name for the upstream.
    pub server: String,
    /// The tool's name; the method where it names no tool.
    pub tool: String,
}

/// The buckets that one plugin was granted.
pub trait Buckets: Debug + Send + Sync {
    /// Takes so many tokens at once, or none. Never waits. Of two that take the last token at one
    /// time, one gets it. 0 takes none and says how many there are.
    ///
    /// # Errors
    /// [`TakeError`]: nothing was taken.
    fn take(&self, bucket: &str, amount: u32, caller: &Caller) -> Result<Taken, TakeError>;
}

/// What a bucket answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// They were taken, and so many are left.
    Taken(u32),
    /// There are not so many. In so many milliseconds there are, if nobody else takes any.
    Refused(u64),
}

/// Why nothing can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TakeError {
    /// No bucket of this name was granted.
    #[error("no such bucket was granted")]
    NotGranted,
    /// The bucket never holds so many.
    #[error("the bucket never holds so many")]
    TooMany,
    /// The bucket is counted for as many callers as it can be, and this is another one.
    #[error("the bucket has no room for another caller")]
    NoRoom,
}
