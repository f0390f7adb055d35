//! The pending bundles of a log: writing entries, and putting them on disk.
//!
//! An entry is one write(2) into `pending/<N>`, the file that later is the bundle N itself: nothing
//! is ever copied on the way of a call. One lock guards it, so that the order on disk is that of
//! the indices.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::files::{Store, is_full};
use super::space::{Reserve, Room};
use crate::error::AuditError;
use crate::line::Reference;
use crate::merkle::{self, Tree};
use crate::tree::frames::PREFIX_BYTES;
use crate::tree::path::{self, BUNDLE_ENTRIES};

/// How long the flushing thread gathers entries: what is left of
/// [`FLUSH_WITHIN`](super::FLUSH_WITHIN) is for the disk, where one fdatasync takes some 4 ms.
const GATHER: Duration = Duration::from_millis(40);

/// What writers, the flushing thread and the publisher share. `on_disk` is locked before `state`.
pub(super) struct Writer {
    pub(super) store: Store,
    state: Mutex<State>,
    /// Wakes the flushing thread.
    wake: Condvar,
    /// Wakes the publisher. Only the flushing thread and whoever waits for the disk ring it, so that
    /// a call in the written class does not pay for it.
    tick: Condvar,
    /// How many entries are known to be on disk.
    on_disk: Mutex<u64>,
    reserve: Reserve,
}

/// What stands before a writer, guarded by the lock.
pub(super) struct State {
    /// The index of the next entry.
    pub(super) next: u64,
    /// The tree over all entries, hashed when they were written.
    tree: Tree,
    /// Allowed calls without outcome.
    open: BTreeSet<u64>,
    /// The time of the last entry.
    latest_ms: u64,
    /// The bundle that `next` goes into, once it is open.
    current: Option<Pending>,
    /// The bundle after it, made ahead so that no call waits for that.
    ahead: Option<Pending>,
    /// Full bundles that are not on disk yet.
    filled: Vec<Arc<File>>,
    /// A name in `pending` is not on disk yet.
    unnamed: bool,
    /// Something was written since the last fdatasync began.
    dirty: bool,
    poisoned: bool,
    closing: bool,
}

impl State {
    /// Whether a decision has no outcome yet.
    pub(super) fn is_open(&self, decision: u64) -> bool {
        self.open.contains(&decision)
    }
}

/// A bundle that is being filled.
struct Pending {
    number: u64,
    file: Arc<File>,
    /// Bytes of whole entries.
    length: u64,
}

/// A log as it was at one moment.
pub(super) struct Snapshot {
    /// The tree over all entries.
    pub(super) tree: Tree,
    /// The first allowed call without outcome; the size where there is none.
    pub(super) lowest_open: u64,
    /// The time of the last entry.
    pub(super) latest_ms: u64,
}

/// How an entry stands in the way when the disk is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// It is refused.
    Refusable,
    /// It is the end of something that happened already: the reserve is for it.
    Owed,
}

impl Writer {
    /// A log that goes on after the entries of `tree`, of which those of `open` have no outcome yet.
    pub(super) fn new(store: Store, tree: Tree, open: BTreeSet<u64>, latest_ms: u64) -> Self {
        Writer {
            reserve: Reserve::new(store.clone()),
            store,
            state: Mutex::new(State {
                next: tree.size(),
                tree,
                open,
                latest_ms,
                current: None,
                ahead: None,
                filled: Vec::new(),
                unnamed: true,
                dirty: false,
                poisoned: false,
                closing: false,
            }),
            wake: Condvar::new(),
            tick: Condvar::new(),
            on_disk: Mutex::new(0),
        }
    }

