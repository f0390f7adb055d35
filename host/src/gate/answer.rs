//! Answers: redacted before anything of them reaches the agent.

use wardlet_audit::{Outcome, Status};
use wardlet_call::Reason;
use wardlet_mcp::{Members, Message};

use super::Gate;
use super::clean::{Cleaned, line};
use super::facts::micros;
use super::permit::Forwarded;

/// What an upstream answered to a forwarded call.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a>(pub(super) &'a Message<'a>);

impl<'a> Answer<'a> {
    /// Takes a response or failure; none for any other message.
    #[must_use]
    pub fn of(message: &'a Message<'a>) -> Option<Self> {
        match message {
            Message::Response { .. } | Message::Failure { id: Some(_), .. } => {
                Some(Answer(message))
            }
            _ => None,
        }
    }

    pub(super) fn text(&self) -> &'a str {
        match self.0 {
            Message::Response { result, .. } => result.get(),
            Message::Failure { error, .. } => error.get(),
            Message::Request { .. } | Message::Notification { .. } => "",
        }
    }
}

/// An answer that may reach the agent once its outcome is written.
#[must_use]
pub struct Redacted {
    pub(super) forwarded: Forwarded,
    pub(super) outcome: Outcome,
    pub(super) reply: Result<Vec<u8>, Reason>,
}

impl Gate {
    /// Redacts an answer: content, structured content, error text and data, all of it, as
    /// [`Gate::clean_answer`] says. Where that failed, nothing of the answer is left, and the agent is
    /// told that the call was executed.
    pub fn redact(&self, forwarded: Forwarded, answer: Answer<'_>, cleaned: Cleaned) -> Redacted {
        let status = match answer.0 {
            Message::Failure { .. } => Status::Error,
            _ => Status::Answered,
        };
        let mut outcome = forwarded.outcome(status, None, None);
        let upstream = cleaned.came.saturating_duration_since(forwarded.sent);
        outcome.timings.upstream_us = Some(micros(upstream));
        outcome.timings.redact_us = Some(micros(cleaned.took));
        outcome.result = Some(self.commit_result(&forwarded.facts, answer.text()));
        if status == Status::Answered {
            outcome.is_error = match &cleaned.text {
                Ok(text) if text.is_unsearched() => is_error_shallow(answer.0),
                _ => cleaned.is_error,
            };
        }
        outcome.redactions = cleaned.redactions;
        outcome.plugins = cleaned.runs;
        let reply = cleaned
            .text
            .and_then(|text| line(answer.0, text).ok_or(Reason::UpstreamMalformed));
        if let Err(reason) = &reply {
            outcome.blame = Some(reason.blame());
            outcome.reason = Some(reason.code().to_owned());
        }
        if let Some((shadow, micros)) = cleaned.shadow {
            outcome.shadow = shadow;
            outcome.timings.shadow_us = Some(micros);
        }
        Redacted {
            forwarded,
            outcome,
            reply,
        }
    }
}

/// `isError` of a result that nobody redacts and that is therefore not parsed whole.
fn is_error_shallow(message: &Message<'_>) -> Option<bool> {
    let Message::Response { result, .. } = message else {
        return None;
    };
    match Members::parse(result).ok()?.get("isError")?.get() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}
