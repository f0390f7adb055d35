//! Calls that wait for a human.
//!
//! A vote is on a statement: the exact arguments, tool, definition and set of policies, with a
//! nonce. It counts once, before it expires, and for nothing else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use wardlet_audit::{Approval, ApprovalRequest, ApprovalVote, Choice, Event, Vote as VoteEntry};
use wardlet_call::{Denial, Reason, RuleName};
use wardlet_keys::digest;
use wardlet_mcp::Id;

use super::facts::{Facts, micros};
use super::screen::{Cleared, Refused, Screened};
use super::statement::Statement;
use super::{Gate, PolicySet};

/// Calls that may wait at one time. A person cannot look at more; an agent that floods the queue
/// is refused instead of hiding one call among thousands.
const MAX_HELD: usize = 100;

/// Bytes of arguments that a human can be asked about. What cannot be shown whole is not shown.
const MAX_SHOWN: usize = 1 << 20;

/// A rule that asks, with the code and sentence of its policy where a policy asked.
pub(super) type Asking = (RuleName, Option<(String, String)>);

/// A call that waits, before anybody was asked.
#[must_use]
pub struct Held {
    facts: Box<Facts>,
    arguments: Option<String>,
    pending: Pending,
    expires: Duration,
}

impl Held {
    /// The id under which the agent waits.
    #[must_use]
    pub fn request(&self) -> &Id {
        &self.facts.id
    }

    /// Refuses it without asking anybody.
    pub fn refuse(self, reason: Reason) -> Refused {
        Refused::new(self.facts, Denial::new(reason))
    }
}

/// A call that waits, for whoever decides.
#[derive(Clone, Debug)]
pub struct Pending {
    /// What the person types: eight hexadecimal digits.
    pub id: String,
    /// The upstream.
    pub server: String,
    /// The tool or method.
    pub name: String,
    /// The canonical arguments: exactly what will be forwarded, in canonical order.
    pub arguments: String,
    /// What is sent beside them (canonical JSON), where there is anything: `_meta`, unknown members.
    pub beside: Option<String>,
    /// Why it is held: each rule, with the sentence of the policy that asked.
    pub reasons: Vec<(RuleName, Option<String>)>,
    /// What is voted on.
    pub statement: Statement,
    /// Seconds since 1970.
    pub created: u64,
    /// Seconds since 1970.
    pub expires: u64,
}

/// A vote that counts.
struct Vote {
    /// Whose it is: a pseudonym.
    approver: String,
    choice: Choice,
}

/// Why a vote does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// No such call waits: it was decided, it expired, it is void, or it never was.
    #[error("no call with this id is waiting")]
    NotWaiting,
    /// The vote is on another statement than the one that waits.
    #[error("the vote is on another statement than the one that is waiting")]
    OtherStatement,
    /// The vote cannot be recorded, so it does not count.
    #[error("the vote cannot be recorded")]
    NotRecorded,
}

struct Waiting {
    pending: Pending,
    /// What it was judged by; under any other set a vote means nothing.
    set: Arc<PolicySet>,
    request: u64,
    answer: oneshot::Sender<Result<Vote, Reason>>,
}

/// The calls that wait.
#[derive(Default)]
pub struct Approvals(Mutex<BTreeMap<String, Waiting>>);

impl Gate {
    pub(super) fn hold(
        &self,
        facts: Box<Facts>,
        (arguments, canonical, beside): (Option<String>, String, Option<String>),
        asked: Vec<Asking>,
        expires: Duration,
    ) -> Screened {
        if canonical.len() + beside.as_ref().map_or(0, String::len) > MAX_SHOWN {
            let denial = Denial::new(Reason::Uninspectable);
            return Screened::Refused(Refused::new(facts, denial));
        }
        let created = self.now_s();
        let pending = Pending {
            id: wardlet_keys::random::<4>()
                .map(|id| digest::hex(&id))
                .unwrap_or_default(),
            server: self.server.to_string(),
            name: facts.name.clone(),
            reasons: asked
                .iter()
                .map(|(rule, policy)| {
                    (
                        rule.clone(),
                        policy.as_ref().map(|(_, sentence)| sentence.clone()),
                    )
                })
                .collect(),
            statement: self.statement(&facts, (&asked, beside.as_deref()), (created, expires)),
            arguments: canonical,
            beside,
            created,
            expires: created + expires.as_secs(),
        };
        Screened::Held(Held {
            facts,
            arguments,
            pending,
            expires,
        })
    }
}

/// A call on whose decision somebody waits.
#[must_use]
pub struct Asked {
    held: Held,
    answer: oneshot::Receiver<Result<Vote, Reason>>,
    begun: Instant,
}

impl Approvals {
    /// Puts a held call before those who decide, after its request entry is written.
    ///
    /// # Errors
    /// [`Refused`] where too many wait, the policy set has changed, or the entry cannot be written.
    pub fn ask(&self, gate: &Gate, held: Held) -> Result<Asked, Refused> {
        // Under the lock: a swap that comes now finds the call here and takes it back.
        let mut waiting = self.lock();
        if !gate.is_current(&held.facts.set) {
            return Err(held.refuse(Reason::PolicyChanged));
        }
        if waiting.len() >= MAX_HELD
            || held.pending.id.is_empty()
            || waiting.contains_key(&held.pending.id)
        {
            return Err(Refused::new(held.facts, Denial::new(Reason::TooManyHeld)));
        }
        let request = match gate
            .log
            .record(&Event::ApprovalRequest(request_entry(&held)))
        {
            Ok(index) => index,
            Err(error) => {
                tracing::error!(%error, "a request for approval cannot be recorded");
                return Err(Refused::new(
                    held.facts,
                    Denial::new(Reason::AuditUnavailable),
                ));
            }
        };
        let (answer, receiver) = oneshot::channel();
        let (pending, set) = (held.pending.clone(), Arc::clone(&held.facts.set));
        tracing::info!(
            target: "wardlet::gate",
            id = %pending.id, server = %pending.server,
            "a call waits for a human: `wardlet approvals show {}`", pending.id
        );
        waiting.insert(
            pending.id.clone(),
            Waiting {
                pending,
                set,
                request,
                answer,
            },
        );
        Ok(Asked {
            held,
            answer: receiver,
            begun: Instant::now(),
        })
    }

