//! Where in a text patterns may begin: the search for the literals that their matches begin with.
//!
//! Nearly every byte of a text begins nothing, and what rules it out is what a search costs. Four bytes at
//! a time, folded to small letters, are looked up in one bit each; the few that are left are compared
//! with the literals whole. Literals of one or two bytes stand nearly everywhere, and an automaton
//! finds them.
//!
//! A place too many is harmless, since the automaton of its pattern runs there and says no. A place
//! too few would be a match that is lost.

use std::collections::BTreeMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::pattern::{Literal, MAX_LITERAL, Pattern};

/// Bytes of literals from which on they are looked for by windows.
const MIN_WINDOW: usize = 3;

/// Bytes of the larger window: as many as one multiplication tells apart.
const MAX_WINDOW: usize = 4;

/// Bits that are told apart: 8 KiB, which stay in the first-level cache.
const BITS: u32 = 16;

/// Places that are looked at together.
const ROW: usize = 8;

/// What looking a place up among the literals of one length costs, in steps of an automaton.
const LOOK_UP: usize = 8;

/// Bytes that a literal takes in a map, with what the map keeps free.
const KEPT: usize = 48;

/// Set in each byte: capital letters become small ones, and some signs become others.
const FOLD: u128 = 0x2020_2020_2020_2020_2020_2020_2020_2020;

/// Knuth's multiplier (The Art of Computer Programming, 6.4): 2^32 over the golden ratio.
const SPREAD: u32 = 0x9e37_79b1;

/// The literals of all patterns of a set.
#[derive(Debug, Default)]
pub(crate) struct Beginnings {
    /// For each literal, the patterns that may begin with it.
    patterns_of: Vec<Vec<u16>>,
    /// Bits of windows, by their length in bytes; those that no literal needs are not there.
    windows: BTreeMap<usize, Bits>,
    /// The literals found by windows, by their length.
    whole: BTreeMap<usize, Whole>,
    /// Finds the shorter ones.
    short: Option<Short>,
}

/// Literals of one length.
#[derive(Debug, Default)]
struct Whole {
    /// From folded bytes to the literal.
    folded: BTreeMap<u128, u32>,
    /// From bytes as they stand in a text: of patterns whose letters have one case.
    exact: BTreeMap<u128, u32>,
}

#[derive(Debug)]
struct Short {
    automaton: AhoCorasick,
    literals: Vec<u32>,
}

impl Beginnings {
    /// None where there is no automaton for the short ones, which is too many of them.
    pub(super) fn of(patterns: &[Pattern]) -> Option<Self> {
        let mut all = Beginnings::default();
        let mut short: BTreeMap<&[u8], u32> = BTreeMap::new();
        for (index, pattern) in (0..).zip(patterns) {
            for literal in &pattern.literals {
                let id = if literal.folded.len() < MIN_WINDOW {
                    let fresh = all.patterns_of.len();
                    let fresh = u32::try_from(fresh).ok()?;
                    *short.entry(&literal.folded).or_insert(fresh)
                } else {
                    all.add_whole(literal)?
                };
                let id = id as usize;
                if id == all.patterns_of.len() {
                    all.patterns_of.push(Vec::new());
                }
                all.patterns_of.get_mut(id)?.push(index);
            }
        }
        if !short.is_empty() {
            all.short = Some(Short::of(&short)?);
        }
        Some(all)
    }

    /// The id of a literal that windows find: the next one, where it is new.
    fn add_whole(&mut self, literal: &Literal) -> Option<u32> {
        let fresh = u32::try_from(self.patterns_of.len()).ok()?;
        let (folded_bytes, length) = (literal.folded.as_slice(), literal.folded.len());
        let window = length.min(MAX_WINDOW);
        let bits = self.windows.entry(window).or_default();
        bits.insert(bucket(first_four(folded_bytes), window));
        let same = self.whole.entry(length).or_default();
        Some(match &literal.exact {
            Some(exact) => *same.exact.entry(padded(exact)).or_insert(fresh),
            None => {
                let folded = cut(folded(padded(folded_bytes)), length);
                *same.folded.entry(folded).or_insert(fresh)
            }
        })
    }

    /// Bytes that it takes.
    pub(super) fn memory_usage(&self) -> usize {
        let patterns = self.patterns_of.iter().map(|of| of.len() * 2 + 24);
        let whole = self.whole.values();
        let whole = whole.map(|of| (of.folded.len() + of.exact.len()) * KEPT);
        let short = self.short.iter().map(|short| {
            let ids = short.literals.len() * 4;
            short.automaton.memory_usage() + ids
        });
        let windows = self.windows.len() << (BITS - 3);
        patterns.chain(whole).chain(short).sum::<usize>() + windows
    }

    /// The patterns that may begin with a literal.
    pub(crate) fn patterns_of(&self, literal: u32) -> &[u16] {
        let of = self.patterns_of.get(literal as usize);
        of.map(Vec::as_slice).unwrap_or_default()
    }

    /// The places of a slice where literals begin, in their order, each with the literal. Says how
    /// much work it was beyond the slice's bytes.
    pub(crate) fn find(
        &self,
        bytes: &[u8],
        slice: Range<usize>,
        places: &mut Vec<(u32, u32)>,
    ) -> usize {
        places.clear();
        let mut work = 0;
        for (window, bits) in &self.windows {
            work += self.find_whole(bytes, &slice, (*window, bits), places);
        }
        if let Some(short) = &self.short {
            short.find(bytes, &slice, places);
        }
        if self.windows.len() + usize::from(self.short.is_some()) > 1 {
            places.sort_unstable();
        }
        work
    }

