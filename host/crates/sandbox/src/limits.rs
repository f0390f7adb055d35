//! Limits of one check, each with its default and the reason for it.

use std::time::Duration;

/// Wall time of a check over small documents. An honest check takes microseconds; this is what a
/// loop costs, and long enough that a busy machine's pauses deny no honest call.
pub const DEFAULT_DEADLINE: Duration = Duration::from_millis(100);

/// Added to deadline and CPU time for every MiB of documents: whoever reads more may take longer.
pub const DEADLINE_PER_MIB: Duration = Duration::from_millis(100);

/// An operator cannot set more: a check this slow would hold up the agent as a human would.
pub const MAX_DEADLINE: Duration = Duration::from_secs(10);

/// Time in the plugin's own code, without what it waits in host calls. The same as the deadline of a
/// plugin that waits for nothing; whoever lifts the deadline for one that waits for a network does
/// not lift this along with it.
pub const DEFAULT_CPU: Duration = DEFAULT_DEADLINE;

/// Linear memory of a check. A plugin that reads a 5 MB leaf needs a little more than that.
pub const DEFAULT_MEMORY: usize = 16 << 20;

/// An operator cannot set more: it is what the pool reserves for each slot.
pub const MAX_MEMORY: usize = 64 << 20;

/// Elements of all tables of an instance: the components of every language that was tried need
/// fewer than 10,000.
pub const DEFAULT_TABLE: u32 = 20_000;

/// An operator cannot set more: it is what the pool has for each table.
pub const MAX_TABLE: u32 = 20_000;

/// Bytes of documents that may cross to the plugin in one check: the longest line of a message.
pub const DEFAULT_PAYLOAD: usize = 16 << 20;

/// An operator cannot set more than the memory could hold.
pub const MAX_PAYLOAD: usize = 64 << 20;

/// Handles that a plugin may hold at one time. The contract has none; the virtual WASI hands out one
/// for each stream and clock that a runtime asks for, which is a handful.
pub const DEFAULT_HANDLES: u32 = 64;

/// An operator cannot set more: each costs the host an entry of a table.
pub const MAX_HANDLES: u32 = 1024;

/// Log text of one check in bytes, fields included: a few lines for whoever debugs a policy.
pub const DEFAULT_LOG: usize = 4 << 10;

/// An operator cannot set more: a page of a debug log for each check.
pub const MAX_LOG: usize = 64 << 10;

/// Bytes that one call may carry from the plugin to the host: 10,000 edits with their entity codes
/// fit, and a result string of megabytes does not.
pub const DEFAULT_RESULT: usize = 2 << 20;

/// An operator cannot set more than the memory could hold.
pub const MAX_RESULT: usize = 16 << 20;

/// Edits of one redactor in one document. Each costs the host a comparison and a splice.
pub const DEFAULT_EDITS: u32 = 10_000;

/// An operator cannot set more: ten times as many still fit a result of the largest size.
pub const MAX_EDITS: u32 = 100_000;

/// Calls of host functions in one check. A policy makes some ten; a redactor that walks 5 MB of
/// small leaves in batches makes some thousand.
pub const DEFAULT_HOST_CALLS: u32 = 100_000;

/// An operator cannot set more: so many take the host a second.
pub const MAX_HOST_CALLS: u32 = 10_000_000;

/// Checks of one plugin at one time, where they run on threads of its own: an agent has rarely more
/// calls under way, and so many plugins at once still leave most of the pool of sandboxes.
pub const DEFAULT_CONCURRENCY: u32 = 4;

/// An operator cannot set more: each is a thread and a sandbox of the pool.
pub const MAX_CONCURRENCY: u32 = 16;

/// Obligations of one verdict. The host knows one kind; this is room for those to come.
pub const MAX_OBLIGATIONS: usize = 16;

/// Bytes of an obligation's kind and parameters together: they are conditions, not documents.
pub(crate) const MAX_OBLIGATION_BYTES: usize = 4 << 10;

