//! Trees for the tests.

use std::convert::Infallible;

use super::proof::{Hashes, consistency};
use super::{Hash, Tree, leaf, node};

/// Leaves in memory.
pub(crate) struct Leaves(Vec<Hash>);

impl Leaves {
    /// Leaf n is the number n in eight bytes.
    pub(crate) fn new(count: u64) -> Self {
        Leaves((0..count).map(|n| leaf(&n.to_be_bytes())).collect())
    }

    /// Others after the first `same`.
    pub(crate) fn forked(count: u64, same: u64) -> Self {
        let other = |n: u64| if n < same { n } else { !n };
        Leaves((0..count).map(|n| leaf(&other(n).to_be_bytes())).collect())
    }

    pub(crate) fn proof(&mut self, old: u64, new: u64) -> Vec<Hash> {
        consistency(self, old, new).unwrap().unwrap()
    }

    pub(crate) fn root(&self, size: u64) -> Hash {
        let mut tree = Tree::new();
        for hash in self.0.iter().take(usize::try_from(size).unwrap()) {
            tree.push(*hash);
        }
        tree.root()
    }
}

impl Hashes for Leaves {
    type Error = Infallible;

    fn hash(&mut self, level: u8, index: u64) -> Result<Hash, Infallible> {
        if level == 0 {
            return Ok(self.0[usize::try_from(index).unwrap()]);
        }
        let left = self.hash(level - 1, index * 2)?;
        Ok(node(&left, &self.hash(level - 1, index * 2 + 1)?))
    }
}