    /// The calls that wait, the oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Pending> {
        let mut list: Vec<Pending> = self.lock().values().map(|w| w.pending.clone()).collect();
        list.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        list
    }

    /// Counts a vote on a statement. The first vote decides; the call then waits no more, so that no
    /// vote counts twice. The vote's entry is written before the vote has an effect.
    ///
    /// # Errors
    /// [`ApprovalError`]
    pub fn vote(
        &self,
        gate: &Gate,
        (id, statement): (&str, &str),
        choice: Choice,
        approver: &str,
    ) -> Result<(), ApprovalError> {
        let mut waiting = self.lock();
        let found = waiting.get(id).ok_or(ApprovalError::NotWaiting)?;
        if found.pending.statement.digest != statement {
            return Err(ApprovalError::OtherStatement);
        }
        let void = !gate.is_current(&found.set);
        if void || found.answer.is_closed() || gate.now_s() >= found.pending.expires {
            return Err(ApprovalError::NotWaiting);
        }
        // Before the call waits no more: whoever cannot be named in an entry has no vote.
        let approver = gate.principals.pseudonym(approver).map_err(|error| {
            tracing::error!(%error, "a vote cannot be recorded");
            ApprovalError::NotRecorded
        })?;
        let Waiting {
            pending,
            request,
            answer,
            ..
        } = waiting.remove(id).ok_or(ApprovalError::NotWaiting)?;
        let entry = ApprovalVote {
            approver: approver.clone(),
            choice,
            request,
            statement: pending.statement.digest,
        };
        if let Err(error) = gate.log.record(&Event::ApprovalVote(entry)) {
            tracing::error!(%error, "a vote cannot be recorded");
            // The call is refused: nobody can be asked again while the log takes nothing.
            let _ = answer.send(Err(Reason::AuditUnavailable));
            return Err(ApprovalError::NotRecorded);
        }
        answer
            .send(Ok(Vote { approver, choice }))
            .map_err(|_| ApprovalError::NotWaiting)
    }

    /// Takes a call back, for example because the agent gave it up.
    pub fn withdraw(&self, id: &str, reason: Reason) {
        if let Some(waiting) = self.lock().remove(id) {
            let _ = waiting.answer.send(Err(reason));
        }
    }

    /// Takes the calls back that were judged by another set than the gate's current one.
    pub(super) fn withdraw_void(&self, gate: &Gate, reason: &Reason) {
        let mut waiting = self.lock();
        for (_, void) in waiting.extract_if(.., |_, waiting| !gate.is_current(&waiting.set)) {
            let _ = void.answer.send(Err(reason.clone()));
        }
    }

    /// Takes all calls back.
    pub fn withdraw_all(&self, reason: &Reason) {
        for (_, waiting) in std::mem::take(&mut *self.lock()) {
            let _ = waiting.answer.send(Err(reason.clone()));
        }
    }

    fn forget(&self, id: &str) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asked {
    /// The id under which it waits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.held.pending.id
    }

    /// Waits for the vote. No vote in time is a denial.
    ///
    /// # Errors
    /// [`Refused`] unless a human agreed to exactly this call.
    pub async fn decided(self, approvals: &Approvals) -> Result<Cleared, Refused> {
        let Asked {
            held,
            answer,
            begun,
        } = self;
        let Held {
            mut facts,
            arguments,
            pending,
            expires,
        } = held;
        let answer = tokio::time::timeout(expires, answer).await;
        approvals.forget(&pending.id);
        facts.timings.hold_us = Some(micros(begun.elapsed()));
        let rule = pending.reasons.first().map(|(rule, _)| rule.clone());
        let refuse = |facts, reason| Err(Refused::new(facts, Denial { reason, rule }));
        match answer {
            Err(_) => refuse(facts, Reason::ApprovalExpired),
            Ok(Err(_)) => refuse(facts, Reason::Stopping),
            Ok(Ok(Err(reason))) => refuse(facts, reason),
            Ok(Ok(Ok(vote))) => {
                let choice = vote.choice;
                let votes = vec![VoteEntry {
                    approver: vote.approver,
                    choice,
                }];
                facts.approval = Some(Approval {
                    statement: pending.statement.digest,
                    votes,
                });
                match choice {
                    Choice::Approve => Ok(Cleared {
                        facts,
                        arguments,
                        durable: true,
                    }),
                    Choice::Deny => refuse(facts, Reason::ApprovalDenied),
                }
            }
        }
    }
}

fn request_entry(held: &Held) -> ApprovalRequest {
    let Held { facts, pending, .. } = held;
    let decision = facts.decision(wardlet_audit::Effect::Deny, None);
    ApprovalRequest {
        arguments: decision.arguments,
        expires: pending.expires,
        principal: decision.principal,
        rules: pending
            .reasons
            .iter()
            .map(|(rule, _)| rule.to_string())
            .collect(),
        statement: pending.statement.digest.clone(),
        target: decision.target,
        txn: decision.txn,
    }
}
