//! Messages as lines. Each ends in `\n` and holds no other `\n` or `\r`: outside of strings, where JSON
//! escapes them, they are white space and become spaces.
//!
//! Parameters called `…_text` are JSON texts, which the caller has parsed or written.

use std::borrow::Cow;

use crate::id::Id;
use crate::members::{Member, Members, same_folded};
use crate::message::Message;
use crate::method::name;
use crate::params::{ARGUMENTS, CallParams, META, NAME};

/// What an envelope takes beside its values.
const ENVELOPE_BYTES: usize = 128;

/// A tool call: the members of `params` in their order, with the arguments as they were parsed, or
/// `arguments_text` in their place, and with one more member in `_meta`, if given, where it replaces one
/// of the same name (see [`CallParams::meta_has`]).
#[must_use]
pub fn call(
    id: &Id,
    params: &CallParams<'_>,
    arguments_text: Option<&str>,
    meta_member: Option<(&str, &str)>,
    envelope_rest: &Members<'_>,
) -> Vec<u8> {
    let parsed = || {
        params
            .arguments
            .as_ref()
            .map(|arguments| Cow::Owned(arguments.to_text()))
    };
    let mut arguments = arguments_text.map(Cow::Borrowed).or_else(parsed);
    let mut added = meta_member;
    let mut text = begin(arguments.as_ref().map_or(0, |a| a.len()) + size(params.members()));
    text.member("id", id.raw());
    text.name("method");
    text.string(name::TOOLS_CALL);
    text.name("params");
    text.open(b'{');
    text.members(params.members(), |text, member| {
        match member.name() {
            NAME => {
                text.name(NAME);
                text.string(&params.name);
            }
            ARGUMENTS => {
                if let Some(arguments) = arguments.take() {
                    text.member(ARGUMENTS, &arguments);
                }
            }
            META => meta(text, params.meta.as_ref(), added.take()),
            _ => return false,
        }
        true
    });
    if let Some(arguments) = arguments {
        text.member(ARGUMENTS, &arguments);
    }
    if added.is_some() {
        meta(&mut text, None, added);
    }
    text.close(b'}');
    end(text, envelope_rest)
}

fn meta(text: &mut Text, members: Option<&Members<'_>>, added: Option<(&str, &str)>) {
    text.name(META);
    text.open(b'{');
    if let Some(members) = members {
        let replaced =
            |member: &Member<'_>| added.is_some_and(|(name, _)| same_folded(member.name(), name));
        text.members(members, |_, member| replaced(member));
    }
    if let Some((name, value)) = added {
        text.member(name, value);
    }
    text.close(b'}');
}

/// A message that nobody judged, rebuilt from what was parsed. Values are copied once, as they are.
#[must_use]
pub fn forward(message: &Message<'_>) -> Vec<u8> {
    match message {
        Message::Request { params, .. } | Message::Notification { params, .. } => {
            asking(message, params.map(serde_json::value::RawValue::get))
        }
        Message::Response { result, .. } => answering(message, "result", result.get()),
        Message::Failure { error, .. } => answering(message, "error", error.get()),
    }
}

/// A request or notification with other parameters; none for an answer.
#[must_use]
pub fn with_params(message: &Message<'_>, params_text: &str) -> Option<Vec<u8>> {
    message.method().map(|_| asking(message, Some(params_text)))
}

/// A response with another result; none for any other message.
#[must_use]
pub fn with_result(message: &Message<'_>, result_text: &str) -> Option<Vec<u8>> {
    matches!(message, Message::Response { .. }).then(|| answering(message, "result", result_text))
}

/// A failure with another error object; none for any other message.
#[must_use]
pub fn with_error(message: &Message<'_>, error_text: &str) -> Option<Vec<u8>> {
    matches!(message, Message::Failure { .. }).then(|| answering(message, "error", error_text))
}

/// A request of the gate's own.
#[must_use]
pub fn request(id: &Id, method: &str, params_text: Option<&str>) -> Vec<u8> {
    let mut text = begin(params_text.map_or(0, str::len));
    text.member("id", id.raw());
    method_and_params(&mut text, method, params_text);
    end(text, &Members::default())
}

/// A notification of the gate's own.
#[must_use]
pub fn notification(method: &str, params_text: Option<&str>) -> Vec<u8> {
    let mut text = begin(params_text.map_or(0, str::len));
    method_and_params(&mut text, method, params_text);
    end(text, &Members::default())
}

/// A response of the gate's own.
#[must_use]
pub fn response(id: &Id, result_text: &str) -> Vec<u8> {
    let mut text = begin(result_text.len());
    text.member("id", id.raw());
    text.member("result", result_text);
    end(text, &Members::default())
}

