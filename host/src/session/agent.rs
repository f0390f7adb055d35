//! Lines of the agent.

use std::rc::Rc;

use wardlet_call::{Json, MAX_EXACT, Reason};
use wardlet_mcp::{
    CallParams, Direction, Flaw, Id, Line, Members, Message, Route, encode, era, name, notice,
};

use super::calls::{Passing, Stage};
use super::malformed::Flood;
use super::{Session, beside};
use crate::gate::Call;

/// JSON-RPC code for a request that is refused before it is a call (JSON-RPC 2.0, section 5.1).
const INVALID_REQUEST: i64 = -32600;

/// Whether an upstream that reads numbers as doubles answers under this very id: it would take two
/// larger integers for one, and their answers would change places.
fn is_exact(id: &Id) -> bool {
    let number = id.raw().parse::<i64>();
    id.raw().starts_with('"') || number.is_ok_and(|number| number.unsigned_abs() <= MAX_EXACT)
}

impl Session {
    /// Takes a line of the agent.
    pub(super) fn from_agent(self: &Rc<Self>, line: Line<'_>) -> Result<(), Flood> {
        let line = match line {
            Line::Whole(line) => line,
            Line::TooLong { .. } => return self.malformed(&Flaw::TooLong.into()),
        };
        let message = match Message::decode(line) {
            Ok(message) => message,
            Err(error) => return self.malformed(&error),
        };
        match &message {
            Message::Response { .. } | Message::Failure { .. } => {
                self.answer_of_agent(&message);
                Ok(())
            }
            Message::Notification { .. } => self.notification_of_agent(&message),
            Message::Request { id, .. } => self.request_of_agent(id, &message, line),
        }
    }

    /// An answer to a request of the upstream. Nobody waits for any other.
    fn answer_of_agent(&self, message: &Message<'_>) {
        let known = message
            .id()
            .is_some_and(|id| self.calls.borrow_mut().of_server.remove(id));
        if known {
            self.pass_to_upstream(encode::forward(message));
        } else {
            tracing::debug!("an answer to nobody is dropped");
        }
    }

    fn notification_of_agent(self: &Rc<Self>, message: &Message<'_>) -> Result<(), Flood> {
        match Route::of_message(Direction::ToUpstream, message) {
            Some(Route::Cancelled) => match notice::cancelled(message.params()) {
                Ok(Some(id)) => {
                    self.cancel(&id, message);
                    Ok(())
                }
                Ok(None) => Ok(()),
                Err(flaw) => self.malformed(&flaw.into()),
            },
            Some(Route::Lifecycle | Route::Progress | Route::RootsChanged) => {
                self.pass_to_upstream(encode::forward(message));
                Ok(())
            }
            _ => self.method_notification(message),
        }
    }

    fn request_of_agent(
        self: &Rc<Self>,
        id: &Id,
        message: &Message<'_>,
        line: &[u8],
    ) -> Result<(), Flood> {
        if !is_exact(id) {
            return self.malformed_request(id, Flaw::BadId);
        }
        let (in_use, full) = {
            let calls = self.calls.borrow();
            (calls.in_use(id), calls.agent_is_full())
        };
        if in_use || full {
            let reason = if in_use {
                Reason::IdInUse
            } else {
                Reason::TooManyRequests
            };
            self.refuse_request(id, message, reason);
            return Ok(());
        }
        let route = Route::of_message(Direction::ToUpstream, message);
        let Ok(version) = era::of_request(message.params()) else {
            return self.malformed_request(id, Flaw::BadMember("_meta"));
        };
        // A request of the modern era brings its version along and needs no session.
        let early = version.is_none() && !self.lifecycle.borrow().begun;
        match route {
            Some(Route::Lifecycle | Route::Ping) => self.pass_request(id, message),
            _ if early => self.refuse_request(id, message, Reason::NotInitialised),
            Some(Route::List) => self.pass_request(id, message),
            Some(Route::ToolCall) => return self.tool_call(id, message, line, version),
            _ => return self.method_call(id, message, line, version),
        }
        Ok(())
    }

    /// A request that needs no decision.
    fn pass_request(&self, id: &Id, message: &Message<'_>) {
        let passing = match message.method() {
            Some(name::INITIALIZE) => {
                self.lifecycle.borrow_mut().begun = true;
                Passing::Initialize
            }
            Some(name::TOOLS_LIST) => {
                let members = message.params().map(Members::parse).transpose();
                let first =
                    members.is_ok_and(|members| members.is_none_or(|m| m.get("cursor").is_none()));
                Passing::ToolList { first }
            }
            _ => Passing::Other,
        };
        self.calls
            .borrow_mut()
            .of_agent
            .insert(id.clone(), Stage::Passing(passing));
        if !self.pass_to_upstream(encode::forward(message)) {
            self.calls.borrow_mut().of_agent.remove(id);
            self.reply(encode::failure(
                Some(id),
                crate::gate::NO_ANSWER,
                Reason::UpstreamGone.sentence(),
                None,
            ));
        }
    }

