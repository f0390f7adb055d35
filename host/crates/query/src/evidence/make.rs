//! Making a pack from a log.

use std::ops::Range;
use std::path::Path;

use wardlet_audit::checkpoint::Checkpoint;
use wardlet_audit::note::Note;
use wardlet_audit::proof::{LogHashes, ProveError, RangeProof, at_checkpoint};
use wardlet_audit::{AuditError, Damage};
use wardlet_keys::VerifyingKey;

use super::answer::{Stretch, is_after, is_before};
use super::{MAX_PACK_BYTES, MAX_PACK_ENTRIES, MakeError, Pack, Question};
use crate::call::Call;
use crate::entry::Entry;
use crate::index::Index;
use crate::source::{LogFolder, Source as _};

impl Pack {
    /// Makes the pack that answers `question` out of the log in the folder `log`, by its checkpoint of
    /// this moment, which one of `keys` must have signed. `index` is over the same log and is brought up to
    /// it. `now_ms` is the time that the pack gets. What the entries say is not checked here: [`check`]
    /// does.
    ///
    /// Calls that the checkpoint does not hold yet, those of the last second or so, are left out.
    ///
    /// # Errors
    /// [`MakeError`]
    ///
    /// [`check`]: super::check
    pub fn of(
        log: &Path,
        keys: &[VerifyingKey],
        index: &mut Index,
        question: &Question,
        now_ms: u64,
    ) -> Result<Self, MakeError> {
        at_checkpoint(log, keys, |checkpoint, note| {
            let mut maker = Maker {
                log: LogFolder(log),
                index,
                size: checkpoint.size,
            };
            maker.make((checkpoint, note), question, now_ms)
        })
    }
}

struct Maker<'a> {
    log: LogFolder<'a>,
    index: &'a mut Index,
    /// The entries of the checkpoint.
    size: u64,
}

impl Maker<'_> {
    fn make(
        &mut self,
        (checkpoint, note): (&Checkpoint, &Note),
        question: &Question,
        now_ms: u64,
    ) -> Result<Pack, MakeError> {
        // After the checkpoint was read, so that the index has all of its entries.
        self.index.update(&self.log, &mut |_| {})?;
        let range = self.range(question)?;
        let mut hashes = LogHashes::new(self.log.0, self.size);
        let range_end = range.end;
        let proof = RangeProof::of(&mut hashes, range, self.size).map_err(ProveError::Log)?;
        let proof = proof.ok_or(ProveError::NotYet {
            index: range_end,
            size: self.size,
        })?;
        let entries = self.entries(proof.first..proof.end)?;
        let stretch = Stretch {
            first: proof.first,
            lines: &entries,
            size: self.size,
        };
        let rows = stretch.answer(question)?;
        let pack = Pack {
            origin: checkpoint.origin.clone(),
            made_ms: now_ms,
            question: question.clone(),
            range: proof,
            size: self.size,
            checkpoint: note.clone(),
            rows,
            entries,
        };
        if pack.is_too_long() {
            return Err(MakeError::TooLong);
        }
        Ok(pack)
    }

    /// The smallest range that answers a question, unless clocks were set back: then a larger one.
    fn range(&self, question: &Question) -> Result<Range<u64>, MakeError> {
        let size = self.size;
        match question {
            Question::Entry(index) if *index >= size => {
                let index = *index;
                Err(ProveError::NotYet { index, size }.into())
            }
            Question::Entry(index) => {
                let mut range = *index..index + 1;
                if let Some(call) = self.index.call(*index)? {
                    self.hold(&mut range, &call, true);
                }
                fits(&range)?;
                Ok(range)
            }
            Question::Filter(_) if size == 0 => Err(ProveError::NotYet { index: 0, size }.into()),
            Question::Filter(filter) => {
                let since = |time_ms| filter.since_ms().is_some_and(|ms| is_before(time_ms, ms));
                let until = |time_ms| filter.until_ms().is_some_and(|ms| is_after(time_ms, ms));
                let first = self.first_where(|time_ms| !since(time_ms))?;
                let last = self.first_where(until)?;
                let mut range = first.saturating_sub(1)..(last + 1).min(size);
                // Before anything is read of so many.
                fits(&range)?;
                // What only the clocks could have put elsewhere is held too.
                for call in self.index.find_all(&filter.before_outcomes())? {
                    self.hold(&mut range, &call, false);
                }
                for call in self.index.find_all(filter)? {
                    self.hold(&mut range, &call, true);
                }
                fits(&range)?;
                while range.start > 0 && !since(self.time_of(range.start)?) {
                    range.start -= 1;
                    fits(&range)?;
                }
                while range.end < size && !until(self.time_of(range.end - 1)?) {
                    range.end += 1;
                    fits(&range)?;
                }
                Ok(range)
            }
        }
    }

    /// Widens the range until it has a call with its outcome, and with its approval where that is asked.
    fn hold(&self, range: &mut Range<u64>, call: &Call, with_approval: bool) {
        if call.entry >= self.size {
            return;
        }
        let outcome = call.outcome.as_ref().map(|outcome| outcome.entry);
        let last = match outcome.filter(|entry| *entry < self.size) {
            Some(entry) => entry,
            // Nothing but the end of the log shows that there is none.
            None if call.effect == "allow" => self.size - 1,
            None => call.entry,
        };
        let approval = call.approval.as_ref().filter(|_| with_approval);
        let asked = approval.and_then(|approval| approval.request);
        let votes = approval.map_or(&[][..], |approval| &approval.votes);
        let voted = votes.iter().filter_map(|vote| vote.entry);
        let first = asked.into_iter().chain(voted).fold(call.entry, u64::min);
        *range = range.start.min(first)..range.end.max(last + 1);
    }

    /// The first entry whose time is as asked, where times rise; the size where there is none.
    fn first_where(&self, is_wanted: impl Fn(u64) -> bool) -> Result<u64, MakeError> {
        let mut within = 0..self.size;
        while !within.is_empty() {
            let middle = within.start + (within.end - within.start) / 2;
            if is_wanted(self.time_of(middle)?) {
                within.end = middle;
            } else {
                within.start = middle + 1;
            }
        }
        Ok(within.start)
    }

    fn time_of(&self, index: u64) -> Result<u64, MakeError> {
        let line = self.entries(index..index + 1)?.pop().unwrap_or_default();
        let entry = Entry::parse(&line).map_err(|damage| self.damaged(index, damage))?;
        Ok(entry.time_ms)
    }

    /// The entries of a range that the log has.
    fn entries(&self, range: Range<u64>) -> Result<Vec<String>, MakeError> {
        let mut entries = self.log.entries(range.start).map_err(ProveError::Log)?;
        let mut lines = Vec::new();
        let mut bytes = 0;
        for index in range {
            let next = entries.next().transpose().map_err(ProveError::Log)?;
            let (_, line) = next.ok_or_else(|| self.damaged(index, Damage::Missing))?;
            bytes += line.len();
            if bytes > MAX_PACK_BYTES {
                return Err(MakeError::TooLong);
            }
            lines.push(line);
        }
        Ok(lines)
    }

    fn damaged(&self, index: u64, damage: Damage) -> MakeError {
        let path = self.log.0.to_owned();
        let error = AuditError::Damaged {
            path,
            index,
            offset: 0,
            damage,
        };
        ProveError::Log(error).into()
    }
}

fn fits(range: &Range<u64>) -> Result<(), MakeError> {
    let entries = range.end - range.start;
    if entries > MAX_PACK_ENTRIES {
        return Err(MakeError::TooMany { entries });
    }
    Ok(())
}
