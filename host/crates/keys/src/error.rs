//! What can go wrong with keys.

use std::io;
use std::path::{Path, PathBuf};

/// Why a key cannot be had or used. No message holds key material.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The operating system refused.
    #[error("cannot {action} `{path}`: {source}")]
    Io {
        /// What was tried: "open", "create", "read", "write", "list", "remove".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Others than the owner may read or write a private file or folder.
    #[error("`{path}` is open to others: its mode is {mode:04o}, it may be {widest:04o} at most")]
    TooOpen {
        /// The file or folder.
        path: PathBuf,
        /// The permission bits found.
        mode: u32,
        /// The permission bits allowed.
        widest: u32,
    },
    /// A private file or folder belongs to another user, who could change it.
    #[error("`{path}` belongs to another user")]
    NotOurs {
        /// The file or folder.
        path: PathBuf,
    },
    /// A symbolic link, device or other thing stands where a private file or folder should.
    #[error("`{path}` is not a plain {expected}")]
    NotPlain {
        /// What was found.
        path: PathBuf,
        /// "file" or "folder".
        expected: &'static str,
    },
    /// A key file does not hold a key of its kind.
    #[error("`{path}` does not hold a valid {kind} key")]
    Damaged {
        /// The key file.
        path: PathBuf,
        /// "Ed25519", "P-256", "pseudonym", "artifact" or "vault".
        kind: &'static str,
    },
    /// A name that a signed note cannot carry.
    #[error(
        "`{name}` cannot be the name of a key: it is empty, or has a space, a control character or a `+`"
    )]
    Name {
        /// The name, as it was given.
        name: String,
    },
    /// A text that is no verifier key.
    #[error("not a verifier key: {why}")]
    VerifyingKey {
        /// Which part does not fit.
        why: &'static str,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Random,
    /// `ring` refused to sign, which it does only without random bytes.
    #[error("a signature could not be made")]
    Sign,
}

impl KeyError {
    /// What the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            KeyError::TooOpen { path, widest, .. } => {
                Some(format!("run `chmod {widest:o} {}`", path.display()))
            }
            KeyError::NotOurs { .. } => {
                Some("run the gateway as the owner of its state folder".to_owned())
            }
            KeyError::NotPlain { .. } => {
                Some("put the file or folder itself there, not a link to it".to_owned())
            }
            KeyError::Damaged { .. } => Some(
                "restore it from a backup; only where nothing it signed is still needed, move it \
                 away and a new one is made"
                    .to_owned(),
            ),
            KeyError::VerifyingKey { .. } => {
                Some("it looks like `<name>+<8 hex digits>+<base64>`".to_owned())
            }
            KeyError::Io { .. } | KeyError::Name { .. } | KeyError::Random | KeyError::Sign => None,
        }
    }

    pub(crate) fn io(
        action: &'static str,
        path: &Path,
    ) -> impl FnOnce(rustix::io::Errno) -> KeyError + use<> {
        let path = path.to_owned();
        move |errno| KeyError::Io {
            action,
            path,
            source: errno.into(),
        }
    }
}
