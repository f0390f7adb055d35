//! Checking what was published: tiles, partial tiles, and the checkpoint.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use wardlet_keys::VerifyingKey;

use super::{Head, VerifyError};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::merkle::Hash;
use crate::note::Note;
use crate::tree::bundles::{self, Place, present};
use crate::tree::levels::Levels;
use crate::tree::path::{self, BUNDLE_ENTRIES, TILE_HEIGHT};
use crate::tree::tiles;

/// A checkpoint as it was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Published {
    pub(super) head: Head,
    pub(super) signed: bool,
}

impl Published {
    /// Reads the checkpoint of the log whose entries are signed with `key`.
    pub(super) fn read(
        folder: &Path,
        key: &VerifyingKey,
        keys: &[VerifyingKey],
    ) -> Result<Option<Self>, VerifyError> {
        let path = folder.join(path::CHECKPOINT);
        let found = present(fs::read(&path));
        let found = found.map_err(|source| VerifyError::Unreadable { path, source })?;
        let Some(bytes) = found else { return Ok(None) };
        let checkpoint = if keys.is_empty() {
            let note = Note::parse(&bytes).map_err(CheckpointError::from)?;
            Checkpoint::parse(note.text())?
        } else {
            Checkpoint::open(&bytes, keys)?.0
        };
        if checkpoint.origin != key.name() {
            let expected = key.name().to_owned();
            return Err(CheckpointError::Origin { expected }.into());
        }
        Ok(Some(Published {
            head: Head::from(&checkpoint),
            signed: !keys.is_empty(),
        }))
    }
}

/// The tree over what was read so far, beside what was published of it.
pub(super) struct TreeCheck<'a> {
    folder: &'a Path,
    published: Option<Published>,
    levels: Levels,
}

impl<'a> TreeCheck<'a> {
    pub(super) fn new(folder: &'a Path, published: Option<Published>) -> Self {
        TreeCheck {
            folder,
            published,
            levels: Levels::default(),
        }
    }

    /// The number of entries so far.
    pub(super) fn size(&self) -> u64 {
        self.levels.size()
    }

    /// Size and root so far.
    pub(super) fn head(&self) -> Head {
        Head {
            size: self.levels.size(),
            root: self.levels.root(),
        }
    }

    pub(super) fn published(&self) -> Option<Published> {
        self.published
    }

    /// Adds the leaf of an entry whose bundle stands in `place`, and compares the tiles that it makes
    /// full: a bundle has its place in `tile/entries` only after all of them are on disk.
    pub(super) fn push(&mut self, leaf: Hash, place: Place) -> Result<(), VerifyError> {
        let folder = self.folder;
        self.levels.push(leaf, |level, n, hashes| match place {
            Place::Full => compare_tile(folder, level, n, hashes, &path::tile(level, n)),
            Place::Pending | Place::Partial => Ok(()),
        })
    }

    /// Compares with the checkpoint, where the log is just as long, and with the partial tiles that
    /// it needs.
    pub(super) fn compare(&self) -> Result<(), VerifyError> {
        let Some(Published { head, .. }) = self.published else {
            return Ok(());
        };
        if head.size != self.levels.size() {
            return Ok(());
        }
        if head.root != self.levels.root() {
            return Err(VerifyError::NotItsCheckpoint { size: head.size });
        }
        let compared = self.compare_partials();
        match compared {
            Err(VerifyError::Tile { .. }) if moved_on(self.folder, head) => Ok(()),
            compared => compared,
        }
    }

    fn compare_partials(&self) -> Result<(), VerifyError> {
        for (level, n, hashes) in self.levels.partial() {
            let name = path::partial(&path::tile(level, n), hashes.len());
            compare_tile(self.folder, level, n, hashes, &name)?;
        }
        let size = self.levels.size();
        let (number, width) = (size / BUNDLE_ENTRIES, (size % BUNDLE_ENTRIES) as usize);
        if width == 0 {
            return Ok(());
        }
        let partial = self
            .folder
            .join(path::partial(&path::entries(number), width));
        let index = number * BUNDLE_ENTRIES;
        let bytes = read(&partial)?.ok_or_else(|| missing(&partial, index))?;
        let unreadable = |source: io::Error| VerifyError::Unreadable {
            path: partial.clone(),
            source,
        };
        // The entries themselves were read and found right.
        let entries = bundles::open(self.folder, number).map_err(unreadable)?;
        let mut expected = Vec::new();
        if let Some(bundle) = entries {
            let mut limited = bundle.file.take(bytes.len() as u64);
            limited.read_to_end(&mut expected).map_err(unreadable)?;
        }
        let count = frames_of(&bytes);
        if bytes == expected && count == Some(width) {
            return Ok(());
        }
        Err(VerifyError::Tile {
            path: partial,
            index,
            what: "does not hold the entries of its bundle",
        })
    }
}

/// Whether a later checkpoint stands there by now: the gateway may have taken away what only this one
/// needed.
pub(super) fn moved_on(folder: &Path, then: Head) -> bool {
    let bytes = fs::read(folder.join(path::CHECKPOINT)).ok();
    let note = bytes.and_then(|bytes| Note::parse(&bytes).ok());
    let now = note.and_then(|note| Checkpoint::parse(note.text()).ok());
    now.is_some_and(|now| now.size > then.size)
}

/// The number of entries in a bundle; none where it does not end with an entry.
fn frames_of(bytes: &[u8]) -> Option<usize> {
    use crate::tree::frames::{Frames, Piece};
    let mut frames = Frames::new(bytes, 0);
    let mut count = 0;
    while let Some((_, piece)) = frames.next().ok()? {
        match piece {
            Piece::Entry(_) => count += 1,
            Piece::Unfinished(_) | Piece::TooLong => return None,
        }
    }
    Some(count)
}

/// Compares a tile with its hashes, to the byte.
fn compare_tile(
    folder: &Path,
    level: usize,
    n: u64,
    hashes: &[Hash],
    name: &str,
) -> Result<(), VerifyError> {
    let path = folder.join(name);
    // How many entries one hash stands for.
    let shift = u32::try_from(level)
        .unwrap_or(u32::MAX)
        .saturating_mul(TILE_HEIGHT);
    let first = |at: u64| {
        (n * BUNDLE_ENTRIES + at)
            .checked_shl(shift)
            .unwrap_or(u64::MAX)
    };
    let Some(found) = read(&path)? else {
        return Err(missing(&path, first(0)));
    };
    let expected = tiles::bytes(hashes);
    if found == expected {
        return Ok(());
    }
    let same = found
        .iter()
        .zip(&expected)
        .take_while(|(a, b)| a == b)
        .count();
    let at = same / size_of::<Hash>();
    Err(VerifyError::Tile {
        path,
        index: first(at as u64),
        what: "does not hold the hashes of the entries",
    })
}

fn missing(path: &Path, index: u64) -> VerifyError {
    VerifyError::Tile {
        path: path.to_owned(),
        index,
        what: "is missing",
    }
}

/// Reads a published file, none of which is longer than a bundle may be.
fn read(path: &Path) -> Result<Option<Vec<u8>>, VerifyError> {
    let unreadable = |source| VerifyError::Unreadable {
        path: PathBuf::from(path),
        source,
    };
    let Some(file) = present(File::open(path)).map_err(unreadable)? else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    let most = BUNDLE_ENTRIES * (u64::from(u16::MAX) + 2);
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(Some(bytes))
}
