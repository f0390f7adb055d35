//! What can go wrong with the log.

use std::io;
use std::path::PathBuf;

use wardlet_keys::KeyError;

use crate::checkpoint::CheckpointError;
use crate::signer::SignError;
use crate::tree::tiles::TileError;

/// Why something could not be recorded or read. No message quotes what an entry holds.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The log's folder or its key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The operating system refused.
    #[error("cannot {action} `{path}`: {source}")]
    Io {
        /// What was tried: "read", "lock", "cut", "write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another process writes this log.
    #[error("`{path}` is in use by another gateway")]
    InUse {
        /// The log.
        path: PathBuf,
    },
    /// An entry that stood is not what was written.
    #[error("entry {index} of `{path}`, at byte {offset}: {damage}")]
    Damaged {
        /// The bundle.
        path: PathBuf,
        /// The position of the entry, from 0.
        index: u64,
        /// Where in the bundle it begins.
        offset: u64,
        /// What is wrong.
        damage: Damage,
    },
    /// An entry could not be written, or not be put on disk. The log takes no more.
    #[error("the audit log could not be written: {source}")]
    Write {
        /// What the operating system said.
        source: io::Error,
    },
    /// The disk has no room for an entry. Nothing was written, and the log goes on.
    #[error("the disk has no room for the audit log")]
    Full,
    /// What stands on the disk is not what was written. The log takes no more.
    #[error("the entries from {from} to below {to} were read back other than they were written")]
    ReadBack {
        /// The first entry that may differ.
        from: u64,
        /// The entry after the last one.
        to: u64,
    },
    /// The checkpoint was not signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The published checkpoint is none, or that of another log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A tile is missing, or is not as long as the tree makes it.
    #[error("the tile `{path}` is damaged")]
    Tile {
        /// The tile.
        path: PathBuf,
    },
    /// The log is not the one that its checkpoint was made of.
    #[error("the first {size} entries are not those of the checkpoint")]
    NotItsCheckpoint {
        /// The entries of the checkpoint.
        size: u64,
    },
    /// The log is shorter than it once was: its tail was lost or cut off.
    #[error("the log has {size} entries, and once had {expected}")]
    Cut {
        /// The entries of the log.
        size: u64,
        /// The entries that it had at its checkpoint.
        expected: u64,
    },
    /// The folder holds a log of an earlier version beside one of this version.
    #[error("`{path}` and the bundles beside it are two logs in one folder")]
    TwoLogs {
        /// The earlier version's file.
        path: PathBuf,
    },
    /// An earlier write failed, so that nobody knows what is on disk.
    #[error("the audit log stopped after a failed write")]
    Poisoned,
    /// The fields of an entry are outside of their bounds. Nothing was written.
    #[error("the entry cannot be recorded: {why}")]
    Unrecordable {
        /// Which bound.
        why: String,
    },
    /// An allowance was given as a refusal, or the other way round. Nothing was written.
    #[error("the effect of the decision does not fit the way it is recorded")]
    Effect,
    /// The gateway that writes for this one does not take it. Nothing was written, as far as is known.
    #[error("the gateway that writes the audit log says: {why}")]
    Owner {
        /// What it says.
        why: String,
    },
    /// The decision has its outcome already. Nothing was written.
    #[error("the decision has an outcome already")]
    Closed,
    /// The decision was written to another log. Nothing was written.
    #[error("the decision belongs to another log")]
    ForeignDecision,
}

impl From<TileError> for AuditError {
    fn from(error: TileError) -> Self {
        match error {
            TileError::Io(path, source) => AuditError::Io {
                action: "read",
                path,
                source,
            },
            TileError::Damaged(path) => AuditError::Tile { path },
        }
    }
}

impl AuditError {
    /// What the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            AuditError::Key(error) => error.hint(),
            AuditError::InUse { .. } => Some(
                "stop the other gateway, or give this one a state folder of its own".to_owned(),
            ),
            AuditError::Damaged {
                damage: Damage::Signature,
                ..
            } => Some(
                "put back the key that signed this log, or keep the log aside as evidence and \
                 begin a new one under a new origin"
                    .to_owned(),
            ),
            AuditError::Damaged { .. } => Some(
                "run `wardlet audit verify`; keep the log aside as evidence and begin a new one \
                 under a new origin"
                    .to_owned(),
            ),
            AuditError::Full => Some("free space on the disk of the state folder".to_owned()),
            AuditError::Sign(error) => error.hint(),
            AuditError::ReadBack { .. } => Some(
                "replace the disk; `wardlet audit verify` names the entry that differs".to_owned(),
            ),
            AuditError::Tile { .. }
            | AuditError::Checkpoint(_)
            | AuditError::NotItsCheckpoint { .. }
            | AuditError::Cut { .. } => Some(
                "run `wardlet audit verify`; put back the newest copy of the folder, or keep it aside \
                 as evidence and begin a new log under a new origin"
                    .to_owned(),
            ),
            AuditError::TwoLogs { .. } => Some(
                "an older build wrote into the folder after it was upgraded: move its file out of \
                 the folder and keep it"
                    .to_owned(),
            ),
            AuditError::Write { .. } | AuditError::Poisoned => Some(
                "free space on the disk or replace it, then start the gateway again".to_owned(),
            ),
            AuditError::Owner { .. } => Some(
                "gateways over one state folder are of one build and have one name; else give this one a state folder of its own"
                    .to_owned(),
            ),
            AuditError::Io { .. }
            | AuditError::Closed
            | AuditError::Unrecordable { .. }
            | AuditError::Effect
            | AuditError::ForeignDecision => None,
        }
    }
}

/// What is wrong with an entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It is longer than an entry may be.
    #[error("the entry is longer than one may be")]
    TooLong,
    /// It is not the JSON of an entry.
    #[error("it is not the JSON of an entry")]
    NotAnEntry,
    /// It is JSON, but not in the one form of RFC 8785.
    #[error("the entry is not in canonical form")]
    NotCanonical,
    /// A version of the format that this build does not know.
    #[error("the entry has another version of the format")]
    Version,
    /// An entry was added, dropped or moved.
    #[error("the entry has the index of another position")]
    Index,
    /// The entry belongs to another log.
    #[error("the entry has another origin")]
    Origin,
    /// Its time is not RFC 3339 in UTC with milliseconds.
    #[error("the entry has no valid time")]
    Time,
    /// The entry was changed, or signed with another key.
    #[error("the signature does not fit")]
    Signature,
    /// An outcome refers to no decision, to a refusal, or to a decision that already has one.
    #[error("the outcome has no open decision")]
    Outcome,
    /// Its bundle ends before it, or is not there, and later entries or the checkpoint show that it
    /// was written.
    #[error("the entry is missing")]
    Missing,
    /// Its bundle has entries already as many as a bundle has.
    #[error("the bundle has more than 256 entries")]
    Surplus,
    /// The entry is right by itself, and not the one in the tree of the checkpoint.
    #[error("the tree of the checkpoint has another entry there")]
    NotInTree,
    /// The bundle ends in the middle of the entry.
    #[error("the entry is not whole")]
    Unfinished,
}
