//! Proofs that an entry is in a tree, and that one tree is the beginning of another: RFC 6962,
//! sections 2.1.1 and 2.1.2, checked in the way of RFC 9162, sections 2.1.3.2 and 2.1.4.2.

use serde::{Deserialize, Serialize};
use wardlet_keys::digest::sha256;

use super::{Hash, node};

/// The most hashes of a proof: one for each level of the highest tree that a 64-bit size allows.
/// C2SP tlog-witness takes one fewer.
pub const MAX_PROOF_HASHES: usize = 64;

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProofError {
    /// The entry is not in a tree of this size, or the tree shrank.
    #[error("there is no such proof: the tree is too small")]
    TooSmall,
    /// It has fewer or more hashes than the sizes ask for.
    #[error("the proof has the wrong number of hashes")]
    Length,
    /// It leads to another root than that of the tree: the tree has other entries.
    #[error("the proof does not lead to the root of the tree")]
    Root,
    /// It leads to another root than that of the earlier tree.
    #[error("the proof does not lead to the root of the earlier tree")]
    EarlierRoot,
}

/// What proofs are built from: the root over the `2^level` entries from entry `index * 2^level` on.
pub trait Hashes {
    /// Why a hash cannot be had.
    type Error;

    /// The root of one perfect subtree. Only ever asked for subtrees that lie within the tree.
    ///
    /// # Errors
    /// Where the hash cannot be read.
    fn hash(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// The proof that entry `index` is in the tree of the first `size` entries, from the leaf's sibling
/// up; none where that tree has no such entry.
///
/// # Errors
/// Where a hash cannot be read.
pub fn inclusion<H: Hashes>(
    hashes: &mut H,
    index: u64,
    size: u64,
) -> Result<Option<Vec<Hash>>, H::Error> {
    if index >= size {
        return Ok(None);
    }
    let mut range = Range::of(size);
    let mut proof = Vec::new();
    while range.count > 1 {
        let is_left = index - range.start < left_of(range.count);
        proof.push(range.narrow(hashes, is_left)?);
    }
    proof.reverse();
    Ok(Some(proof))
}

/// The proof that the tree of the first `old` entries is the beginning of that of the first `new`;
/// empty where `old` is 0 or `new`, none where it is over `new`.
///
/// # Errors
/// Where a hash cannot be read.
pub fn consistency<H: Hashes>(
    hashes: &mut H,
    old: u64,
    new: u64,
) -> Result<Option<Vec<Hash>>, H::Error> {
    if old > new {
        return Ok(None);
    }
    let mut proof = Vec::new();
    let mut range = Range::of(new);
    if old == 0 {
        return Ok(Some(proof));
    }
    while old - range.start < range.count {
        let is_left = old - range.start <= left_of(range.count);
        proof.push(range.narrow(hashes, is_left)?);
    }
    // The earlier tree's own root is known to whoever checks the proof.
    if range.start > 0 {
        proof.push(root_over(hashes, range.start, range.count)?);
    }
    proof.reverse();
    Ok(Some(proof))
}

/// The root of the tree of the first `size` entries.
///
/// # Errors
/// Where a hash cannot be read.
pub fn root<H: Hashes>(hashes: &mut H, size: u64) -> Result<Hash, H::Error> {
    if size == 0 {
        return Ok(sha256(b""));
    }
    root_over(hashes, 0, size)
}

/// Checks that the leaf with this hash is entry `index` of the tree with `size` entries and `root`.
///
/// # Errors
/// Any [`ProofError`] but [`ProofError::EarlierRoot`].
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::TooSmall);
    }
    let mut climb = Climb::new(index, size - 1);
    let mut reached = *leaf;
    for hash in proof {
        reached = match climb.step().ok_or(ProofError::Length)? {
            Side::Left => node(hash, &reached),
            Side::Right => node(&reached, hash),
        };
    }
    if !climb.is_at_the_top() {
        return Err(ProofError::Length);
    }
    if reached != *root {
        return Err(ProofError::Root);
    }
    Ok(())
}

