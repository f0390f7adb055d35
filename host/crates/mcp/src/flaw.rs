//! What is wrong with a message, and how JSON-RPC says so.

use crate::id::Id;

/// JSON-RPC 2.0, section 5.1: the text is not JSON.
const PARSE_ERROR: i64 = -32700;
/// JSON-RPC 2.0, section 5.1: the JSON is not a request.
const INVALID_REQUEST: i64 = -32600;
/// JSON-RPC 2.0, section 5.1: the method cannot take these parameters.
const INVALID_PARAMS: i64 = -32602;

/// Why a message, or a part of it, is not taken. No text quotes the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Flaw {
    /// A byte sequence that RFC 3629 forbids.
    #[error("the message is not UTF-8")]
    NotUtf8,
    /// Not one JSON text (RFC 8259) and nothing else.
    #[error("the message is not JSON")]
    NotJson,
    /// Longer than the limit of the reader, in bytes.
    #[error("the message is too long")]
    TooLong,
    /// A top-level array. MCP had batches in version 2025-03-26 alone, and no element of one would be judged.
    #[error("json-rpc batches are not taken")]
    Batch,
    /// A top-level value that is neither object nor array.
    #[error("the message is not an object")]
    NotObject,
    /// An object that holds a member name twice, escaped or not.
    #[error("an object has the same member name twice")]
    Duplicate,
    /// A name that equals a known one but for the case of its letters, as readers that ignore case
    /// (Go's `encoding/json`) would take it for the known one.
    #[error("a member name differs from a known one only by the case of its letters")]
    CaseVariant,
    /// Half of a UTF-16 surrogate pair: readers replace it, so that different texts become one.
    #[error("a string holds a lone surrogate")]
    LoneSurrogate,
    /// Nested deeper than [`wardlet_call::MAX_DEPTH`].
    #[error("the message is nested too deeply")]
    TooDeep,
    /// An id that is neither string nor integer, or over [`crate::MAX_ID_BYTES`].
    #[error("the id is not a string or an integer of at most 128 bytes")]
    BadId,
    /// `jsonrpc` is missing or not `"2.0"`.
    #[error("the member `jsonrpc` is not \"2.0\"")]
    BadVersion,
    /// A method that is no string, or over [`crate::MAX_METHOD_BYTES`].
    #[error("the method is not a string of at most 128 bytes")]
    BadMethod,
    /// None of `method`, `result` and `error`, or more than one of them.
    #[error("the message is not exactly one of request, notification, result and error")]
    BadShape,
    /// A response without an id.
    #[error("the response has no id")]
    NoId,
    /// `error` is not an object.
    #[error("the member `error` is not an object")]
    BadError,
    /// `params` is not an object (MCP has no positional parameters).
    #[error("the member `params` is not an object")]
    BadParams,
    /// A member that the method needs is missing.
    #[error("the member `{0}` is missing")]
    Missing(&'static str),
    /// A member has a value of the wrong type or over its limit.
    #[error("the member `{0}` has a value that is not allowed there")]
    BadMember(&'static str),
}

impl Flaw {
    /// The code of JSON-RPC 2.0, section 5.1.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Flaw::NotUtf8 | Flaw::NotJson => PARSE_ERROR,
            Flaw::BadParams | Flaw::Missing(_) | Flaw::BadMember(_) => INVALID_PARAMS,
            _ => INVALID_REQUEST,
        }
    }

    /// What the sender can do about it, where that is not plain from the text.
    #[must_use]
    pub fn hint(self) -> Option<&'static str> {
        match self {
            Flaw::Batch => Some("send each message on a line of its own"),
            Flaw::Duplicate | Flaw::CaseVariant => {
                Some("send each member once: two readers could take two different values")
            }
            Flaw::NotJson => Some("a byte order mark, a comment or a second value is not taken"),
            _ => None,
        }
    }
}

/// A message that is not taken, with the id under which its sender waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct WireError {
    /// What is wrong.
    pub kind: Flaw,
    /// The id of the envelope, where it stands there once, is legal, and is the sender's own: the id
    /// of a malformed response is not, since it belongs to a request of the other side.
    pub id: Option<Id>,
}

impl WireError {
    /// The code of JSON-RPC 2.0, section 5.1.
    #[must_use]
    pub fn code(&self) -> i64 {
        self.kind.code()
    }

    /// One sentence for the sender; it quotes nothing of the message.
    #[must_use]
    pub fn message(&self) -> String {
        self.kind.to_string()
    }

    /// What the sender can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        self.kind.hint()
    }
}

impl From<Flaw> for WireError {
    fn from(kind: Flaw) -> Self {
        WireError { kind, id: None }
    }
}
