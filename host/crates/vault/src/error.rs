//! Why the vault gives or takes nothing.

use std::io;
use std::path::{Path, PathBuf};

use wardlet_keys::KeyError;

/// Why the vault cannot be used. No message holds a value or a name that it keeps.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The folder, the file or its key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// SQLite refused.
    #[error("the vault `{}` cannot be used: {source}", .folder.display())]
    Sqlite {
        /// The folder of the vault.
        folder: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file is no vault, or that of another version.
    #[error("`{}` is no vault of this version", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The key of the vault is another than it was made with.
    #[error("the vault `{}` was made with another key", .path.display())]
    OtherKey {
        /// The file.
        path: PathBuf,
    },
    /// Something that it holds is not what was written.
    #[error("the vault's record of `{what}` is not what was written")]
    Damaged {
        /// A pseudonym or a commitment.
        what: String,
    },
    /// What was erased may be read from the disk until another process lets go.
    #[error("it is erased, and another process keeps old pages of the vault in use")]
    Busy,
    /// What was to be kept is not.
    #[error("what was to be kept could not be written: {why}")]
    Write {
        /// Why.
        why: String,
    },
    /// No thread.
    #[error("the thread that writes cannot be started: {source}")]
    Thread {
        /// What the operating system said.
        source: io::Error,
    },
}

impl VaultError {
    /// What the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            VaultError::Key(error) => error.hint(),
            VaultError::Sqlite { .. } | VaultError::Write { .. } => {
                Some("check that you own the folder and that the disk has room".to_owned())
            }
            VaultError::Foreign { path } => Some(format!(
                "a later build may read it; where nothing of it is needed any more, move `{}` away",
                path.display()
            )),
            VaultError::OtherKey { .. } => Some(
                "restore `vault.key` in the folder of keys; without it nothing that is kept can be read"
                    .to_owned(),
            ),
            VaultError::Damaged { .. } => {
                Some("restore the vault from a backup, or erase the subject".to_owned())
            }
            VaultError::Busy => Some("erase the same once more when no other command reads the vault: what is left goes with it".to_owned()),
            VaultError::Thread { .. } => None,
        }
    }

    /// Says of which vault SQLite speaks.
    pub(crate) fn at(self, place: &Path) -> Self {
        match self {
            VaultError::Sqlite { source, .. } => VaultError::Sqlite {
                folder: place.to_owned(),
                source,
            },
            other => other,
        }
    }
}

impl From<rusqlite::Error> for VaultError {
    fn from(source: rusqlite::Error) -> Self {
        VaultError::Sqlite {
            folder: PathBuf::new(),
            source,
        }
    }
}
