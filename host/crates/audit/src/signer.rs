//! Signing checkpoints, apart from writing the log.
//!
//! Whoever signs keeps the size and root signed last, and signs nothing that does not begin with
//! them. So a log that was rolled back, or written anew, gets no checkpoint, whatever its folder
//! says.
//!
//! [`LocalSigner`] holds the key. [`in_thread`] puts it behind a seam within the process;
//! [`SignerServer`] and [`SignerClient`] put it into a process of its own, so that the gateway never
//! holds the key of the checkpoints. The gateway does hold the key of the entries, apart or not: who
//! takes over the gateway can write entries that verify, from then on. It cannot take back or change
//! what a checkpoint covers already, since nobody would sign that; and whoever holds an earlier
//! checkpoint finds it out.
//!
//! All of this holds as far as the signer's folder and its socket are out of reach. A process of the
//! same user can read the key, and can ask for a checkpoint of entries that no gateway wrote, after
//! which the log gets no other. So the signer is best run as another user, which both ends are told:
//! [`SignerServer::new`], [`SignerClient::new`].

use std::io;
use std::path::PathBuf;

use wardlet_keys::{KeyError, VerifyingKey};

use crate::merkle::Hash;
use crate::merkle::proof::ProofError;
use crate::verify::Head;

mod local;
pub(crate) mod message;
mod remote;
mod server;

pub use local::{LocalSigner, RECORD_FILE};
pub use message::{ANSWER_WITHIN, MAX_MESSAGE_BYTES};
pub(crate) use remote::peer_is;
pub use remote::{SignerClient, in_thread};
pub(crate) use server::wait_for_byte;
pub use server::{MAX_CLIENTS, REQUEST_WITHIN, SignerServer, listen};

/// Why a checkpoint was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The log is shorter than what was signed: its tail was cut off, or its folder rolled back.
    #[error("the log has {size} entries, and a checkpoint of {last} was signed")]
    Shorter {
        /// The entries of the log.
        size: u64,
        /// The entries of the checkpoint signed last.
        last: u64,
    },
    /// The log does not begin with the entries that were signed.
    #[error("the log does not continue the checkpoint of {last} entries that was signed: {why}")]
    NotAnExtension {
        /// The entries of the checkpoint signed last.
        last: u64,
        /// What is wrong with the proof.
        why: ProofError,
    },
    /// The signer's key or its record of what it signed cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The record of what was signed last is missing or does not hold what a signer writes.
    #[error("`{path}` is not the record of a signer: {why}")]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Another process signs with this key.
    #[error("`{path}` is in use by another signer")]
    InUse {
        /// The file that it has locked.
        path: PathBuf,
    },
    /// The signer's process cannot be reached. Another try may succeed.
    #[error("the signer cannot be reached: {source}")]
    Unreachable {
        /// What the operating system said.
        source: io::Error,
    },
    /// The signer's process said something that it may not say.
    #[error("the signer answered what cannot be understood: {why}")]
    Answer {
        /// What is wrong.
        why: String,
    },
    /// The signer's process cannot use its key or its record; it says why.
    #[error("the signer cannot sign: {why}")]
    Unable {
        /// What it said.
        why: String,
    },
}

impl SignError {
    /// Whether the log is at fault, as opposed to the signer: no later try can succeed then, and
    /// somebody should be told.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            SignError::Shorter { .. } | SignError::NotAnExtension { .. }
        )
    }

    /// What the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            SignError::Shorter { .. } | SignError::NotAnExtension { .. } => Some(
                "keep the log's folder as evidence and put back the newest copy of it; where there \
                 is none, begin a new log under a new origin"
                    .to_owned(),
            ),
            SignError::Key(error) => error.hint(),
            SignError::Record { .. } => Some(
                "restore it from a backup; without it nobody knows what was signed, so else begin \
                 a new log under a new origin"
                    .to_owned(),
            ),
            SignError::InUse { .. } => {
                Some("stop the other signer, or give this one a folder of its own".to_owned())
            }
            SignError::Unreachable { .. } => {
                Some("start the signer, and check the path of its socket".to_owned())
            }
            SignError::Answer { .. } => {
                Some("run signer and gateway from the same version".to_owned())
            }
            SignError::Unable { .. } => None,
        }
    }
}

/// Signs the checkpoints of one log, each a continuation of the one before.
pub trait CheckpointSigner: Send {
    /// The public keys that check what it signs. Each checkpoint carries a signature by each of them.
    ///
    /// # Errors
    /// Where the signer cannot be reached.
    fn keys(&mut self) -> Result<Vec<VerifyingKey>, SignError>;

    /// What was signed last; none before the first checkpoint. The proof that
    /// [`CheckpointSigner::sign`] asks for begins at this size.
    ///
    /// # Errors
    /// Where the signer cannot be reached or cannot read its record.
    fn last(&mut self) -> Result<Option<Head>, SignError>;

    /// Signs the checkpoint of a log with `size` entries and `root`, and gives the signed note.
    ///
    /// `consistency` shows that the log begins with what was signed last (RFC 6962, section 2.1.2);
    /// it is empty for the first checkpoint, and where the size is the same. What was signed is on
    /// disk before this returns.
    ///
    /// # Errors
    /// [`SignError::is_refusal`] where the log is no continuation; else the signer could not sign.
    fn sign(&mut self, size: u64, root: &Hash, consistency: &[Hash]) -> Result<String, SignError>;
}
