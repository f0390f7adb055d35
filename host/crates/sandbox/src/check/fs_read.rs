//! Capability `fs-read`: files below the folders that the operator named.

use std::sync::Arc;
use std::time::Instant;

use wardlet_call::{FileKind, FolderFailure, Folders};
use wasmtime::Result;

use super::State;
use crate::bindings::fs_read::{Entry, Failure, Host, Kind, Status};

/// What a function of the interface answers.
type Answer<T> = std::result::Result<T, Failure>;

impl Host for State {
    fn read(&mut self, folder: String, path: String) -> Result<Answer<Vec<u8>>> {
        self.meter.host_call()?;
        let read = self.in_folders(|folders, until| folders.read(&folder, &path, until));
        Ok(read.and_then(|bytes| {
            let crosses = self.meter.cross(bytes.len());
            crosses.then_some(bytes).ok_or(Failure::TooLarge)
        }))
    }

    fn list(&mut self, folder: String, path: String) -> Result<Answer<Vec<Entry>>> {
        self.meter.host_call()?;
        let listed = self.in_folders(|folders, until| folders.list(&folder, &path, until));
        Ok(listed.and_then(|entries| {
            let bytes = entries.iter().map(|(name, _)| name.len()).sum();
            if !self.meter.cross(bytes) {
                return Err(Failure::TooLarge);
            }
            let entries = entries.into_iter().map(|(name, kind)| Entry {
                name,
                kind: kind.into(),
            });
            Ok(entries.collect())
        }))
    }

    fn stat(&mut self, folder: String, path: String) -> Result<Answer<Status>> {
        self.meter.host_call()?;
        let status = self.in_folders(|folders, _| folders.stat(&folder, &path));
        Ok(status.map(|status| Status {
            kind: status.kind.into(),
            size: status.size,
            modified: status.modified_ms,
        }))
    }
}

impl State {
    fn in_folders<T>(
        &mut self,
        call: impl FnOnce(&dyn Folders, Instant) -> std::result::Result<T, FolderFailure>,
    ) -> Answer<T> {
        let folders = self.reach().folders.as_ref().map(Arc::clone);
        let folders = folders.ok_or(Failure::NotGranted)?;
        Ok(self.meter.wait(|until| call(&*folders, until))?)
    }
}

impl From<FileKind> for Kind {
    fn from(kind: FileKind) -> Self {
        match kind {
            FileKind::File => Kind::File,
            FileKind::Folder => Kind::Folder,
            FileKind::Link => Kind::Link,
            FileKind::Other => Kind::Other,
        }
    }
}

impl From<FolderFailure> for Failure {
    fn from(failure: FolderFailure) -> Self {
        match failure {
            FolderFailure::NotGranted => Failure::NotGranted,
            FolderFailure::BadPath => Failure::BadPath,
            FolderFailure::Outside => Failure::Outside,
            FolderFailure::NotFound => Failure::NotFound,
            FolderFailure::NotAFile => Failure::NotAFile,
            FolderFailure::NotAFolder => Failure::NotAFolder,
            FolderFailure::TooLarge => Failure::TooLarge,
            FolderFailure::TooMany => Failure::TooMany,
            FolderFailure::NotText => Failure::NotText,
            FolderFailure::Changed => Failure::Changed,
            FolderFailure::TimedOut => Failure::TimedOut,
            FolderFailure::Unavailable => Failure::Unavailable,
        }
    }
}