    pub(super) fn lock(&self) -> Result<MutexGuard<'_, State>, AuditError> {
        match self.state.lock() {
            Ok(state) if !state.poisoned => Ok(state),
            // A thread that panicked in the middle of an entry is no better than a failed write.
            _ => Err(AuditError::Poisoned),
        }
    }

    /// Ends the log: nobody knows what is on disk.
    pub(super) fn poison(&self) {
        match self.state.lock() {
            Ok(mut state) => state.poisoned = true,
            Err(poisoned) => poisoned.into_inner().poisoned = true,
        }
        self.tick.notify_all();
    }

    /// What was written so far.
    pub(super) fn snapshot(&self) -> Result<Snapshot, AuditError> {
        let state = self.lock()?;
        Ok(Snapshot {
            tree: state.tree.clone(),
            lowest_open: state.open.first().copied().unwrap_or(state.next),
            latest_ms: state.latest_ms,
        })
    }

    /// Whether there is room for more.
    pub(super) fn room(&self) -> Room {
        self.reserve.room()
    }

    /// Takes the reserve again where it was spent and there is room for it.
    pub(super) fn refill(&self) -> io::Result<()> {
        self.reserve.refill()
    }

    /// Hands the next entry to the operating system, with its length before it.
    ///
    /// With write(2) once and whole, or the log ends here: what a second try would append to is
    /// unknown. A part of the entry on disk is a torn entry, which recovery sets aside. A full disk
    /// is the exception: what was written of the entry is cut off again, and the log goes on.
    pub(super) fn write(
        &self,
        mut state: MutexGuard<'_, State>,
        frame: &[u8],
        reference: Reference,
        (urgency, now_ms): (Urgency, u64),
    ) -> Result<(), AuditError> {
        let mut result = self.try_write(&mut state, frame);
        if matches!(result, Err(AuditError::Full))
            && urgency == Urgency::Owed
            && self.reserve.spend()
        {
            result = self.try_write(&mut state, frame);
        }
        result?;
        let index = state.next;
        state.next += 1;
        state.latest_ms = now_ms;
        state
            .tree
            .push(merkle::leaf(frame.get(PREFIX_BYTES..).unwrap_or_default()));
        match reference {
            Reference::Opens => drop(state.open.insert(index)),
            Reference::Closes(decision) => drop(state.open.remove(&decision)),
            Reference::Neither => {}
        }
        let first = !std::mem::replace(&mut state.dirty, true);
        drop(state);
        if first {
            self.wake.notify_one();
        }
        Ok(())
    }

    fn try_write(&self, state: &mut State, frame: &[u8]) -> Result<(), AuditError> {
        let mut pending = match self.take_current(state) {
            Ok(pending) => pending,
            // Nothing was written.
            Err(error) if is_full(&error) => return Err(AuditError::Full),
            Err(source) => {
                state.poisoned = true;
                return Err(AuditError::Write { source });
            }
        };
        let failed = match self.store.files.write(&pending.file, frame) {
            Ok(count) if count == frame.len() => None,
            Ok(_) => Some(io::Error::from(io::ErrorKind::WriteZero)),
            Err(source) => Some(source),
        };
        let Some(source) = failed else {
            pending.length += frame.len() as u64;
            state.current = Some(pending);
            return Ok(());
        };
        // Before the cut nothing else is written, so that a crash here leaves a torn entry.
        let cut = is_full(&source) && self.store.files.cut(&pending.file, pending.length).is_ok();
        state.current = Some(pending);
        if cut {
            return Err(AuditError::Full);
        }
        state.poisoned = true;
        Err(AuditError::Write { source })
    }

    /// The bundle that the next entry goes into.
    fn take_current(&self, state: &mut State) -> io::Result<Pending> {
        let number = state.next / BUNDLE_ENTRIES;
        match state.current.take() {
            Some(current) if current.number == number => return Ok(current),
            Some(full) => state.filled.push(full.file),
            None => {}
        }
        match state.ahead.take() {
            Some(ahead) if ahead.number == number => Ok(ahead),
            _ => {
                let pending = self.open_pending(number)?;
                state.unnamed = true;
                Ok(pending)
            }
        }
    }

    fn open_pending(&self, number: u64) -> io::Result<Pending> {
        let file = self.store.append(&path::pending(number))?;
        let length = file.metadata()?.len();
        Ok(Pending {
            number,
            file: Arc::new(file),
            length,
        })
    }

    /// Puts the entry `index` on disk, with all that was written so far: writers that wait here
    /// find their entry already done.
    pub(super) fn sync(&self, index: u64) -> Result<(), AuditError> {
        let mut on_disk = self.on_disk.lock().map_err(|_| AuditError::Poisoned)?;
        if *on_disk > index {
            return Ok(());
        }
        let mut state = self.lock()?;
        state.dirty = false;
        let written = state.next;
        let mut files = std::mem::take(&mut state.filled);
        files.extend(
            state
                .current
                .as_ref()
                .map(|current| Arc::clone(&current.file)),
        );
        let unnamed = std::mem::take(&mut state.unnamed);
        drop(state);
        // The older bundles first: an entry is on disk only with all before it.
        let synced = files
            .iter()
            .try_for_each(|file| self.store.files.sync(file))
            .and_then(|()| match unnamed {
                true => self
                    .store
                    .files
                    .sync_folder(&self.store.path(path::PENDING)),
                false => Ok(()),
            });
        if let Err(source) = synced {
            // The system may have dropped the pages: a second fdatasync would lie.
            self.lock()?.poisoned = true;
            self.tick.notify_all();
            return Err(AuditError::Write { source });
        }
        *on_disk = written;
        drop(on_disk);
        self.tick.notify_all();
        Ok(())
    }

    /// Parks while there is nothing to put on disk; otherwise gathers for a moment and does it.
    pub(super) fn flush_until_closed(&self) {
        while let Ok(state) = self.lock() {
            let idle = |state: &mut State| !state.dirty && !state.closing;
            let Ok(state) = self.wake.wait_while(state, idle) else {
                return;
            };
            let gathering = |state: &mut State| !state.closing;
            let waited = self.wake.wait_timeout_while(state, GATHER, gathering);
            let Ok((state, _)) = waited else { return };
            let (dirty, closing, last) = (state.dirty, state.closing, state.next.checked_sub(1));
            drop(state);
            // A failure has poisoned the log, which the next writer learns.
            let failed = dirty && last.is_some_and(|last| self.sync(last).is_err());
            if failed || closing {
                return;
            }
            self.make_ahead();
        }
    }

    /// Makes the next bundle's file before it is needed. Where that fails, whoever needs it finds
    /// out.
    pub(super) fn make_ahead(&self) {
        let Ok(state) = self.lock() else { return };
        let number = state.next / BUNDLE_ENTRIES + 1;
        let made = matches!(&state.ahead, Some(ahead) if ahead.number == number);
        drop(state);
        if made {
            return;
        }
        let Ok(pending) = self.open_pending(number) else {
            return;
        };
        // A crash here leaves an empty bundle, with or without its name: nothing is in it.
        let named = self
            .store
            .files
            .sync_folder(&self.store.path(path::PENDING));
        if let (Ok(mut state), Ok(())) = (self.lock(), named)
            && state.next / BUNDLE_ENTRIES < number
        {
            state.ahead = Some(pending);
        }
    }

    /// Waits until there is something to publish, and then for more of it, up to `gather` or
    /// `many` entries. Says whether the log goes on, after `idle` at the latest.
    pub(super) fn wait(&self, published: u64, idle: Duration, gather: Duration, many: u64) -> bool {
        let Ok(state) = self.lock() else { return false };
        let nothing =
            |state: &mut State| state.next == published && !state.closing && !state.poisoned;
        let Ok((state, waited)) = self.tick.wait_timeout_while(state, idle, nothing) else {
            return false;
        };
        if waited.timed_out() {
            return true;
        }
        let few = |state: &mut State| {
            state.next.saturating_sub(published) < many && !state.closing && !state.poisoned
        };
        match self.tick.wait_timeout_while(state, gather, few) {
            Ok((state, _)) => !state.closing && !state.poisoned,
            Err(_) => false,
        }
    }

    /// Lets the threads end, after what is left to do.
    pub(super) fn close(&self) {
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .closing = true;
        self.wake.notify_all();
        self.tick.notify_all();
    }
}
