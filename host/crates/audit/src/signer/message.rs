//! What gateway and signer say to one another: a length in four bytes, the highest first, and that
//! many bytes of JSON.

use std::io::{self, Read, Write};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wardlet_keys::VerifyingKey;

use super::SignError;
use crate::merkle::Hash;
use crate::merkle::proof::{MAX_PROOF_HASHES, ProofError};
use crate::text;
use crate::verify::Head;

/// The longest message: a proof has 64 hashes of 44 characters, a checkpoint with the signatures of
/// its log some hundred bytes.
pub const MAX_MESSAGE_BYTES: usize = 16 * 1024;

/// How long a signer may take for an answer. It signs and writes one small file, which takes
/// milliseconds, on a busy disk a second.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// What a gateway asks for.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Request {
    /// The public keys.
    Keys,
    /// What was signed last.
    Last,
    /// A checkpoint.
    Sign {
        size: u64,
        root: String,
        consistency: Vec<String>,
    },
}

impl Request {
    pub(super) fn sign(size: u64, root: &Hash, consistency: &[Hash]) -> Self {
        Request::Sign {
            size,
            root: text::base64(root),
            consistency: consistency.iter().map(|hash| text::base64(hash)).collect(),
        }
    }
}

/// What the signer answers.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Answer {
    /// The public keys, as verifier keys of C2SP signed-note.
    Keys(Vec<String>),
    /// Nothing was signed so far.
    Nothing,
    /// What was signed last.
    Last { size: u64, root: String },
    /// The signed checkpoint.
    Note(String),
    /// As [`SignError::Shorter`].
    Shorter { size: u64, last: u64 },
    /// As [`SignError::NotAnExtension`].
    NotAnExtension { last: u64, why: ProofError },
    /// The signer cannot sign, for this reason.
    Unable(String),
}

impl Answer {
    pub(super) fn keys(keys: Result<Vec<VerifyingKey>, SignError>) -> Self {
        match keys {
            Ok(keys) => Answer::Keys(keys.iter().map(ToString::to_string).collect()),
            Err(error) => Answer::refused(&error),
        }
    }

    pub(super) fn last(last: Result<Option<Head>, SignError>) -> Self {
        match last {
            Ok(None) => Answer::Nothing,
            Ok(Some(head)) => Answer::Last {
                size: head.size,
                root: text::base64(&head.root),
            },
            Err(error) => Answer::refused(&error),
        }
    }

    pub(super) fn signed(signed: Result<String, SignError>) -> Self {
        match signed {
            Ok(note) => Answer::Note(note),
            Err(error) => Answer::refused(&error),
        }
    }

    fn refused(error: &SignError) -> Self {
        match *error {
            SignError::Shorter { size, last } => Answer::Shorter { size, last },
            SignError::NotAnExtension { last, why } => Answer::NotAnExtension { last, why },
            ref error => Answer::Unable(error.to_string()),
        }
    }

    /// The error that an answer stands for, where it is none of those that were asked for.
    pub(super) fn error(self) -> SignError {
        match self {
            Answer::Shorter { size, last } => SignError::Shorter { size, last },
            Answer::NotAnExtension { last, why } => SignError::NotAnExtension { last, why },
            Answer::Unable(why) => SignError::Unable { why },
            Answer::Keys(_) | Answer::Nothing | Answer::Last { .. } | Answer::Note(_) => {
                SignError::Answer {
                    why: "it is the answer to another request".to_owned(),
                }
            }
        }
    }
}

/// The hashes of a request; none where one is no hash, or where there are more than a proof has.
pub(super) fn hashes(root: &str, consistency: &[String]) -> Option<(Hash, Vec<Hash>)> {
    if consistency.len() > MAX_PROOF_HASHES {
        return None;
    }
    let hashes: Option<Vec<Hash>> = consistency.iter().map(|hash| text::hash(hash)).collect();
    Some((text::hash(root)?, hashes?))
}

/// Sends one message.
pub(super) fn send(stream: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    send_within(MAX_MESSAGE_BYTES, stream, message)
}

/// Sends one message of at most so many bytes.
pub(crate) fn send_within(
    most: usize,
    stream: &mut impl Write,
    message: &impl Serialize,
) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    if body.len() > most {
        return Err(io::Error::other("the message is too long"));
    }
    // In one piece, so that no timeout of the other end falls between its parts.
    stream.write_all(&[&length.to_be_bytes(), body.as_slice()].concat())
}

/// Reads one message.
pub(super) fn receive<M: DeserializeOwned>(stream: &mut impl Read) -> io::Result<M> {
    receive_within(MAX_MESSAGE_BYTES, stream)
}

/// Reads one message of at most so many bytes.
pub(crate) fn receive_within<M: DeserializeOwned>(
    most: usize,
    stream: &mut impl Read,
) -> io::Result<M> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > most {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a message has {length} bytes, of {most} at most"),
        ));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    serde_json::from_slice(&body).map_err(io::Error::from)
}