    fn find_whole(
        &self,
        bytes: &[u8],
        slice: &Range<usize>,
        (window, bits): (usize, &Bits),
        places: &mut Vec<(u32, u32)>,
    ) -> usize {
        let mut work = 0;
        let mut at = slice.start;
        // Most rows hold no place at all, and cost one branch.
        while at + ROW <= slice.end
            && let Some(row) = bytes.get(at..at + 2 * ROW)
        {
            let mut hits = bits.in_row(row, window);
            while hits != 0 {
                let within = hits.trailing_zeros() as usize;
                hits &= hits - 1;
                work += self.compare(bytes, at + within, window, places);
            }
            at += ROW;
        }
        // What is left is less than a row, or near the end of the text.
        for at in at..slice.end.min((bytes.len() + 1).saturating_sub(window)) {
            let rest = bytes.get(at..).unwrap_or_default();
            if bits.contains(bucket(first_four(rest), window)) {
                work += self.compare(bytes, at, window, places);
            }
        }
        work
    }

    /// Compares what begins at a place with the literals of a window.
    #[cold]
    fn compare(
        &self,
        bytes: &[u8],
        at: usize,
        window: usize,
        places: &mut Vec<(u32, u32)>,
    ) -> usize {
        let rest = bytes.get(at..).unwrap_or_default();
        let next = padded(rest.get(..MAX_LITERAL).unwrap_or(rest));
        // Lines are bounded far below 4 GiB, and so are their texts.
        let Ok(at) = u32::try_from(at) else {
            return 0;
        };
        let mut work = 0;
        for (length, of) in &self.whole {
            if (*length).min(MAX_WINDOW) != window {
                continue;
            }
            let exact = cut(next, *length);
            let folded = cut(folded(next), *length);
            for (literals, bytes) in [(&of.exact, exact), (&of.folded, folded)] {
                if !literals.is_empty() {
                    work += LOOK_UP;
                    places.extend(literals.get(&bytes).map(|literal| (at, *literal)));
                }
            }
        }
        work
    }
}

impl Short {
    fn of(literals: &BTreeMap<&[u8], u32>) -> Option<Self> {
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            // All of them, also where they overlap.
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(literals.keys())
            .ok()?;
        Some(Short {
            automaton,
            literals: literals.values().copied().collect(),
        })
    }

    fn find(&self, bytes: &[u8], slice: &Range<usize>, places: &mut Vec<(u32, u32)>) {
        // A literal that begins in the slice may end after it.
        let end = bytes.len().min(slice.end + MIN_WINDOW - 2);
        let input = aho_corasick::Input::new(bytes).span(slice.start..end);
        let Ok(found) = self.automaton.try_find_overlapping_iter(input) else {
            return;
        };
        for found in found.filter(|found| found.start() < slice.end) {
            let literal = self.literals.get(found.pattern().as_usize());
            if let (Ok(at), Some(literal)) = (u32::try_from(found.start()), literal) {
                places.push((at, *literal));
            }
        }
    }
}

/// A set of 2^[`BITS`] bits.
#[derive(Debug)]
struct Bits(Box<[u64; 1 << (BITS - 6)]>);

impl Default for Bits {
    fn default() -> Self {
        Bits(Box::new([0; 1 << (BITS - 6)]))
    }
}

impl Bits {
    fn insert(&mut self, bit: u16) {
        if let Some(word) = self.0.get_mut(usize::from(bit >> 6)) {
            *word |= 1 << (bit & 63);
        }
    }

    fn contains(&self, bit: u16) -> bool {
        self.bit(bit) == 1
    }

    fn bit(&self, bit: u16) -> u64 {
        let word = self.0.get(usize::from(bit >> 6));
        word.map_or(0, |word| word >> (bit & 63) & 1)
    }

    /// For each of the first [`ROW`] places of two rows, from the lowest bit on, whether its window's
    /// bit is set.
    fn in_row(&self, two: &[u8], window: usize) -> u64 {
        let two = u128::from_le_bytes(two.try_into().unwrap_or_default());
        (0..ROW).fold(0, |hits, place| {
            let four = (two >> (8 * place)) as u32;
            hits | self.bit(bucket(four, window)) << place
        })
    }
}

/// The bit of the first bytes of a window.
fn bucket(four: u32, window: usize) -> u16 {
    let folded = (four | FOLD as u32) & u32::MAX >> (32 - 8 * window.clamp(1, MAX_WINDOW));
    (folded.wrapping_mul(SPREAD) >> (32 - BITS)) as u16
}

/// The first four bytes, with zeros after the last one.
fn first_four(bytes: &[u8]) -> u32 {
    let bytes = bytes.get(..MAX_WINDOW).unwrap_or(bytes);
    u32::try_from(padded(bytes)).unwrap_or_default()
}

/// At most [`MAX_LITERAL`] bytes, the first in the lowest place.
fn padded(bytes: &[u8]) -> u128 {
    bytes
        .iter()
        .rev()
        .fold(0, |all, byte| all << 8 | u128::from(*byte))
}

/// Bytes without the case of their letters.
fn folded(bytes: u128) -> u128 {
    bytes | FOLD
}

/// The first bytes of those.
fn cut(bytes: u128, length: usize) -> u128 {
    bytes & u128::MAX >> (128 - 8 * length.clamp(1, MAX_LITERAL))
}
