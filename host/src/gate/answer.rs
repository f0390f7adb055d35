//! Answers: redacted before anything of them reaches the agent.

use std::sync::Arc;
use std::time::Instant;

use wardlet_audit::{Outcome, Status};
use wardlet_call::{Document, Json, Part, Reason, Spans};
use wardlet_mcp::{Members, Message, encode};

use super::Gate;
use super::facts::{Facts, micros};
use super::find::Finding;
use super::permit::Forwarded;
use super::rules::{BoundRedactor, BoundRule, redactors};

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

    fn text(&self) -> &'a str {
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
    /// Redacts an answer: content, structured content, error text and data, all of it. Where that
    /// fails, nothing of the answer is left, and the agent is told that the call was executed.
    pub fn redact(&self, forwarded: Forwarded, answer: Answer<'_>) -> Redacted {
        let status = match answer.0 {
            Message::Failure { .. } => Status::Error,
            _ => Status::Answered,
        };
        let mut outcome = forwarded.outcome(status, None, None);
        outcome.result = Some(self.commit_result(&forwarded.facts, answer.text()));
        let begun = Instant::now();
        let mut replaced = Spans::default();
        let reply = self.reply(&forwarded, answer, (&mut outcome, &mut replaced));
        if let Err(reason) = &reply {
            outcome.blame = Some(reason.blame());
            outcome.reason = Some(reason.code().to_owned());
        }
        outcome.timings.redact_us = Some(micros(begun.elapsed()));
        let enforced = (reply.is_ok(), &replaced);
        if let Some((shadow, micros)) = self.try_on_answer(&forwarded, answer.text(), enforced) {
            outcome.shadow = shadow;
            outcome.timings.shadow_us = Some(micros);
        }
        Redacted {
            forwarded,
            outcome,
            reply,
        }
    }

    /// The line for the agent. What is learned goes into the outcome, what was found into `replaced`.
    fn reply(
        &self,
        forwarded: &Forwarded,
        answer: Answer<'_>,
        (outcome, replaced): (&mut Outcome, &mut Spans),
    ) -> Result<Vec<u8>, Reason> {
        let redactors = self.redactors_of(&forwarded.facts);
        if redactors.is_empty() {
            outcome.is_error = is_error_shallow(answer.0);
            return Ok(encode::forward(answer.0));
        }
        let text = answer.text();
        let root = Json::parse(text).map_err(|_| Reason::UpstreamMalformed)?;
        outcome.is_error = match root.member("isError") {
            Some(Json::Bool(flag)) if outcome.status == Status::Answered => Some(*flag),
            _ => None,
        };
        let document = Arc::new(Document::parsed(root, text.len()));
        let (clean, finding) = self.clean(&redactors, forwarded.facts.subject(), &document);
        if let Some(finding) = finding {
            outcome.redactions = finding.entries();
            outcome.plugins = finding.runs;
            *replaced = finding.spans;
        }
        let text = clean?;
        let bare = bare(answer.0);
        let line = match bare {
            Message::Failure { .. } => encode::with_error(&bare, &text),
            _ => encode::with_result(&bare, &text),
        };
        line.ok_or(Reason::UpstreamMalformed)
    }

    /// The text of a document of an upstream with what redactors found replaced.
    pub(super) fn clean<'a>(
        &self,
        redactors: &[BoundRedactor<'a>],
        subject: (&str, &str),
        document: &Arc<Document>,
    ) -> (Result<String, Reason>, Option<Finding<'a>>) {
        match self.find(redactors, subject, Part::Result, document) {
            Err(faulted) => {
                let finding = Finding::nothing(faulted.runs);
                (Err(faulted.denial.reason), Some(finding))
            }
            Ok(finding) if finding.spans.in_name() => (Err(Reason::Withheld), Some(finding)),
            Ok(finding) if finding.spans.is_empty() => {
                (Ok(document.root().to_text()), Some(finding))
            }
            Ok(finding) => {
                let text = self.replace(&finding.spans, document).to_text();
                (Ok(text), Some(finding))
            }
        }
    }

    /// The redactors of the rules that bore on a call. Where none of them redacts, none does.
    fn redactors_of<'a>(&self, facts: &'a Facts) -> Vec<BoundRedactor<'a>> {
        let all = facts.set.rules();
        let rules: Vec<&BoundRule> = if facts.tool_call {
            all.for_tool(&self.server, &facts.name)
        } else {
            all.for_method(&self.server, &facts.name)
        };
        // A method that passes without rules of its own is cleaned like all other traffic.
        if rules.is_empty() {
            all.all_redactors()
        } else {
            redactors(&rules, Part::Result)
        }
    }
}

/// A message of the upstream without those members of its envelope that JSON-RPC does not know:
/// redactors are not shown them, so that they do not pass where anything is redacted.
pub(super) fn bare<'a>(message: &Message<'a>) -> Message<'a> {
    let mut bare = message.clone();
    match &mut bare {
        Message::Request { rest, .. }
        | Message::Notification { rest, .. }
        | Message::Response { rest, .. }
        | Message::Failure { rest, .. } => *rest = Members::default(),
    }
    bare
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
