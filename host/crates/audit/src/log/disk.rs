//! The file of a log, and the thread that puts what was written on disk.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::error::AuditError;

/// How long the flushing thread gathers entries: what is left of
/// [`FLUSH_WITHIN`](super::FLUSH_WITHIN) is for the disk, where one fdatasync takes some 4 ms.
const GATHER: Duration = Duration::from_millis(40);

/// What writers and the flushing thread share. `on_disk` is locked before `state`.
pub(super) struct Shared {
    file: File,
    state: Mutex<State>,
    wake: Condvar,
    /// How many entries are known to be on disk.
    on_disk: Mutex<u64>,
}

pub(super) struct State {
    pub(super) next: u64,
    /// Something was written since the last fdatasync began.
    dirty: bool,
    poisoned: bool,
    closing: bool,
}

impl Shared {
    /// A file whose next entry has the index `next`.
    pub(super) fn new(file: File, next: u64) -> Self {
        Shared {
            file,
            state: Mutex::new(State {
                next,
                dirty: false,
                poisoned: false,
                closing: false,
            }),
            wake: Condvar::new(),
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

    /// Hands the next entry to the operating system.
    ///
    /// With write(2) once and whole, or the log ends here: what a second try would append to is
    /// unknown. A part of the line on disk is a torn line, which recovery sets aside.
    pub(super) fn write(
        &self,
        mut state: MutexGuard<'_, State>,
        line: &[u8],
    ) -> Result<(), AuditError> {
        let source = match (&self.file).write(line) {
            Ok(count) if count == line.len() => None,
            Ok(_) => Some(io::Error::from(io::ErrorKind::WriteZero)),
            Err(source) => Some(source),
        };
        if let Some(source) = source {
            state.poisoned = true;
            return Err(AuditError::Write { source });
        }
        state.next += 1;
        let first = !std::mem::replace(&mut state.dirty, true);
        drop(state);
        if first {
            self.wake.notify_one();
        }
        Ok(())
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
        drop(state);
        if let Err(errno) = rustix::fs::fdatasync(&self.file) {
            // The system may have dropped the pages: a second fdatasync would lie.
            self.lock()?.poisoned = true;
            return Err(AuditError::Write {
                source: errno.into(),
            });
        }
        *on_disk = written;
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
        }
    }

    /// Lets the flushing thread end, after what is left to do.
    pub(super) fn close(&self) {
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .closing = true;
        self.wake.notify_all();
    }
}
