//! What an upstream sends beside answers to calls: notifications, its own requests, lists. It
//! passes without an entry, and not without the redactors.

use std::sync::Arc;

use wardlet_call::{Document, Json, Reason};
use wardlet_mcp::{Message, encode};

use super::answer::bare;
use super::rules::BoundRedactor;
use super::{Gate, PolicySet};

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
    /// Cleans a message of the upstream that is no answer to a call, with all redactors of all rules:
    /// whose it is can be told only by tokens that the agent chose, which proves nothing.
    ///
    /// # Errors
    /// Why nothing of it may pass.
    pub fn pass(&self, message: &Message<'_>) -> Result<Passed, Reason> {
        let set = self.policy_set();
        let redactors = set.rules().all_redactors();
        let text = match message {
            Message::Response { result, .. } => Some(result.get()),
            Message::Failure { error, .. } => Some(error.get()),
            _ => message.params().map(serde_json::value::RawValue::get),
        };
        if redactors.is_empty() {
            return Ok(Passed(encode::forward(message)));
        }
        let bare = bare(message);
        let Some(text) = text else {
            return Ok(Passed(encode::forward(&bare)));
        };
        let clean = self.clean_text(&redactors, message.method().unwrap_or_default(), text)?;
        let line = match message {
            Message::Response { .. } => encode::with_result(&bare, &clean),
            Message::Failure { .. } => encode::with_error(&bare, &clean),
            _ => encode::with_params(&bare, &clean),
        };
        line.map(Passed).ok_or(Reason::UpstreamMalformed)
    }

    /// A result of the upstream that was rewritten by `set`, such as a list of tools.
    ///
    /// # Errors
    /// As [`Gate::pass`].
    pub fn pass_result(
        &self,
        set: &PolicySet,
        message: &Message<'_>,
        result: &str,
    ) -> Result<Passed, Reason> {
        let redactors = set.rules().all_redactors();
        let line = if redactors.is_empty() {
            encode::with_result(message, result)
        } else {
            encode::with_result(&bare(message), &self.clean_text(&redactors, "", result)?)
        };
        line.map(Passed).ok_or(Reason::UpstreamMalformed)
    }

    fn clean_text(
        &self,
        redactors: &[BoundRedactor<'_>],
        method: &str,
        text: &str,
    ) -> Result<String, Reason> {
        let root = Json::parse(text).map_err(|_| Reason::UpstreamMalformed)?;
        let document = Arc::new(Document::parsed(root, text.len()));
        self.clean(redactors, (method, ""), &document).0
    }
}
