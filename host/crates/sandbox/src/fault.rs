//! What can go wrong in a check.

use wasmtime::{Error, PoolConcurrencyLimitError, Trap};

use crate::limits::Meter;

/// A check that gave no verdict. The gate denies for each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// The code trapped, for example a panic.
    #[error("the plugin trapped")]
    Trap,
    /// It ran longer than its deadline.
    #[error("the plugin overran its deadline")]
    Deadline,
    /// It asked for more memory or table space than it may have.
    #[error("the plugin overran its memory")]
    Memory,
    /// It recursed too deep.
    #[error("the plugin overran its stack")]
    Stack,
    /// Its answer is malformed, too large, or names a code that it did not declare.
    #[error("the plugin gave a bad answer")]
    BadAnswer,
    /// It said that it failed.
    #[error("the plugin failed")]
    Failed,
    /// No sandbox was free.
    #[error("no sandbox was free")]
    Busy,
    /// The plugin does not have the role it was asked in.
    #[error("the plugin does not have this role")]
    NoRole,
}

impl Fault {
    /// The word for it in entries.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Fault::Trap => "trap",
            Fault::Deadline => "deadline",
            Fault::Memory => "memory",
            Fault::Stack => "stack",
            Fault::BadAnswer => "bad-answer",
            Fault::Failed => "failed",
            Fault::Busy => "busy",
            Fault::NoRole => "no-role",
        }
    }

    /// Classifies what wasmtime reports, by type. What is neither a trap nor the pool's limit comes
    /// from lifting the plugin's answer: invalid UTF-8, a pointer out of bounds, too many bytes.
    pub(crate) fn of(error: &Error, meter: &Meter) -> Self {
        if error.is::<PoolConcurrencyLimitError>() {
            return Fault::Busy;
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Fault::Deadline,
            Some(Trap::StackOverflow) => Fault::Stack,
            _ if meter.struck() => Fault::Memory,
            Some(_) => Fault::Trap,
            None => Fault::BadAnswer,
        }
    }
}
