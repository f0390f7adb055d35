//! A copy of a log elsewhere, at one checkpoint, while a gateway writes it.
//!
//! What is full never changes, so that each run copies what is new and nothing else. The checkpoint comes last: until then
//! the copy is the one of the run before. A crash at any step leaves that, with files beside it that the next run needs anyway.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wardlet_keys::{KeyError, PrivateFolder, VerifyingKey};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::error::AuditError;
use crate::log::files::{Keep, Store, System};
use crate::merkle::proof;
use crate::note::Note;
use crate::proof::{LogHashes, ProveError, at_checkpoint};
use crate::tree::bundles;
use crate::tree::path::{self, BUNDLE_ENTRIES, TILE_HEIGHT};
use crate::verify::{Options, Progress, Report, VerifyError, verify};

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Files that were copied.
    pub files: u64,
    /// Bytes that were copied.
    pub bytes: u64,
    /// The copy, as it was checked in the end, each signature too.
    pub report: Report,
}

/// Why there is no new copy. The one of an earlier run stands.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The log, or its checkpoint.
    #[error(transparent)]
    Log(#[from] ProveError),
    /// The folder of the copy.
    #[error(transparent)]
    Folder(#[from] KeyError),
    /// A file cannot be copied.
    #[error("cannot {action} `{}`: {source}", .path.display())]
    Copy {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// What stands in the folder of the copy is no checkpoint of this log.
    #[error("`{}` holds something else than a copy of this log: {source}", .path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// What is wrong with its checkpoint.
        source: CheckpointError,
    },
    /// The log is not the one that was copied: it was put back to what it was, or written anew.
    #[error("the log does not continue its copy in `{}`, which has {size} entries", .path.display())]
    NotContinued {
        /// The folder.
        path: PathBuf,
        /// The entries of the copy.
        size: u64,
    },
    /// The copy does not verify.
    #[error("the copy does not verify: {0}")]
    Unsound(#[from] VerifyError),
}

impl BackupError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            BackupError::Log(ProveError::Log(error)) => error.hint(),
            BackupError::Log(_) => {
                Some("a log has its first checkpoint a second after it began".to_owned())
            }
            BackupError::Folder(error) => error.hint(),
            BackupError::Copy { .. } => {
                Some("check that the folder is yours and that its disk has room".to_owned())
            }
            BackupError::Foreign { .. } => Some("name an empty folder".to_owned()),
            BackupError::NotContinued { .. } => Some(
                "keep both: `wardlet audit verify --against` the copy's checkpoint says more"
                    .to_owned(),
            ),
            BackupError::Unsound(error) => error.hint(),
        }
    }
}

/// Copies what is published of the log in `folder` to the folder `to` (0700), which is made where it is not there, and checks the
/// copy as [`verify`] does. `key` is that of the entries, `keys` are those of the checkpoints. `progress` is told by the
/// check, which takes the most time.
///
/// A copy is a log: it verifies by itself, and a gateway goes on with it where it is put in place of the log, as
/// long as nothing was signed since.
///
/// # Errors
/// [`BackupError`]
pub fn backup<'a>(
    folder: &Path,
    to: &Path,
    (key, keys): (&VerifyingKey, &'a [VerifyingKey]),
    progress: Option<&'a mut dyn FnMut(Progress)>,
) -> Result<Backup, BackupError> {
    PrivateFolder::open(to)?;
    let mut copy = Copy {
        from: folder,
        to: Store::new(to, Arc::new(System)),
        files: 0,
        bytes: 0,
    };
    at_checkpoint(folder, keys, |checkpoint, note| {
        copy.check_continues(checkpoint, keys)?;
        copy.take(checkpoint.size, note)
    })?;
    let options = Options {
        checkpoint_keys: keys,
        progress,
        ..Options::default()
    };
    Ok(Backup {
        report: verify(to, key, options)?,
        files: copy.files,
        bytes: copy.bytes,
    })
}

struct Copy<'a> {
    from: &'a Path,
    to: Store,
    files: u64,
    bytes: u64,
}

