//! Behind the capability `fs-read`.

use std::fmt::Debug;
use std::time::Instant;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, in lists; everything else follows links.
    Link,
    /// A device, a pipe or a socket.
    Other,
}

/// What is known of a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStatus {
    /// What it is; never a link, since links are followed.
    pub kind: FileKind,
    /// Bytes.
    pub size: u64,
    /// When it was last written, in milliseconds since 1970; 0 where that is not known.
    pub modified_ms: u64,
}

/// Why something cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FolderFailure {
    /// There is no folder of this name in the grant.
    #[error("no such folder is granted")]
    NotGranted,
    /// The path is empty, absolute, too long, or has a step that is empty, `.`, `..` or holds a NUL.
    #[error("the path is not one")]
    BadPath,
    /// A link leads out of the folder.
    #[error("the path leads out of the folder")]
    Outside,
    /// Nothing stands there.
    #[error("nothing stands there")]
    NotFound,
    /// No regular file stands there.
    #[error("it is no regular file")]
    NotAFile,
    /// No folder stands there.
    #[error("it is no folder")]
    NotAFolder,
    /// The file is over the limit.
    #[error("the file is too large")]
    TooLarge,
    /// The folder has more entries than the limit.
    #[error("the folder has too many entries")]
    TooMany,
    /// The name of an entry is no text.
    #[error("the name of an entry is not UTF-8")]
    NotText,
    /// It was written while it was read.
    #[error("the file changed while it was read")]
    Changed,
    /// It was not over in time.
    #[error("the time is over")]
    TimedOut,
    /// The system refuses it.
    #[error("the system refuses it")]
    Unavailable,
}

/// The folders that an operator granted, to be read. Paths are relative, with `/` between the steps.
pub trait Folders: Debug + Send + Sync {
    /// The whole of a regular file.
    ///
    /// # Errors
    /// [`FolderFailure`]
    fn read(&self, folder: &str, path: &str, until: Instant) -> Result<Vec<u8>, FolderFailure>;

    /// The entries of a folder, ordered by their names; `.` is the granted folder itself.
    ///
    /// # Errors
    /// [`FolderFailure`]
    fn list(
        &self,
        folder: &str,
        path: &str,
        until: Instant,
    ) -> Result<Vec<(String, FileKind)>, FolderFailure>;

    /// What stands at a path; `.` is the granted folder itself.
    ///
    /// # Errors
    /// [`FolderFailure`]
    fn stat(&self, folder: &str, path: &str) -> Result<FileStatus, FolderFailure>;
}
