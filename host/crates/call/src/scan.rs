//! The search for a pattern set in the leaves of a document: in slices, in document order.
//!
//! A [`Scan`] owns positions and no text, so that it can be kept between the calls of a plugin. What
//! it looks at in one [`Scan::batch`] is bounded; what it looked at before it does not look at again.

mod leaf;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use crate::document::{Document, Part};
use crate::leaves::Leaf;
use crate::patterns::{PatternSets, Scratch};
use crate::pointer::Pointer;
use crate::projection::Projection;
use leaf::InLeaf;

/// Matches of one batch: each costs the guest an allocation.
pub const MAX_BATCH_MATCHES: usize = 256;

/// Text bytes of one batch, and of one excerpt: one page of a guest's memory.
pub const MAX_BATCH_TEXT: usize = 64 << 10;

/// What the host does in one batch before it comes back with what it has: about as many
/// steps of an automaton, some milliseconds. Deadlines act only between the calls of a plugin.
const MAX_WORK: usize = 1 << 20;

/// The work of coming to a leaf, in the same unit.
const LEAF_WORK: usize = 32;

/// Matches that are found before the search pauses: a few batches.
const MAX_READY: usize = 1024;

/// Where a pattern matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The position of the pattern in its set.
    pub pattern: u32,
    /// The leaf's id.
    pub leaf: u32,
    /// Whether the leaf is the name of a member.
    pub name: bool,
    /// The first byte of the span, on a character's boundary.
    pub start: u32,
    /// The byte after its last, on a character's boundary.
    pub end: u32,
}

impl Match {
    /// The text of the span, in its document.
    #[must_use]
    pub fn text<'a>(&self, document: &'a Document) -> Option<&'a str> {
        let leaf = document.leaves().get(document.root(), self.leaf)?;
        leaf.text.get(self.start as usize..self.end as usize)
    }
}

/// A search that is under way.
#[derive(Debug)]
pub struct Scan {
    sets: Arc<PatternSets>,
    set: usize,
    document: Arc<Document>,
    part: Part,
    /// The leaves that are still to be searched.
    leaves: Range<u32>,
    /// What is being searched, and how far it is.
    within: InLeaf,
    ready: VecDeque<Match>,
    work: usize,
    scratch: Scratch,
}

impl Scan {
    /// Begins a search in the leaves at and below `pointer`. None where there is no such set.
    #[must_use]
    pub fn begin(
        sets: &Arc<PatternSets>,
        set: &str,
        (document, part): (&Arc<Document>, Part),
        pointer: Pointer<'_>,
    ) -> Option<Self> {
        let (position, set) = sets.get(set)?;
        let (first, end) = document.leaves_below(pointer).unwrap_or((0, 0));
        Some(Scan {
            set: position,
            document: Arc::clone(document),
            part,
            leaves: first..end,
            within: InLeaf::default(),
            ready: VecDeque::new(),
            work: 0,
            scratch: set.take_scratch(),
            sets: Arc::clone(sets),
        })
    }

    /// The document that is searched.
    #[must_use]
    pub fn document(&self) -> &Arc<Document> {
        &self.document
    }

    /// The next matches in document order, in the leaves that the projection shows; at most
    /// [`MAX_BATCH_MATCHES`] with at most [`MAX_BATCH_TEXT`] bytes of text, or a single larger one.
    /// There may be none yet; whether the search is done says [`Scan::is_done`].
    pub fn batch(&mut self, projection: &Projection) -> Vec<Match> {
        let mut work = 0;
        while work < MAX_WORK && self.ready.len() < MAX_BATCH_MATCHES && !self.leaves.is_empty() {
            work += self.advance(projection, MAX_WORK - work);
        }
        self.work += work;
        let mut bytes = 0;
        let mut batch = Vec::new();
        while let Some(next) = self.ready.front() {
            bytes += (next.end - next.start) as usize;
            let full = batch.len() == MAX_BATCH_MATCHES || bytes > MAX_BATCH_TEXT;
            if full && !batch.is_empty() {
                break;
            }
            batch.extend(self.ready.pop_front());
        }
        batch
    }

    /// What was done so far, in steps of an automaton (about a nanosecond each).
    #[must_use]
    pub fn work(&self) -> usize {
        self.work
    }

    /// Whether all matches were given.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.leaves.is_empty() && self.ready.is_empty()
    }

    /// Searches a slice of the leaf that is the next one, and says how much work that was.
    fn advance(&mut self, projection: &Projection, most: usize) -> usize {
        let id = self.leaves.start;
        let Some(set) = self.sets.at(self.set) else {
            self.leaves.start = self.leaves.end;
            return 0;
        };
        let Some(leaf) = self.document.shown_leaf(id, self.part, projection) else {
            self.leaves.start += 1;
            return LEAF_WORK;
        };
        let work = self
            .within
            .slice(set, &mut self.scratch, leaf.text, most, MAX_READY);
        let Leaf { name, text, .. } = leaf;
        let found = self.within.settled(text).map(|found| Match {
            pattern: found.pattern,
            leaf: id,
            name,
            start: found.start,
            end: found.end,
        });
        self.ready.extend(found);
        if self.within.is_done(text) {
            self.within.leave();
            self.leaves.start += 1;
        }
        work + LEAF_WORK
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        if let Some(set) = self.sets.at(self.set) {
            set.keep_scratch(std::mem::take(&mut self.scratch));
        }
    }
}

/// The bytes `start..end` of a text, as far as it reaches, widened to whole characters and at most
/// about [`MAX_BATCH_TEXT`] of them; with where they begin.
#[must_use]
pub fn excerpt(text: &str, start: u32, end: u32) -> (u32, &str) {
    let start = text.floor_char_boundary(start as usize);
    let end = (end as usize).clamp(start, start.saturating_add(MAX_BATCH_TEXT));
    let end = text.ceil_char_boundary(end);
    // Where a leaf began at all, it was shorter than 4 GiB.
    let at = u32::try_from(start).unwrap_or(u32::MAX);
    (at, text.get(start..end).unwrap_or_default())
}

#[cfg(test)]
mod tests;
