//! Capability `scan`: the host searches the documents for the plugin's own patterns, and the plugin
//! judges what was found. Only matches are copied into the sandbox, not the document.
//!
//! The sets are declared once, in [`Plugin::patterns`](crate::Plugin::patterns), and exported by naming
//! `patterns` in the macro:
//!
//! ```
//! use wardlet_sdk::{Description, Edit, Part, PatternSet, Plugin, Redactor, SettingFault, Subject, scan};
//!
//! struct Tickets;
//!
//! impl Plugin for Tickets {
//!     fn describe() -> Description {
//!         Description::new("tickets", "1.0.0", "Finds ticket numbers.").entity("ticket", "A ticket's number.")
//!     }
//!     fn configure() -> Result<(), Vec<SettingFault>> {
//!         Ok(())
//!     }
//!     fn patterns() -> Vec<PatternSet> {
//!         vec![PatternSet::new("numbers").pattern("ticket", r"TICK-(?<secret>[0-9]{6})\b")]
//!     }
//! }
//!
//! impl Redactor for Tickets {
//!     fn find(_: &Subject, part: Part) -> Result<Vec<Edit>, String> {
//!         let mut edits = Vec::new();
//!         for found in scan::matches("numbers", part, "") {
//!             let found = found?;
//!             // What a pattern cannot say.
//!             let sum: u32 = found.text.bytes().map(u32::from).sum();
//!             if sum.is_multiple_of(2) {
//!                 edits.push(Edit::new(found.leaf, found.span(), "ticket", 90));
//!             }
//!         }
//!         Ok(edits)
//!     }
//! }
//!
//! wardlet_sdk::export_redactor!(Tickets, patterns);
//!
//! # #[cfg(not(target_arch = "wasm32"))] {
//! use wardlet_sdk::testing::Check;
//! let finds = Check::new().result(r#"["TICK-123456, TICK-123457"]"#).find::<Tickets>(Part::Result);
//! assert_eq!(finds.answer.unwrap()[0].text, "123457");
//! # }
//! ```
//!
//! The syntax of patterns, and their limits, stand in the contract (`wit/scan.wit`).

use std::ops::Range;

use crate::host::scan as host;
use crate::{Part, Pattern, PatternSet};

pub use crate::bindings::wardlet::plugin::scan::{Excerpt, Failure, Match};

/// The matches of all patterns of a set in the leaves at and below a pointer that the grant shows, in
/// the order of the document. Fetched in batches of at most 64 KiB of text, whose memory is used again
/// once nothing of a batch, and nothing else that was allocated meanwhile, is kept. A check has one
/// search at a time: beginning another ends it with [`Failure::Stale`].
pub fn matches<'a>(set: &'a str, part: Part, pointer: &'a str) -> Matches<'a> {
    Matches {
        set,
        part,
        pointer,
        next: Some(0),
        matches: Vec::new().into_iter(),
    }
}

/// What stands in the bytes `span` of a leaf, as far as it reaches, widened to whole characters. At
/// most 64 KiB.
///
/// # Errors
/// [`Failure`]
pub fn read(part: Part, leaf: u32, span: Range<u32>) -> Result<Excerpt, Failure> {
    host::read(part, leaf, span.start, span.end)
}

/// The matches of [`matches()`]. Ends after the first failure.
#[derive(Debug)]
pub struct Matches<'a> {
    set: &'a str,
    part: Part,
    pointer: &'a str,
    next: Option<u32>,
    matches: std::vec::IntoIter<Match>,
}

impl Iterator for Matches<'_> {
    type Item = Result<Match, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(found) = self.matches.next() {
                return Some(Ok(found));
            }
            let next = self.next.take()?;
            // The last batch is freed before the next one comes, so that it can take its place.
            self.matches = Vec::new().into_iter();
            #[cfg(target_arch = "wasm32")]
            crate::arena::begin_batch();
            match host::run(self.set, self.part, self.pointer, next) {
                Ok(batch) => {
                    self.next = batch.next;
                    self.matches = batch.matches.into_iter();
                }
                Err(failure) => return Some(Err(failure)),
            }
        }
    }
}

impl Match {
    /// Its span in bytes of the leaf, as [`Edit::new`](crate::Edit::new) takes it.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl PatternSet {
    /// Begins a set: a name of 1 to 64 of `a-z 0-9 -`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        PatternSet {
            name: name.to_owned(),
            patterns: Vec::new(),
        }
    }

    /// Adds a pattern: an id of 1 to 64 of `a-z 0-9 -`, and a regex. A match names it by its position.
    #[must_use]
    pub fn pattern(mut self, id: &str, regex: &str) -> Self {
        self.patterns.push(Pattern {
            id: id.to_owned(),
            regex: regex.to_owned(),
        });
        self
    }
}

/// So that a plugin can use `?` on a search: not seeing is a failure, and so a denial.
impl From<Failure> for String {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotGranted => "a place that the grant does not show",
            Failure::BadPointer => "a pointer that is none, or over 1,024 bytes",
            Failure::TooLarge => "more bytes than a check may read",
            Failure::UnknownSet => "a pattern set that was not declared",
            Failure::Stale => "a search that another one ended",
            Failure::NoLeaf => "a leaf that is not there",
        }
        .to_owned()
    }
}
