use super::super::Hash;
use super::super::leaves::Leaves;
use super::super::proof::{
    Hashes, consistency, inclusion, root, verify_consistency, verify_inclusion,
};
use super::{TILE_HASHES, TILE_LEVELS, TileError, TileHashes, Tiles};
use crate::merkle::leaf;

/// The tiles of a tree in memory, computed from its leaves.
struct InMemory {
    leaves: Leaves,
    size: u64,
    /// How many hashes are left out at the end of each tile.
    missing: u64,
    read: Vec<(u8, u64, u16)>,
}

impl InMemory {
    fn new(size: u64) -> Self {
        InMemory {
            leaves: Leaves::new(size),
            size,
            missing: 0,
            read: Vec::new(),
        }
    }
}

impl Tiles for &mut InMemory {
    type Error = String;

    fn tile(&mut self, level: u8, index: u64, width: u16) -> Result<Vec<Hash>, String> {
        self.read.push((level, index, width));
        let first = index * TILE_HASHES;
        let count = (self.size >> (level * TILE_LEVELS)).saturating_sub(first);
        let hashes = (first..first + count.min(TILE_HASHES) - self.missing)
            .map(|at| self.leaves.hash(level * TILE_LEVELS, at).unwrap());
        Ok(hashes.collect())
    }
}

#[test]
fn proofs_from_tiles_are_those_from_leaves() {
    for size in [1, 2, 255, 256, 257, 511, 512, 700, 66_000] {
        let mut tiles = InMemory::new(size);
        let mut leaves = Leaves::new(size);
        let whole = leaves.root(size);
        let mut hashes = TileHashes::new(&mut tiles, size);
        assert_eq!(root(&mut hashes, size), Ok(whole));
        for index in [0, 1, 254, 255, 256, size / 2, size - 1] {
            if index < size {
                let proof = inclusion(&mut hashes, index, size).unwrap().unwrap();
                let hash = leaf(&index.to_be_bytes());
                let checked = verify_inclusion(&hash, index, size, &whole, &proof);
                assert_eq!(checked, Ok(()), "{index} of {size}");
            }
        }
        for old in [1, 255, 256, 257, size / 2, size - 1] {
            if 0 < old && old <= size {
                let proof = consistency(&mut hashes, old, size).unwrap().unwrap();
                assert_eq!(proof, leaves.proof(old, size), "{old} to {size}");
                let earlier = leaves.root(old);
                let checked = verify_consistency(old, &earlier, size, &whole, &proof);
                assert_eq!(checked, Ok(()), "{old} to {size}");
            }
        }
    }
}

#[test]
fn few_tiles_are_read_for_a_proof() {
    let mut tiles = InMemory::new(66_000);
    inclusion(&mut TileHashes::new(&mut tiles, 66_000), 5, 66_000)
        .unwrap()
        .unwrap();
    // Two at each level at most: on the way to the entry, and on the right edge of the tree.
    let expected = [(0, 257, 208), (1, 1, 1), (1, 0, 256), (0, 0, 256)];
    for read in &tiles.read {
        assert!(expected.contains(read), "{read:?}");
    }
    assert!(tiles.read.len() <= expected.len(), "{:?}", tiles.read);
}

#[test]
fn tiles_and_subtrees_that_are_not_there() {
    let mut short = InMemory::new(300);
    short.missing = 1;
    let error = root(&mut TileHashes::new(&mut short, 300), 300).unwrap_err();
    let expected = TileError::Short { level: 1, index: 0 };
    assert_eq!(error, expected);
    let mut tiles = InMemory::new(300);
    let mut hashes = TileHashes::new(&mut tiles, 300);
    for (level, index, is_there) in [
        (0, 299, true),
        (0, 300, false),
        (1, 149, true),
        (1, 150, false),
        (8, 0, true),
        (8, 1, false),
        (9, 0, false),
        (63, 0, false),
        (64, 0, false),
        (255, 0, false),
        (0, u64::MAX, false),
        (63, u64::MAX, false),
    ] {
        let found = hashes.hash(level, index);
        if is_there {
            assert!(found.is_ok(), "{level} {index}");
        } else {
            assert_eq!(found, Err(TileError::Outside { level, index }));
        }
    }
}
