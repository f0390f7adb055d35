//! What can go wrong with the log.

use std::io;
use std::path::PathBuf;

use wardlet_keys::KeyError;

/// Why something could not be recorded or read. No message quotes what an entry holds.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The log's folder, its file or its key cannot be used.
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
        /// The log.
        path: PathBuf,
        /// The position of the entry, from 0.
        index: u64,
        /// Where its line begins.
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
    /// The decision was written to another log. Nothing was written.
    #[error("the decision belongs to another log")]
    ForeignDecision,
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
            AuditError::Write { .. } | AuditError::Poisoned => Some(
                "free space on the disk or replace it, then start the gateway again".to_owned(),
            ),
            AuditError::Io { .. }
            | AuditError::Unrecordable { .. }
            | AuditError::Effect
            | AuditError::ForeignDecision => None,
        }
    }
}

/// What is wrong with a line of the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It is longer than an entry may be.
    #[error("the line is longer than an entry may be")]
    TooLong,
    /// It is not the JSON of an entry.
    #[error("the line is not the JSON of an entry")]
    NotAnEntry,
    /// It is JSON, but not in the one form of RFC 8785.
    #[error("the line is not in canonical form")]
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
}
