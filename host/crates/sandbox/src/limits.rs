//! Limits of one check, each with its default and the reason for it.

use std::time::Duration;

use wasmtime::{ResourceLimiter, Result};

/// Wall time of a check over small documents. An honest check takes microseconds; this is what a
/// loop costs, and long enough that a busy machine's pauses deny no honest call.
pub const DEFAULT_DEADLINE: Duration = Duration::from_millis(100);

/// Added for every MiB of documents: whoever reads more may take longer.
pub const DEADLINE_PER_MIB: Duration = Duration::from_millis(100);

/// An operator cannot set more: a check this slow would hold up the agent as a human would.
pub const MAX_DEADLINE: Duration = Duration::from_secs(10);

/// Linear memory of a check. A plugin that reads a 5 MB leaf needs a little more than that.
pub const DEFAULT_MEMORY: usize = 16 << 20;

/// An operator cannot set more: it is what the pool reserves for each slot.
pub const MAX_MEMORY: usize = 64 << 20;

/// Bytes of documents that may cross to the plugin in one check: the longest line of a message.
pub const DEFAULT_PAYLOAD: usize = 16 << 20;

/// An operator cannot set more than the memory could hold.
pub const MAX_PAYLOAD: usize = 64 << 20;

/// Log text of one check, fields included: a few lines for whoever debugs a policy.
pub const MAX_LOG_BYTES: usize = 4 << 10;

/// Edits of one redactor in one document. Each costs the host a comparison and a splice.
pub const MAX_EDITS: usize = 10_000;

/// Obligations of one verdict. The host knows one kind; this is room for those to come.
pub const MAX_OBLIGATIONS: usize = 16;

/// Bytes of an obligation's kind and parameters together: they are conditions, not documents.
pub(crate) const MAX_OBLIGATION_BYTES: usize = 4 << 10;

/// Bytes that one call may carry from the plugin to the host: 10,000 edits with their entity codes
/// fit, and a result string of megabytes does not.
pub(crate) const MAX_LIFTED_BYTES: usize = 2 << 20;

/// Elements of all tables of an instance: the components of every language that was tried need
/// fewer than 10,000.
const MAX_TABLE_ELEMENTS: usize = 20_000;

/// Core instances, memories and tables of one component. QuickJS's needs three memories; an adapter
/// and its shims make a handful of instances.
pub(crate) const MAX_PARTS: u32 = 16;

/// The limits of one plugin's checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall time over small documents; see [`DEADLINE_PER_MIB`].
    pub deadline: Duration,
    /// Bytes of linear memory, all memories of the component together.
    pub memory: usize,
    /// Bytes of documents that may cross to the plugin.
    pub payload: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            deadline: DEFAULT_DEADLINE,
            memory: DEFAULT_MEMORY,
            payload: DEFAULT_PAYLOAD,
        }
    }
}

/// Counts what one instance takes of memory and tables.
#[derive(Debug)]
pub(crate) struct Meter {
    memory_left: usize,
    table_left: usize,
    used: usize,
    struck: bool,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Meter {
            memory_left: limits.memory,
            table_left: MAX_TABLE_ELEMENTS,
            used: 0,
            struck: false,
        }
    }

    /// Bytes of linear memory in use.
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// Whether a limit refused a growth.
    pub(crate) fn struck(&self) -> bool {
        self.struck
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        let more = desired.saturating_sub(current);
        match self.memory_left.checked_sub(more) {
            Some(left) => {
                self.memory_left = left;
                self.used += more;
                Ok(true)
            }
            None => {
                self.struck = true;
                Ok(false)
            }
        }
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        match self.table_left.checked_sub(desired.saturating_sub(current)) {
            Some(left) => {
                self.table_left = left;
                Ok(true)
            }
            None => {
                self.struck = true;
                Ok(false)
            }
        }
    }

    fn instances(&self) -> usize {
        MAX_PARTS as usize
    }

    fn tables(&self) -> usize {
        MAX_PARTS as usize
    }

    fn memories(&self) -> usize {
        MAX_PARTS as usize
    }
}
