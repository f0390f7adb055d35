//! Proofs that some entries that follow one another are exactly those of a log at that place.
//!
//! The tree before the range is given by the roots of its perfect trees. With the leaves of the range it
//! grows to the tree that ends with the range, and a consistency proof (RFC 6962, section 2.1.2) shows
//! that tree to be the beginning of the checkpoint's. So the root of the checkpoint binds the leaves
//! and what stands before them alike: one proof whatever the range, instead of one for each entry.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::checkpoint::Checkpoint;
use crate::merkle::proof::{Hashes, ProofError, consistency, perfect_over, verify_consistency};
use crate::merkle::{Hash, Tree};

/// A proof that entries are exactly those from `first` on and before `end`. Serialised its hashes are
/// base64 (RFC 4648, section 4), as in checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RangeProof {
    /// The position of the first entry, from 0.
    pub first: u64,
    /// The position after the last entry.
    pub end: u64,
    /// The roots of the perfect trees that the entries before `first` form, the largest first: one for
    /// each bit that is set in `first`.
    #[serde(with = "as_base64")]
    pub frontier: Vec<Hash>,
    /// The consistency proof from `end` to the size of the checkpoint.
    #[serde(with = "as_base64")]
    pub consistency: Vec<Hash>,
}

impl RangeProof {
    /// The proof for `range` in the tree of the first `size` entries; none where that tree does not
    /// hold the range.
    ///
    /// # Errors
    /// Where a hash cannot be read.
    pub fn of<H: Hashes>(
        hashes: &mut H,
        range: Range<u64>,
        size: u64,
    ) -> Result<Option<Self>, H::Error> {
        if range.start > range.end {
            return Ok(None);
        }
        let Some(consistency) = consistency(hashes, range.end, size)? else {
            return Ok(None);
        };
        Ok(Some(RangeProof {
            first: range.start,
            end: range.end,
            frontier: perfect_over(hashes, 0, range.start)?,
            consistency,
        }))
    }

    /// Checks that `leaves`, in their order, are those of exactly this range in the tree of
    /// `checkpoint`, whose signature is for [`Checkpoint::from_note`] to check.
    ///
    /// # Errors
    /// [`ProofError::TooSmall`] where the tree ends before the range, or the range before it begins;
    /// [`ProofError::Length`] where leaves or hashes are too few or too many; [`ProofError::Root`] and
    /// [`ProofError::EarlierRoot`] where the tree has others.
    pub fn verify(
        &self,
        leaves: impl IntoIterator<Item = Hash>,
        checkpoint: &Checkpoint,
    ) -> Result<(), ProofError> {
        if self.first > self.end || self.end > checkpoint.size {
            return Err(ProofError::TooSmall);
        }
        let tree = Tree::resume(self.first, self.frontier.clone());
        let mut tree = tree.ok_or(ProofError::Length)?;
        for leaf in leaves {
            if tree.size() == self.end {
                return Err(ProofError::Length);
            }
            tree.push(leaf);
        }
        if tree.size() != self.end {
            return Err(ProofError::Length);
        }
        let Checkpoint { size, root, .. } = checkpoint;
        verify_consistency(self.end, &tree.root(), *size, root, &self.consistency)
    }
}

/// Hashes as texts.
mod as_base64 {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::merkle::Hash;
    use crate::merkle::proof::MAX_PROOF_HASHES;
    use crate::text;

    pub(super) fn serialize<S: Serializer>(hashes: &[Hash], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(hashes.iter().map(|hash| text::base64(hash)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Hash>, D::Error> {
        let lines = Vec::<String>::deserialize(from)?;
        text::hashes(lines.iter().map(String::as_str), MAX_PROOF_HASHES).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
