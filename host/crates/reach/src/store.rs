//! What plugins keep between checks, in one SQLite file.
//!
//! One thread works on the file, and whoever calls waits for it until the deadline and not longer: a
//! disk that hangs holds up that thread and no check. Several processes may have the same file open
//! (write-ahead log, and transactions that begin with the lock). Commits are not forced to the disk
//! one by one (`synchronous = normal`): that would cost each check milliseconds, and a sudden end of
//! the machine takes the last seconds with it, but never the order of what was written.

mod file;
mod operations;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use wardlet_call::{Entry, Moment, PluginName, Store, StoreError};

pub use file::OpenError;
use operations::{Place, Scope};

/// What a plugin keeps where the configuration does not say: some thousand small entries.
pub const DEFAULT_QUOTA: u64 = 1 << 20;

/// An operator cannot set less: one entry of the largest size fits.
pub const MIN_QUOTA: u64 = 128 << 10;

/// An operator cannot set more: whoever needs more needs a database, and the file is looked through
/// when the gateway starts.
pub const MAX_QUOTA: u64 = 256 << 20;

/// Calls that wait for the thread at one time: more than there are sandboxes. One more is refused
/// at once.
const MAX_WAITING: usize = 1024;

/// Steps of SQLite's machine between two looks at the deadline: some tens of microseconds.
const STEPS: i32 = 1000;

/// A reading takes no lock from writers, in this process or another.
const READS: TransactionBehavior = TransactionBehavior::Deferred;

/// A writing takes the lock at its beginning: what it read stays true until it has written.
const WRITES: TransactionBehavior = TransactionBehavior::Immediate;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The open file, with its thread. The thread ends when the last [`Store`] over it is dropped.
#[derive(Clone, Debug)]
pub struct Disk {
    jobs: SyncSender<Job>,
    /// Whether the last transaction failed: told once, not at every check.
    failing: Arc<AtomicBool>,
}

impl Disk {
    /// Opens the file at `path`, which is made (0600) where it is not there, and looks it through.
    ///
    /// # Errors
    /// [`OpenError`]: a file that is damaged, or not ours, is left as it is.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::over(file::open(path)?)
    }

    fn over(connection: Connection) -> Result<Self, OpenError> {
        let (jobs, taken) = sync_channel::<Job>(MAX_WAITING);
        thread::Builder::new()
            .name("wardlet-store".into())
            .spawn(move || work(connection, &taken))
            .map_err(OpenError::Unreadable)?;
        Ok(Disk {
            jobs,
            failing: Arc::default(),
        })
    }

    /// What one plugin keeps, up to `quota` bytes.
    #[must_use]
    pub fn of(&self, plugin: &PluginName, quota: u64) -> Arc<dyn Store> {
        Arc::new(Kept {
            disk: self.clone(),
            scope: Scope {
                plugin: plugin.as_str().into(),
                quota: i64::try_from(quota).unwrap_or(i64::MAX),
            },
        })
    }

    /// Hands a transaction to the thread, and waits for what it gives until the deadline.
    fn run<T: Send + 'static>(
        &self,
        (behavior, until): (TransactionBehavior, Instant),
        run: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = sync_channel(1);
        let failing = Arc::clone(&self.failing);
        let job: Job = Box::new(move |connection| {
            let left = until.saturating_duration_since(Instant::now());
            // Nobody waits for it any more, or for its answer where that cannot be handed over.
            if left.is_zero() {
                return;
            }
            let done = attempt(connection, (behavior, until), left, run);
            note(&failing, done.as_ref().err());
            let _ = answer.try_send(done.unwrap_or(Err(StoreError::Unavailable)));
        });
        self.jobs
            .try_send(job)
            .map_err(|_| StoreError::Unavailable)?;
        let left = until.saturating_duration_since(Instant::now());
        answered
            .recv_timeout(left)
            .unwrap_or(Err(StoreError::Unavailable))
    }
}

/// The thread of a file.
fn work(mut connection: Connection, jobs: &Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        job(&mut connection);
    }
}

/// Runs one transaction, which ends at the deadline. Only what was done is written.
fn attempt<T>(
    connection: &mut Connection,
    (behavior, until): (TransactionBehavior, Instant),
    left: Duration,
    run: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<Result<T, StoreError>>,
) -> rusqlite::Result<Result<T, StoreError>> {
    connection.busy_timeout(left)?;
    connection.progress_handler(STEPS, Some(move || Instant::now() >= until))?;
    let transaction = connection.transaction_with_behavior(behavior)?;
    let done = run(&transaction)?;
    // Also after a refusal: what was swept on the way to it stays swept.
    transaction.commit()?;
    Ok(done)
}

/// Tells the operator when a store begins to fail, and when it works again.
fn note(failing: &AtomicBool, error: Option<&rusqlite::Error>) {
    match (failing.swap(error.is_some(), Ordering::Relaxed), error) {
        (false, Some(error)) => {
            tracing::warn!(target: "wardlet::store", "the plugins' store fails: {error}");
        }
        (true, None) => tracing::info!(target: "wardlet::store", "the plugins' store works again"),
        _ => {}
    }
}

/// What one plugin keeps.
#[derive(Debug)]
struct Kept {
    disk: Disk,
    scope: Scope,
}

impl Kept {
    fn place(&self, kind: operations::Kind, key: &str, moment: Moment) -> Place {
        Place {
            scope: self.scope.clone(),
            kind,
            key: key.into(),
            now: operations::milliseconds(moment.now_ms),
        }
    }
}

impl Store for Kept {
    fn get(&self, key: &str, moment: Moment) -> Result<Option<Vec<u8>>, StoreError> {
        let place = self.place(operations::Kind::Entry, key, moment);
        self.disk
            .run((READS, moment.until), move |on| place.value(on).map(Ok))
    }

    fn set(&self, key: &str, entry: Entry, moment: Moment) -> Result<bool, StoreError> {
        let place = self.place(operations::Kind::Entry, key, moment);
        self.disk
            .run((WRITES, moment.until), move |on| place.set(on, &entry))
    }

    fn delete(&self, key: &str, moment: Moment) -> Result<bool, StoreError> {
        let place = self.place(operations::Kind::Entry, key, moment);
        self.disk
            .run((WRITES, moment.until), move |on| place.delete(on).map(Ok))
    }

    fn count(&self, key: &str, moment: Moment) -> Result<i64, StoreError> {
        let place = self.place(operations::Kind::Counter, key, moment);
        self.disk
            .run((READS, moment.until), move |on| place.count(on).map(Ok))
    }

    fn add(
        &self,
        key: &str,
        delta: i64,
        window_ms: Option<u64>,
        moment: Moment,
    ) -> Result<i64, StoreError> {
        let place = self.place(operations::Kind::Counter, key, moment);
        self.disk.run((WRITES, moment.until), move |on| {
            place.add(on, delta, window_ms)
        })
    }
}

#[cfg(test)]
mod tests;
