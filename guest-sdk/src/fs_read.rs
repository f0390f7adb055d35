//! Capability `fs-read`: files in the folders that the operator named, to be read. Paths are relative, with
//! `/` between their steps, none of which is empty, `.` or `..`.

pub use crate::bindings::wardlet::plugin::fs_read::{Entry, Failure, Kind, Status};

/// The whole of a regular file of at most 1 MiB.
///
/// # Errors
/// [`Failure`]
pub fn read(folder: &str, path: &str) -> Result<Vec<u8>, Failure> {
    crate::host::fs_read::read(folder, path)
}

/// The entries of a folder, ordered by their names, at most 1,024; `.` is the granted folder itself.
///
/// # Errors
/// [`Failure`]
pub fn list(folder: &str, path: &str) -> Result<Vec<Entry>, Failure> {
    crate::host::fs_read::list(folder, path)
}

/// What stands at a path; `.` is the granted folder itself.
///
/// # Errors
/// [`Failure`]
pub fn stat(folder: &str, path: &str) -> Result<Status, Failure> {
    crate::host::fs_read::stat(folder, path)
}