/// An error of the gate's own. Without an id (it could not be read) the member is left out: MCP's
/// schema knows no null there.
#[must_use]
pub fn failure(id: Option<&Id>, code: i64, message: &str, data_text: Option<&str>) -> Vec<u8> {
    let mut text = begin(message.len() + data_text.map_or(0, str::len));
    if let Some(id) = id {
        text.member("id", id.raw());
    }
    text.name("error");
    text.open(b'{');
    text.member("code", &code.to_string());
    text.name("message");
    text.string(message);
    if let Some(data) = data_text {
        text.member("data", data);
    }
    text.close(b'}');
    end(text, &Members::default())
}

/// The answer to a tool call that was refused, as a result, so that the model reads why and can react.
///
/// `resultType` is required since 2026-07-28; before, a result may hold members that nobody knows.
#[must_use]
pub fn tool_refusal(id: &Id, reason: &str) -> Vec<u8> {
    let mut result = Text::new(reason.len() + ENVELOPE_BYTES);
    result.raw(r#"{"content":[{"type":"text","text":"#);
    result.string(reason);
    result.raw(r#"}],"isError":true,"resultType":"complete"}"#);
    response(id, &result.into_string())
}

fn asking(message: &Message<'_>, params_text: Option<&str>) -> Vec<u8> {
    let mut text = begin(params_text.map_or(0, str::len) + size(message.rest()));
    if let Some(id) = message.id() {
        text.member("id", id.raw());
    }
    method_and_params(&mut text, message.method().unwrap_or_default(), params_text);
    end(text, message.rest())
}

fn answering(message: &Message<'_>, member: &str, value_text: &str) -> Vec<u8> {
    let mut text = begin(value_text.len() + size(message.rest()));
    if let Some(id) = message.id() {
        text.member("id", id.raw());
    }
    text.member(member, value_text);
    end(text, message.rest())
}

fn method_and_params(text: &mut Text, method: &str, params_text: Option<&str>) {
    text.name("method");
    text.string(method);
    if let Some(params) = params_text {
        text.member("params", params);
    }
}

fn size(members: &Members<'_>) -> usize {
    members
        .iter()
        .map(|member| member.name_text.len() + member.value.get().len() + 2)
        .sum()
}

fn begin(bytes: usize) -> Text {
    let mut text = Text::new(bytes + ENVELOPE_BYTES);
    text.open(b'{');
    text.name("jsonrpc");
    text.string("2.0");
    text
}

fn end(mut text: Text, rest: &Members<'_>) -> Vec<u8> {
    text.members(rest, |_, _| false);
    text.close(b'}');
    text.0.push(b'\n');
    text.0
}

/// JSON text that is being written. A comma goes before whatever does not follow an opening bracket,
/// which tells it from the last byte: no value ends in one.
pub(crate) struct Text(Vec<u8>);

impl Text {
    pub(crate) fn new(bytes: usize) -> Self {
        Text(Vec::with_capacity(bytes))
    }

    pub(crate) fn open(&mut self, bracket: u8) {
        self.0.push(bracket);
    }

    pub(crate) fn close(&mut self, bracket: u8) {
        self.0.push(bracket);
    }

    pub(crate) fn name(&mut self, name: &str) {
        self.comma();
        self.string(name);
        self.0.push(b':');
    }

    pub(crate) fn item(&mut self, value_text: &str) {
        self.comma();
        self.raw(value_text);
    }

    fn member(&mut self, name: &str, value_text: &str) {
        self.name(name);
        self.raw(value_text);
    }

    /// All members as they were written, but for those that `instead` takes care of.
    pub(crate) fn members(
        &mut self,
        members: &Members<'_>,
        mut instead: impl FnMut(&mut Self, &Member<'_>) -> bool,
    ) {
        for member in members.iter() {
            if !instead(self, member) {
                self.comma();
                self.raw(member.name_text);
                self.0.push(b':');
                self.raw(member.value.get());
            }
        }
    }

    pub(crate) fn into_string(self) -> String {
        // Only texts and ASCII went in.
        String::from_utf8(self.0).unwrap_or_default()
    }

    fn comma(&mut self) {
        if !matches!(self.0.last(), Some(b'{' | b'[') | None) {
            self.0.push(b',');
        }
    }

    /// A JSON text, on one line.
    fn raw(&mut self, text: &str) {
        let mut at = self.0.len();
        self.0.extend_from_slice(text.as_bytes());
        while let Some(rest) = self.0.get_mut(at..) {
            let Some(offset) = memchr::memchr2(b'\n', b'\r', rest) else {
                return;
            };
            if let Some(byte) = rest.get_mut(offset) {
                *byte = b' ';
            }
            at += offset + 1;
        }
    }

    fn string(&mut self, text: &str) {
        // Writing a string into memory does not fail.
        serde_json::to_writer(&mut self.0, text).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests;
