//! What is done with a log before it grows again: finding how far it was published, reading the
//! rest, setting aside what a crash left unfinished, and finding the decisions that never got an
//! outcome.

mod reading;
mod torn;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use wardlet_keys::VerifyingKey;

use self::reading::Reading;
use self::torn::Torn;
pub(crate) use self::torn::{MAX_TORN_BYTES, holds_an_entry};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::error::{AuditError, Damage};
use crate::log::files::Store;
use crate::log::open_mark::OpenMark;
use crate::merkle::Tree;
use crate::note::Note;
use crate::tree::bundles;
use crate::tree::levels::Levels;
use crate::tree::path::{self, BUNDLE_ENTRIES};
use crate::tree::tiles;
use crate::verify::Head;

/// What opening a log had to mend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Where an unfinished last entry was saved to.
    pub torn: Option<PathBuf>,
    /// How many decisions got the outcome "unknown".
    pub closed: u64,
}

/// A log as it was found. All of it is on disk.
pub(crate) struct Found {
    /// The tree over all entries.
    pub(crate) tree: Tree,
    /// The edge of the tree over the full bundles that are published.
    pub(crate) levels: Levels,
    /// The allowed calls without outcome.
    pub(crate) open: BTreeSet<u64>,
    /// The time of the last entry.
    pub(crate) latest_ms: u64,
    /// The unfinished entry that was cut off.
    pub(crate) torn: Option<Torn>,
}

/// Reads a log, checks its shape, and cuts off an unfinished last entry after saving it.
pub(crate) fn recover(store: &Store, key: &VerifyingKey) -> Result<Found, AuditError> {
    for folder in [path::PENDING, path::ENTRIES] {
        store
            .ensure(folder)
            .map_err(store.failed("create", folder))?;
    }
    let pending = unpublished(store)?;
    let full = pending.start;
    let levels = tiles::edge(store.folder(), full)?;
    let checkpoint = checkpoint(store, key)?;
    let mark = OpenMark::read(store.folder(), key);
    let mut reading = Reading::new(store, levels.tree().clone(), checkpoint, mark);
    reading.compare_published(&levels)?;
    // Below the mark no decision is open.
    let from = mark.map_or(0, |mark| mark.lowest);
    for number in from / BUNDLE_ENTRIES..full {
        reading.published(number, from)?;
    }
    let mut bad = None;
    for number in pending.clone() {
        bad = reading.pending(number)?;
        if bad.is_some() {
            break;
        }
    }
    // Before anything is changed: a wrong key changes nothing.
    let latest_ms = reading.check_last(key)?;
    // So many entries were on disk.
    let expected = checkpoint.map_or(0, |head| head.size);
    let expected = expected.max(mark.map_or(0, |mark| mark.size));
    let torn = match bad {
        Some(bad) => torn::set_aside(store, &bad, pending.end - 1, expected)?,
        None => None,
    };
    let size = reading.tree.size();
    if expected > size {
        return Err(AuditError::Cut { size, expected });
    }
    put_on_disk(store, pending)?;
    Ok(Found {
        tree: reading.tree,
        levels,
        open: reading.pairs.open,
        latest_ms,
        torn,
    })
}

/// The numbers of the bundles that were not published, after taking away the first names of those
/// that were.
fn unpublished(store: &Store) -> Result<std::ops::Range<u64>, AuditError> {
    let failed = store.failed("read", path::PENDING);
    let missing = |number: u64| AuditError::Damaged {
        path: store.path(&path::pending(number)),
        index: number.saturating_mul(BUNDLE_ENTRIES),
        offset: 0,
        damage: Damage::Missing,
    };
    let mut left = Vec::new();
    let mut linked = None;
    for number in bundles::pending(store.folder()).map_err(&failed)? {
        let name = path::pending(number);
        let full = path::entries(number);
        if fs::exists(store.path(&full)).map_err(&failed)? {
            if !bundles::is_linked(&store.path(&name), &store.path(&full)).map_err(&failed)? {
                return Err(AuditError::TwoLogs {
                    path: store.path(&name),
                });
            }
            // The second name first: a crash left this open.
            let parent = store.sync_parent(&full);
            parent.and_then(|()| store.remove(&name)).map_err(&failed)?;
            linked = Some(number);
        } else {
            left.push(number);
        }
    }
    let exists = |number: u64| fs::exists(store.path(&path::entries(number))).map_err(&failed);
    let published = bundles::published(store.folder()).map_err(&failed)?;
    // The last published bundle may be a partial one.
    let full = match published.checked_sub(1) {
        Some(last) if exists(last)? => published,
        Some(last) => last,
        None => 0,
    };
    let first = left.first().copied().or(linked.map(|last| last + 1));
    let first = first.unwrap_or(full);
    if first > full {
        return Err(missing(full));
    }
    if first > 0 && !exists(first - 1)? {
        return Err(missing(first - 1));
    }
    if let Some((expected, _)) = (first..).zip(&left).find(|(n, found)| n != *found) {
        return Err(missing(expected));
    }
    if full > first {
        // Later bundles were published than one that is pending.
        return Err(missing(first));
    }
    Ok(first..first + left.len() as u64)
}

/// The published checkpoint. Whether its signature fits is for a verifier to say: the key may be
/// elsewhere.
fn checkpoint(store: &Store, key: &VerifyingKey) -> Result<Option<Head>, AuditError> {
    let found = bundles::present(fs::read(store.path(path::CHECKPOINT)));
    let Some(bytes) = found.map_err(store.failed("read", path::CHECKPOINT))? else {
        return Ok(None);
    };
    let note = Note::parse(&bytes).map_err(CheckpointError::from)?;
    let checkpoint = Checkpoint::parse(note.text())?;
    if checkpoint.origin != key.name() {
        let expected = key.name().to_owned();
        return Err(CheckpointError::Origin { expected }.into());
    }
    Ok(Some(Head::from(&checkpoint)))
}

/// Puts what a killed process left with the system alone on disk, and the bundles' names.
fn put_on_disk(store: &Store, pending: std::ops::Range<u64>) -> Result<(), AuditError> {
    for number in pending {
        let name = path::pending(number);
        if !fs::exists(store.path(&name)).map_err(store.failed("read", &name))? {
            continue;
        }
        let file = store.append(&name).map_err(store.failed("write", &name))?;
        store
            .files
            .sync(&file)
            .map_err(|source| AuditError::Write { source })?;
    }
    let folder = store.path(path::PENDING);
    let synced = store.files.sync_folder(&folder);
    synced.map_err(|source| AuditError::Write { source })
}

#[cfg(test)]
mod tests;
