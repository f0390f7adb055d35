//! Checking some entries of a log without reading the others.

use std::io::BufReader;
use std::ops::Range;
use std::path::Path;

use wardlet_keys::VerifyingKey;

use super::tree::{Published, moved_on};
use super::{Head, VerifyError};
use crate::error::Damage;
use crate::line;
use crate::merkle::tiles::TileHashes;
use crate::merkle::{self, proof};
use crate::tree::bundles;
use crate::tree::frames::{Frames, Piece};
use crate::tree::path::{self, BUNDLE_ENTRIES};
use crate::tree::tiles::{FolderTiles, TileError};

/// So often a range is checked anew because the gateway published the next checkpoints meanwhile,
/// which takes two seconds each time.
const MAX_TRIES: u32 = 16;

/// What a range of a log without damage holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeReport {
    /// The entries that were checked by themselves.
    pub entries: u64,
    /// So many of them, the first ones, are in the tree of the checkpoint too.
    pub proven: u64,
    /// The checkpoint; none before the first one.
    pub checkpoint: Option<Head>,
    /// Whether its signature was checked.
    pub checkpoint_signed: bool,
}

/// Checks the entries of `range`: form, index, origin, time and signature of each, and by the
/// published tiles that the checkpoint holds it. Whether outcomes and decisions fit together is for
/// [`verify`](super::verify()). `checkpoint_keys` are as in [`Options`](super::Options).
///
/// # Errors
/// [`VerifyError::Unreadable`]; the others say that the log is broken. [`Damage::Missing`] also where
/// the log has no such entry yet.
pub fn verify_range(
    folder: &Path,
    key: &VerifyingKey,
    checkpoint_keys: &[VerifyingKey],
    range: Range<u64>,
) -> Result<RangeReport, VerifyError> {
    let mut tries = 1..MAX_TRIES;
    loop {
        let published = Published::read(folder, key, checkpoint_keys)?;
        match (check(folder, key, published, &range), published) {
            (Err(VerifyError::Tile { .. }), Some(Published { head, .. }))
                if tries.next().is_some() && moved_on(folder, head) => {}
            (checked, _) => return checked,
        }
    }
}

/// Checks the range once.
fn check(
    folder: &Path,
    key: &VerifyingKey,
    published: Option<Published>,
    range: &Range<u64>,
) -> Result<RangeReport, VerifyError> {
    let mut report = RangeReport {
        entries: 0,
        proven: 0,
        checkpoint: published.map(|published| published.head),
        checkpoint_signed: published.is_some_and(|published| published.signed),
    };
    let size = report.checkpoint.map_or(0, |head| head.size);
    let mut hashes = TileHashes::new(FolderTiles::new(folder, None), size);
    if range.is_empty() {
        return Ok(report);
    }
    for number in range.start / BUNDLE_ENTRIES..=(range.end - 1) / BUNDLE_ENTRIES {
        each_entry(folder, key, number, range, |index, leaf, broken| {
            report.entries += 1;
            let Some(head) = report.checkpoint.filter(|head| index < head.size) else {
                return Ok(());
            };
            let proof = proof::inclusion(&mut hashes, index, head.size);
            let proof = proof.map_err(|error| tile_error(error.of_folder(folder), index))?;
            let proof = proof.unwrap_or_default();
            proof::verify_inclusion(&leaf, index, head.size, &head.root, &proof)
                .map_err(|_| broken)?;
            report.proven += 1;
            Ok(())
        })?;
    }
    Ok(report)
}

/// Checks the entries of a bundle that are in the range, each by itself, and hands over its index and
/// leaf, and what to say where the tree does not hold it.
fn each_entry(
    folder: &Path,
    key: &VerifyingKey,
    number: u64,
    range: &Range<u64>,
    mut take: impl FnMut(u64, merkle::Hash, VerifyError) -> Result<(), VerifyError>,
) -> Result<(), VerifyError> {
    let path = folder.join(path::entries(number));
    let opened = bundles::open(folder, number);
    let opened = opened.map_err(|source| VerifyError::Unreadable {
        path: path.clone(),
        source,
    })?;
    let first = number * BUNDLE_ENTRIES;
    let missing = |path, index, offset| VerifyError::Broken {
        path,
        index,
        offset,
        damage: Damage::Missing,
    };
    let Some(bundle) = opened else {
        return Err(missing(path, range.start.max(first), 0));
    };
    let path = bundle.path;
    let mut frames = Frames::new(BufReader::new(bundle.file), 0);
    for index in first..range.end.min(first + BUNDLE_ENTRIES) {
        let piece = frames.next().map_err(|source| VerifyError::Unreadable {
            path: path.clone(),
            source,
        })?;
        let Some((offset, piece)) = piece else {
            return Err(missing(path, index, frames.offset()));
        };
        let broken = |damage| VerifyError::Broken {
            path: path.clone(),
            index,
            offset,
            damage,
        };
        let entry = match piece {
            Piece::Entry(entry) => entry,
            Piece::TooLong => return Err(broken(Damage::TooLong)),
            Piece::Unfinished(_) => return Err(broken(Damage::Unfinished)),
        };
        if index < range.start {
            continue;
        }
        let checked = line::check(entry, key).map_err(broken)?;
        if checked.skeleton.index != index {
            return Err(broken(Damage::Index));
        }
        take(index, merkle::leaf(entry), broken(Damage::NotInTree))?;
    }
    Ok(())
}

fn tile_error(error: TileError, index: u64) -> VerifyError {
    match error {
        TileError::Io(path, source) => VerifyError::Unreadable { path, source },
        TileError::Damaged(path) => VerifyError::Tile {
            path,
            index,
            what: "is missing or too short",
        },
    }
}
