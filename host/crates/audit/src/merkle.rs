//! The Merkle tree of RFC 6962, section 2.1, over entries that come one after another.

use wardlet_keys::digest::{Sha256, sha256};

pub mod proof;
pub mod tiles;

#[cfg(test)]
pub(crate) mod leaves;

/// The digest of a leaf or node.
pub type Hash = [u8; 32];

/// SHA-256(0x00, entry). The entry is its line without the line break.
#[must_use]
pub fn leaf(entry: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(&[0x00]);
    hash.update(entry);
    hash.finish()
}

/// SHA-256(0x01, left, right).
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut hash = Sha256::new();
    hash.update(&[0x01]);
    hash.update(left);
    hash.update(right);
    hash.finish()
}

/// The root over a power of two of subtrees of one size; the empty root where there are none.
pub(crate) fn perfect(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        let pairs = level.as_chunks::<2>().0.iter();
        level = pairs.map(|[left, right]| node(left, right)).collect();
    }
    level.first().copied().unwrap_or_else(|| sha256(b""))
}

/// A tree that grows on the right and keeps only what its root needs: one hash for each bit that
/// is set in its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// The roots of the perfect trees that the leaves form, the largest first.
    perfect: Vec<Hash>,
}

impl Tree {
    /// The tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The tree of the first `size` leaves by the roots of the perfect trees that they form, the largest
    /// first; none where there are more or fewer of them than that size has.
    #[must_use]
    pub fn resume(size: u64, perfect: Vec<Hash>) -> Option<Self> {
        let fits = usize::try_from(size.count_ones()) == Ok(perfect.len());
        fits.then_some(Tree { size, perfect })
    }

    /// Adds a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_perfect(0, leaf);
    }

    /// Adds a perfect tree of 2^`height` leaves by its root. The size must be a multiple of that, so
    /// that no smaller tree stands before it.
    pub(crate) fn push_perfect(&mut self, height: u32, root: Hash) {
        let mut hash = root;
        // Each trailing one of the size is a perfect tree as large as the one that just came to be.
        for _ in 0..(self.size >> height).trailing_ones() {
            if let Some(left) = self.perfect.pop() {
                hash = node(&left, &hash);
            }
        }
        self.perfect.push(hash);
        self.size += 1 << height;
    }

    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root; that of the empty tree is SHA-256 of nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        let joined = self
            .perfect
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| node(&left, &right));
        joined.unwrap_or_else(|| sha256(b""))
    }
}

#[cfg(test)]
mod tests {
    use wardlet_keys::digest::hex;

    use super::{Hash, Tree, leaf, node, sha256};

    /// The definition of RFC 6962, word for word.
    fn defined(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => sha256(b""),
            [one] => leaf(one),
            many => {
                let mut split = 1;
                while split * 2 < many.len() {
                    split *= 2;
                }
                node(&defined(&many[..split]), &defined(&many[split..]))
            }
        }
    }

    #[test]
    fn the_vectors_of_certificate_transparency() {
        let leaves: [&[u8]; 8] = [
            b"",
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[
                0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
                0x6e, 0x6f,
            ],
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Tree::new();
        assert_eq!(hex(&tree.root()), roots[0]);
        for (bytes, root) in leaves.iter().zip(&roots[1..]) {
            tree.push(leaf(bytes));
            assert_eq!(hex(&tree.root()), *root);
        }
    }

    #[test]
    fn every_size_follows_the_definition() {
        let leaves: Vec<Vec<u8>> = (0..200_u8).map(|n| vec![n; usize::from(n)]).collect();
        let mut tree = Tree::new();
        for (count, bytes) in leaves.iter().enumerate() {
            assert_eq!(tree.root(), defined(&leaves[..count]), "{count} leaves");
            assert_eq!(tree.size(), count as u64);
            tree.push(leaf(bytes));
        }
    }
}
