//! What an upstream sends beside answers to calls: notifications, its own requests, lists. It
//! passes without an entry, and not without the redactors.

use wardlet_call::Reason;
use wardlet_mcp::Message;

use super::Gate;
use super::clean::{Cleaned, line};

/// A line for the agent that went past the redactors.
#[derive(Debug)]
pub struct Passed(Vec<u8>);

impl Passed {
    /// The line, with its end.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl Gate {
    /// Lets through what may pass of a message that is no answer to a call, as [`Gate::clean`] or
    /// [`Gate::clean_result`] says.
    ///
    /// # Errors
    /// Why nothing of it may pass.
    pub fn pass(&self, message: &Message<'_>, cleaned: Cleaned) -> Result<Passed, Reason> {
        let line = line(message, cleaned.text?);
        line.map(Passed).ok_or(Reason::UpstreamMalformed)
    }
}
