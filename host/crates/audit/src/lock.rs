//! Folders that one process at a time works with.

use std::fs::File;

use rustix::fs::FlockOperation;
use rustix::io::Errno;
use wardlet_keys::{KeyError, PrivateFolder};

/// Locks the file `name` of a folder, after making it where it is missing, until the file is
/// dropped or the process ends; none where another process has it.
///
/// # Errors
/// Any [`KeyError`] about the file.
pub(crate) fn take(folder: &PrivateFolder, name: &str) -> Result<Option<File>, KeyError> {
    let file = folder.append(name)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(errno) => Err(KeyError::Io {
            action: "lock",
            path: folder.path().join(name),
            source: errno.into(),
        }),
    }
}
