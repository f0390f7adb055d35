//! Checking a pack with nothing but keys.

use std::collections::HashSet;

use wardlet_audit::checkpoint::Checkpoint;
use wardlet_audit::merkle::{Hash, leaf};
use wardlet_audit::note::Note;
use wardlet_audit::witness::Policy;
use wardlet_audit::{STEP_BACK_MS, StepBack, check_entry};
use wardlet_call::Json;
use wardlet_keys::VerifyingKey;

use super::answer::Stretch;
use super::file::File;
use super::{Question, Refused};
use crate::call::Call;

/// What a good pack shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What it is the answer to. Whoever checks a pack compares this with what was asked.
    pub question: Question,
    /// The answer: exactly the calls that the log holds for it, the earliest first.
    pub rows: Vec<Call>,
    /// The checkpoint of the log: nothing is said about calls that came after it.
    pub checkpoint: Checkpoint,
    /// The first entry that it holds.
    pub first: u64,
    /// The entry after the last one that it holds.
    pub end: u64,
    /// The time of the last entry that it holds, in milliseconds since 1970. Where `end` is the size of
    /// the checkpoint, calls up to this time are shown, and later ones, which the question may ask for too,
    /// are not.
    pub last_ms: u64,
    /// The furthest that an entry's time is behind one before it, where that is over
    /// [`STEP_BACK_MS`]: then the clock was set back, and calls whose times are wrong may stand
    /// elsewhere in the log.
    pub step_back: Option<StepBack>,
    /// Decisions among the rows by an approval whose request, or a vote of which, the pack does not hold.
    /// The votes themselves are in the decision.
    pub approvals_outside: Vec<u64>,
    /// When it says to be made, in milliseconds since 1970. Nobody signed that.
    pub made_ms: u64,
}

/// Checks a pack: its checkpoint, each of its entries by itself, that they are exactly those of the range
/// in the tree of the checkpoint, that the range is wide enough for the question, and that the rows are
/// the answer which the entries give. `entry_key` and `checkpoint_keys` are those of the log. With a
/// `policy` enough of its witnesses must have cosigned the checkpoint; its logs count as checkpoint keys.
///
/// # Errors
/// [`Refused`] says what is wrong, and with which entry or row.
pub fn check(
    pack: &[u8],
    entry_key: &VerifyingKey,
    checkpoint_keys: &[VerifyingKey],
    policy: Option<&Policy>,
) -> Result<Report, Refused> {
    let file = File::parse(pack)?;
    let origin = entry_key.name();
    let other_log = || Refused::Origin {
        expected: origin.to_owned(),
    };
    if file.origin != origin {
        return Err(other_log());
    }
    let (question, made_ms) = (file.question()?, file.made_ms()?);
    let note = Note::parse(file.checkpoint.as_bytes());
    let note = note.map_err(|error| Refused::Checkpoint(error.into()))?;
    let checkpoint = match policy {
        Some(policy) => policy
            .check(&note, checkpoint_keys)
            .map_err(Refused::Unwitnessed)?,
        None => Checkpoint::from_note(&note, checkpoint_keys)?,
    };
    if checkpoint.origin != origin {
        return Err(other_log());
    }
    let checked = Entries::check(&file, entry_key)?;
    let (first, end) = (file.range.first, file.range.end);
    let proven = file.range.verify(checked.leaves, &checkpoint);
    proven.map_err(|error| Refused::Range { first, end, error })?;
    let stretch = Stretch {
        first,
        lines: &file.entries,
        size: checkpoint.size,
    };
    let rows = stretch.answer(&question)?;
    compare(&file, &rows)?;
    let outside = rows.iter().filter(|call| first > 0 && lacks_approval(call));
    Ok(Report {
        question,
        approvals_outside: outside.map(|call| call.entry).collect(),
        rows,
        checkpoint,
        first,
        end,
        last_ms: checked.last_ms,
        step_back: checked.step_back,
        made_ms,
    })
}

/// What the entries say by themselves.
struct Entries {
    leaves: Vec<Hash>,
    last_ms: u64,
    step_back: Option<StepBack>,
}

impl Entries {
    fn check(file: &File, key: &VerifyingKey) -> Result<Self, Refused> {
        let mut leaves = Vec::with_capacity(file.entries.len());
        let (mut latest_ms, mut last_ms) = (0_u64, 0);
        let mut step_back: Option<StepBack> = None;
        for (line, index) in file.entries.iter().zip(file.range.first..) {
            let wrong = |damage| Refused::Entry { index, damage };
            last_ms = check_entry(line, index, key).map_err(wrong)?.time_ms;
            let by_ms = latest_ms.saturating_sub(last_ms);
            if by_ms > step_back.map_or(STEP_BACK_MS, |furthest| furthest.by_ms) {
                step_back = Some(StepBack { index, by_ms });
            }
            latest_ms = latest_ms.max(last_ms);
            leaves.push(leaf(line.as_bytes()));
        }
        Ok(Entries {
            leaves,
            last_ms,
            step_back,
        })
    }
}

fn lacks_approval(call: &Call) -> bool {
    call.approval.as_ref().is_some_and(|approval| {
        approval.request.is_none() || approval.votes.iter().any(|vote| vote.entry.is_none())
    })
}

/// Whether the rows of the file are those that the entries give.
fn compare(file: &File, rows: &[Call]) -> Result<(), Refused> {
    let mut shown: Vec<(Option<String>, String)> = Vec::with_capacity(file.rows.len());
    for row in &file.rows {
        let row = Json::parse(row.get()).map_err(Refused::malformed)?;
        let entry = match row.member("entry") {
            Some(Json::Number(entry)) => Some(entry.clone()),
            _ => None,
        };
        shown.push((entry, row.canonical().map_err(Refused::malformed)?));
    }
    let expected: HashSet<String> = rows.iter().map(|call| call.entry.to_string()).collect();
    let mut found = HashSet::new();
    for (at, (entry, _)) in shown.iter().enumerate() {
        let is_new = entry
            .as_deref()
            .is_some_and(|entry| expected.contains(entry) && found.insert(entry));
        if !is_new {
            return Err(Refused::RowAdded { row: at + 1 });
        }
    }
    for call in rows {
        let index = call.entry;
        if !found.contains(index.to_string().as_str()) {
            return Err(Refused::RowMissing { index });
        }
    }
    // The same calls, so as many.
    for (at, (call, (entry, text))) in rows.iter().zip(&shown).enumerate() {
        let index = call.entry;
        if entry.as_deref() != Some(index.to_string().as_str()) {
            return Err(Refused::RowOrder { row: at + 1 });
        }
        let said = serde_json::to_string(call).map_err(Refused::malformed)?;
        let said = Json::parse(&said).and_then(|said| said.canonical());
        if said.as_ref() != Ok(text) {
            return Err(Refused::RowChanged { index });
        }
    }
    Ok(())
}
