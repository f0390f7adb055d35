//! Calls on their way: judged, held, committed, forwarded, cancelled, timed out.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use tokio::time::Instant;
use wardlet_audit::Status;
use wardlet_call::Reason;
use wardlet_mcp::{CallParams, Id, Message, encode, name, notice};

use super::calls::{Kept, Passing, Stage};
use super::{Session, once};
use crate::gate::{Call, Cleared, Held, Permit, Refused, Screened, Sealed};

/// The gate at work on a call.
type Judging = Pin<Box<dyn Future<Output = Screened>>>;

impl Session {
    /// Puts a call before the gate and goes on from what it says.
    pub(super) fn judge(self: &Rc<Self>, call: Call, line: &[u8]) {
        let (gate, id) = (Arc::clone(&self.gate), call.id.clone());
        let mut judging: Judging = Box::pin(async move { gate.screen(call).await });
        match once(judging.as_mut()) {
            Poll::Ready(screened) => self.judged(screened, line, None),
            Poll::Pending => {
                let line = self.calls.borrow().keep(line);
                self.judge_slowly(id, line, judging);
            }
        }
    }

    /// Waits for checks that take their time, beside everything else that goes on.
    fn judge_slowly(self: &Rc<Self>, id: Id, line: Kept, judging: Judging) {
        let stage = Stage::Judging {
            line: line.clone(),
            cancelled: false,
        };
        self.calls.borrow_mut().of_agent.insert(id.clone(), stage);
        let session = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let screened = judging.await;
            let stage = session.calls.borrow_mut().of_agent.remove(&id);
            match stage {
                Some(Stage::Judging {
                    cancelled: true, ..
                }) => session.send_refusal(screened.refuse(Reason::Cancelled)),
                Some(_) => session.judged(screened, &line, Some(line.clone())),
                // The session has ended, and the call with it.
                None => {}
            }
            session.settled.notify_one();
        });
    }

    /// Goes on from what the gate says of a call. Its line is kept where it has to wait further.
    fn judged(self: &Rc<Self>, screened: Screened, line: &[u8], kept: Option<Kept>) {
        let keep = || kept.unwrap_or_else(|| self.calls.borrow().keep(line));
        match screened {
            Screened::Refused(refused) => self.send_refusal(refused),
            Screened::Cleared(cleared) if cleared.is_durable() => {
                self.commit_durably(cleared, keep());
            }
            Screened::Cleared(cleared) => match self.gate.permit(cleared) {
                Ok(permit) => self.forward(permit, line),
                Err(refused) => self.send_refusal(refused),
            },
            Screened::Held(held) => self.hold(held, keep()),
        }
    }

    /// Waits for a human, beside everything else that goes on.
    fn hold(self: &Rc<Self>, held: Held, line: Kept) {
        let id = held.request().clone();
        if self.stopping.get() {
            return self.send_refusal(held.refuse(Reason::Stopping));
        }
        let asked = match self.approvals.ask(&self.gate, held) {
            Ok(asked) => asked,
            Err(refused) => return self.send_refusal(refused),
        };
        self.calls
            .borrow_mut()
            .of_agent
            .insert(id.clone(), Stage::Held(asked.id().to_owned()));
        let session = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let decided = asked.decided(&session.approvals).await;
            let stage = session.calls.borrow_mut().of_agent.remove(&id);
            match decided {
                Ok(cleared) if matches!(stage, Some(Stage::Committing { cancelled: true })) => {
                    session.send_refusal(cleared.refuse(Reason::Cancelled));
                }
                Ok(cleared) if !session.is_current(&cleared) => {
                    session.send_refusal(cleared.refuse(Reason::ToolChanged));
                }
                Ok(cleared) => session.commit_durably(cleared, line),
                Err(refused) => session.send_refusal(refused),
            }
            session.settled.notify_one();
        });
    }

    /// Whether the upstream still lists the tool of a call as it was when a human was asked. While
    /// its list is unknown nobody can say so.
    fn is_current(&self, cleared: &Cleared) -> bool {
        let Some((tool, definition)) = cleared.tool() else {
            return true;
        };
        let catalogue = self.catalogue.borrow();
        let listed = catalogue.known().and_then(|tools| tools.get(tool));
        listed.is_some_and(|listed| Some(listed.digest.as_str()) == definition)
    }

    /// Writes a decision that has to be on disk, on a thread that may wait for the disk.
    fn commit_durably(self: &Rc<Self>, cleared: Cleared, line: Kept) {
        let id = cleared.request().clone();
        self.calls
            .borrow_mut()
            .of_agent
            .insert(id.clone(), Stage::Committing { cancelled: false });
        let (session, gate) = (Rc::clone(self), Arc::clone(&self.gate));
        tokio::task::spawn_local(async move {
            let permitted = tokio::task::spawn_blocking(move || gate.permit(cleared)).await;
            let stage = session.calls.borrow_mut().of_agent.remove(&id);
            match permitted {
                Ok(Ok(permit)) if matches!(stage, Some(Stage::Committing { cancelled: true })) => {
                    let _ = permit.not_sent(&session.gate, Reason::Cancelled).reply();
                }
                // The session has ended and the agent has its answer: the entry is all that is left.
                Ok(Ok(permit)) if stage.is_none() => {
                    let _ = permit.not_sent(&session.gate, Reason::Stopping).reply();
                }
                Ok(Err(refused)) if stage.is_none() => {
                    let _ = session.gate.seal_refusal(refused).reply();
                }
                Ok(Ok(permit)) => session.forward(permit, &line),
                Ok(Err(refused)) => session.send_refusal(refused),
                // The thread panicked: nothing was forwarded, and nothing is said to be allowed.
                Err(error) => {
                    tracing::error!(%error, "a decision was lost");
                    let text = Reason::AuditUnavailable.sentence();
                    session.reply(encode::failure(Some(&id), crate::gate::REFUSED, text, None));
                }
            }
            session.settled.notify_one();
        });
    }

    /// Mints the token and hands the call to the upstream.
    fn forward(&self, permit: Permit, line: &[u8]) {
        let token = match self.gate.mint(&permit) {
            Ok(token) => token,
            Err(reason) => return self.send(permit.not_sent(&self.gate, reason)),
        };
        let Some((bytes, progress)) = encoded(&permit, line, token.as_deref()) else {
            return self.send(permit.not_sent(&self.gate, Reason::Malformed));
        };
        if self.to_upstream.send(bytes).is_err() {
            return self.send(permit.not_sent(&self.gate, Reason::UpstreamGone));
        }
        let forwarded = permit.forwarded(token.as_deref());
        let deadline = Instant::now() + self.timeout();
        let id = forwarded.id().clone();
        let stage = Stage::Forwarded {
            forwarded,
            progress,
            deadline,
        };
        self.calls.borrow_mut().of_agent.insert(id, stage);
    }

    /// The agent gives a request up. A call that has not left never leaves; for one that has, the
    /// upstream is told, and what it still answers reaches nobody.
    pub(super) fn cancel(&self, id: &Id, message: &Message<'_>) {
        let mut calls = self.calls.borrow_mut();
        match calls.of_agent.get(id) {
            Some(Stage::Held(held)) => {
                let held = held.clone();
                // A vote may have been counted that nobody has acted on yet; it comes too late.
                let cancelled = Stage::Committing { cancelled: true };
                calls.of_agent.insert(id.clone(), cancelled);
                drop(calls);
                self.approvals.withdraw(&held, Reason::Cancelled);
            }
            Some(Stage::Parked) => {
                let parked = calls.parked.iter().position(|(other, _)| other == id);
                let line = parked.map(|at| calls.parked.remove(at).1);
                calls.of_agent.remove(id);
                drop(calls);
                let line = line.as_deref().unwrap_or_default();
                self.refuse_kept(id, line, Reason::Cancelled);
            }
            Some(Stage::Forwarded { .. }) => {
                let Some(Stage::Forwarded { forwarded, .. }) = calls.of_agent.remove(id) else {
                    return;
                };
                calls.given_up.insert(id.clone());
                drop(calls);
                self.pass_to_upstream(encode::forward(message));
                // MCP wants no answer to a request that was cancelled; the log has its outcome.
                let _ = self
                    .gate
                    .end(forwarded, Status::Cancelled, Reason::Cancelled)
                    .reply();
            }
            // The gateway's own question is not the agent's to take back.
            Some(Stage::Passing(Passing::OwnToolList)) => {}
            Some(Stage::Passing(_)) => {
                calls.of_agent.remove(id);
                calls.given_up.insert(id.clone());
                drop(calls);
                self.pass_to_upstream(encode::forward(message));
            }
            // The verdict comes, and what follows it is a refusal.
            Some(Stage::Judging { line, .. }) => {
                let (line, cancelled) = (line.clone(), true);
                let stage = Stage::Judging { line, cancelled };
                calls.of_agent.insert(id.clone(), stage);
            }
            // Its decision is on the way to the disk, and what follows it is that nothing is sent.
            Some(Stage::Committing { .. }) => {
                calls
                    .of_agent
                    .insert(id.clone(), Stage::Committing { cancelled: true });
            }
            Some(Stage::Answering(_)) | None => {}
        }
    }

    /// Ends the calls whose time is up.
    pub(super) fn sweep(self: &Rc<Self>) {
        let now = Instant::now();
        if self
            .calls
            .borrow()
            .list_deadline
            .is_some_and(|deadline| deadline <= now)
        {
            self.list_failed();
        }
        let late: Vec<Id> = {
            let calls = self.calls.borrow();
            let late = |(id, stage): (&Id, &Stage)| match stage {
                Stage::Forwarded { deadline, .. } if *deadline <= now => Some(id.clone()),
                _ => None,
            };
            calls.of_agent.iter().filter_map(late).collect()
        };
        for id in late {
            let stage = self.calls.borrow_mut().of_agent.remove(&id);
            if let Some(Stage::Forwarded { forwarded, .. }) = stage {
                self.calls.borrow_mut().given_up.insert(id.clone());
                let params = format!(r#"{{"requestId":{},"reason":"timeout"}}"#, id.raw());
                self.pass_to_upstream(encode::notification(name::CANCELLED, Some(&params)));
                self.send(
                    self.gate
                        .end(forwarded, Status::Timeout, Reason::UpstreamTimeout),
                );
            }
        }
    }

    /// Ends everything that is under way.
    pub(super) fn end_all(&self, reason: &Reason) {
        let calls = std::mem::take(&mut *self.calls.borrow_mut());
        for (id, line) in &calls.parked {
            self.refuse_kept(id, line, reason.clone());
        }
        for (id, stage) in calls.of_agent {
            match stage {
                Stage::Forwarded { forwarded, .. } => {
                    self.send(self.gate.end(forwarded, Status::Unknown, reason.clone()));
                }
                // What the upstream answered was not searched to the end, so that nobody may see it.
                Stage::Answering(Some(forwarded)) => {
                    self.send(self.gate.end(*forwarded, Status::Unknown, reason.clone()));
                }
                Stage::Judging { line, .. } => self.refuse_kept(&id, &line, reason.clone()),
                Stage::Passing(Passing::OwnToolList) | Stage::Parked => {}
                Stage::Passing(_)
                | Stage::Held(_)
                | Stage::Committing { .. }
                | Stage::Answering(None) => {
                    let code = crate::gate::NO_ANSWER;
                    self.reply(encode::failure(Some(&id), code, reason.sentence(), None));
                }
            }
        }
    }

    pub(super) fn send_refusal(&self, refused: Refused) {
        self.send(self.gate.seal_refusal(refused));
    }

    /// Sends a sealed answer: the only way in which the answer to a call reaches the agent.
    pub(super) fn send(&self, sealed: Sealed) {
        self.reply(sealed.reply().into_bytes());
    }

    /// Sends a line that needs no entry.
    pub(super) fn reply(&self, line: Vec<u8>) {
        if self.to_agent.send(line).is_err() {
            tracing::debug!("the agent is gone");
        }
    }

    /// Sends a line that needs no decision. Whether the upstream takes it.
    pub(super) fn pass_to_upstream(&self, line: Vec<u8>) -> bool {
        self.to_upstream.send(line).is_ok()
    }
}

/// The line for the upstream, and the token under which the agent wants progress.
fn encoded(permit: &Permit, line: &[u8], token: Option<&str>) -> Option<(Vec<u8>, Option<Id>)> {
    let message = Message::decode(line).ok()?;
    let progress = notice::progress_token(message.params()).ok()?;
    let bytes = match token {
        Some(token) => {
            let params = CallParams::parse(message.params()?).ok()?;
            permit.tool_call(message.id()?, &params, token, message.rest())?
        }
        None => match permit.params() {
            Some(params) => encode::with_params(&message, params)?,
            None => encode::forward(&message),
        },
    };
    Some((bytes, progress))
}
