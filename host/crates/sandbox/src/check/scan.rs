//! Capability `scan`: the host searches what the projection shows for the plugin's patterns.
//!
//! What is found stays in the state of the check and goes with it. The room that a search works in goes
//! back to the compiled set; it holds positions in patterns, and nothing of a text.

use std::sync::Arc;

use wardlet_call::{Part, Pointer, Scan, excerpt};
use wasmtime::Result;

use super::State;
use crate::bindings::scan::{Batch, Excerpt, Failure, Host, Match};
use crate::bindings::types;

/// The search of a check, if it has one under way.
#[derive(Default)]
pub(super) struct Search {
    scan: Option<Scan>,
    /// What `from` must be to go on. Never 0 while a search is under way, nor ever twice in a check: more
    /// batches than there are numbers would outlast every deadline.
    next: u32,
}

/// What a function of the interface answers.
type Answer<T> = std::result::Result<T, Failure>;

impl Host for State {
    fn run(
        &mut self,
        set: String,
        part: types::Part,
        pointer: String,
        from: u32,
    ) -> Result<Answer<Batch>> {
        self.meter.host_call()?;
        Ok(self.search_on(&set, part.into(), &pointer, from))
    }

    fn read(
        &mut self,
        part: types::Part,
        leaf: u32,
        start: u32,
        end: u32,
    ) -> Result<Answer<Excerpt>> {
        self.meter.host_call()?;
        Ok(self.excerpt_of(part.into(), leaf, (start, end)))
    }
}

impl State {
    fn search_on(&mut self, set: &str, part: Part, pointer: &str, from: u32) -> Answer<Batch> {
        if from == 0 {
            self.search.scan = self.begin_search(set, part, pointer)?;
        } else if self.search.scan.is_none() || from != self.search.next {
            return Err(Failure::Stale);
        }
        // Put back only where it is to go on: what failed is not passed over by the next call.
        let Some(mut scan) = self.search.scan.take() else {
            return Ok(Batch {
                matches: Vec::new(),
                next: None,
            });
        };
        let found = scan.batch(&self.standing.projection);
        let bytes = found.iter().map(|m| (m.end - m.start) as usize).sum();
        if !self.meter.cross(bytes) {
            return Err(Failure::TooLarge);
        }
        let document = scan.document();
        let matches = found.iter().map(|found| Match {
            pattern: found.pattern,
            leaf: found.leaf,
            name: found.name,
            start: found.start,
            end: found.end,
            text: found.text(document).unwrap_or_default().to_owned(),
        });
        let matches = matches.collect();
        let mut next = None;
        if !scan.is_done() {
            self.search.next = self.search.next.wrapping_add(1).max(1);
            self.search.scan = Some(scan);
            next = Some(self.search.next);
        }
        Ok(Batch { matches, next })
    }

    /// A new search; none where the part is absent.
    fn begin_search(&self, set: &str, part: Part, pointer: &str) -> Answer<Option<Scan>> {
        let pointer = Pointer::parse(pointer).map_err(|_| Failure::BadPointer)?;
        if !self.standing.projection.reaches(part, pointer) {
            return Err(Failure::NotGranted);
        }
        let sets = self.standing.patterns.get().ok_or(Failure::UnknownSet)?;
        if sets.get(set).is_none() {
            return Err(Failure::UnknownSet);
        }
        let document = self.document(part);
        Ok(document.and_then(|document| Scan::begin(sets, set, (document, part), pointer)))
    }

    fn excerpt_of(&mut self, part: Part, leaf: u32, (start, end): (u32, u32)) -> Answer<Excerpt> {
        // Else the ids that are taken would tell how many texts a hidden part holds.
        if self.standing.projection.hides_all(part) {
            return Err(Failure::NotGranted);
        }
        let document = self.document(part).map(Arc::clone).ok_or(Failure::NoLeaf)?;
        let shown = document.shown_leaf(leaf, part, &self.standing.projection);
        let Some(shown) = shown else {
            return Err(if leaf < document.leaves().len() {
                Failure::NotGranted
            } else {
                Failure::NoLeaf
            });
        };
        let (start, text) = excerpt(shown.text, start, end);
        if !self.meter.cross(text.len()) {
            return Err(Failure::TooLarge);
        }
        Ok(Excerpt {
            name: shown.name,
            length: u32::try_from(shown.text.len()).unwrap_or(u32::MAX),
            start,
            text: text.to_owned(),
        })
    }
}
