//! Lines of the upstream on their way past the redactors to the agent. Where the redactors take their
//! time, a line waits beside everything else that goes on.

use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use wardlet_call::Reason;
use wardlet_mcp::{Id, Message};

use super::calls::Stage;
use super::order::{Effect, Place, Ready};
use super::server::no_answer;
use super::{Session, once};
use crate::gate::{Answer, Cleaned, Forwarded};

/// The redactors at work.
type Cleaning = Pin<Box<dyn Future<Output = Cleaned>>>;

/// A line that keeps its order.
pub(super) enum Kind {
    /// A notification, and what it does once it has reached the agent.
    Notification(Effect),
    /// A request.
    Request(Id),
}

impl Session {
    /// Redacts the answer to a call, seals it, and sends it after what came before it.
    pub(super) fn redact(
        self: &Rc<Self>,
        id: &Id,
        (message, line): (&Message<'_>, &[u8]),
        forwarded: Forwarded,
    ) {
        let Some(answer) = Answer::of(message) else {
            return;
        };
        let mut cleaning: Cleaning = Box::pin(self.gate.clean_answer(&forwarded, answer));
        if let Poll::Ready(cleaned) = once(cleaning.as_mut()) {
            let place = self.order.borrow().last();
            return self.answer(place, (forwarded, answer), cleaned);
        }
        let stage = Stage::Answering(Some(Box::new(forwarded)));
        self.redact_slowly(id, line, cleaning, stage);
    }

    /// Sends the answer to a request that passed without a decision, as far as `cleaning` lets it.
    pub(super) fn pass_answer(
        self: &Rc<Self>,
        id: &Id,
        (message, line): (&Message<'_>, &[u8]),
        mut cleaning: Cleaning,
    ) {
        if let Poll::Ready(cleaned) = once(cleaning.as_mut()) {
            let place = self.order.borrow().last();
            return self.answer_passing(place, (id, message), cleaned);
        }
        self.redact_slowly(id, line, cleaning, Stage::Answering(None));
    }

    /// Waits for the redactors of an answer. Its id stays taken meanwhile.
    fn redact_slowly(self: &Rc<Self>, id: &Id, line: &[u8], cleaning: Cleaning, stage: Stage) {
        let place = self.order.borrow_mut().begin_answer();
        let (session, id, line) = (Rc::clone(self), id.clone(), self.searched.keep(line));
        self.calls.borrow_mut().of_agent.insert(id.clone(), stage);
        tokio::task::spawn_local(async move {
            let cleaned = cleaning.await;
            session.order.borrow_mut().end_answer();
            let stage = session.calls.borrow_mut().of_agent.remove(&id);
            let message = Message::decode(&line);
            match (stage, &message) {
                (Some(Stage::Answering(Some(forwarded))), Ok(message)) => {
                    if let Some(answer) = Answer::of(message) {
                        session.answer(place, (*forwarded, answer), cleaned);
                    }
                }
                (Some(Stage::Answering(None)), Ok(message)) => {
                    session.answer_passing(place, (&id, message), cleaned);
                }
                // The session has ended, and the call with it.
                _ => {}
            }
            session.settled.notify_one();
        });
    }

    fn answer(
        &self,
        place: Option<Place>,
        (forwarded, answer): (Forwarded, Answer<'_>),
        cleaned: Cleaned,
    ) {
        let redacted = self.gate.redact(forwarded, answer, cleaned);
        let sealed = self.gate.seal(redacted);
        self.send_behind(place, sealed.reply().into_bytes());
    }

    fn answer_passing(
        &self,
        place: Option<Place>,
        (id, message): (&Id, &Message<'_>),
        cleaned: Cleaned,
    ) {
        let line = match self.gate.pass(message, cleaned) {
            Ok(passed) => passed.into_bytes(),
            Err(reason) => no_answer(id, &reason),
        };
        self.send_behind(place, line);
    }

    /// Sends an answer once everything up to `place` is sent.
    fn send_behind(&self, place: Option<Place>, line: Vec<u8>) {
        let ready = self.ready(Some(line), Effect::Nothing);
        let now = self.order.borrow_mut().behind(place, ready);
        self.release(now);
    }

    /// Sends a notification or a request of the upstream in its turn, as far as the redactors let it.
    pub(super) fn pass_in_order(
        self: &Rc<Self>,
        (message, line): (&Message<'_>, &[u8]),
        kind: Kind,
    ) {
        let mut cleaning: Cleaning = Box::pin(self.gate.clean(message));
        let cleaned = once(cleaning.as_mut());
        let place = self.order.borrow_mut().take();
        if let Poll::Ready(cleaned) = cleaned {
            let ready = self.passed(message, cleaned, kind);
            let now = self.order.borrow_mut().fill(place, ready);
            return self.release(now);
        }
        let (session, line) = (Rc::clone(self), self.searched.keep(line));
        tokio::task::spawn_local(async move {
            let cleaned = cleaning.await;
            let ready = match Message::decode(&line) {
                Ok(message) => session.passed(&message, cleaned, kind),
                Err(_) => session.ready(None, Effect::Nothing),
            };
            let now = session.order.borrow_mut().fill(place, ready);
            session.release(now);
            session.settled.notify_one();
        });
    }

    fn passed(&self, message: &Message<'_>, cleaned: Cleaned, kind: Kind) -> Ready {
        match (self.gate.pass(message, cleaned), kind) {
            (Ok(passed), Kind::Notification(effect)) => {
                self.ready(Some(passed.into_bytes()), effect)
            }
            (Ok(passed), Kind::Request(id)) => {
                self.ready(Some(passed.into_bytes()), Effect::Asked(id))
            }
            (Err(reason), Kind::Notification(effect)) => {
                tracing::warn!(reason = reason.code(), "a notification is withheld");
                self.ready(None, effect)
            }
            (Err(reason), Kind::Request(id)) => {
                self.refuse_server(&id, &reason);
                self.ready(None, Effect::Nothing)
            }
        }
    }

    fn ready(&self, line: Option<Vec<u8>>, effect: Effect) -> Ready {
        let bytes = line.as_ref().map_or(0, Vec::len);
        Ready {
            line,
            effect,
            _weight: self.searched.weigh(bytes),
        }
    }

    pub(super) fn release(&self, now: impl IntoIterator<Item = Ready>) {
        for ready in now {
            match ready.effect {
                Effect::Nothing => {}
                Effect::Asked(id) => {
                    self.calls.borrow_mut().of_server.insert(id);
                }
                Effect::TakenBack(id) => {
                    self.calls.borrow_mut().of_server.remove(&id);
                }
            }
            if let Some(line) = ready.line {
                self.reply(line);
            }
        }
    }

    /// Answers a request of the upstream that the agent is not shown.
    pub(super) fn refuse_server(&self, id: &Id, reason: &Reason) {
        // An upstream that asks and does not read must not fill the memory with answers.
        if self.to_upstream.has_room() {
            self.pass_to_upstream(no_answer(id, reason));
        } else {
            self.rubbish("a request, and reads no answer");
        }
    }

    /// Whether more may be taken of the upstream while redactors are at work.
    pub(super) fn may_take_more(&self) -> bool {
        self.order.borrow().has_room(self.searched.bytes())
    }
}
