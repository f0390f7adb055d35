//! From the places that the host's search gives to credentials: reads what stands around each, and
//! judges it.

use wardlet_sdk::Part;
use wardlet_sdk::scan::{self, Failure, Match};

use crate::scan::{Hit, next};
use crate::{assigned, patterns};

/// Bytes that are read before a place: the longest name, and what tells a word's beginning.
const BEFORE: usize = 68;

/// Bytes that are read after a place: the longest format with a bound fits twice, so that the next
/// place is often there already.
const AFTER: usize = 2_048;

/// How far behind a name its sign of assignment may be.
const TO_SIGN: usize = 96;

/// The beginning of a value that is looked at before all of it is read.
const FIRST: usize = 256;

/// The finds of one part, and how far it is.
pub(crate) struct Finder {
    part: Part,
    /// Entities that are not wanted.
    skip: Vec<String>,
    /// Leaf and credential.
    pub(crate) hits: Vec<(u32, Hit)>,
    window: Window,
    /// The leaf that was looked at last, where its last find ends, and up to where the values of names
    /// were judged.
    leaf: u32,
    reached: usize,
    judged: usize,
    /// A leaf that is a credential as a whole.
    taken: Option<u32>,
}

impl Finder {
    pub(crate) fn new(part: Part, skip: Vec<String>) -> Self {
        Finder {
            part,
            skip,
            // Grown while a window is held, it would hold on to the window's memory.
            hits: Vec::with_capacity(64),
            window: Window::default(),
            leaf: 0,
            reached: 0,
            judged: 0,
            taken: None,
        }
    }

    /// Looks at one place that the host found.
    pub(crate) fn look(&mut self, found: &Match) -> Result<(), Failure> {
        if self.taken == Some(found.leaf) {
            return Ok(());
        }
        if found.pattern == patterns::NAME {
            return if found.name {
                self.value(found)
            } else {
                Ok(())
            };
        }
        if self.leaf != found.leaf {
            (self.leaf, self.reached, self.judged) = (found.leaf, 0, 0);
        }
        let span = found.span();
        let more = if found.pattern == patterns::ASSIGNED {
            TO_SIGN
        } else {
            0
        };
        self.between(span.start.max(self.reached), span.end + more)
    }

    /// Finds what shows at the places `from..to` of the leaf.
    fn between(&mut self, mut from: usize, to: usize) -> Result<(), Failure> {
        let mut after = AFTER;
        while from < to {
            let ends = to.saturating_add(after);
            self.window.show(self.part, self.leaf, from, ends)?;
            let base = self.window.start;
            let bytes = self.window.text.as_bytes();
            let mut judged = self.judged.saturating_sub(base);
            let hit = next(bytes, from - base..to - base, &mut judged);
            let Some(Hit {
                span,
                entity,
                confidence,
            }) = hit
            else {
                self.judged = self.judged.max(base + judged);
                break;
            };
            if span.end == bytes.len() && !self.window.ends_the_leaf() {
                // It may go on: with more of the leaf in sight, it is judged again.
                after = after.saturating_mul(8);
                continue;
            }
            from = base + span.end;
            self.reached = from;
            let span = base + span.start..from;
            self.keep(
                self.leaf,
                Hit {
                    span,
                    entity,
                    confidence,
                },
            );
            after = AFTER;
        }
        Ok(())
    }

    /// Judges the value of a member whose name may be that of a secret.
    fn value(&mut self, name: &Match) -> Result<(), Failure> {
        let value = name.leaf + 1;
        let first = match scan::read(self.part, value, 0..u32::try_from(FIRST).unwrap_or(0)) {
            // A number, a truth value or an empty container has no text; the next member's name is none.
            Err(Failure::NoLeaf | Failure::NotGranted) => return Ok(()),
            Err(failure) => return Err(failure),
            Ok(first) => first,
        };
        if first.name || !assigned::may_be_secret(first.text.as_bytes()) {
            return Ok(());
        }
        drop(first);
        let end = name.end;
        let near = name.end.saturating_sub(u32::try_from(BEFORE).unwrap_or(0));
        let of = scan::read(self.part, name.leaf, near..end)?.text;
        self.window.show(self.part, value, 0, usize::MAX)?;
        let hit = assigned::whole(self.window.text.as_bytes(), &of);
        if let Some(hit) = hit {
            self.taken = Some(value);
            self.keep(value, hit);
        }
        Ok(())
    }

    fn keep(&mut self, leaf: u32, hit: Hit) {
        if !self.skip.iter().any(|code| code == hit.entity) {
            self.hits.push((leaf, hit));
        }
    }
}

/// A part of a leaf that was read.
#[derive(Default)]
struct Window {
    /// Which leaf, where any was read.
    leaf: Option<u32>,
    start: usize,
    text: String,
    /// The length of the leaf.
    length: usize,
}

impl Window {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }

    fn ends_the_leaf(&self) -> bool {
        self.end() >= self.length
    }

    /// Makes sure that everything from [`BEFORE`] a place to `end` is in sight, as far as the leaf goes.
    fn show(&mut self, part: Part, leaf: u32, from: usize, end: usize) -> Result<(), Failure> {
        let from = from.saturating_sub(BEFORE);
        let there = self.leaf == Some(leaf)
            && self.start <= from
            && (self.ends_the_leaf() || self.end() >= end);
        if there {
            return Ok(());
        }
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        // Freed before the next is read, so that it can take its place.
        self.text = String::new();
        self.leaf = None;
        let first = scan::read(part, leaf, place(from)..place(end))?;
        self.start = first.start as usize;
        self.length = first.length as usize;
        let whole = self.length.min(end);
        if self.start + first.text.len() >= whole {
            self.text = first.text;
        } else {
            // Over what is read at once: what comes piece by piece is put where all of it fits.
            drop(first);
            self.text = String::with_capacity(whole - self.start);
            while self.end() < whole {
                let piece = scan::read(part, leaf, place(self.end())..place(whole))?.text;
                if piece.is_empty() {
                    break;
                }
                self.text.push_str(&piece);
            }
        }
        self.leaf = Some(leaf);
        Ok(())
    }
}
