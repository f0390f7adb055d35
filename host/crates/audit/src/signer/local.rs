//! The signer itself: a key, and a record of what it signed last.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use wardlet_keys::{CHECKPOINT_KEY_FILE, EntryKey, KeyError, PrivateFolder, VerifyingKey};

use super::{CheckpointSigner, SignError};
use crate::checkpoint::Checkpoint;
use crate::lock;
use crate::merkle::Hash;
use crate::merkle::proof::verify_consistency;
use crate::note::MAX_NOTE_BYTES;
use crate::verify::Head;

/// The file that holds the checkpoint signed last, as it was signed.
pub const RECORD_FILE: &str = "signed.checkpoint";

/// What the record says before the first checkpoint.
const NOTHING_SIGNED: &[u8] = b"nothing signed yet\n";

/// Held by the one process that may sign.
const LOCK_FILE: &str = "signer.lock";

/// Signs the checkpoints of one log with the key in its folder, and keeps there what it signed
/// last. Apart from the log's folder it also finds that the log was put back to an earlier state.
#[derive(Debug)]
pub struct LocalSigner {
    folder: PrivateFolder,
    /// Locked for as long as the signer lives.
    _lock: File,
    origin: String,
    keys: Vec<Arc<EntryKey>>,
    last: Option<Signed>,
}

/// A checkpoint that was signed.
#[derive(Debug)]
struct Signed {
    head: Head,
    note: String,
}

impl LocalSigner {
    /// Opens the signer in `folder` (0700) for the log `origin`, or makes one with a new key. No
    /// two processes open the same folder.
    ///
    /// # Errors
    /// [`SignError::Record`] where there is a key without a record of what it signed, or the record
    /// is not signed by the key; [`SignError::InUse`]; [`SignError::Key`].
    pub fn open(folder: &Path, origin: &str) -> Result<Self, SignError> {
        Self::open_with(folder, origin, Vec::new())
    }

    /// As [`LocalSigner::open`]; `also` are keys that sign beside the one of the folder, so that a
    /// log can go from one key to the next. Once both have signed a checkpoint, the file of the next
    /// key can take the place of the first one's.
    ///
    /// # Errors
    /// As [`LocalSigner::open`].
    pub fn open_with(
        folder: &Path,
        origin: &str,
        also: Vec<Arc<EntryKey>>,
    ) -> Result<Self, SignError> {
        let private = PrivateFolder::open(folder)?;
        let lock = lock::take(&private, LOCK_FILE)?.ok_or_else(|| SignError::InUse {
            path: folder.join(LOCK_FILE),
        })?;
        let wrong = |why: String| SignError::Record {
            path: folder.join(RECORD_FILE),
            why,
        };
        let record = match private.read(RECORD_FILE, MAX_NOTE_BYTES)? {
            Some(record) => record,
            None if private
                .files()?
                .iter()
                .any(|file| file.name == CHECKPOINT_KEY_FILE) =>
            {
                return Err(wrong("it is missing, and the key is there".to_owned()));
            }
            // Before the key, so that a crash in between leaves no key without a record.
            None => {
                private.replace(RECORD_FILE, NOTHING_SIGNED)?;
                NOTHING_SIGNED.to_vec()
            }
        };
        let mut keys = vec![Arc::new(EntryKey::open(folder, CHECKPOINT_KEY_FILE)?)];
        keys.extend(also);
        let public: Vec<VerifyingKey> = keys
            .iter()
            .map(|key| key.verifying_key(origin))
            .collect::<Result<_, _>>()?;
        let last = if record == NOTHING_SIGNED {
            None
        } else {
            let (checkpoint, note) =
                Checkpoint::open(&record, &public).map_err(|error| wrong(error.to_string()))?;
            let Checkpoint { size, root, .. } = checkpoint;
            Some(Signed {
                head: Head { size, root },
                note: note.to_string(),
            })
        };
        Ok(LocalSigner {
            folder: private,
            _lock: lock,
            origin: origin.to_owned(),
            keys,
            last,
        })
    }

    /// The public keys that check what it signs, its own first.
    ///
    /// # Errors
    /// [`KeyError::Name`] never, since the origin was taken when it was opened.
    pub fn verifying_keys(&self) -> Result<Vec<VerifyingKey>, KeyError> {
        let keys = self.keys.iter();
        keys.map(|key| key.verifying_key(&self.origin)).collect()
    }
}

impl CheckpointSigner for LocalSigner {
    fn keys(&mut self) -> Result<Vec<VerifyingKey>, SignError> {
        Ok(self.verifying_keys()?)
    }

    fn last(&mut self) -> Result<Option<Head>, SignError> {
        Ok(self.last.as_ref().map(|signed| signed.head))
    }

    fn sign(&mut self, size: u64, root: &Hash, consistency: &[Hash]) -> Result<String, SignError> {
        if let Some(Signed { head, .. }) = &self.last {
            let last = head.size;
            if size < last {
                return Err(SignError::Shorter { size, last });
            }
            verify_consistency(last, &head.root, size, root, consistency)
                .map_err(|why| SignError::NotAnExtension { last, why })?;
        }
        let checkpoint = Checkpoint::new(&self.origin, size, *root);
        let note = checkpoint
            .sign(self.keys.iter().map(Arc::as_ref))?
            .to_string();
        if self.last.as_ref().is_some_and(|signed| signed.note == note) {
            return Ok(note);
        }
        // The record goes first. A crash after it leaves a checkpoint that nobody has seen, and the
        // log has those entries still: the next one continues it. The other way round somebody could
        // hold a checkpoint that the signer knows nothing of.
        self.folder.replace(RECORD_FILE, note.as_bytes())?;
        let head = Head { size, root: *root };
        let signed = note.clone();
        self.last = Some(Signed { head, note: signed });
        Ok(note)
    }
}

#[cfg(test)]
mod tests;
