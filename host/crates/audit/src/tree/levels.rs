//! The right edge of a tree: what is needed to grow its tiles.

use crate::merkle::{self, Hash, Tree};

use super::path::{BUNDLE_ENTRIES, TILE_HEIGHT};

/// Of each level the hashes of its last tile that is not full. A hash of level L is the root over
/// 256^L entries. It takes 8 KiB a level, and five levels are a billion entries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Levels {
    levels: Vec<Vec<Hash>>,
    tree: Tree,
}

impl Levels {
    /// The edge of a tree of full bundles; `levels` are the last tiles from level 1 on.
    pub(crate) fn of_full_bundles(levels: Vec<Vec<Hash>>) -> Self {
        let mut tree = Tree::new();
        // From the largest subtrees to the smallest, as they stand from left to right.
        let mut heights: Vec<_> = (1..).zip(&levels).collect();
        heights.reverse();
        for (level, hashes) in heights {
            for hash in hashes {
                tree.push_perfect(level * TILE_HEIGHT, *hash);
            }
        }
        let levels = std::iter::once(Vec::new()).chain(levels).collect();
        Levels { levels, tree }
    }

    /// Adds a leaf by its hash, and hands each tile that it makes full to `full`, with its level
    /// and number.
    pub(crate) fn push<E>(
        &mut self,
        leaf: Hash,
        mut full: impl FnMut(usize, u64, &[Hash]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.tree.push(leaf);
        let mut hash = leaf;
        let mut count = self.tree.size();
        for level in 0.. {
            if self.levels.len() <= level {
                self.levels.push(Vec::new());
            }
            let Some(tile) = self.levels.get_mut(level) else {
                break;
            };
            tile.push(hash);
            if (tile.len() as u64) < BUNDLE_ENTRIES {
                break;
            }
            count >>= TILE_HEIGHT;
            full(level, count - 1, tile)?;
            hash = merkle::perfect(tile);
            tile.clear();
        }
        Ok(())
    }

    /// The tiles that are not full and not empty: level, number, hashes.
    pub(crate) fn partial(&self) -> impl Iterator<Item = (usize, u64, &[Hash])> {
        let size = self.tree.size();
        let numbered = self.levels.iter().enumerate().zip(1_u32..);
        numbered.filter_map(move |((level, hashes), above)| {
            let number = size.checked_shr(above * TILE_HEIGHT).unwrap_or(0);
            (!hashes.is_empty()).then_some((level, number, hashes.as_slice()))
        })
    }

    /// The number of leaves.
    pub(crate) fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The root over all leaves.
    pub(crate) fn root(&self) -> Hash {
        self.tree.root()
    }

    /// The tree.
    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use super::Levels;
    use crate::merkle::{Hash, Tree, leaf};

    #[test]
    fn tiles_and_root_at_every_edge() {
        let mut levels = Levels::default();
        let mut tree = Tree::new();
        let mut tiles: BTreeMap<(usize, u64), Vec<Hash>> = BTreeMap::new();
        for n in 0..66_000_u32 {
            let hash = leaf(&n.to_be_bytes());
            tree.push(hash);
            let kept = levels.push(hash, |level, n, hashes| {
                assert_eq!(hashes.len(), 256);
                assert!(tiles.insert((level, n), hashes.to_vec()).is_none());
                Ok::<(), Infallible>(())
            });
            kept.unwrap();
            assert_eq!(levels.size(), u64::from(n) + 1);
            if n % 251 == 0 || n % 256 < 2 {
                assert_eq!(levels.root(), tree.root());
            }
        }
        // 257 full tiles of level 0, one of level 1, and what is left.
        assert_eq!(tiles.len(), 257 + 1);
        let partial: Vec<_> = levels
            .partial()
            .map(|(level, n, hashes)| (level, n, hashes.len()))
            .collect();
        assert_eq!(partial, [(0, 257, 208), (1, 1, 1), (2, 0, 1)]);
        // An edge that is taken up again at a full bundle goes on as if it had never stopped.
        let mut again = Levels::of_full_bundles(vec![
            vec![tiles_root(&tiles, 256)],
            vec![crate::merkle::perfect(&tiles[&(1, 0)])],
        ]);
        assert_eq!(again.size(), 257 * 256);
        for n in 257 * 256..66_000_u32 {
            let pushed = again.push(leaf(&n.to_be_bytes()), |_, _, _| Ok::<(), Infallible>(()));
            pushed.unwrap();
        }
        assert_eq!((again.size(), again.root()), (66_000, tree.root()));
    }

    fn tiles_root(tiles: &BTreeMap<(usize, u64), Vec<Hash>>, n: u64) -> Hash {
        crate::merkle::perfect(&tiles[&(0, n)])
    }
}
