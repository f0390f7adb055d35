//! Reading bundles and checking each entry by itself, on all cores.

use std::io::{self, BufReader};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use wardlet_keys::VerifyingKey;

use super::VerifyError;
use crate::error::Damage;
use crate::line::{self, Checked};
use crate::merkle::{self, Hash};
use crate::tree::bundles::{self, Place};
use crate::tree::frames::{Frames, Piece};
use crate::tree::path::{self, BUNDLE_ENTRIES};

/// Bundles that one thread may be ahead of the one who compares: some hundred kilobytes each.
const AHEAD: usize = 2;

/// More threads than this would wait for the one that compares.
const MAX_THREADS: usize = 64;

/// An entry that is right by itself with its leaf, or what is wrong with it.
pub(super) type Read = Result<(Checked, Hash), Damage>;

/// The entries of a bundle, each checked by itself.
pub(super) struct Batch {
    pub(super) path: PathBuf,
    pub(super) place: Place,
    /// Where each entry begins, and what it is. Nothing follows one that is broken.
    pub(super) entries: Vec<(u64, Read)>,
    /// Bytes read.
    pub(super) bytes: u64,
}

/// Reads the first `size` entries of a log, and hands over the bundles in their order.
pub(super) fn each_bundle(
    folder: &Path,
    key: &VerifyingKey,
    size: u64,
    mut take: impl FnMut(Batch) -> Result<(), VerifyError>,
) -> Result<(), VerifyError> {
    let count = size.div_ceil(BUNDLE_ENTRIES);
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let most = usize::try_from(count).unwrap_or(MAX_THREADS);
    let threads = threads.clamp(1, most.clamp(1, MAX_THREADS));
    thread::scope(|scope| {
        // Each thread reads every so manieth bundle, so that the order is known.
        let mut readers: Vec<Receiver<_>> = Vec::new();
        for first in 0..threads as u64 {
            let (sender, receiver) = sync_channel(AHEAD);
            scope.spawn(move || read_every(folder, key, size, (first, threads), &sender));
            readers.push(receiver);
        }
        for (_, reader) in (0..count).zip(readers.iter().cycle()) {
            let batch = reader.recv().map_err(|_| VerifyError::Unreadable {
                path: folder.to_owned(),
                source: io::Error::other("a thread that read it ended"),
            })?;
            take(batch?)?;
        }
        Ok(())
    })
}

/// Reads every `step`th bundle from `first` on, until nobody listens.
fn read_every(
    folder: &Path,
    key: &VerifyingKey,
    size: u64,
    (first, step): (u64, usize),
    sender: &SyncSender<Result<Batch, VerifyError>>,
) {
    for number in (first..size.div_ceil(BUNDLE_ENTRIES)).step_by(step) {
        let read = read_bundle(folder, key, size, number);
        if sender.send(read).is_err() {
            return;
        }
    }
}

/// Reads a bundle up to entry `size` of the log.
fn read_bundle(
    folder: &Path,
    key: &VerifyingKey,
    size: u64,
    number: u64,
) -> Result<Batch, VerifyError> {
    let first = number * BUNDLE_ENTRIES;
    let most = (size - first).min(BUNDLE_ENTRIES);
    let unreadable = |path: &Path, source| VerifyError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let opened = bundles::open(folder, number).map_err(|source| unreadable(folder, source))?;
    let Some(bundle) = opened else {
        return Err(VerifyError::Broken {
            path: folder.join(path::entries(number)),
            index: first,
            offset: 0,
            damage: Damage::Missing,
        });
    };
    let mut batch = Batch {
        path: bundle.path,
        place: bundle.place,
        entries: Vec::new(),
        bytes: 0,
    };
    let mut frames = Frames::new(BufReader::new(bundle.file), 0);
    loop {
        let count = batch.entries.len() as u64;
        // A full bundle must end here; the last one may go on, since a gateway may write.
        if count == most && most < BUNDLE_ENTRIES {
            break;
        }
        let piece = frames
            .next()
            .map_err(|source| unreadable(&batch.path, source))?;
        let (offset, read) = match piece {
            None if count == most => break,
            None => (batch.bytes, Err(Damage::Missing)),
            Some((offset, _)) if count == most => (offset, Err(Damage::Surplus)),
            Some((offset, Piece::Entry(entry))) => {
                let checked = line::check(entry, key);
                (
                    offset,
                    checked.map(|checked| (checked, merkle::leaf(entry))),
                )
            }
            Some((offset, Piece::TooLong)) => (offset, Err(Damage::TooLong)),
            Some((offset, Piece::Unfinished(_))) => (offset, Err(Damage::Unfinished)),
        };
        let ended = read.is_err();
        batch.entries.push((offset, read));
        batch.bytes = frames.offset();
        if ended {
            break;
        }
    }
    Ok(batch)
}
