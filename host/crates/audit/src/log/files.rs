//! The file operations of the write path: one small seam, so that tests can make each of them fail
//! and can cut the power after each.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FallocateFlags, OFlags};

use crate::error::AuditError;
use crate::tree::path;

/// What the write path asks of the operating system. Reading is no part of it.
pub(crate) trait Files: Send + Sync {
    /// Opens a file to read it and append to it, after making it where it is missing.
    fn append(&self, path: &Path) -> io::Result<File>;
    /// Makes a file that must not be there yet.
    fn create(&self, path: &Path) -> io::Result<File>;
    /// One write(2), which may be short.
    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize>;
    /// Sets the length of a file to less than it was.
    fn cut(&self, file: &File, length: u64) -> io::Result<()>;
    /// Takes room on the disk for a file.
    fn reserve(&self, file: &File, length: u64) -> io::Result<()>;
    /// Puts what a file holds on disk.
    fn sync(&self, file: &File) -> io::Result<()>;
    /// Puts the names in a folder on disk.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Makes a folder.
    fn folder(&self, path: &Path) -> io::Result<()>;
    /// Gives a file a second name.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file or folder another name, in the place of whatever file has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Takes a name away.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The operating system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct System;

impl System {
    fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        let flags = OFlags::NOFOLLOW.bits().cast_signed();
        options
            .read(true)
            .append(true)
            .mode(0o600)
            .custom_flags(flags);
        options
    }
}

impl Files for System {
    fn append(&self, path: &Path) -> io::Result<File> {
        Self::options().create(true).open(path)
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        Self::options().create_new(true).open(path)
    }

    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        file.write(bytes)
    }

    fn cut(&self, file: &File, length: u64) -> io::Result<()> {
        file.set_len(length)
    }

    fn reserve(&self, file: &File, length: u64) -> io::Result<()> {
        Ok(rustix::fs::fallocate(
            file,
            FallocateFlags::empty(),
            0,
            length,
        )?)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        Ok(rustix::fs::fdatasync(file)?)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn folder(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(path)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }
}

/// What a reserve is filled with where the file system cannot reserve.
static ZEROS: [u8; 65_536] = [0; 65_536];

/// Whether a file that is written whole must be on disk before anything follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// It is on disk, under its name, once this is done.
    Durable,
    /// Its bytes are on disk; its name is put there by whoever asked for it.
    Bytes,
    /// It is derived from what is on disk, and made again after a crash.
    Derived,
}

/// The folder of a log, and the operations on it. Names are relative to the folder.
#[derive(Clone)]
pub(crate) struct Store {
    folder: PathBuf,
    pub(crate) files: Arc<dyn Files>,
}

impl Store {
    pub(crate) fn new(folder: &Path, files: Arc<dyn Files>) -> Self {
        Store {
            folder: folder.to_owned(),
            files,
        }
    }

    /// Where the folder is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a file of the folder is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder that a file stands in.
    fn parent(&self, name: &str) -> PathBuf {
        match path::parent(name) {
            "" => self.folder.clone(),
            parent => self.path(parent),
        }
    }

    /// Makes the folder `name` and those above it, each on disk before what goes into it.
    pub(crate) fn ensure(&self, name: &str) -> io::Result<()> {
        if self.path(name).is_dir() {
            return Ok(());
        }
        if !path::parent(name).is_empty() {
            self.ensure(path::parent(name))?;
        }
        match self.files.folder(&self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => self.files.sync_folder(&self.parent(name)),
        }
    }

    /// Opens a file to append to, in a folder that is there.
    pub(crate) fn append(&self, name: &str) -> io::Result<File> {
        self.files.append(&self.path(name))
    }

    /// Writes a file whole, in the place of whatever file has its name.
    ///
    /// A crash leaves the file `tmp`, which the next call takes away, and the old file or none under
    /// the name.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8], keep: Keep) -> io::Result<()> {
        if !path::parent(name).is_empty() {
            self.ensure(path::parent(name))?;
        }
        let temporary = self.path(path::TEMPORARY);
        // Never written over: after a power cut it may be a second name of what it became.
        self.remove(path::TEMPORARY)?;
        let file = self.files.create(&temporary)?;
        self.write_all(&file, bytes)?;
        if keep != Keep::Derived {
            self.files.sync(&file)?;
        }
        self.files.rename(&temporary, &self.path(name))?;
        if keep == Keep::Durable {
            self.files.sync_folder(&self.parent(name))?;
        }
        Ok(())
    }

    /// Takes room on the disk for an empty file.
    pub(crate) fn reserve(&self, file: &File, length: u64) -> io::Result<()> {
        match self.files.reserve(file, length) {
            // Some file systems take room for nothing but bytes.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                self.files.cut(file, 0)?;
                (0..length.div_ceil(ZEROS.len() as u64))
                    .try_for_each(|_| self.write_all(file, &ZEROS))
            }
            result => result,
        }
    }

    /// Writes all bytes, in as many writes as it takes.
    pub(crate) fn write_all(&self, file: &File, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = self.files.write(file, bytes)?;
            match bytes.get(written..) {
                Some(rest) if written > 0 => bytes = rest,
                _ => return Err(io::ErrorKind::WriteZero.into()),
            }
        }
        Ok(())
    }

    /// Puts a file's name on disk.
    pub(crate) fn sync_parent(&self, name: &str) -> io::Result<()> {
        self.files.sync_folder(&self.parent(name))
    }

    /// Takes a name away; one that is not there is no error.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        match self.files.remove(&self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// An error of the operating system at a file of the folder.
    pub(crate) fn failed(
        &self,
        action: &'static str,
        name: &str,
    ) -> impl Fn(io::Error) -> AuditError {
        let path = self.path(name);
        move |source| AuditError::Io {
            action,
            path: path.clone(),
            source,
        }
    }
}

/// Whether an error says that the disk, or what we may use of it, is full.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge
            | io::ErrorKind::WriteZero
    )
}
