//! Why there is no pack, and why one proves nothing.

use wardlet_audit::Damage;
use wardlet_audit::checkpoint::CheckpointError;
use wardlet_audit::merkle::proof::ProofError;
use wardlet_audit::proof::ProveError;
use wardlet_audit::witness::Unwitnessed;

use super::{MAX_PACK_BYTES, MAX_PACK_ENTRIES};
use crate::error::IndexError;

/// Why a pack could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// The log or its checkpoint.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// The index over the log.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The question is about too many entries.
    #[error(
        "the answer takes {entries} entries of the log, and a pack holds {MAX_PACK_ENTRIES} at most"
    )]
    TooMany {
        /// Entries that it takes.
        entries: u64,
    },
    /// The entries are too long.
    #[error("the pack would have more than {MAX_PACK_BYTES} bytes")]
    TooLong,
    /// What was made does not hold: the log was changed while it was read, or is damaged.
    #[error("the log does not give a sound pack: {0}")]
    Unsound(#[from] Refused),
}

impl MakeError {
    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            MakeError::Prove(ProveError::Log(error)) => error.hint(),
            MakeError::Prove(ProveError::NotYet { .. }) => {
                Some("ask again in a second, when the log has its next checkpoint".to_owned())
            }
            MakeError::Index(error) | MakeError::Unsound(Refused::Unchecked(error)) => error.hint(),
            MakeError::Prove(ProveError::Checkpoint(_)) | MakeError::Unsound(_) => {
                Some("`wardlet audit verify` checks the whole log".to_owned())
            }
            MakeError::TooMany { .. } | MakeError::TooLong => Some(
                "narrow the time by `since` and `until`, and make several packs; a call that has no \
                 outcome yet takes all entries after it"
                    .to_owned(),
            ),
        }
    }
}

/// Why a pack is refused. Indices are positions in the log, from 0.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is longer than a pack may be.
    #[error(
        "the pack is longer than {MAX_PACK_BYTES} bytes, or has more than {MAX_PACK_ENTRIES} entries"
    )]
    TooLarge,
    /// It is not what the format says.
    #[error("not an evidence pack: {why}")]
    Malformed {
        /// What is wrong.
        why: String,
    },
    /// It is of a version of the format that this build does not know.
    #[error("the pack has version {version} of the format, which this build does not know")]
    Version {
        /// The version.
        version: u64,
    },
    /// It says to be of another log than the key for entries.
    #[error("the pack is of another log than `{expected}`")]
    Origin {
        /// The name of the key.
        expected: String,
    },
    /// Its checkpoint is none, or not one to trust.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Its checkpoint was not cosigned as the policy asks.
    #[error(transparent)]
    Unwitnessed(Unwitnessed),
    /// An entry is not what a gateway wrote there.
    #[error("entry {index}: {damage}")]
    Entry {
        /// The position at which it stands in the pack.
        index: u64,
        /// What is wrong.
        damage: Damage,
    },
    /// Each entry is right by itself, and they are not the entries of the log in this range.
    #[error("the entries are not those of the log from {first} to below {end}: {error}")]
    Range {
        /// The first one.
        first: u64,
        /// The one after the last.
        end: u64,
        /// Why not.
        error: ProofError,
    },
    /// The first entry is within the times of the filter or close to them, so calls may be left out before it.
    #[error("nothing shows that the calls before entry {index} do not belong to the answer")]
    Before {
        /// The first entry.
        index: u64,
    },
    /// The same for the last entry and calls after it.
    #[error("nothing shows that the calls after entry {index} do not belong to the answer")]
    After {
        /// The last entry.
        index: u64,
    },
    /// A call has no outcome in the pack, and the log goes on after its range.
    #[error("the range ends before the outcome of the call of entry {index}")]
    NoOutcome {
        /// The entry of the decision.
        index: u64,
    },
    /// The entry that was asked for is not in the range.
    #[error("the pack does not hold entry {index}, which it is about")]
    NotHeld {
        /// The entry.
        index: u64,
    },
    /// A call that the filter finds is left out.
    #[error("the call of entry {index} belongs to the answer and is left out")]
    RowMissing {
        /// The entry of its decision.
        index: u64,
    },
    /// A call that the filter does not find is shown, or one is shown twice.
    #[error("row {row} shows a call that does not belong to the answer")]
    RowAdded {
        /// Which row, from 1.
        row: usize,
    },
    /// A call is shown otherwise than its entries say.
    #[error("the row of entry {index} says other things than the entries")]
    RowChanged {
        /// The entry of its decision.
        index: u64,
    },
    /// Calls are not in the order of their times.
    #[error("row {row} is not in its place")]
    RowOrder {
        /// Which row, from 1.
        row: usize,
    },
    /// The temporary index over the entries could not be made, which says nothing about the pack.
    #[error(transparent)]
    Unchecked(IndexError),
}

impl Refused {
    /// One word for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Refused::TooLarge => "too-large",
            Refused::Malformed { .. } => "malformed",
            Refused::Version { .. } => "version",
            Refused::Origin { .. } => "origin",
            Refused::Checkpoint(_) => "checkpoint",
            Refused::Unwitnessed(_) => "unwitnessed",
            Refused::Entry { .. } => "entry",
            Refused::Range { .. } => "range",
            Refused::Before { .. } => "before",
            Refused::After { .. } => "after",
            Refused::NoOutcome { .. } => "no-outcome",
            Refused::NotHeld { .. } => "not-held",
            Refused::RowMissing { .. } => "row-missing",
            Refused::RowAdded { .. } => "row-added",
            Refused::RowChanged { .. } => "row-changed",
            Refused::RowOrder { .. } => "row-order",
            Refused::Unchecked(_) => "unchecked",
        }
    }

    /// Whether the pack was checked and found bad, as opposed to not checked.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        !matches!(self, Refused::Unchecked(_))
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Refused::Unchecked(error) => error.hint(),
            Refused::Version { .. } => Some("check it with a later build".to_owned()),
            Refused::Origin { .. } | Refused::Checkpoint(_) => {
                Some("check that the keys are those of the log".to_owned())
            }
            Refused::Unwitnessed(_) => Some(
                "check that the policy is the one for this log; a checkpoint gets its cosignatures \
                 when the witnesses are asked, so a pack made later may have them"
                    .to_owned(),
            ),
            _ => Some(
                "keep the file as it is, and ask whoever gave it for another one".to_owned(),
            ),
        }
    }

    pub(super) fn malformed(why: impl ToString) -> Self {
        let why = why.to_string();
        Refused::Malformed { why }
    }
}

impl From<IndexError> for Refused {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Entry { index, damage } => Refused::Entry { index, damage },
            error => Refused::Unchecked(error),
        }
    }
}
