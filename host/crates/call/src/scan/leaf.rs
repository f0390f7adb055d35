//! The search within one text, slice by slice.
//!
//! A search for literals finds where patterns may begin; from there an automaton runs for one pattern
//! alone, until it can match no more. Left by itself that would look at a byte as often as a pattern
//! begins before it, so each pattern keeps a [`Trail`]: the states in which its runs came by without
//! matching from there on. A run that comes by in the same state ends there, since it would fare the
//! same. With that, and with the end that all runs of a block share, the work is linear in the text.

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::pikevm;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Anchored, Input, PatternID};

use crate::patterns::{Group, PatternSet, Scratch};

/// Bytes of a text in which candidates are looked for before they are tried. Those that a batch has no time
/// left for are looked for again, so looking for them takes a small part of a batch at the worst.
const SLICE: usize = 1 << 10;

/// A match is looked for up to the end of the block after the one in which it begins: longer
/// credentials are unheard of.
pub(super) const BLOCK: usize = 16 << 10;

/// A trail has a mark for each of these bytes: a run that follows another one costs at most that much.
const STEP: usize = 32;

/// Matches over this length have the whole match as their span: finding a group is slower than
/// finding the match, and this bounds it.
pub(super) const MAX_GROUPED: usize = 4 << 10;

/// What a byte costs where a group is looked for, in steps of the automaton.
const GROUP_WORK: usize = 16;

/// Bytes of a character before its last one.
const WITHIN_CHARACTER: usize = 3;

/// A match of one pattern: the span, which may be that of its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) pattern: u32,
}

/// How far the search in one text is.
#[derive(Debug, Default)]
pub(super) struct InLeaf {
    /// Everything that begins before this byte was found.
    at: usize,
    /// Found, but perhaps not the next in order yet: a group may begin late in its match.
    found: Vec<Found>,
    /// For each pattern that was tried, how far it is.
    tracks: Vec<Track>,
    /// Which of them are not as at the beginning.
    tried: Vec<u16>,
}

#[derive(Clone, Debug, Default)]
struct Track {
    tried: bool,
    /// The end of the pattern's last match: the next one begins there at the earliest.
    after: usize,
    trail: Trail,
}

/// The states in which runs of one pattern came by, at every [`STEP`] bytes of two blocks, and after
/// which none of them matched.
#[derive(Clone, Debug, Default)]
struct Trail {
    /// Where the runs end at the latest.
    end: usize,
    /// How often the automaton had forgotten its states: it names others by the same ids since.
    forgotten: usize,
    marks: Vec<Option<LazyStateID>>,
}

impl Trail {
    /// Makes ready for runs that end at `end`.
    fn reach(&mut self, end: usize, forgotten: usize) {
        if self.end != end || self.forgotten != forgotten {
            self.end = end;
            self.forgotten = forgotten;
            self.marks.clear();
        }
    }

    /// Whether another run came by here in this state; leaves a mark if not.
    fn meets(&mut self, at: usize, state: LazyStateID) -> bool {
        let first = self.end.saturating_sub(2 * BLOCK) / STEP;
        let index = (at / STEP).saturating_sub(first);
        if index >= self.marks.len() {
            self.marks.resize(index + 1, None);
        }
        let Some(mark) = self.marks.get_mut(index) else {
            return false;
        };
        if *mark == Some(state) {
            return true;
        }
        *mark = Some(state);
        false
    }
}

impl InLeaf {
    /// Whether the whole text was searched and all that was found was taken.
    pub(super) fn is_done(&self, text: &str) -> bool {
        self.at >= text.len() && self.found.is_empty()
    }

    /// Makes ready for the next text.
    pub(super) fn leave(&mut self) {
        self.at = 0;
        for pattern in self.tried.drain(..) {
            if let Some(track) = self.tracks.get_mut(usize::from(pattern)) {
                track.tried = false;
                track.after = 0;
                track.trail.end = 0;
                track.trail.marks.clear();
            }
        }
    }

    /// Takes what was found and is next in order whatever else will be found.
    pub(super) fn settled(&mut self, text: &str) -> impl Iterator<Item = Found> {
        // What is still to be found begins at `at`, or in the middle of a character there.
        let until = if self.at >= text.len() {
            usize::MAX
        } else {
            self.at.saturating_sub(WITHIN_CHARACTER)
        };
        self.found.sort_unstable();
        let settled = self
            .found
            .partition_point(|found| (found.start as usize) < until);
        self.found.drain(..settled)
    }

