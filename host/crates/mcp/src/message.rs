//! The envelope of JSON-RPC 2.0.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::flaw::{Flaw, WireError};
use crate::id::Id;
use crate::members::{Members, as_string, is_object};
use crate::unique::check_unique;

/// Longest method, in bytes. The longest of MCP has 36; a stranger's method is written into entries.
pub const MAX_METHOD_BYTES: usize = 128;

const KNOWN: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];

/// One message. Values borrow from the line it was read from, as they were written.
///
/// `rest` holds the members of the envelope that JSON-RPC does not know; they are forwarded.
#[derive(Clone, Debug)]
pub enum Message<'a> {
    /// Wants an answer.
    Request {
        /// Under which the answer comes.
        id: Id,
        /// At most [`MAX_METHOD_BYTES`].
        method: Cow<'a, str>,
        /// An object that means the same to all readers (see [`check_unique`]).
        params: Option<&'a RawValue>,
        /// Unknown members of the envelope.
        rest: Members<'a>,
    },
    /// Wants none.
    Notification {
        /// At most [`MAX_METHOD_BYTES`].
        method: Cow<'a, str>,
        /// An object that means the same to all readers (see [`check_unique`]).
        params: Option<&'a RawValue>,
        /// Unknown members of the envelope.
        rest: Members<'a>,
    },
    /// The answer to a request.
    Response {
        /// That of the request.
        id: Id,
        /// Any value; not looked into.
        result: &'a RawValue,
        /// Unknown members of the envelope.
        rest: Members<'a>,
    },
    /// The answer to a request that failed.
    Failure {
        /// That of the request; none (missing or null) if its sender could not read it.
        id: Option<Id>,
        /// An object; not looked into.
        error: &'a RawValue,
        /// Unknown members of the envelope.
        rest: Members<'a>,
    },
}

/// The envelope's members, each at its place.
#[derive(Default)]
struct Envelope<'a> {
    version: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    params: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    rest: Members<'a>,
    twice: bool,
    id_twice: bool,
}

impl<'a> Message<'a> {
    /// Reads one message. White space around it is taken, so that a body of HTTP may end in a newline.
    ///
    /// The length is the reader's to bound (see [`crate::Lines`]). `params` are checked at every
    /// depth, results are not: whoever judges a result parses it.
    ///
    /// # Errors
    /// Every [`Flaw`] but [`Flaw::TooLong`], [`Flaw::Missing`] and [`Flaw::BadMember`]; with the id of
    /// the request, where there is one.
    pub fn decode(line: &'a [u8]) -> Result<Self, WireError> {
        let text = std::str::from_utf8(line).map_err(|_| Flaw::NotUtf8)?;
        let members = Members::shallow(text).map_err(|flaw| match flaw {
            Flaw::NotObject => kind_of_other(text),
            flaw => flaw,
        })?;
        let envelope = Envelope::sort(members);
        let id = envelope.id_to_answer();
        envelope.message().map_err(|kind| WireError { kind, id })
    }

    /// The method of a request or notification.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        match self {
            Message::Request { method, .. } | Message::Notification { method, .. } => Some(method),
            Message::Response { .. } | Message::Failure { .. } => None,
        }
    }

    /// The parameters of a request or notification.
    #[must_use]
    pub fn params(&self) -> Option<&'a RawValue> {
        match self {
            Message::Request { params, .. } | Message::Notification { params, .. } => *params,
            Message::Response { .. } | Message::Failure { .. } => None,
        }
    }

    /// The id of a request, or of the request that is answered.
    #[must_use]
    pub fn id(&self) -> Option<&Id> {
        match self {
            Message::Request { id, .. } | Message::Response { id, .. } => Some(id),
            Message::Failure { id, .. } => id.as_ref(),
            Message::Notification { .. } => None,
        }
    }

    /// The members of the envelope that JSON-RPC does not know.
    #[must_use]
    pub fn rest(&self) -> &Members<'a> {
        match self {
            Message::Request { rest, .. }
            | Message::Notification { rest, .. }
            | Message::Response { rest, .. }
            | Message::Failure { rest, .. } => rest,
        }
    }
}

/// What a text is that does not begin as an object does.
fn kind_of_other(text: &str) -> Flaw {
    match serde_json::from_str::<IgnoredAny>(text) {
        Err(_) => Flaw::NotJson,
        Ok(_) if text.trim_start().starts_with('[') => Flaw::Batch,
        Ok(_) => Flaw::NotObject,
    }
}

impl<'a> Envelope<'a> {
    fn sort(members: Members<'a>) -> Self {
        let mut envelope = Envelope {
            twice: members.has_duplicate(),
            ..Envelope::default()
        };
        for member in members.0 {
            let place = match &*member.name {
                "jsonrpc" => &mut envelope.version,
                "id" => &mut envelope.id,
                "method" => &mut envelope.method,
                "params" => &mut envelope.params,
                "result" => &mut envelope.result,
                "error" => &mut envelope.error,
                _ => {
                    envelope.rest.0.push(member);
                    continue;
                }
            };
            let before = place.replace(member.value);
            // Which of two ids is meant cannot be known, so that nobody is answered.
            envelope.id_twice |= before.is_some() && member.name == "id";
        }
        envelope
    }

    /// See [`WireError::id`].
    fn id_to_answer(&self) -> Option<Id> {
        let answers = self.result.is_some() || self.error.is_some();
        let variant = self.rest.check_case(&["id"]).is_err();
        if answers || variant || self.id_twice {
            None
        } else {
            Id::parse(self.id?).ok()
        }
    }

    fn message(self) -> Result<Message<'a>, Flaw> {
        if self.twice {
            return Err(Flaw::Duplicate);
        }
        self.rest.check_case(&KNOWN)?;
        if self
            .version
            .is_none_or(|version| version.get() != r#""2.0""#)
        {
            return Err(Flaw::BadVersion);
        }
        let rest = self.rest;
        match (self.method, self.result, self.error) {
            (Some(method), None, None) => {
                let method = as_string(method)?
                    .filter(|m| m.len() <= MAX_METHOD_BYTES)
                    .ok_or(Flaw::BadMethod)?;
                // Before `params`, so that a request is not taken for a notification.
                let id = self.id.map(Id::parse).transpose()?;
                let params = self.params.map(checked_params).transpose()?;
                Ok(match id {
                    Some(id) => Message::Request {
                        id,
                        method,
                        params,
                        rest,
                    },
                    None => Message::Notification {
                        method,
                        params,
                        rest,
                    },
                })
            }
            (None, Some(result), None) if self.params.is_none() => {
                let id = Id::parse(self.id.ok_or(Flaw::NoId)?)?;
                Ok(Message::Response { id, result, rest })
            }
            (None, None, Some(error)) if self.params.is_none() => {
                let id = self
                    .id
                    .filter(|id| id.get() != "null")
                    .map(Id::parse)
                    .transpose()?;
                if is_object(error) {
                    Ok(Message::Failure { id, error, rest })
                } else {
                    Err(Flaw::BadError)
                }
            }
            _ => Err(Flaw::BadShape),
        }
    }
}

fn checked_params(params: &RawValue) -> Result<&RawValue, Flaw> {
    if !is_object(params) {
        return Err(Flaw::BadParams);
    }
    check_unique(params)?;
    Ok(params)
}

#[cfg(test)]
mod tests;
