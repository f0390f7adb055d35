//! The answer that a range of entries gives to a question: the same for whoever makes a pack and whoever
//! checks it.

use wardlet_audit::{AuditError, Damage, STEP_BACK_MS};

use super::{Question, Refused};
use crate::call::Call;
use crate::entry::Entry;
use crate::filter::Filter;
use crate::index::Index;
use crate::source::{Numbered, Source};

/// Entries that follow one another, from a log that goes on to `size`.
#[derive(Clone, Copy)]
pub(super) struct Stretch<'a> {
    pub(super) first: u64,
    pub(super) lines: &'a [String],
    pub(super) size: u64,
}

impl Source for Stretch<'_> {
    fn entries(&self, from: u64) -> Result<Box<dyn Iterator<Item = Numbered> + '_>, AuditError> {
        let numbered = self.lines.iter().zip(self.first..);
        let wanted = numbered.skip_while(move |(_, index)| *index < from);
        Ok(Box::new(
            wanted.map(|(line, index)| Ok((index, line.clone()))),
        ))
    }
}

impl Stretch<'_> {
    fn end(&self) -> u64 {
        self.first + self.lines.len() as u64
    }

    /// The calls that answer the question, the earliest first.
    ///
    /// # Errors
    /// [`Refused`] where calls may be missing because the stretch is too short.
    pub(super) fn answer(&self, question: &Question) -> Result<Vec<Call>, Refused> {
        match question {
            Question::Filter(filter) => {
                self.encloses(filter)?;
                let index = Index::of_part(self.first, self)?;
                self.has_outcomes(&index.find_all(&filter.before_outcomes())?)?;
                Ok(index.find_all(filter)?)
            }
            Question::Entry(entry) => {
                if !(self.first..self.end()).contains(entry) {
                    return Err(Refused::NotHeld { index: *entry });
                }
                let index = Index::of_part(self.first, self)?;
                let call = index.call(*entry)?;
                self.has_outcomes(call.as_slice())?;
                Ok(call.into_iter().collect())
            }
        }
    }

    /// Whether nothing before or after the stretch can be within the times of the filter.
    fn encloses(&self, filter: &Filter) -> Result<(), Refused> {
        let (first, last) = (self.first, self.end().saturating_sub(1));
        if first > 0 {
            let is_before = match filter.since_ms() {
                Some(since) => is_before(self.time_of(first, self.lines.first())?, since),
                None => false,
            };
            if !is_before {
                return Err(Refused::Before { index: first });
            }
        }
        if self.end() < self.size {
            let is_after = match filter.until_ms() {
                Some(until) => is_after(self.time_of(last, self.lines.last())?, until),
                None => false,
            };
            if !is_after {
                return Err(Refused::After { index: last });
            }
        }
        Ok(())
    }

    fn time_of(&self, index: u64, line: Option<&String>) -> Result<u64, Refused> {
        let entry = line.ok_or(Damage::Missing);
        let entry = entry.and_then(|line| Entry::parse(line));
        let wrong = |damage| Refused::Entry { index, damage };
        Ok(entry.map_err(wrong)?.time_ms)
    }

    /// Whether the outcome of each of these calls is held, where it has one.
    fn has_outcomes(&self, calls: &[Call]) -> Result<(), Refused> {
        let open = calls.iter().find(|call| call.is_open());
        match open {
            Some(call) if self.end() < self.size => Err(Refused::NoOutcome { index: call.entry }),
            _ => Ok(()),
        }
    }
}

/// Whether an entry of this time shows that all entries before it are from before `since`, by clocks
/// that are set back by no more than time servers do.
pub(super) fn is_before(time_ms: u64, since: u64) -> bool {
    time_ms < since.saturating_sub(STEP_BACK_MS)
}

/// The same for all entries after it, and `until`.
pub(super) fn is_after(time_ms: u64, until: u64) -> bool {
    time_ms >= until.saturating_add(STEP_BACK_MS)
}
