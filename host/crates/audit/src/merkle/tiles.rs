//! Hashes out of tiles (C2SP tlog-tiles): a tile holds up to 256 hashes of one level, and each of
//! its own levels is hashed from them.

use std::collections::BTreeMap;

use super::proof::Hashes;
use super::{Hash, perfect};

/// How many levels of the tree one level of tiles holds.
pub const TILE_LEVELS: u8 = 8;

/// The most hashes of a tile.
pub const TILE_HASHES: u64 = 1 << TILE_LEVELS;

/// Where tiles are read from.
pub trait Tiles {
    /// Why a tile cannot be read.
    type Error;

    /// The hashes of the tile `index` at `level` of the tiles: `width` of them at least, which is
    /// 256 for a full tile. A tile that has more by now will do, since hashes never change.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn tile(&mut self, level: u8, index: u64, width: u16) -> Result<Vec<Hash>, Self::Error>;
}

/// Why a hash cannot be had from tiles.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError<E> {
    /// The tile could not be read.
    #[error(transparent)]
    Read(E),
    /// The tile has fewer hashes than the tree asks for.
    #[error("tile {index} at level {level} is too short")]
    Short {
        /// The level of the tile.
        level: u8,
        /// Its index.
        index: u64,
    },
    /// The subtree is not within the tree.
    #[error("the tree has no subtree {index} at level {level}")]
    Outside {
        /// The level of the subtree.
        level: u8,
        /// Its index.
        index: u64,
    },
}

/// The hashes of a tree of a certain size, out of its tiles. The tile used last is kept for each
/// level, since a proof takes most of its hashes from few tiles.
#[derive(Debug)]
pub struct TileHashes<T> {
    tiles: T,
    size: u64,
    kept: BTreeMap<u8, (u64, Vec<Hash>)>,
}

impl<T: Tiles> TileHashes<T> {
    /// The tree of the first `size` entries.
    pub fn new(tiles: T, size: u64) -> Self {
        TileHashes {
            tiles,
            size,
            kept: BTreeMap::new(),
        }
    }

    fn tile(&mut self, level: u8, index: u64) -> Result<&[Hash], TileError<T::Error>> {
        let is_kept = self.kept.get(&level).is_some_and(|(at, _)| *at == index);
        if !is_kept {
            let hashes = self.size.checked_shr(bits(level)).unwrap_or(0);
            let beyond = hashes.saturating_sub(index.saturating_mul(TILE_HASHES));
            let width = beyond.min(TILE_HASHES);
            if width == 0 {
                return Err(TileError::Outside { level, index });
            }
            let width = u16::try_from(width).unwrap_or(u16::MAX);
            let read = self.tiles.tile(level, index, width);
            let tile = read.map_err(TileError::Read)?;
            if tile.len() < usize::from(width) {
                return Err(TileError::Short { level, index });
            }
            self.kept.insert(level, (index, tile));
        }
        let kept = self.kept.get(&level);
        Ok(kept.map_or(&[], |(_, tile)| tile.as_slice()))
    }
}

impl<T: Tiles> Hashes for TileHashes<T> {
    type Error = TileError<T::Error>;

    fn hash(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let outside = TileError::Outside { level, index };
        let end = index.checked_add(1).and_then(|next| {
            let entries = next.checked_mul(1_u64.checked_shl(u32::from(level))?)?;
            (entries <= self.size).then_some(entries)
        });
        if end.is_none() {
            return Err(outside);
        }
        // Within the tile: the hashes of its lowest level that this one stands over.
        let (tiles, within) = (level / TILE_LEVELS, level % TILE_LEVELS);
        let first = index << within;
        let tile = self.tile(tiles, first / TILE_HASHES)?;
        let at = usize::try_from(first % TILE_HASHES).unwrap_or(usize::MAX);
        let below = tile.get(at..at + (1 << within)).ok_or(outside)?;
        Ok(perfect(below))
    }
}

/// How often the size is halved for the hashes at this level of the tiles.
fn bits(level: u8) -> u32 {
    u32::from(level) * u32::from(TILE_LEVELS)
}

#[cfg(test)]
mod tests;
