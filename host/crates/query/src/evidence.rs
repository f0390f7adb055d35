//! Evidence packs: the answer to a question with all that it takes to check it, in one file, without
//! the log and without trust in whoever made it. `EVIDENCE.md` beside this crate describes the file.
//!
//! A pack holds a range of the log's entries, a proof that they are exactly the entries of that range in
//! the tree of a signed checkpoint, and the calls that a filter finds. The range begins before and ends
//! after the times of the filter, so a call that is left out is found: [`check`] asks the entries again.

mod answer;
mod check;
mod error;
mod file;
mod make;

use std::path::Path;

use wardlet_audit::merkle::proof::inclusion;
use wardlet_audit::note::Note;
use wardlet_audit::proof::{LogHashes, ProofFile, ProveError, RangeProof};

pub use self::check::{Report, check};
pub use self::error::{MakeError, Refused};
use crate::call::Call;
use crate::filter::Filter;

/// What the file of a pack says to be, as `format`.
pub const FORMAT: &str = "wardlet-evidence";

/// The version of the format.
pub const VERSION: u64 = 1;

/// The most entries of a pack: of an ordinary length some 240 MB, which take some 17 seconds to check on
/// one core. Tests have small packs.
pub const MAX_PACK_ENTRIES: u64 = if cfg!(test) { 1_000 } else { 200_000 };

/// The longest pack, in bytes: twice what the most entries of an ordinary length take. Checking holds a
/// pack in memory some three times. Tests have small packs.
pub const MAX_PACK_BYTES: usize = if cfg!(test) { 8 } else { 512 } * 1024 * 1024;

/// What a pack is the answer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Which calls does this filter find?
    Filter(Filter),
    /// What is the entry at this position, from 0; and if it is a decision, what became of it?
    Entry(u64),
}

/// A pack as it was made. Shown it is the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    origin: String,
    made_ms: u64,
    question: Question,
    range: RangeProof,
    size: u64,
    checkpoint: Note,
    rows: Vec<Call>,
    entries: Vec<String>,
}

impl Pack {
    /// The same pack with the cosignatures of `witnessed`, where that is the same checkpoint: the log's folder has them in the
    /// file `witnessed`. Says whether it is.
    pub fn cosigned(&mut self, witnessed: &Note) -> bool {
        let is_same = witnessed.text() == self.checkpoint.text();
        if is_same {
            self.checkpoint = witnessed.clone();
        }
        is_same
    }

    /// The calls that it shows, the earliest first.
    #[must_use]
    pub fn rows(&self) -> &[Call] {
        &self.rows
    }

    /// Which entries it holds, with the proof for them.
    #[must_use]
    pub fn range(&self) -> &RangeProof {
        &self.range
    }

    /// The text of an entry that it holds.
    #[must_use]
    pub fn entry(&self, index: u64) -> Option<&str> {
        let at = usize::try_from(index.checked_sub(self.range.first)?).ok()?;
        self.entries.get(at).map(String::as_str)
    }

    /// The proof, in the format of C2SP tlog-proof, that an entry is in the log by the checkpoint of this
    /// pack: for tools that know nothing of packs. `log` is the log's folder, where the pack was made from
    /// or a later state of it.
    ///
    /// # Errors
    /// [`ProveError::NotYet`] where the checkpoint has no such entry; [`ProveError::Log`] where the log
    /// cannot be read.
    pub fn proof_file(&self, log: &Path, index: u64) -> Result<ProofFile, ProveError> {
        let size = self.size;
        let hashes = inclusion(&mut LogHashes::new(log, size), index, size)?;
        Ok(ProofFile {
            extra: None,
            index,
            hashes: hashes.ok_or(ProveError::NotYet { index, size })?,
            checkpoint: self.checkpoint.clone(),
        })
    }
}

#[cfg(test)]
mod tests;
