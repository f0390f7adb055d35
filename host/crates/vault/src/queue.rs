//! From a call to the file, without a wait.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior, params};

use crate::Shared;
use crate::error::VaultError;
use crate::subject::{self, Subject};

/// A value is written within this time, together with those that came meanwhile: as what the log writes.
pub const WRITE_WITHIN: Duration = Duration::from_millis(50);

/// Longer disclosures, which are base64url of the value, are not kept: values of some 192 KiB. Whole files that tools read and write would make the vault a second copy of
/// what they work on.
pub const MAX_DISCLOSURE_BYTES: usize = 256 << 10;

/// Bytes of disclosures that wait to be written: some seconds of busy calls, and no burden for a small machine.
pub const MAX_WAITING_BYTES: usize = 16 << 20;

/// A value that waits.
pub(crate) struct Item {
    pub(crate) subject: Arc<Subject>,
    pub(crate) txn: String,
    pub(crate) digest: String,
    pub(crate) disclosure: String,
}

/// What came of the values that were given to be kept, since the vault was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Those that were written.
    pub written: u64,
    /// Those that were too long.
    pub too_long: u64,
    /// Those that found too much waiting, or could not be written.
    pub lost: u64,
    /// Those whose subject was erased before they were written.
    pub erased: u64,
    /// Why the last write failed; none where it went well.
    pub problem: Option<String>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Item>,
    /// Bytes that wait.
    bytes: usize,
    /// Whether the thread has some in hand.
    writing: bool,
    closing: bool,
    kept: Kept,
}

#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Wakes the thread.
    wake: Condvar,
    /// Wakes whoever waits until nothing does.
    idle: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, item: Item) {
        let mut state = self.lock();
        let bytes = item.disclosure.len();
        if bytes > MAX_DISCLOSURE_BYTES {
            state.kept.too_long += 1;
            return;
        }
        if state.bytes.saturating_add(bytes) > MAX_WAITING_BYTES {
            state.kept.lost += 1;
            return;
        }
        state.bytes += bytes;
        state.waiting.push_back(item);
        if state.waiting.len() == 1 {
            self.wake.notify_one();
        }
    }

    /// Waits until nothing waits, and says why the last write failed.
    pub(crate) fn drained(&self) -> Option<String> {
        let mut state = self.lock();
        while state.writing || !state.waiting.is_empty() {
            self.wake.notify_one();
            state = self
                .idle
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.kept.problem.clone()
    }

    pub(crate) fn kept(&self) -> Kept {
        self.lock().kept.clone()
    }

    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.wake.notify_one();
    }

    /// Takes what waits, once something does; none at the end.
    fn take(&self) -> Option<VecDeque<Item>> {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.closing {
                return None;
            }
            state = self
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if !state.closing {
            // Others that come meanwhile go with it.
            let waited = self.wake.wait_timeout(state, WRITE_WITHIN);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.writing = true;
        state.bytes = 0;
        Some(std::mem::take(&mut state.waiting))
    }

    fn done(&self, items: usize, written: Result<Written, VaultError>) {
        let mut state = self.lock();
        state.writing = false;
        match written {
            Ok(Written { kept, erased }) => {
                state.kept.written += kept;
                state.kept.erased += erased;
                state.kept.problem = None;
            }
            Err(error) => {
                state.kept.lost += items as u64;
                state.kept.problem = Some(error.to_string());
            }
        }
        if state.waiting.is_empty() {
            self.idle.notify_all();
        }
    }
}

/// Writes what comes until the vault is closed.
pub(crate) fn write_until_closed(shared: &Shared) {
    while let Some(items) = shared.queue.take() {
        let written = write(&mut shared.connection(), &items);
        let written = written.map_err(|error| error.at(&shared.folder));
        shared.queue.done(items.len(), written);
    }
}

/// What came of one transaction.
struct Written {
    kept: u64,
    erased: u64,
}

/// All of it in one transaction.
fn write(connection: &mut Connection, items: &VecDeque<Item>) -> Result<Written, VaultError> {
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (mut kept, mut erased) = (0, 0);
    for item in items {
        // Within the transaction, so that what was erased does not come back.
        let Some(subject) = subject::row(&begun, item.subject.pseudonym())? else {
            erased += 1;
            continue;
        };
        let sealed = item.subject.seal(&item.digest, &item.disclosure)?;
        // The same value of the same transaction has the same commitment, and is kept once.
        begun
            .prepare_cached(
                "INSERT OR IGNORE INTO disclosure (subject, txn, digest, sealed) VALUES (?, ?, ?, ?)",
            )?
            .execute(params![subject, item.txn, item.digest, sealed])?;
        kept += 1;
    }
    begun.commit()?;
    Ok(Written { kept, erased })
}
