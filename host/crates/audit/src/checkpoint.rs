//! Checkpoints (C2SP tlog-checkpoint): the size and root of a log, as the text of a signed note.

use std::fmt;

use wardlet_keys::{EntryKey, KeyError, VerifyingKey};

use crate::merkle::Hash;
use crate::note::{Note, NoteError};
use crate::text;

/// Why something is no checkpoint, or not one to trust.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note is none, or nobody that is trusted signed it.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text of the note is not what the format says.
    #[error("not a checkpoint: {why}")]
    Malformed {
        /// Which rule it breaks.
        why: &'static str,
    },
    /// It is the checkpoint of another log.
    #[error("the checkpoint belongs to another log than `{expected}`")]
    Origin {
        /// The origin that was asked for.
        expected: String,
    },
}

/// What a log's signature on a checkpoint says: so many entries with this root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: String,
    /// The number of entries.
    pub size: u64,
    /// The Merkle root over them (RFC 6962).
    pub root: Hash,
    /// Lines that the format leaves to each log. Wardlet writes none.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extensions.
    #[must_use]
    pub fn new(origin: &str, size: u64, root: Hash) -> Self {
        Checkpoint {
            origin: origin.to_owned(),
            size,
            root,
            extensions: Vec::new(),
        }
    }

    /// Reads the text of a note.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`]
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let malformed = |why| CheckpointError::Malformed { why };
        let lines = text
            .strip_suffix('\n')
            .ok_or_else(|| malformed("its last line has no end"))?;
        let mut lines = lines.split('\n');
        let (origin, size, root) = (lines.next(), lines.next(), lines.next());
        let origin = origin
            .filter(|origin| !origin.is_empty())
            .ok_or_else(|| malformed("its first line, the origin, is empty"))?;
        let size = size
            .and_then(text::decimal)
            .ok_or_else(|| malformed("its second line is no size"))?;
        let root = root
            .and_then(text::hash)
            .ok_or_else(|| malformed("its third line is no root"))?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(malformed("it has an empty line"));
        }
        Ok(Checkpoint {
            origin: origin.to_owned(),
            size,
            root,
            extensions,
        })
    }

    /// Reads a signed checkpoint and checks it: one of `keys` must have signed it, none of them
    /// twice, each signature by one of them must fit, and the origin must be the name of the key that signed. Several keys
    /// stand for one log while it changes from one key to the next.
    ///
    /// # Errors
    /// Any [`CheckpointError`].
    pub fn open(note: &[u8], keys: &[VerifyingKey]) -> Result<(Self, Note), CheckpointError> {
        let note = Note::parse(note)?;
        Ok((Self::from_note(&note, keys)?, note))
    }

    /// As [`Checkpoint::open`], of a note that was read already.
    ///
    /// # Errors
    /// Any [`CheckpointError`].
    pub fn from_note(note: &Note, keys: &[VerifyingKey]) -> Result<Self, CheckpointError> {
        let mut signer = Err(NoteError::Unsigned {
            name: keys.first().map_or("", VerifyingKey::name).to_owned(),
        });
        for key in keys {
            match note.signed_by(key) {
                Ok(statements) if statements.len() > 1 => {
                    let why = "a key has signed it twice";
                    return Err(CheckpointError::Malformed { why });
                }
                Ok(_) => signer = signer.or(Ok(key.name())),
                Err(NoteError::Unsigned { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let expected = signer?;
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin != expected {
            return Err(CheckpointError::Origin {
                expected: expected.to_owned(),
            });
        }
        Ok(checkpoint)
    }

    /// The note of this checkpoint, which nobody has signed yet.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] where the origin or an extension cannot stand in a note.
    pub fn note(&self) -> Result<Note, NoteError> {
        Note::new(self.to_string())
    }

    /// The note of this checkpoint, signed by each of `keys` under the origin.
    ///
    /// # Errors
    /// [`KeyError::Name`] where the origin cannot be the name of a key.
    pub fn sign<'a>(&self, keys: impl IntoIterator<Item = &'a EntryKey>) -> Result<Note, KeyError> {
        let mut note = self.note().map_err(|_| KeyError::Name {
            name: self.origin.escape_default().to_string(),
        })?;
        for key in keys {
            note.sign(key, &self.origin)?;
        }
        Ok(note)
    }
}

/// The text of the note.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = text::base64(&self.root);
        writeln!(f, "{}\n{}\n{root}", self.origin, self.size)?;
        self.extensions
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

#[cfg(test)]
mod tests;
