//! Sealing: the last entry of a call is written, and only then is there something to reply.

use wardlet_audit::{Effect, Status};
use wardlet_call::Reason;
use wardlet_mcp::{Id, encode};

use super::answer::Redacted;
use super::permit::Forwarded;
use super::screen::Refused;
use super::{Call, Gate};

/// JSON-RPC code of a refusal that is no tool result. Outside of -32768..-32000, which belong to
/// JSON-RPC and MCP.
pub(crate) const REFUSED: i64 = 4403;

/// JSON-RPC code where the call was let through and no answer can be given.
pub(crate) const NO_ANSWER: i64 = 4502;

/// A line for the agent.
#[derive(Debug)]
pub struct Reply(pub(super) Vec<u8>);

impl Reply {
    /// The line, with its end.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// An answer whose entry is in the log, or whose lack of one the answer itself tells.
#[must_use = "an answer that is sealed is sent"]
pub struct Sealed {
    reply: Reply,
}

impl Sealed {
    /// The reply. Only sealed answers have one.
    #[must_use]
    pub fn reply(self) -> Reply {
        self.reply
    }

    /// What the gate itself answers, where the protocol needs no entry.
    pub(super) fn of(line: Vec<u8>) -> Self {
        Sealed { reply: Reply(line) }
    }
}

impl Gate {
    /// Writes the entry of a refusal. Where it cannot be written the call is refused all the same.
    pub fn seal_refusal(&self, refused: Refused) -> Sealed {
        let Refused {
            facts,
            denial,
            effect,
        } = refused;
        let entry = facts.decision(effect, Some(&denial.reason));
        if let Err(error) = self.log.refusal(&entry) {
            tracing::error!(%error, "a refusal cannot be recorded");
        }
        tracing::info!(
            target: "wardlet::gate",
            tool = facts.target.tool.as_deref().unwrap_or_default(),
            method = %facts.target.method,
            reason = denial.reason.code(),
            rule = denial.rule.as_ref().map(wardlet_call::RuleName::as_str),
            "refused"
        );
        let message = denial.message();
        if facts.tool_call && effect != Effect::Malformed {
            return Sealed::of(encode::tool_refusal(&facts.id, &message));
        }
        Sealed::of(encode::failure(Some(&facts.id), REFUSED, &message, None))
    }

    /// Records a message that cannot be judged, or a count of them in one entry.
    pub fn record_malformed(&self, count: Option<u64>) {
        // The id, where there is one, is part of what cannot be trusted.
        let call = Call::unread(Id::number(0), "unreadable");
        let mut entry = self
            .facts(&call, self.policy_set())
            .decision(Effect::Malformed, Some(&Reason::Malformed));
        entry.target.method = call.method;
        entry.request = None;
        entry.count = count;
        if let Err(error) = self.log.refusal(&entry) {
            tracing::error!(%error, "a refusal cannot be recorded");
        }
    }

    /// Writes the outcome of an answered call.
    pub fn seal(&self, redacted: Redacted) -> Sealed {
        let Redacted {
            forwarded,
            outcome,
            reply,
        } = redacted;
        let Forwarded { written, facts, .. } = forwarded;
        let line = match reply {
            Ok(line) => line,
            Err(reason) => no_answer(&facts.id, facts.tool_call, &reason),
        };
        match self.log.outcome(written, &outcome) {
            Ok(_) => Sealed::of(line),
            Err(error) => {
                tracing::error!(%error, "an outcome cannot be recorded");
                Sealed::of(no_answer(
                    &facts.id,
                    facts.tool_call,
                    &Reason::OutcomeNotRecorded,
                ))
            }
        }
    }

    /// Ends a call that has no answer.
    pub fn end(&self, forwarded: Forwarded, status: Status, reason: Reason) -> Sealed {
        let outcome = forwarded.outcome(status, Some(reason.blame()), Some(reason.code()));
        self.seal(Redacted {
            forwarded,
            outcome,
            reply: Err(reason),
        })
    }
}

/// What the agent is told where the call was let through: that it may have taken effect.
fn no_answer(id: &Id, tool_call: bool, reason: &Reason) -> Vec<u8> {
    let message = match reason {
        Reason::PluginFault { .. } | Reason::Quarantined { .. } | Reason::Withheld => {
            format!(
                "the call was executed; its answer is withheld: {}",
                reason.sentence()
            )
        }
        _ => reason.sentence().to_owned(),
    };
    if tool_call {
        encode::tool_refusal(id, &message)
    } else {
        encode::failure(Some(id), NO_ANSWER, &message, None)
    }
}