    fn tool_call(
        self: &Rc<Self>,
        id: &Id,
        message: &Message<'_>,
        line: &[u8],
        version: Option<String>,
    ) -> Result<(), Flood> {
        let params = match message.params().map(CallParams::parse) {
            Some(Ok(params)) => params,
            Some(Err(flaw)) => return self.malformed_request(id, flaw),
            None => return self.malformed_request(id, Flaw::BadParams),
        };
        if self.catalogue.borrow().known().is_none() {
            self.park(id, message, line);
        } else {
            self.judge_tool_call(id, (message, &params), version, line);
        }
        Ok(())
    }

    /// Judges a tool call now that the list of tools is known.
    pub(super) fn judge_tool_call(
        self: &Rc<Self>,
        id: &Id,
        (message, params): (&Message<'_>, &CallParams<'_>),
        version: Option<String>,
        line: &[u8],
    ) {
        let call = self.call_of(id, (message, params), version);
        if params.meta_has(crate::token::META_KEY) {
            self.send_refusal(self.gate.refuse(&call, Reason::ReservedMeta));
        } else {
            self.judge(call, line);
        }
    }

    /// The call that a request asks for, with what is known of its tool.
    pub(super) fn call_of(
        &self,
        id: &Id,
        (message, params): (&Message<'_>, &CallParams<'_>),
        version: Option<String>,
    ) -> Call {
        let listed = self
            .catalogue
            .borrow()
            .known()
            .and_then(|t| t.get(&params.name).cloned());
        Call {
            id: id.clone(),
            method: name::TOOLS_CALL.to_owned(),
            tool: Some(params.name.clone()),
            listed,
            arguments: params.arguments.clone(),
            arguments_bytes: params.arguments_bytes(),
            beside: beside::of_tool_call(message, params),
            protocol: version.or_else(|| self.lifecycle.borrow().version.clone()),
        }
    }

    /// A method beside tool calls: only what the configuration names is even looked at.
    fn method_call(
        self: &Rc<Self>,
        id: &Id,
        message: &Message<'_>,
        line: &[u8],
        version: Option<String>,
    ) -> Result<(), Flood> {
        let arguments = match message.params().map(|params| Json::parse(params.get())) {
            Some(Ok(params)) => Some(params),
            None => None,
            Some(Err(_)) => return self.malformed_request(id, Flaw::BadParams),
        };
        let call = Call {
            arguments,
            arguments_bytes: message.params().map_or(0, |params| params.get().len()),
            beside: beside::of_request(message),
            protocol: version.or_else(|| self.lifecycle.borrow().version.clone()),
            ..Call::unread(id.clone(), message.method().unwrap_or_default())
        };
        self.judge(call, line);
        Ok(())
    }

    /// A notification that is neither lifecycle, cancellation nor progress: refused, which nobody is
    /// told but the log. A flood of them is one of messages that cannot be judged.
    fn method_notification(&self, message: &Message<'_>) -> Result<(), Flood> {
        if !self.count_malformed()? {
            return Ok(());
        }
        let call = Call {
            protocol: self.lifecycle.borrow().version.clone(),
            // A notification has no id; nobody is answered under this one.
            ..Call::unread(Id::number(0), message.method().unwrap_or_default())
        };
        let refused = self.gate.refuse(&call, Reason::UnnamedMethod);
        let _ = self.gate.seal_refusal(refused).reply();
        Ok(())
    }

    /// Refuses a request before anything of it is judged. What would have needed a decision gets its
    /// entry all the same.
    fn refuse_request(&self, id: &Id, message: &Message<'_>, reason: Reason) {
        let route = Route::of_message(Direction::ToUpstream, message);
        if let Some(Route::ToolCall | Route::Other) = route {
            let tool = message
                .params()
                .and_then(|p| CallParams::parse(p).ok())
                .map(|p| p.name);
            let is_tool_call = route == Some(Route::ToolCall);
            let call = Call {
                tool: is_tool_call.then(|| tool.unwrap_or_default()),
                protocol: self.lifecycle.borrow().version.clone(),
                ..Call::unread(id.clone(), message.method().unwrap_or_default())
            };
            let refused = self.gate.refuse(&call, reason.clone());
            let _ = self.gate.seal_refusal(refused).reply();
        }
        let text = format!("refused: {}", reason.sentence());
        // An answer under an id that is in use would be taken for that of the first request.
        let id = (reason != Reason::IdInUse).then_some(id);
        self.reply(encode::failure(id, INVALID_REQUEST, &text, None));
    }
}