    /// Searches on, for a slice of the text at most, and says how much work it was. Stops early,
    /// between two places where patterns may begin, after `most_work` or with `most_found` more found.
    pub(super) fn slice(
        &mut self,
        set: &PatternSet,
        scratch: &mut Scratch,
        text: &str,
        most_work: usize,
        most_found: usize,
    ) -> usize {
        let bytes = text.as_bytes();
        let end = bytes.len().min(self.at + SLICE);
        let mut work = end - self.at;
        let mut candidates = std::mem::take(&mut scratch.candidates);
        work += set.beginnings.find(bytes, self.at..end, &mut candidates);
        self.tracks.resize(set.groups.len(), Track::default());
        let mut before = self.at;
        let held = self.found.len();
        self.at = end;
        for (start, literal) in candidates.drain(..) {
            let start = start as usize;
            let enough = work >= most_work || self.found.len() - held >= most_found;
            if enough && start > before {
                self.at = start;
                break;
            }
            before = start;
            for pattern in set.beginnings.patterns_of(literal) {
                work += self.attempt(set, scratch, text, start, *pattern);
            }
        }
        scratch.candidates = candidates;
        work
    }

    /// Tries one pattern at one place.
    fn attempt(
        &mut self,
        set: &PatternSet,
        scratch: &mut Scratch,
        text: &str,
        start: usize,
        pattern: u16,
    ) -> usize {
        let Some(track) = self.tracks.get_mut(usize::from(pattern)) else {
            return 0;
        };
        if !track.tried {
            track.tried = true;
            self.tried.push(pattern);
        }
        if start < track.after {
            return 1;
        }
        let states = scratch.states.get_or_insert_with(|| set.dfa.create_cache());
        let (end, mut work) = run(&set.dfa, states, text.as_bytes(), (start, pattern), track);
        let Some(end) = end else {
            return work;
        };
        track.after = end;
        let group = set
            .groups
            .get(usize::from(pattern))
            .and_then(Option::as_ref);
        let group = group.filter(|_| end - start <= MAX_GROUPED);
        let span = group.and_then(|group| {
            work += (end - start) * GROUP_WORK;
            span(group, &mut scratch.groups, text.as_bytes(), start..end)
        });
        let (start, end) = span.unwrap_or((start, end));
        let start = text.floor_char_boundary(start);
        let end = text.ceil_char_boundary(end);
        // Lines are bounded far below 4 GiB, and so are their texts.
        if let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end))
            && start < end
        {
            self.found.push(Found {
                start,
                end,
                pattern: u32::from(pattern),
            });
        }
        work
    }
}

/// Runs the automaton for one pattern from one place: the end of its match there, and the work.
fn run(
    dfa: &DFA,
    states: &mut Cache,
    bytes: &[u8],
    (start, pattern): (usize, u16),
    track: &mut Track,
) -> (Option<usize>, usize) {
    let held = states.memory_usage();
    let trail = &mut track.trail;
    let limit = (start / BLOCK + 2) * BLOCK;
    trail.reach(limit, states.clear_count());
    let end = bytes.len().min(limit);
    let from = PatternID::new_unchecked(usize::from(pattern));
    let input = Input::new(bytes)
        .span(start..end)
        .anchored(Anchored::Pattern(from));
    let mut found = None;
    let mut at = start;
    let mut state = match dfa.start_state_forward(states, &input) {
        Ok(state) if !state.is_dead() => state,
        _ => return (None, 1),
    };
    loop {
        // A match shows one byte late: the byte after it, or the end, may forbid it.
        let next = match bytes.get(at) {
            Some(byte) => dfa.next_state(states, state, *byte),
            None => dfa.next_eoi_state(states, state),
        };
        state = match next {
            Ok(state) if !state.is_dead() => state,
            _ => break,
        };
        if state.is_match() {
            found = Some(at);
        }
        if at == end {
            break;
        }
        at += 1;
        if at.is_multiple_of(STEP) {
            trail.reach(limit, states.clear_count());
            if trail.meets(at, state) {
                break;
            }
        }
    }
    // A state that had to be made costs as its bytes do, hundreds of steps.
    let made = states.memory_usage().saturating_sub(held);
    (found, at - start + 1 + made)
}

/// The span of the group in a match.
fn span(
    group: &Group,
    cache: &mut Option<pikevm::Cache>,
    bytes: &[u8],
    found: std::ops::Range<usize>,
) -> Option<(usize, usize)> {
    let vm = &group.vm;
    let cache = match cache {
        Some(cache) => {
            cache.reset(vm);
            cache
        }
        None => cache.insert(vm.create_cache()),
    };
    let mut slots: Vec<Option<NonMaxUsize>> = vec![None; group.slot + 2];
    let input = Input::new(bytes).span(found).anchored(Anchored::Yes);
    vm.search_slots(cache, &input, &mut slots);
    let [start, end] = [group.slot, group.slot + 1].map(|slot| slots.get(slot).copied().flatten());
    let (start, end) = (start?.get(), end?.get());
    (start < end).then_some((start, end))
}
