//! Proof files (C2SP tlog-proof v1): that an entry is in a log, for somebody who has nothing of the
//! log but its key. Their names end in `.tlog-proof`.

use std::fmt;

use wardlet_keys::VerifyingKey;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::merkle::proof::{MAX_PROOF_HASHES, ProofError, verify_inclusion};
use crate::merkle::{self, Hash};
use crate::note::{MAX_NOTE_BYTES, Note, NoteError};
use crate::text;

mod published;
mod range;

pub use published::{LogHashes, ProveError, at_checkpoint};
pub use range::RangeProof;

/// The longest proof file: the longest checkpoint, and as much again for the rest.
pub const MAX_PROOF_FILE_BYTES: usize = 2 * MAX_NOTE_BYTES;

/// What each proof file begins with.
const HEADER: &str = "c2sp.org/tlog-proof@v1\n";

/// Why a proof file proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileError {
    /// It is not what the format says.
    #[error("not a proof file: {why}")]
    Malformed {
        /// Which rule it breaks.
        why: &'static str,
    },
    /// Its checkpoint is none, or not one to trust.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Its checkpoint is sound, and the entry is not in the log at that place.
    #[error("the entry is not in the log: {0}")]
    Proof(#[from] ProofError),
}

impl From<NoteError> for ProofFileError {
    fn from(error: NoteError) -> Self {
        ProofFileError::Checkpoint(error.into())
    }
}

/// A proof that an entry is in a log. Shown it is the file, to the byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    /// What an application wants to have beside the proof. Nobody signs it.
    pub extra: Option<Vec<u8>>,
    /// The position of the entry, from 0.
    pub index: u64,
    /// The hashes from the sibling of the entry's leaf up.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint that they lead to.
    pub checkpoint: Note,
}

impl ProofFile {
    /// Reads a proof file. Nothing of it is checked yet.
    ///
    /// # Errors
    /// [`ProofFileError::Malformed`]; [`ProofFileError::Checkpoint`] where its end is no signed note.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofFileError> {
        let malformed = |why| ProofFileError::Malformed { why };
        if bytes.len() > MAX_PROOF_FILE_BYTES {
            return Err(malformed("it is too long"));
        }
        let file = str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))?;
        let rest = file
            .strip_prefix(HEADER)
            .ok_or_else(|| malformed("its first line is another"))?;
        // No line before the first empty one may be empty.
        let (lines, checkpoint) = rest
            .split_once("\n\n")
            .ok_or_else(|| malformed("it has no empty line before its checkpoint"))?;
        let mut lines = lines.split('\n').peekable();
        let extra = match lines.next_if(|line| line.starts_with("extra")) {
            Some(line) => Some(
                line.strip_prefix("extra ")
                    .and_then(text::from_base64)
                    .ok_or_else(|| malformed("its extra data is not base64"))?,
            ),
            None => None,
        };
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(text::decimal)
            .ok_or_else(|| malformed("it has no index"))?;
        let hashes = text::hashes(lines, MAX_PROOF_HASHES).map_err(malformed)?;
        Ok(ProofFile {
            extra,
            index,
            hashes,
            checkpoint: Note::parse(checkpoint.as_bytes())?,
        })
    }

    /// Checks that `entry`, the bytes of the leaf, is in the log that one of `keys` signs, and gives
    /// the checkpoint that says so.
    ///
    /// # Errors
    /// [`ProofFileError::Checkpoint`], [`ProofFileError::Proof`].
    pub fn verify(
        &self,
        entry: &[u8],
        keys: &[VerifyingKey],
    ) -> Result<Checkpoint, ProofFileError> {
        let checkpoint = Checkpoint::from_note(&self.checkpoint, keys)?;
        let leaf = merkle::leaf(entry);
        let Checkpoint { size, root, .. } = &checkpoint;
        verify_inclusion(&leaf, self.index, *size, root, &self.hashes)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADER)?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", text::base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", text::base64(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests;
