//! Why there is no answer.

use std::path::PathBuf;

use rusqlite::ErrorCode;
use wardlet_audit::{AuditError, Damage};
use wardlet_keys::KeyError;

/// Why the index cannot be made or asked. The log is never touched.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The folder of the index cannot be used.
    #[error(transparent)]
    Folder(#[from] KeyError),
    /// There is no such folder.
    #[error("there is no folder `{}`", path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The log cannot be read, or is damaged.
    #[error(transparent)]
    Log(#[from] AuditError),
    /// An entry is not what a gateway writes.
    #[error("entry {index} of the log: {damage}")]
    Entry {
        /// Its position, from 0.
        index: u64,
        /// What is wrong.
        damage: Damage,
    },
    /// A SQLite file of something else has the name of the index.
    #[error("`{}` is not an index of Wardlet", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The index is damaged. After [`Index::discard`](crate::Index::discard) it is made anew.
    #[error("the index of the log is damaged")]
    Damaged,
    /// SQLite refuses: most often the disk is full or cannot be written.
    #[error("the index of the log cannot be used: {0}")]
    Refused(#[source] rusqlite::Error),
}

impl IndexError {
    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            IndexError::Folder(error) => error.hint(),
            IndexError::Log(error) => error.hint(),
            IndexError::NoFolder { .. } => {
                Some("a gateway makes its state folder when it first runs".to_owned())
            }
            IndexError::Entry { .. } => {
                Some("`wardlet audit verify` checks the whole log".to_owned())
            }
            IndexError::Foreign { .. } => {
                Some("move it away; the index is made from the log".to_owned())
            }
            IndexError::Damaged => Some(
                "remove `index.db` in the state folder; it is made anew from the log".to_owned(),
            ),
            IndexError::Refused(_) => Some(
                "check that the disk has room and that you own the folder of the index".to_owned(),
            ),
        }
    }
}

impl From<rusqlite::Error> for IndexError {
    fn from(error: rusqlite::Error) -> Self {
        let damaged = match error.sqlite_error_code() {
            Some(code) => matches!(code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase),
            // A value that no index of ours holds: a column of another type, or a number out of range.
            None => matches!(
                error,
                rusqlite::Error::FromSqlConversionFailure(..)
                    | rusqlite::Error::IntegralValueOutOfRange(..)
                    | rusqlite::Error::InvalidColumnType(..)
                    | rusqlite::Error::QueryReturnedNoRows
            ),
        };
        if damaged {
            IndexError::Damaged
        } else {
            IndexError::Refused(error)
        }
    }
}
