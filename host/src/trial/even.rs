//! Random bytes that are the same in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use wardlet_call::Entropy;

/// The step of SplitMix64: odd, so that the state takes every value once.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Spreads over all bytes evenly, and from the same beginning each time: a case comes out the same
/// tomorrow. For trials alone; whoever knows this line knows every byte.
#[derive(Debug, Default)]
pub(super) struct Even(AtomicU64);

impl Entropy for Even {
    fn fill(&self, bytes: &mut [u8]) -> bool {
        for chunk in bytes.chunks_mut(8) {
            let state = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
            let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let drawn = (state ^ (state >> 31)).to_le_bytes();
            for (byte, drawn) in chunk.iter_mut().zip(drawn) {
                *byte = drawn;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Even;
    use wardlet_call::Entropy as _;

    #[test]
    fn the_same_each_time_and_not_twice_in_one() {
        let draw = |even: &Even| {
            let mut bytes = [0; 19];
            assert!(even.fill(&mut bytes));
            bytes
        };
        let (one, other) = (Even::default(), Even::default());
        let first = draw(&one);
        // The first output of SplitMix64 from 0, as its authors print it.
        assert_eq!(first[..8], 0xe220_a839_7b1d_cdaf_u64.to_le_bytes());
        assert_eq!(first, draw(&other));
        assert_ne!(first, draw(&one));
    }
}
