//! Proofs out of a log's folder, while a gateway may be writing it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use wardlet_keys::VerifyingKey;

use super::ProofFile;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::error::AuditError;
use crate::merkle::Hash;
use crate::merkle::proof::{Hashes, inclusion};
use crate::merkle::tiles::TileHashes;
use crate::note::{MAX_NOTE_BYTES, Note};
use crate::tree::path::CHECKPOINT;
use crate::tree::tiles::FolderTiles;

/// How often a proof is begun anew when another checkpoint was published meanwhile: one comes each
/// second at most, and a proof takes some milliseconds.
const ATTEMPTS: usize = 5;

/// Why a proof could not be made from a log.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The log cannot be read, or what it has to hold is not there.
    #[error(transparent)]
    Log(#[from] AuditError),
    /// The log's checkpoint is none, or not one to trust.
    #[error("the checkpoint of the log: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The log published no checkpoint with this entry yet.
    #[error("the checkpoint of the log has {size} entries, and not yet entry {index}")]
    NotYet {
        /// The position of the entry.
        index: u64,
        /// The entries of the checkpoint.
        size: u64,
    },
}

/// The hashes of a published log, out of its tiles, for proofs.
#[derive(Debug)]
pub struct LogHashes<'a> {
    folder: &'a Path,
    hashes: TileHashes<FolderTiles<'a>>,
}

impl<'a> LogHashes<'a> {
    /// Those of the first `size` entries of the log in `folder`, which has a checkpoint of this size
    /// or had one a moment ago.
    #[must_use]
    pub fn new(folder: &'a Path, size: u64) -> Self {
        LogHashes {
            folder,
            hashes: TileHashes::new(FolderTiles::new(folder, None), size),
        }
    }
}

impl Hashes for LogHashes<'_> {
    type Error = AuditError;

    fn hash(&mut self, level: u8, index: u64) -> Result<Hash, AuditError> {
        let found = self.hashes.hash(level, index);
        Ok(found.map_err(|error| error.of_folder(self.folder))?)
    }
}

impl ProofFile {
    /// The proof that entry `index` is in the log in `folder`, as its checkpoint of this moment shows
    /// it. Nothing but the checkpoint is checked: [`ProofFile::verify`] checks the rest.
    ///
    /// # Errors
    /// Any [`ProveError`].
    pub fn of_log(folder: &Path, keys: &[VerifyingKey], index: u64) -> Result<Self, ProveError> {
        at_checkpoint(folder, keys, |checkpoint, note| {
            let size = checkpoint.size;
            let hashes = inclusion(&mut LogHashes::new(folder, size), index, size)?;
            Ok(ProofFile {
                extra: None,
                index,
                hashes: hashes.ok_or(ProveError::NotYet { index, size })?,
                checkpoint: note.clone(),
            })
        })
    }
}

/// Makes something out of the log in `folder` as its checkpoint of this moment shows it. Where that
/// fails and another checkpoint was published meanwhile, `make` is asked again with that one: the
/// partial tiles of the earlier one may be gone. One of `keys` must have signed the checkpoint.
///
/// # Errors
/// What `make` says, and any [`ProveError`] about the checkpoint.
pub fn at_checkpoint<T, E: From<ProveError>>(
    folder: &Path,
    keys: &[VerifyingKey],
    mut make: impl FnMut(&Checkpoint, &Note) -> Result<T, E>,
) -> Result<T, E> {
    let mut read = read_checkpoint(folder).map_err(ProveError::Log)?;
    let mut attempts = 1;
    loop {
        let opened = Checkpoint::open(&read, keys).map_err(|error| E::from(error.into()));
        let made = opened.and_then(|(checkpoint, note)| make(&checkpoint, &note));
        if made.is_ok() || attempts == ATTEMPTS {
            return made;
        }
        let again = read_checkpoint(folder).map_err(ProveError::Log)?;
        if again == read {
            return made;
        }
        read = again;
        attempts += 1;
    }
}

fn read_checkpoint(folder: &Path) -> Result<Vec<u8>, AuditError> {
    let path = folder.join(CHECKPOINT);
    let most = u64::try_from(MAX_NOTE_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let read = File::open(&path).and_then(|file| {
        // One byte more, so that what is too long is found to be.
        file.take(most.saturating_add(1)).read_to_end(&mut bytes)
    });
    read.map_err(|source: io::Error| AuditError::Io {
        action: "read",
        path,
        source,
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
