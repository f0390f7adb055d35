//! Reading the tiles of a log.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use wardlet_keys::digest::DIGEST_BYTES;

use super::bundles::present;
use super::levels::Levels;
use super::path::{self, BUNDLE_ENTRIES};
use crate::merkle::proof::Hashes;
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

/// The hashes of a published tree, for proofs. It keeps the tile of each level that it read last.
pub(crate) struct TileHashes<'a> {
    folder: &'a Path,
    size: u64,
    /// The last tiles, where they are in memory already.
    levels: Option<&'a Levels>,
    kept: Vec<Option<(u64, Vec<Hash>)>>,
}

impl<'a> TileHashes<'a> {
    /// Those of the first `size` entries of the log in `folder`.
    pub(crate) fn new(folder: &'a Path, size: u64, levels: Option<&'a Levels>) -> Self {
        TileHashes {
            folder,
            size,
            levels,
            kept: Vec::new(),
        }
    }

    /// The tile `n` of a level, as wide as the tree makes it.
    fn tile(&mut self, level: usize, n: u64) -> Result<&[Hash], TileError> {
        if self.kept.len() <= level {
            self.kept.resize_with(level + 1, || None);
        }
        let missing = || TileError::Damaged(self.folder.join(path::tile(level, n)));
        let slot = self.kept.get_mut(level).ok_or_else(missing)?;
        if !matches!(slot, Some((number, _)) if *number == n) {
            let memory = self.levels.and_then(|levels| {
                let mut partial = levels.partial();
                partial.find(|(l, number, _)| (*l, *number) == (level, n))
            });
            let hashes = match memory {
                Some((.., hashes)) => hashes.to_vec(),
                None => {
                    let height = u32::try_from(level).unwrap_or(u32::MAX);
                    let shift = height.saturating_mul(path::TILE_HEIGHT);
                    let count = self.size.checked_shr(shift).unwrap_or(0);
                    let width = count.saturating_sub(n * BUNDLE_ENTRIES).min(BUNDLE_ENTRIES);
                    read(self.folder, level, n, width as usize)?
                }
            };
            *slot = Some((n, hashes));
        }
        slot.as_ref()
            .map(|(_, hashes)| hashes.as_slice())
            .ok_or_else(missing)
    }
}

impl Hashes for TileHashes<'_> {
    type Error = TileError;

    fn hash(&mut self, level: u8, index: u64) -> Result<Hash, TileError> {
        let height = u32::from(level) % path::TILE_HEIGHT;
        let tile_level = usize::from(level) / path::TILE_HEIGHT as usize;
        let first = index << height;
        let (n, at) = (first / BUNDLE_ENTRIES, (first % BUNDLE_ENTRIES) as usize);
        let folder = self.folder;
        let hashes = self.tile(tile_level, n)?.get(at..at + (1 << height));
        let damaged = || TileError::Damaged(folder.join(path::tile(tile_level, n)));
        Ok(merkle::perfect(hashes.ok_or_else(damaged)?))
    }
}