/// Memories and tables of one component. QuickJS's needs three memories.
pub(crate) const MAX_PARTS: u32 = 16;

/// Core instances of one component. An adapter and its shims make a handful; Python's, with a library
/// in each and a stub for every interface of WASI, makes 38.
pub(crate) const MAX_INSTANCES: u32 = 64;

/// The limits of one plugin's checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall time over small documents; see [`DEADLINE_PER_MIB`].
    pub deadline: Duration,
    /// Time in the plugin's own code over small documents; see [`DEADLINE_PER_MIB`].
    pub cpu: Duration,
    /// Bytes of linear memory, all memories of the component together.
    pub memory: usize,
    /// Elements of all tables of the component together.
    pub table: u32,
    /// Bytes of documents that may cross to the plugin.
    pub payload: usize,
    /// Handles of the virtual WASI that the plugin holds at one time.
    pub handles: u32,
    /// Bytes of log text.
    pub log: usize,
    /// Bytes that one call carries from the plugin to the host.
    pub result: usize,
    /// Edits of one redaction.
    pub edits: u32,
    /// Calls of host functions.
    pub host_calls: u32,
    /// Checks at one time, where they run on threads of the plugin's own.
    pub concurrency: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            deadline: DEFAULT_DEADLINE,
            cpu: DEFAULT_CPU,
            memory: DEFAULT_MEMORY,
            table: DEFAULT_TABLE,
            payload: DEFAULT_PAYLOAD,
            handles: DEFAULT_HANDLES,
            log: DEFAULT_LOG,
            result: DEFAULT_RESULT,
            edits: DEFAULT_EDITS,
            host_calls: DEFAULT_HOST_CALLS,
            concurrency: DEFAULT_CONCURRENCY,
        }
    }
}

/// A limit by its name, for entries that say which of them struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Limit {
    /// [`Limits::deadline`]
    Deadline,
    /// [`Limits::cpu`]
    Cpu,
    /// [`Limits::memory`]
    Memory,
    /// [`Limits::table`]
    Table,
    /// [`Limits::payload`]
    Payload,
    /// [`Limits::handles`]
    Handles,
    /// [`Limits::log`]
    Log,
    /// [`Limits::result`]
    Result,
    /// [`Limits::edits`]
    Edits,
    /// [`Limits::host_calls`]
    HostCalls,
    /// [`Limits::concurrency`]
    Concurrency,
}

impl Limit {
    /// All of them, in the order in which the configuration documents them.
    pub const ALL: [Limit; 11] = [
        Limit::Deadline,
        Limit::Cpu,
        Limit::Memory,
        Limit::Table,
        Limit::Payload,
        Limit::Handles,
        Limit::Log,
        Limit::Result,
        Limit::Edits,
        Limit::HostCalls,
        Limit::Concurrency,
    ];

    /// Its key in `limits` of the configuration, and its name in entries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Limit::Deadline => "deadline",
            Limit::Cpu => "cpu",
            Limit::Memory => "memory",
            Limit::Table => "table",
            Limit::Payload => "payload",
            Limit::Handles => "handles",
            Limit::Log => "log",
            Limit::Result => "result",
            Limit::Edits => "edits",
            Limit::HostCalls => "host_calls",
            Limit::Concurrency => "concurrency",
        }
    }
}

/// The limits that struck in one check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Struck(u16);

impl Struck {
    /// Notes one.
    pub fn insert(&mut self, limit: Limit) {
        self.0 |= 1 << limit as u8;
    }

    /// Whether this one struck.
    #[must_use]
    pub fn contains(self, limit: Limit) -> bool {
        self.0 & (1 << limit as u8) != 0
    }

    /// Those that struck.
    pub fn iter(self) -> impl Iterator<Item = Limit> {
        Limit::ALL
            .into_iter()
            .filter(move |limit| self.contains(*limit))
    }
}
