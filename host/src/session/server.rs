//! Lines of the upstream, and its list of tools.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;
use wardlet_call::Reason;
use wardlet_mcp::{
    CallParams, Direction, Id, Message, Route, ToolPage, capabilities, encode, era, name, notice,
};

use super::Session;
use super::calls::{Kept, Passing, Stage};
use super::catalogue::{Catalogue, Step};
use super::order::Effect;
use super::redacting::Kind;
use crate::gate::{Call, NO_ANSWER};

/// How long the upstream may take for its list of tools: servers that install themselves at first
/// use have been seen to take tens of seconds.
const LIST_TIMEOUT: Duration = Duration::from_secs(60);

/// Where the gateway's own ids begin: far above those of any client, and below the 2^53 up to which
/// a JavaScript server keeps numbers exact.
const OWN_IDS: u64 = 1 << 52;

impl Session {
    /// Takes a line of the upstream.
    pub(super) fn from_server(self: &Rc<Self>, line: &[u8]) {
        let message = match Message::decode(line) {
            Ok(message) => message,
            Err(error) => return self.rubbish(&format!("no message ({error})")),
        };
        match &message {
            Message::Response { id, .. } | Message::Failure { id: Some(id), .. } => {
                self.answer_of_server(id, &message, line);
            }
            Message::Failure { id: None, .. } => self.rubbish("an error that answers nothing"),
            Message::Request { id, .. } => self.request_of_server(id, &message, line),
            Message::Notification { .. } => self.notification_of_server(&message, line),
        }
    }

    fn answer_of_server(self: &Rc<Self>, id: &Id, message: &Message<'_>, line: &[u8]) {
        if self.calls.borrow_mut().given_up.remove(id) {
            return tracing::debug!("an answer that nobody waits for any more is dropped");
        }
        let stage = self.calls.borrow_mut().of_agent.remove(id);
        match stage {
            Some(Stage::Forwarded { forwarded, .. }) => {
                self.redact(id, (message, line), forwarded);
            }
            Some(Stage::Passing(Passing::OwnToolList)) => self.own_page(message),
            Some(Stage::Passing(Passing::ToolList { first })) => {
                self.pass_page(id, (message, line), first);
            }
            Some(Stage::Passing(passing)) => {
                if passing == Passing::Initialize {
                    self.initialised(message);
                }
                let cleaning = Box::pin(self.gate.clean(message));
                self.pass_answer(id, (message, line), cleaning);
            }
            // Nobody may be answered before the call was even forwarded, or twice.
            Some(
                stage @ (Stage::Judging { .. }
                | Stage::Parked
                | Stage::Held(_)
                | Stage::Committing { .. }
                | Stage::Answering(_)),
            ) => {
                self.calls.borrow_mut().of_agent.insert(id.clone(), stage);
                self.rubbish("an answer to a request that it does not have");
            }
            None => self.rubbish("an answer to nobody"),
        }
    }

    fn initialised(&self, message: &Message<'_>) {
        if let Message::Response { result, .. } = message {
            let mut lifecycle = self.lifecycle.borrow_mut();
            lifecycle.version = era::of_initialize(result).ok().flatten();
            lifecycle.tells_changed_tools = capabilities::tells_changed_tools(result);
        }
    }