impl Copy<'_> {
    /// Whether the log begins with what was copied before.
    fn check_continues(
        &self,
        checkpoint: &Checkpoint,
        keys: &[VerifyingKey],
    ) -> Result<(), BackupError> {
        let place = || self.to.folder().to_owned();
        let old = bundles::present(fs::read(self.to.path(path::CHECKPOINT)));
        let old = old.map_err(self.failed("read", path::CHECKPOINT))?;
        let Some(old) = old else { return Ok(()) };
        let foreign = |source| BackupError::Foreign {
            path: place(),
            source,
        };
        let (old, _) = Checkpoint::open(&old, keys).map_err(foreign)?;
        let is_shorter = old.size <= checkpoint.size && old.origin == checkpoint.origin;
        let mut hashes = LogHashes::new(self.from, checkpoint.size);
        let root = is_shorter.then(|| proof::root(&mut hashes, old.size));
        let root = root.transpose().map_err(ProveError::Log)?;
        if root == Some(old.root) {
            return Ok(());
        }
        Err(BackupError::NotContinued {
            path: place(),
            size: old.size,
        })
    }

    /// Copies what the first `size` entries need, and the checkpoint at last.
    fn take(&mut self, size: u64, note: &Note) -> Result<(), BackupError> {
        let mut folders = Vec::new();
        let mut partials = Vec::new();
        for level in 0.. {
            let hashes = size.checked_shr(TILE_HEIGHT * level).unwrap_or_default();
            if hashes == 0 {
                break;
            }
            let level = level as usize;
            let name = |n| path::tile(level, n);
            self.take_all(hashes, &name, &mut folders, &mut partials)?;
        }
        self.take_all(size, &path::entries, &mut folders, &mut partials)?;
        for folder in folders {
            let synced = self.to.files.sync_folder(&self.to.path(&folder));
            synced.map_err(self.failed("write", &folder))?;
        }
        self.take_pending(size)?;
        let write = |name, text: &str| self.to.replace(name, text.as_bytes(), Keep::Durable);
        let written = write(path::CHECKPOINT, &note.to_string());
        written.map_err(self.failed("write", path::CHECKPOINT))?;
        self.sweep(&partials)
    }

    /// Copies full tiles or bundles that hold `count` hashes or entries, and the one that is not full.
    fn take_all(
        &mut self,
        count: u64,
        name: &dyn Fn(u64) -> String,
        folders: &mut Vec<String>,
        partials: &mut Vec<String>,
    ) -> Result<(), BackupError> {
        let full = count / BUNDLE_ENTRIES;
        let width = usize::try_from(count % BUNDLE_ENTRIES).unwrap_or_default();
        for n in 0..full {
            self.take_one(&name(n), folders)?;
        }
        if width > 0 {
            let name = path::partial(&name(full), width);
            self.take_one(&name, folders)?;
            partials.push(name);
        }
        Ok(())
    }

    fn take_one(&mut self, name: &str, folders: &mut Vec<String>) -> Result<(), BackupError> {
        // What has its name is whole: it was written under another one first. The check at the end reads it.
        let is_there = fs::exists(self.to.path(name));
        if is_there.map_err(self.failed("read", name))? {
            return Ok(());
        }
        let bytes = fs::read(self.from.join(name));
        // A partial one may be gone since a newer checkpoint was published: then that one is taken.
        let bytes = bytes.map_err(|source| AuditError::Io {
            action: "read",
            path: self.from.join(name),
            source,
        });
        let bytes = bytes.map_err(ProveError::Log)?;
        let written = self.to.replace(name, &bytes, Keep::Bytes);
        written.map_err(self.failed("write", name))?;
        let folder = path::parent(name).to_owned();
        if folders.last() != Some(&folder) {
            folders.push(folder);
        }
        self.files += 1;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// The bundle that is not full has to be where a gateway appends to it, and no other.
    fn take_pending(&self, size: u64) -> Result<(), BackupError> {
        let number = size / BUNDLE_ENTRIES;
        let width = usize::try_from(size % BUNDLE_ENTRIES).unwrap_or_default();
        let failed = self.failed("write", path::PENDING);
        self.to.ensure(path::PENDING).map_err(&failed)?;
        for old in bundles::pending(self.to.folder()).map_err(&failed)? {
            self.to.remove(&path::pending(old)).map_err(&failed)?;
        }
        if width > 0 {
            let partial = self.to.path(&path::partial(&path::entries(number), width));
            let bytes = fs::read(partial).map_err(&failed)?;
            let name = path::pending(number);
            let written = self.to.replace(&name, &bytes, Keep::Durable);
            written.map_err(&failed)?;
        }
        Ok(())
    }

    /// Takes the partial tiles of earlier runs away: of each folder of them, what is not needed. What cannot be taken away does
    /// no harm.
    fn sweep(&self, newest: &[String]) -> Result<(), BackupError> {
        let mut left = vec![path::TILE.to_owned()];
        while let Some(folder) = left.pop() {
            let entries = fs::read_dir(self.to.path(&folder));
            for entry in entries.map_err(self.failed("read", &folder))?.flatten() {
                let Some(name) = entry
                    .file_name()
                    .to_str()
                    .map(|name| format!("{folder}/{name}"))
                else {
                    continue;
                };
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    left.push(name);
                } else if folder.ends_with(".p") && !newest.contains(&name) {
                    drop(self.to.remove(&name));
                    // Only once it is empty.
                    drop(fs::remove_dir(self.to.path(&folder)));
                }
            }
        }
        Ok(())
    }

    fn failed(
        &self,
        action: &'static str,
        name: &str,
    ) -> impl Fn(io::Error) -> BackupError + use<> {
        let path = self.to.path(name);
        move |source| BackupError::Copy {
            action,
            path: path.clone(),
            source,
        }
    }
}

#[cfg(test)]
mod tests;