/// Checks that the tree with `old_size` entries and `old_root` is the beginning of the one with
/// `new_size` entries and `new_root`.
///
/// # Errors
/// Any [`ProofError`].
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old_size > new_size {
        return Err(ProofError::TooSmall);
    }
    if old_size == 0 || old_size == new_size {
        if !proof.is_empty() {
            return Err(ProofError::Length);
        }
        let expected = if old_size == new_size {
            *new_root
        } else {
            sha256(b"")
        };
        return match *old_root == expected {
            true => Ok(()),
            false => Err(ProofError::EarlierRoot),
        };
    }
    let mut climb = Climb::new(old_size - 1, new_size - 1);
    climb.skip_right_edges();
    // A perfect earlier tree is a subtree of the later one, so its root stands in no proof.
    let (first, rest) = match proof.split_first() {
        _ if old_size.is_power_of_two() => (old_root, proof),
        Some((first, rest)) => (first, rest),
        None => return Err(ProofError::Length),
    };
    let (mut earlier, mut later) = (*first, *first);
    for hash in rest {
        match climb.step().ok_or(ProofError::Length)? {
            Side::Left => {
                earlier = node(hash, &earlier);
                later = node(hash, &later);
            }
            Side::Right => later = node(&later, hash),
        }
    }
    if !climb.is_at_the_top() {
        return Err(ProofError::Length);
    }
    if earlier != *old_root {
        return Err(ProofError::EarlierRoot);
    }
    if later != *new_root {
        return Err(ProofError::Root);
    }
    Ok(())
}

/// On which side the next hash of a proof stands.
enum Side {
    Left,
    Right,
}

/// The way from a node to the root: its position, and that of the last node of its level.
struct Climb {
    at: u64,
    last: u64,
}

impl Climb {
    fn new(at: u64, last: u64) -> Self {
        Climb { at, last }
    }

    /// Up while the node is a right child: what is on its left belongs to the same subtree.
    fn skip_right_edges(&mut self) {
        let levels = self.at.trailing_ones();
        self.at = self.at.checked_shr(levels).unwrap_or(0);
        self.last = self.last.checked_shr(levels).unwrap_or(0);
    }

    fn step(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let side = if self.at & 1 == 1 || self.at == self.last {
            // Without a sibling the last node of a level goes up as it is.
            while self.at & 1 == 0 && self.at != 0 {
                self.at >>= 1;
                self.last >>= 1;
            }
            Side::Left
        } else {
            Side::Right
        };
        self.at >>= 1;
        self.last >>= 1;
        Some(side)
    }

    fn is_at_the_top(&self) -> bool {
        self.last == 0
    }
}

/// Entries that a proof comes down to, one split of RFC 6962 after another.
struct Range {
    start: u64,
    count: u64,
}

impl Range {
    fn of(count: u64) -> Self {
        Range { start: 0, count }
    }

    /// Goes into the left or the right part, and gives the root over the other one.
    fn narrow<H: Hashes>(&mut self, hashes: &mut H, is_left: bool) -> Result<Hash, H::Error> {
        let left = left_of(self.count);
        let right = self.count - left;
        if is_left {
            self.count = left;
            root_over(hashes, self.start + left, right)
        } else {
            self.start += left;
            self.count = right;
            root_over(hashes, self.start - left, left)
        }
    }
}

/// The largest power of two below `count`, which is 2 at least.
fn left_of(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The root over `count` entries from `start` on, which is a multiple of the largest power of two
/// in `count`: so are all ranges that RFC 6962 comes to by splitting.
fn root_over<H: Hashes>(hashes: &mut H, start: u64, count: u64) -> Result<Hash, H::Error> {
    let joined = perfect_over(hashes, start, count)?.into_iter().rev();
    let joined = joined.reduce(|right, left| node(&left, &right));
    Ok(joined.unwrap_or_else(|| sha256(b"")))
}

/// The roots of the perfect trees that these entries form, the largest first.
pub(crate) fn perfect_over<H: Hashes>(
    hashes: &mut H,
    start: u64,
    count: u64,
) -> Result<Vec<Hash>, H::Error> {
    let (mut at, mut rest) = (start, count);
    let mut perfect = Vec::new();
    while let Some(level) = rest.checked_ilog2() {
        // A level is below 64.
        perfect.push(hashes.hash(u8::try_from(level).unwrap_or(u8::MAX), at >> level)?);
        at += 1 << level;
        rest -= 1 << level;
    }
    Ok(perfect)
}

#[cfg(test)]
mod tests;