    /// The agent's list of tools, without those that could never be allowed.
    fn pass_page(self: &Rc<Self>, id: &Id, came: (&Message<'_>, &[u8]), first: bool) {
        let Message::Response { result, .. } = came.0 else {
            let cleaning = Box::pin(self.gate.clean(came.0));
            return self.pass_answer(id, came, cleaning);
        };
        let Ok(page) = ToolPage::parse(result) else {
            return self.reply(no_answer(id, &Reason::UpstreamMalformed));
        };
        self.catalogue.borrow_mut().observe(&page, first);
        self.lifecycle.borrow_mut().listed = true;
        let (set, server) = (self.gate.policy_set(), self.gate.server());
        let shown = page.filtered(|tool| set.rules().could_allow(server, tool));
        let cleaning = Box::pin(self.gate.clean_result(set, shown));
        self.pass_answer(id, came, cleaning);
    }

    fn request_of_server(self: &Rc<Self>, id: &Id, message: &Message<'_>, line: &[u8]) {
        if self.calls.borrow().server_is_full() {
            self.refuse_server(id, &Reason::TooManyRequests);
        } else {
            self.pass_in_order((message, line), Kind::Request(id.clone()));
        }
    }

    fn notification_of_server(self: &Rc<Self>, message: &Message<'_>, line: &[u8]) {
        let route = Route::of_message(Direction::ToAgent, message);
        if message.method() == Some(name::TOOLS_CHANGED) {
            self.catalogue.borrow_mut().changed();
        }
        let mut effect = Effect::Nothing;
        if route == Some(Route::Cancelled)
            && let Ok(Some(id)) = notice::cancelled(message.params())
        {
            effect = Effect::TakenBack(id);
        }
        if route == Some(Route::Progress)
            && let Ok(Some(token)) = notice::progress(message.params())
        {
            // A server that reports progress is at work.
            self.calls
                .borrow_mut()
                .postpone(&token, Instant::now() + self.timeout());
        }
        self.pass_in_order((message, line), Kind::Notification(effect));
    }

    /// Keeps a tool call until the list of tools is there, and asks for the list.
    pub(super) fn park(&self, id: &Id, message: &Message<'_>, line: &[u8]) {
        {
            let mut calls = self.calls.borrow_mut();
            calls.of_agent.insert(id.clone(), Stage::Parked);
            let line = calls.keep(line);
            calls.parked.push((id.clone(), line));
        }
        if matches!(*self.catalogue.borrow(), Catalogue::Loading { .. }) {
            return;
        }
        self.calls.borrow_mut().list_deadline = Some(Instant::now() + LIST_TIMEOUT);
        self.ask_for_list(meta_of(message).as_deref());
    }

    fn ask_for_list(&self, meta: Option<&str>) {
        let (tools, pages, stale) = (HashMap::new(), 0, false);
        *self.catalogue.borrow_mut() = Catalogue::Loading {
            tools,
            pages,
            stale,
        };
        self.ask_for_page(None, meta);
    }

    fn ask_for_page(&self, cursor: Option<&str>, meta: Option<&str>) {
        let cursor = cursor.map(|c| wardlet_call::Json::String(c.to_owned()).to_text());
        let members: Vec<String> = [
            cursor.map(|cursor| format!("\"cursor\":{cursor}")),
            meta.map(|meta| format!("\"_meta\":{meta}")),
        ]
        .into_iter()
        .flatten()
        .collect();
        let params = (!members.is_empty()).then(|| format!("{{{}}}", members.join(",")));
        let id = self.own_id();
        self.calls
            .borrow_mut()
            .of_agent
            .insert(id.clone(), Stage::Passing(Passing::OwnToolList));
        self.pass_to_upstream(encode::request(&id, name::TOOLS_LIST, params.as_deref()));
    }

    /// An id that no request under way has.
    fn own_id(&self) -> Id {
        loop {
            let next = self.next_id.get() + 1;
            self.next_id.set(next);
            let id = Id::number(OWN_IDS + next);
            if !self.calls.borrow().in_use(&id) {
                return id;
            }
        }
    }

    /// A page that the gateway asked for.
    fn own_page(self: &Rc<Self>, message: &Message<'_>) {
        let page = match message {
            Message::Response { result, .. } => ToolPage::parse(result).ok(),
            _ => None,
        };
        let Some(page) = page else {
            return self.list_failed();
        };
        let step = self.catalogue.borrow_mut().add(&page);
        match step {
            Step::Next(cursor) => self.ask_for_page(Some(&cursor), self.parked_meta().as_deref()),
            Step::Again => self.ask_for_list(self.parked_meta().as_deref()),
            Step::Done => self.unpark(),
            Step::TooMuch => self.list_failed(),
        }
    }

    /// The `_meta` of the first call that waits for the list.
    fn parked_meta(&self) -> Option<String> {
        let calls = self.calls.borrow();
        meta_of(&Message::decode(&calls.parked.first()?.1).ok()?)
    }

    /// Judges the calls that waited for the list.
    fn unpark(self: &Rc<Self>) {
        for (id, line) in self.take_parked() {
            let Ok(message) = Message::decode(&line) else {
                continue;
            };
            let version = era::of_request(message.params()).ok().flatten();
            let Some(Ok(params)) = message.params().map(CallParams::parse) else {
                continue;
            };
            self.judge_tool_call(&id, (&message, &params), version, &line);
        }
    }

    /// No list, no tools: what waited for it is refused, and the next call asks again.
    pub(super) fn list_failed(self: &Rc<Self>) {
        *self.catalogue.borrow_mut() = Catalogue::Unknown;
        let own =
            |_: &Id, stage: &mut Stage| !matches!(stage, Stage::Passing(Passing::OwnToolList));
        self.calls.borrow_mut().of_agent.retain(own);
        self.refuse_all_parked(&Reason::NoToolList);
    }

    /// Refuses the calls that wait for the list.
    pub(super) fn refuse_all_parked(&self, reason: &Reason) {
        for (id, line) in self.take_parked() {
            self.refuse_kept(&id, &line, reason.clone());
        }
    }

    fn take_parked(&self) -> Vec<(Id, Kept)> {
        let mut calls = self.calls.borrow_mut();
        calls.list_deadline = None;
        let parked = std::mem::take(&mut calls.parked);
        for (id, _) in &parked {
            calls.of_agent.remove(id);
        }
        parked
    }

    /// Refuses a call of which nothing is left but its line.
    pub(super) fn refuse_kept(&self, id: &Id, line: &[u8], reason: Reason) {
        let Ok(message) = Message::decode(line) else {
            return;
        };
        let params = message.params().map(CallParams::parse);
        let call = match (message.method(), params) {
            (Some(name::TOOLS_CALL), Some(Ok(params))) => {
                self.call_of(id, (&message, &params), None)
            }
            (method, _) => Call::unread(id.clone(), method.unwrap_or_default()),
        };
        self.send_refusal(self.gate.refuse(&call, reason));
    }
}

/// The `_meta` of a request of the modern era, whose requests need one; the gateway's own request
/// speaks for the same client.
fn meta_of(message: &Message<'_>) -> Option<String> {
    era::of_request(message.params()).ok()??;
    let params = wardlet_mcp::Members::parse(message.params()?).ok()?;
    let meta = wardlet_mcp::Members::parse(params.get("_meta")?).ok()?;
    let members = meta
        .iter()
        .filter(|m| m.name().starts_with("io.modelcontextprotocol/"));
    let members: Vec<String> = members
        .map(|member| {
            let name = wardlet_call::Json::String(member.name().to_owned()).to_text();
            format!("{name}:{}", member.value().get())
        })
        .collect();
    Some(format!("{{{}}}", members.join(",")))
}

pub(super) fn no_answer(id: &Id, reason: &Reason) -> Vec<u8> {
    encode::failure(Some(id), NO_ANSWER, reason.sentence(), None)
}
