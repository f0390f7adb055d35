//! The vault: what the audit log only commits to, encrypted under a key for each subject, so that it can be
//! shown later, and erased for good. `VAULT.md` beside this crate describes the file.
//!
//! A subject is whoever calls. Everything that ties entries to it is derived from one random key: its
//! pseudonym, and the salt of each commitment, so that nothing has to be stored on the way of a call. Values
//! go into a queue, and a thread writes them. Once the key is erased nobody can tell whose the entries were,
//! nor whether a guess of a value is right; every proof of the log holds as before.
//!
//! ```
//! # let state = tempfile::tempdir()?;
//! # use wardlet_vault::Vault;
//! let vault = Vault::open(&state.path().join("vault"), &state.path().join("keys"))?;
//! let subject = vault.subject("uid:1000", 0)?;
//! let commitment = subject.commit("txn", "arguments", r#"{"path":"/a"}"#);
//! vault.keep(&subject, "txn", &commitment);
//! vault.flush()?;
//! assert_eq!(vault.of_transaction("txn")?[0].value, r#"{"path":"/a"}"#);
//! vault.erase(subject.pseudonym())?;
//! vault.forget()?;
//! assert!(vault.of_transaction("txn")?.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod disclosure;
mod error;
mod file;
mod queue;
mod subject;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use wardlet_audit::Commitment;
use wardlet_keys::SealingKey;

pub use self::disclosure::Disclosure;
pub use self::error::VaultError;
pub use self::file::VAULT_FILE;
use self::queue::{Item, Queue};
pub use self::queue::{Kept, MAX_DISCLOSURE_BYTES, MAX_WAITING_BYTES, WRITE_WITHIN};
pub use self::subject::{KnownSubject, Subject};

/// The vault of one state folder. Several processes may have it open.
pub struct Vault {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

/// What the callers and the writing thread share.
struct Shared {
    folder: PathBuf,
    key: SealingKey,
    connection: Mutex<Connection>,
    queue: Queue,
}

impl Shared {
    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A statement that panicked left no transaction: SQLite rolls it back.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vault {
    /// Opens the vault in `folder` (0700), or makes it, with the key in the folder `keys`.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn open(folder: &Path, keys: &Path) -> Result<Self, VaultError> {
        let key = SealingKey::open(keys)?;
        let connection = file::open(folder, &key)?;
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            key,
            connection: Mutex::new(connection),
            queue: Queue::default(),
        });
        let served = Arc::clone(&shared);
        let writer = std::thread::Builder::new()
            .name("vault".to_owned())
            .spawn(move || queue::write_until_closed(&served))
            .map_err(|source| VaultError::Thread { source })?;
        Ok(Vault {
            shared,
            writer: Some(writer),
        })
    }

    /// The subject with this name, which is made where it is not known: it has another pseudonym and other
    /// salts than one of the same name that was erased. `now_ms` is the time, in milliseconds since 1970.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn subject(&self, name: &str, now_ms: u64) -> Result<Arc<Subject>, VaultError> {
        let connection = &mut self.shared.connection();
        let made = subject::find_or_make(connection, &self.shared.key, name, now_ms);
        made.map(Arc::new).map_err(|error| self.failed(error))
    }

    /// Whether a subject was not erased since it was looked up.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn holds(&self, subject: &Subject) -> Result<bool, VaultError> {
        let found = subject::row(&self.shared.connection(), subject.pseudonym());
        found
            .map(|row| row.is_some())
            .map_err(|error| self.failed(error))
    }

    /// All subjects, in the order in which they were made.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn subjects(&self) -> Result<Vec<KnownSubject>, VaultError> {
        let all = subject::all(&self.shared.connection(), &self.shared.key);
        all.map_err(|error| self.failed(error))
    }

    /// Keeps the value of a commitment, within [`WRITE_WITHIN`]. Never waits: what is longer than
    /// [`MAX_DISCLOSURE_BYTES`], or finds [`MAX_WAITING_BYTES`] waiting before it, is not kept, which
    /// [`Vault::kept`] tells. The log is no less sound for that.
    pub fn keep(&self, subject: &Arc<Subject>, txn: &str, commitment: &Commitment) {
        self.shared.queue.push(Item {
            subject: Arc::clone(subject),
            txn: txn.to_owned(),
            digest: commitment.digest.clone(),
            disclosure: commitment.disclosure().to_owned(),
        });
    }

    /// Waits until all that was given to be kept is written, or was not kept.
    ///
    /// # Errors
    /// [`VaultError`] of the last write, where it failed.
    pub fn flush(&self) -> Result<(), VaultError> {
        match self.shared.queue.drained() {
            None => Ok(()),
            Some(why) => Err(VaultError::Write { why }),
        }
    }

    /// What was kept, and what was not and why.
    #[must_use]
    pub fn kept(&self) -> Kept {
        self.shared.queue.kept()
    }

    /// The values of a transaction that are kept, in the order in which they were written. Each is checked
    /// against its commitment's digest.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn of_transaction(&self, txn: &str) -> Result<Vec<Disclosure>, VaultError> {
        let found = disclosure::of_transaction(&self.shared.connection(), &self.shared.key, txn);
        found.map_err(|error| self.failed(error))
    }

    /// Erases a subject by its pseudonym: its key, its name, and all values that were kept of it. How many
    /// those were; none where there is no such subject. Old pages are gone once [`Vault::forget`] says so.
    ///
    /// A crash in here leaves all of it or nothing.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn erase(&self, pseudonym: &str) -> Result<Option<u64>, VaultError> {
        let erased = subject::erase(&mut self.shared.connection(), pseudonym);
        erased.map_err(|error| self.failed(error))
    }

    /// Takes the old pages of what was erased from the disk. A crash before leaves them in the write-ahead file of SQLite; the
    /// next erasure or opening that no other process is in the way of takes them.
    ///
    /// # Errors
    /// [`VaultError::Busy`] where another process keeps old pages in use.
    pub fn forget(&self) -> Result<(), VaultError> {
        file::forget_pages(&self.shared.connection()).map_err(|error| self.failed(error))
    }

    /// The pseudonym of a name; none where nobody is known by it.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn named(&self, name: &str) -> Result<Option<String>, VaultError> {
        let found = subject::named(&self.shared.connection(), &self.shared.key, name);
        found.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: VaultError) -> VaultError {
        error.at(&self.shared.folder)
    }
}

impl Drop for Vault {
    /// Writes what is waiting.
    fn drop(&mut self) {
        self.shared.queue.close();
        if let Some(writer) = self.writer.take() {
            // It does not panic; what it could not write was counted.
            drop(writer.join());
        }
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault")
            .field("folder", &self.shared.folder)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
