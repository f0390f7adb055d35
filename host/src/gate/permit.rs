//! The permit: proof that a call was allowed and that its decision is in the log.

use wardlet_audit::{Durability, Effect, Outcome, Room, Status, Token, WrittenDecision};
use wardlet_call::{Blame, Denial, Reason};
use wardlet_keys::{base64url, digest};
use wardlet_mcp::{CallParams, Id, Members, encode};

use super::Gate;
use super::facts::{Facts, TOKEN_LIFETIME_S, micros, outcome};
use super::screen::{Cleared, Refused};
use super::seal::Sealed;
use crate::token::{self, Minted};

/// Proof that a call may be forwarded. Only [`Gate::permit`] makes one, from a cleared call whose
/// decision entry it has written; forwarding takes it.
#[must_use = "a permitted call is forwarded or recorded as not sent"]
pub struct Permit {
    written: WrittenDecision,
    facts: Box<Facts>,
    arguments: Option<String>,
}

/// A call that was handed to the upstream. Its answer, or the lack of one, ends in the log.
#[must_use = "a forwarded call needs its outcome"]
pub struct Forwarded {
    pub(super) written: WrittenDecision,
    pub(super) facts: Box<Facts>,
    pub(super) token: Option<String>,
    pub(super) sent: std::time::Instant,
}

impl Gate {
    /// Writes the decision entry, and gives the permit for it. Nothing of the call leaves before.
    ///
    /// # Errors
    /// [`Refused`] where the entry cannot be written: audit unavailable means calls refused; and
    /// where the policy set is not that under which a human agreed: the approval is void.
    pub fn permit(&self, cleared: Cleared) -> Result<Permit, Refused> {
        let Cleared {
            mut facts,
            arguments,
            durable,
        } = cleared;
        if facts.tool_call {
            facts.token = self.plan_token();
        }
        // What is left on the disk is for the outcomes of calls that are under way; of what it has no room for,
        // the calls with a high risk are refused first.
        match self.log.room() {
            Room::Plenty => {}
            Room::Nearly if !durable => {}
            room => {
                tracing::error!(?room, "the disk of the log has no room for a call");
                return Err(Refused::new(facts, Denial::new(Reason::AuditUnavailable)));
            }
        }
        if let Some(why) = self.witnesses.as_ref().and_then(|all| all.refuses()) {
            tracing::error!(why, "the log is not witnessed, and a call is refused");
            return Err(Refused::new(facts, Denial::new(Reason::AuditUnavailable)));
        }
        let decision = facts.decision(Effect::Allow, None);
        let durability = if durable {
            Durability::Durable
        } else {
            Durability::Written
        };
        let write = || self.log.decision(&decision, durability);
        let written = match facts.approval {
            Some(_) => self.current.only_under(&facts.set, write),
            None => Some(write()),
        };
        let Some(written) = written else {
            return Err(Refused::new(facts, Denial::new(Reason::PolicyChanged)));
        };
        match written {
            Ok(written) => Ok(Permit {
                written,
                facts,
                arguments,
            }),
            Err(error) => {
                tracing::error!(%error, "the decision cannot be recorded");
                Err(Refused::new(facts, Denial::new(Reason::AuditUnavailable)))
            }
        }
    }

    /// What the token of a call will say; the decision entry says it first.
    fn plan_token(&self) -> Option<Token> {
        let jti = wardlet_keys::random::<16>().ok()?;
        Some(Token {
            aud: token::audience(&self.name, self.server.as_str()),
            exp: self.now_s() + TOKEN_LIFETIME_S,
            jti: base64url::encode(&jti),
        })
    }

    /// Mints the token for exactly the call of this permit.
    ///
    /// # Errors
    /// [`Reason::AuditUnavailable`] where no token can be signed: the call is not sent.
    pub fn mint(&self, permit: &Permit) -> Result<Option<String>, Reason> {
        if !permit.facts.tool_call {
            return Ok(None);
        }
        let facts = &permit.facts;
        let (Some(token), Some((arguments, salt))) = (&facts.token, &facts.arguments) else {
            return Err(Reason::AuditUnavailable);
        };
        let minted = Minted {
            gateway: &self.name,
            token,
            lifetime: TOKEN_LIFETIME_S,
            principal: facts.principal(),
            txn: &facts.txn,
            tool: &facts.name,
            arguments: &arguments.commitment,
            salt: &salt.0,
            definition: facts.target.definition.as_deref(),
            approval: facts
                .approval
                .as_ref()
                .map(|approval| approval.statement.as_str()),
            decision: permit.written.index(),
        };
        self.keys
            .token()
            .sign_jwt(&minted.claims())
            .map(Some)
            .map_err(|error| {
                tracing::error!(%error, "no token can be signed");
                Reason::AuditUnavailable
            })
    }
}

impl Permit {
    /// The line for the upstream: the agent's request with the arguments that were judged and the
    /// token; its other members as they came. Takes the parameters from which the call was made.
    #[must_use]
    pub fn tool_call(
        &self,
        id: &Id,
        params: &CallParams<'_>,
        token: &str,
        rest: &Members<'_>,
    ) -> Option<Vec<u8>> {
        if params.name != self.facts.name || *id != self.facts.id || !self.facts.tool_call {
            return None;
        }
        // A compact JWT has no character that JSON escapes.
        let token = format!("\"{token}\"");
        let arguments = self.arguments.as_deref();
        Some(encode::call(
            id,
            params,
            arguments,
            Some((token::META_KEY, &token)),
            rest,
        ))
    }

    /// The parameters that were judged, for another method than a tool call.
    #[must_use]
    pub fn params(&self) -> Option<&str> {
        self.arguments.as_deref()
    }

    /// Says that the call was handed over with this token. The permit is used up.
    pub fn forwarded(self, token: Option<&str>) -> Forwarded {
        let digest = |token: &str| base64url::encode(&digest::sha256(token.as_bytes()));
        Forwarded {
            written: self.written,
            facts: self.facts,
            token: token.map(digest),
            sent: std::time::Instant::now(),
        }
    }

    /// Says that nothing of the call was handed over, and why.
    pub fn not_sent(self, gate: &Gate, reason: Reason) -> Sealed {
        let forwarded = self.forwarded(None);
        gate.end(forwarded, Status::NotSent, reason)
    }
}

impl Forwarded {
    /// The id under which the agent waits.
    #[must_use]
    pub fn id(&self) -> &Id {
        &self.facts.id
    }

    /// The outcome entry without an answer.
    pub(super) fn outcome(
        &self,
        status: Status,
        blame: Option<Blame>,
        reason: Option<&str>,
    ) -> Outcome {
        let mut outcome = outcome(status, blame, reason);
        outcome.token.clone_from(&self.token);
        outcome.timings.upstream_us = Some(micros(self.sent.elapsed()));
        outcome
    }
}
