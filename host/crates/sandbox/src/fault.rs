//! What can go wrong in a check.

use wasmtime::{Error, PoolConcurrencyLimitError, Trap};

use crate::limits::{Limit, Struck};

/// What wasmtime says where a call carried more bytes than `Store::set_hostcall_fuel` allows. The
/// error has no public type; a test holds the text.
const OVER_HOSTCALL_FUEL: &str = "fuel allocated for hostcalls has been exhausted";

/// A check that gave no verdict. The gate denies for each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// The code trapped, for example a panic.
    #[error("the plugin trapped")]
    Trap,
    /// It ran longer than its deadline.
    #[error("the plugin overran its deadline")]
    Deadline,
    /// Its own code ran longer than it may, without what it waited for.
    #[error("the plugin overran its CPU time")]
    Cpu,
    /// It asked for more memory than it may have.
    #[error("the plugin overran its memory")]
    Memory,
    /// It asked for more table space than it may have.
    #[error("the plugin overran its tables")]
    Table,
    /// It recursed too deep.
    #[error("the plugin overran its stack")]
    Stack,
    /// It called the host too often.
    #[error("the plugin called the host too often")]
    HostCalls,
    /// It held too many handles.
    #[error("the plugin held too many handles")]
    Handles,
    /// It handed over more bytes than it may.
    #[error("the plugin handed over too much")]
    Result,
    /// It answered with more edits than it may.
    #[error("the plugin answered with too many edits")]
    Edits,
    /// Its answer is malformed, or names a code that it did not declare.
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

/// Ends a check at a limit that the host counts.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("over the limit `{}`", .0.name())]
pub(crate) struct Overrun(pub(crate) Limit);

impl Fault {
    /// The word for it in entries.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Fault::Trap => "trap",
            Fault::Deadline => "deadline",
            Fault::Cpu => "cpu",
            Fault::Memory => "memory",
            Fault::Table => "table",
            Fault::Stack => "stack",
            Fault::HostCalls => "host-calls",
            Fault::Handles => "handles",
            Fault::Result => "result",
            Fault::Edits => "edits",
            Fault::BadAnswer => "bad-answer",
            Fault::Failed => "failed",
            Fault::Busy => "busy",
            Fault::NoRole => "no-role",
        }
    }

    /// The limit behind it, where it is one of [`crate::Limits`].
    #[must_use]
    pub fn limit(self) -> Option<Limit> {
        Some(match self {
            Fault::Deadline => Limit::Deadline,
            Fault::Cpu => Limit::Cpu,
            Fault::Memory => Limit::Memory,
            Fault::Table => Limit::Table,
            Fault::HostCalls => Limit::HostCalls,
            Fault::Handles => Limit::Handles,
            Fault::Result => Limit::Result,
            Fault::Edits => Limit::Edits,
            Fault::Busy => Limit::Concurrency,
            Fault::Trap | Fault::Stack | Fault::BadAnswer | Fault::Failed | Fault::NoRole => {
                return None;
            }
        })
    }

    /// Classifies what wasmtime reports, by type. What is neither a trap, a limit of ours nor the
    /// pool's comes from lifting the plugin's answer: invalid UTF-8, a pointer out of bounds.
    pub(crate) fn of(error: &Error, struck: Struck) -> Self {
        if error.is::<PoolConcurrencyLimitError>() {
            return Fault::Busy;
        }
        if let Some(Overrun(limit)) = error.downcast_ref::<Overrun>() {
            return match limit {
                Limit::Cpu => Fault::Cpu,
                Limit::HostCalls => Fault::HostCalls,
                Limit::Handles => Fault::Handles,
                _ => Fault::Deadline,
            };
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Fault::Deadline,
            Some(Trap::StackOverflow) => Fault::Stack,
            _ if struck.contains(Limit::Memory) => Fault::Memory,
            _ if struck.contains(Limit::Table) => Fault::Table,
            Some(_) => Fault::Trap,
            None if error.root_cause().to_string().contains(OVER_HOSTCALL_FUEL) => Fault::Result,
            None => Fault::BadAnswer,
        }
    }
}
