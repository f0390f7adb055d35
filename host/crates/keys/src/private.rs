//! Folders and files that only their owner reads and writes.

use std::fs::{DirBuilder, File};
use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT,
};
use rustix::io::Errno;

use crate::base64url;
use crate::error::KeyError;
use crate::random::random;

/// The widest permissions of a private folder.
const FOLDER_MODE: u32 = 0o700;

/// The widest permissions of a private file.
const FILE_MODE: u32 = 0o600;

/// The permission bits of a mode, without set-group-id, which some file systems pass on to folders.
const PERMISSION_BITS: u32 = 0o777;

/// A file of a [`PrivateFolder`].
#[derive(Clone, Debug)]
pub struct PrivateFile {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it was written or touched last.
    pub written: SystemTime,
}

/// Bytes of a path that a socket's address holds on Linux, with the byte that ends it.
const MAX_SOCKET_PATH: usize = 108;

/// A folder that is ours, not a symbolic link, and closed to all others. Its files are opened
/// relative to the open folder, so that it cannot be exchanged in between.
#[derive(Debug)]
pub struct PrivateFolder {
    path: PathBuf,
    folder: OwnedFd,
}

impl PrivateFolder {
    /// Opens the folder, after making it and its parents, with mode 0700, where they are missing.
    ///
    /// # Errors
    /// [`KeyError::TooOpen`], [`KeyError::NotOurs`], [`KeyError::NotPlain`], [`KeyError::Io`]
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(path)
            .map_err(|source| KeyError::Io {
                action: "create",
                path: path.to_owned(),
                source,
            })?;
        Self::existing(path)?.ok_or_else(|| KeyError::io("open", path)(Errno::NOENT))
    }

    /// Opens the folder, and makes nothing: none where there is no such folder.
    ///
    /// # Errors
    /// As [`PrivateFolder::open`].
    pub fn existing(path: &Path) -> Result<Option<Self>, KeyError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = match rustix::fs::openat(CWD, path, flags, Mode::empty()) {
            Ok(folder) => folder,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(refusal(errno, path, "folder")),
        };
        let stat = rustix::fs::fstat(&folder).map_err(KeyError::io("open", path))?;
        check(&stat, path, FOLDER_MODE)?;
        Ok(Some(PrivateFolder {
            path: path.to_owned(),
            folder,
        }))
    }

    /// A path to a socket in the folder that fits into an address: through the open folder where its own path is too
    /// long. It holds as long as this does.
    #[must_use]
    pub fn socket(&self, name: &str) -> PathBuf {
        let path = self.path.join(name);
        if path.as_os_str().len() < MAX_SOCKET_PATH {
            return path;
        }
        PathBuf::from(format!("/proc/self/fd/{}", self.folder.as_raw_fd())).join(name)
    }

    /// Where the folder is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a file of at most `limit` bytes; none where there is no such file.
    ///
    /// # Errors
    /// As [`PrivateFolder::open`]; [`KeyError::Io`] also where the file is over the limit.
    pub fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, KeyError> {
        let path = self.path.join(name);
        let io = |source| KeyError::Io {
            action: "read",
            path: path.clone(),
            source,
        };
        let Some(file) = self.open_file(name, OFlags::RDONLY)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        file.take(most).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() > limit {
            return Err(io(std::io::Error::other(format!(
                "it has more than {limit} bytes"
            ))));
        }
        Ok(Some(bytes))
    }

    /// Opens a file to read it and append to it, after making it where it is missing.
    ///
    /// # Errors
    /// As [`PrivateFolder::open`].
    pub fn append(&self, name: &str) -> Result<File, KeyError> {
        let flags = OFlags::RDWR | OFlags::APPEND;
        if let Some(file) = self.open_file(name, flags)? {
            return Ok(file);
        }
        let path = self.path.join(name);
        match self.create(name, flags | OFlags::EXCL) {
            Ok(file) => {
                self.sync()?;
                Ok(file)
            }
            // Another process was faster: its file is checked like any other.
            Err(Errno::EXIST) => self
                .open_file(name, flags)?
                .ok_or_else(|| KeyError::io("open", &path)(Errno::NOENT)),
            Err(errno) => Err(KeyError::io("create", &path)(errno)),
        }
    }

    /// Writes a new file, so that after a crash it is there whole or not at all, and on disk once
    /// this returns. Says whether it was made: an existing file is never overwritten.
    ///
    /// # Errors
    /// [`KeyError::Io`], [`KeyError::Random`]
    pub fn create_new(&self, name: &str, bytes: &[u8]) -> Result<bool, KeyError> {
        let path = self.path.join(name);
        let temporary = self.write_temporary(name, bytes)?;
        let made = self.link(&temporary, name);
        // A crash before this leaves a temporary file behind, as private as the one it became.
        let cleared = rustix::fs::unlinkat(&self.folder, &temporary, AtFlags::empty());
        let made = made?;
        cleared.map_err(KeyError::io("write", &path))?;
        self.sync()?;
        Ok(made)
    }

    /// Writes a file, in the place of whatever file or link has its name, so that after a crash the
    /// old or the new one is there whole.
    ///
    /// # Errors
    /// [`KeyError::Io`], [`KeyError::Random`]
    pub fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), KeyError> {
        let temporary = self.write_temporary(name, bytes)?;
        rustix::fs::renameat(&self.folder, &temporary, &self.folder, name).map_err(|errno| {
            // The first failure is the one to tell.
            let _ = self.remove(&temporary);
            KeyError::io("write", &self.path.join(name))(errno)
        })?;
        self.sync()
    }

    /// Sets the time at which a file was written to now.
    ///
    /// # Errors
    /// [`KeyError::Io`]
    pub fn touch(&self, name: &str) -> Result<(), KeyError> {
        let special = |tv_nsec| Timespec { tv_sec: 0, tv_nsec };
        let times = Timestamps {
            last_access: special(UTIME_OMIT),
            last_modification: special(UTIME_NOW),
        };
        rustix::fs::utimensat(&self.folder, name, &times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(KeyError::io("write", &self.path.join(name)))
    }

    /// Removes a file or link. One that is not there is no error.
    ///
    /// # Errors
    /// [`KeyError::Io`]
    pub fn remove(&self, name: &str) -> Result<(), KeyError> {
        match rustix::fs::unlinkat(&self.folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(KeyError::io("remove", &self.path.join(name))(errno)),
        }
    }

    /// The plain files in the folder whose names are UTF-8, in no order.
    ///
    /// # Errors
    /// [`KeyError::Io`]
    pub fn files(&self) -> Result<Vec<PrivateFile>, KeyError> {
        let failed = || KeyError::io("list", &self.path);
        let mut files = Vec::new();
        for entry in Dir::read_from(&self.folder).map_err(failed())? {
            let entry = entry.map_err(failed())?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            let stat = rustix::fs::statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW);
            // What another process removed meanwhile is not there.
            let Ok(stat) = stat else { continue };
            if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
                let seconds = u64::try_from(stat.st_mtime).unwrap_or(0);
                let nanos = u32::try_from(stat.st_mtime_nsec).unwrap_or(0);
                files.push(PrivateFile {
                    name: name.to_owned(),
                    size: u64::try_from(stat.st_size).unwrap_or(0),
                    written: SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos),
                });
            }
        }
        Ok(files)
    }

    /// Writes a file under a name that nobody else has, and gives the name.
    fn write_temporary(&self, name: &str, bytes: &[u8]) -> Result<String, KeyError> {
        let path = self.path.join(name);
        let temporary = format!(".{name}.{}", base64url::encode(&random::<9>()?));
        let file = self.create(&temporary, OFlags::WRONLY | OFlags::EXCL);
        let mut file = file.map_err(KeyError::io("create", &path))?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        written.map_err(|source| {
            // The first failure is the one to tell.
            let _ = self.remove(&temporary);
            KeyError::Io {
                action: "write",
                path,
                source,
            }
        })?;
        Ok(temporary)
    }

    /// Gives a file its name, which unlike a rename fails where the name is taken.
    fn link(&self, temporary: &str, name: &str) -> Result<bool, KeyError> {
        let flags = AtFlags::empty();
        match rustix::fs::linkat(&self.folder, temporary, &self.folder, name, flags) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(errno) => Err(KeyError::io("create", &self.path.join(name))(errno)),
        }
    }

    fn open_file(&self, name: &str, flags: OFlags) -> Result<Option<File>, KeyError> {
        let path = self.path.join(name);
        // Non-blocking, since the opening of a pipe would wait for its other end.
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = match rustix::fs::openat(&self.folder, name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(refusal(errno, &path, "file")),
        };
        let stat = rustix::fs::fstat(&file).map_err(KeyError::io("open", &path))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(KeyError::NotPlain {
                path,
                expected: "file",
            });
        }
        check(&stat, &path, FILE_MODE)?;
        Ok(Some(File::from(file)))
    }

    fn create(&self, name: &str, flags: OFlags) -> Result<File, Errno> {
        let flags = flags | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&self.folder, name, flags, Mode::RUSR | Mode::WUSR).map(File::from)
    }

    /// Puts the folder's list of names on disk.
    fn sync(&self) -> Result<(), KeyError> {
        rustix::fs::fsync(&self.folder).map_err(KeyError::io("write", &self.path))
    }
}

/// What it means that something could not be opened without following a link.
fn refusal(errno: Errno, path: &Path, expected: &'static str) -> KeyError {
    match errno {
        Errno::LOOP | Errno::NOTDIR | Errno::ISDIR | Errno::NXIO => KeyError::NotPlain {
            path: path.to_owned(),
            expected,
        },
        errno => KeyError::io("open", path)(errno),
    }
}

fn check(stat: &Stat, path: &Path, widest: u32) -> Result<(), KeyError> {
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        return Err(KeyError::NotOurs {
            path: path.to_owned(),
        });
    }
    let mode = Mode::from_raw_mode(stat.st_mode).bits() & PERMISSION_BITS;
    if mode & !widest != 0 {
        return Err(KeyError::TooOpen {
            path: path.to_owned(),
            mode,
            widest,
        });
    }
    Ok(())
}
