//! Reading the tiles of a log.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use wardlet_keys::digest::DIGEST_BYTES;

use super::bundles::present;
use super::levels::Levels;
use super::path::{self, BUNDLE_ENTRIES};
use crate::merkle::tiles::Tiles;
use crate::merkle::{self, Hash};

/// Why a tile that must be there cannot be had.
#[derive(Debug)]
pub(crate) enum TileError {
    /// The operating system refused.
    Io(PathBuf, io::Error),
    /// It is missing, or has another number of hashes.
    Damaged(PathBuf),
}

/// The hashes of a tile, in bytes.
pub(crate) fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.concat()
}

/// Reads a tile with `width` hashes: a full one, or a partial one, in whose place the full one may
/// stand already.
pub(crate) fn read(
    folder: &Path,
    level: usize,
    n: u64,
    width: usize,
) -> Result<Vec<Hash>, TileError> {
    let full = path::tile(level, n);
    let partial = (width < BUNDLE_ENTRIES as usize).then(|| path::partial(&full, width));
    for name in partial.into_iter().chain([full.clone()]) {
        let path = folder.join(name);
        let found = present(fs::read(&path)).map_err(|e| TileError::Io(path.clone(), e))?;
        let Some(found) = found else { continue };
        let (hashes, rest) = found.as_chunks::<DIGEST_BYTES>();
        return match hashes.get(..width) {
            Some(wanted) if rest.is_empty() && hashes.len() <= BUNDLE_ENTRIES as usize => {
                Ok(wanted.to_vec())
            }
            _ => Err(TileError::Damaged(path)),
        };
    }
    Err(TileError::Damaged(folder.join(full)))
}

/// The edge of the tree over `full` published bundles, from the full tiles alone: partial ones may
/// be lost in a power cut. It reads at most 255 tiles a level.
pub(crate) fn edge(folder: &Path, full: u64) -> Result<Levels, TileError> {
    let mut levels = Vec::new();
    let (mut level, mut count) = (0, full);
    while count > 0 {
        let first = count - count % BUNDLE_ENTRIES;
        let mut hashes = Vec::new();
        for n in first..count {
            hashes.push(merkle::perfect(&read(
                folder,
                level,
                n,
                BUNDLE_ENTRIES as usize,
            )?));
        }
        levels.push(hashes);
        level += 1;
        count /= BUNDLE_ENTRIES;
    }
    Ok(Levels::of_full_bundles(levels))
}

/// The tiles of the log in a folder, for proofs.
#[derive(Debug)]
pub(crate) struct FolderTiles<'a> {
    folder: &'a Path,
    /// The last tiles of each level, where they are in memory already.
    levels: Option<&'a Levels>,
}

impl<'a> FolderTiles<'a> {
    pub(crate) fn new(folder: &'a Path, levels: Option<&'a Levels>) -> Self {
        FolderTiles { folder, levels }
    }
}

impl Tiles for FolderTiles<'_> {
    type Error = TileError;

    fn tile(&mut self, level: u8, index: u64, width: u16) -> Result<Vec<Hash>, TileError> {
        let level = usize::from(level);
        let memory = self.levels.and_then(|levels| {
            let mut partial = levels.partial();
            partial.find(|(l, n, _)| (*l, *n) == (level, index))
        });
        match memory {
            Some((.., hashes)) => Ok(hashes.to_vec()),
            None => read(self.folder, level, index, usize::from(width)),
        }
    }
}

/// Why the hashes of a tree of a folder's tiles cannot be had.
pub(crate) type HashError = merkle::tiles::TileError<TileError>;

impl HashError {
    /// The same as a fault of a tile; one that is too short or outside of the tree is damaged.
    pub(crate) fn of_folder(self, folder: &Path) -> TileError {
        match self {
            HashError::Read(error) => error,
            HashError::Short { level, index } | HashError::Outside { level, index } => {
                TileError::Damaged(folder.join(path::tile(usize::from(level), index)))
            }
        }
    }
}
