//! Folders that were opened once, to be read and never left.
//!
//! `cap-std` resolves each path below the folder that is already open (with `openat2` and `RESOLVE_BENEATH`
//! where the system has it), so that neither `..`, a link nor somebody who swaps one for the other while
//! the path is walked leads out. Not told apart is a hard link from a file of the folder: it is that file.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;
use std::time::{Instant, UNIX_EPOCH};

use cap_std::ambient_authority;
use cap_std::fs::{
    Dir, File, FileType, Metadata, MetadataExt as _, OpenOptions, OpenOptionsExt as _,
};
use rustix::fs::OFlags;
use wardlet_call::{FileKind, FileStatus, FolderFailure, Folders};

/// A file of rules or names; what is larger is not read for every call.
pub const MAX_FILE_BYTES: u64 = 1 << 20;

/// Entries of a folder: each costs the plugin an allocation.
pub const MAX_ENTRIES: usize = 1024;

/// The length of a path, below the 4,096 bytes that systems take.
const MAX_PATH: usize = 1024;

/// What is read before the clock is looked at again.
const READ: usize = 64 << 10;

/// Why a folder is not opened.
#[derive(Debug, thiserror::Error)]
#[error("folder `{name}`: cannot open `{path}`: {kind}")]
pub struct FolderError {
    name: String,
    path: String,
    kind: ErrorKind,
}

/// The folders of one plugin, by their names.
pub struct FolderSet(BTreeMap<String, Dir>);

impl fmt::Debug for FolderSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl FolderSet {
    /// Opens the folders. What is put in their places later is not seen.
    ///
    /// # Errors
    /// [`FolderError`] of the first that cannot be opened, or is no folder.
    pub fn open<'a>(
        folders: impl IntoIterator<Item = (&'a str, &'a Path)>,
    ) -> Result<Self, FolderError> {
        let opened = folders.into_iter().map(|(name, path)| {
            let dir = Dir::open_ambient_dir(path, ambient_authority());
            let dir = dir.map_err(|error| FolderError {
                name: name.to_owned(),
                path: path.display().to_string(),
                kind: error.kind(),
            })?;
            Ok((name.to_owned(), dir))
        });
        Ok(FolderSet(opened.collect::<Result<_, _>>()?))
    }

    fn folder(&self, name: &str) -> Result<&Dir, FolderFailure> {
        self.0.get(name).ok_or(FolderFailure::NotGranted)
    }
}

impl Folders for FolderSet {
    fn read(&self, folder: &str, path: &str, until: Instant) -> Result<Vec<u8>, FolderFailure> {
        let dir = self.folder(folder)?;
        check(path)?;
        // A device or pipe is not even opened: that alone can have effects, or wait for somebody.
        let seen = dir.metadata(path).map_err(|error| failure_of(&error))?;
        refuse_other(&seen)?;
        // And if one is put there now, it is opened without waiting, and refused.
        let mut options = OpenOptions::new();
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        options
            .read(true)
            .custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
        let file = dir.open_with(path, &options);
        read(&file.map_err(|error| failure_of(&error))?, until)
    }

    fn list(
        &self,
        folder: &str,
        path: &str,
        until: Instant,
    ) -> Result<Vec<(String, FileKind)>, FolderFailure> {
        let dir = self.folder(folder)?;
        let unreadable = |error: io::Error| failure_of(&error);
        let entries = if path == "." {
            dir.entries()
        } else {
            check(path)?;
            dir.open_dir(path).and_then(|dir| dir.entries())
        };
        let mut listed = Vec::new();
        for entry in entries.map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            if listed.len() >= MAX_ENTRIES {
                return Err(FolderFailure::TooMany);
            }
            let name = entry.file_name().into_string();
            let name = name.map_err(|_| FolderFailure::NotText)?;
            listed.push((name, kind_of(entry.file_type().map_err(unreadable)?)));
            if Instant::now() >= until {
                return Err(FolderFailure::TimedOut);
            }
        }
        listed.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(listed)
    }

    fn stat(&self, folder: &str, path: &str) -> Result<FileStatus, FolderFailure> {
        let dir = self.folder(folder)?;
        let metadata = if path == "." {
            dir.dir_metadata()
        } else {
            check(path)?;
            dir.metadata(path)
        };
        let metadata = metadata.map_err(|error| failure_of(&error))?;
        let modified = metadata.modified().map(cap_std::time::SystemTime::into_std);
        let since = modified
            .ok()
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Ok(FileStatus {
            kind: kind_of(metadata.file_type()),
            size: metadata.len(),
            modified_ms: since.map_or(0, |since| {
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            }),
        })
    }
}

/// Reads an open file to its end, if it is a regular one that stays as it is.
fn read(file: &File, until: Instant) -> Result<Vec<u8>, FolderFailure> {
    let unreadable = |error: io::Error| failure_of(&error);
    let before = file.metadata().map_err(unreadable)?;
    refuse_other(&before)?;
    if before.len() > MAX_FILE_BYTES {
        return Err(FolderFailure::TooLarge);
    }
    let mut bytes = Vec::new();
    loop {
        if Instant::now() >= until {
            return Err(FolderFailure::TimedOut);
        }
        let read = file.take(READ as u64).read_to_end(&mut bytes);
        let read = read.map_err(unreadable)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(FolderFailure::TooLarge);
        }
        if read == 0 {
            break;
        }
    }
    let after = file.metadata().map_err(unreadable)?;
    let state = |metadata: &Metadata| {
        let written = (metadata.mtime(), metadata.mtime_nsec());
        (metadata.len(), written)
    };
    // A file that was replaced as a whole is read as it was; one that was written into is half of each.
    if state(&before) != state(&after) || after.len() != bytes.len() as u64 {
        return Err(FolderFailure::Changed);
    }
    Ok(bytes)
}

fn refuse_other(metadata: &Metadata) -> Result<(), FolderFailure> {
    if metadata.is_file() {
        Ok(())
    } else {
        Err(FolderFailure::NotAFile)
    }
}

/// Refuses what is no plain relative path, before the system sees it.
fn check(path: &str) -> Result<(), FolderFailure> {
    let is_step = |step: &str| !matches!(step, "" | "." | "..");
    if path.len() > MAX_PATH || path.contains('\0') || !path.split('/').all(is_step) {
        return Err(FolderFailure::BadPath);
    }
    Ok(())
}

fn kind_of(kind: FileType) -> FileKind {
    if kind.is_file() {
        FileKind::File
    } else if kind.is_dir() {
        FileKind::Folder
    } else if kind.is_symlink() {
        FileKind::Link
    } else {
        FileKind::Other
    }
}

fn failure_of(error: &io::Error) -> FolderFailure {
    match error.kind() {
        ErrorKind::NotFound => FolderFailure::NotFound,
        ErrorKind::NotADirectory => FolderFailure::NotAFolder,
        // What cap-std refuses has no number of the system's.
        ErrorKind::PermissionDenied if error.raw_os_error().is_none() => FolderFailure::Outside,
        _ => FolderFailure::Unavailable,
    }
}

#[cfg(test)]
mod tests;
