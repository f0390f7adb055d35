//! Published logs, and packs of them that no honest maker would make.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use tempfile::TempDir;
use wardlet_audit::checkpoint::Checkpoint;
use wardlet_audit::merkle::proof::root;
use wardlet_audit::note::Note;
use wardlet_audit::proof::{LogHashes, RangeProof};
use wardlet_audit::signer::LocalSigner;
use wardlet_audit::{Clock, Decision, Effect, Log, Outcome, Status, Target, Timings, rfc3339};
use wardlet_keys::{CHECKPOINT_KEY_FILE, EntryKey, VerifyingKey};

use super::super::answer::Stretch;
use super::super::{MakeError, Pack, Question, Refused, Report, check};
use crate::filter::Filter;
use crate::generate::{self, BEGIN_MS, ORIGIN, STEP_MS};
use crate::index::{Index, Place};
use crate::source::{LogFolder, Source as _};

/// Entries of a log, more or less three: some 88 seconds of it.
const ENTRIES: u64 = 700;

/// When the packs are made.
pub(super) const NOW_MS: u64 = BEGIN_MS + 3_600_000;

pub(super) static LOG: LazyLock<Sample> = LazyLock::new(|| Sample::new(7));

/// Another log of the same name.
pub(super) static OTHER: LazyLock<Sample> = LazyLock::new(|| Sample::new(8));

/// A log with a checkpoint of all its entries.
pub(super) struct Sample {
    place: TempDir,
    pub(super) entry_key: VerifyingKey,
    pub(super) keys: Vec<VerifyingKey>,
    signing: EntryKey,
    lines: Vec<String>,
}

impl Sample {
    pub(super) fn new(seed: u64) -> Self {
        Sample::with(generate::clock(), |log| {
            generate::fill(log, ENTRIES, seed).unwrap();
        })
    }

    /// A log that this is written to.
    pub(super) fn with(clock: Box<dyn Clock>, write: impl FnOnce(&Log)) -> Self {
        let place = tempfile::tempdir().unwrap();
        let (folder, signer) = (place.path().join("log"), place.path().join("signer"));
        let local = LocalSigner::open(&signer, ORIGIN).unwrap();
        let keys = local.verifying_keys().unwrap();
        let key = Arc::new(EntryKey::generate().unwrap());
        let log = Log::open_signed(
            &folder,
            ORIGIN,
            &generate::gateway(),
            Arc::clone(&key),
            clock,
            Box::new(local),
        );
        let log = log.unwrap();
        write(&log);
        drop(log);
        let entries = LogFolder(&folder);
        let entries = entries.entries(0).unwrap();
        Sample {
            lines: entries.map(|entry| entry.unwrap().1).collect(),
            entry_key: key.verifying_key(ORIGIN).unwrap(),
            keys,
            signing: EntryKey::open(&signer, CHECKPOINT_KEY_FILE).unwrap(),
            place,
        }
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.place.path().join("log")
    }

    pub(super) fn size(&self) -> u64 {
        self.lines.len() as u64
    }

    pub(super) fn line(&self, index: u64) -> &str {
        &self.lines[index as usize]
    }

    pub(super) fn index(&self) -> Index {
        let folder = self.folder();
        let made = Index::current(&Place::Temporary, &LogFolder(&folder), &mut |_| {});
        made.unwrap().0
    }

    pub(super) fn make(&self, question: &Question) -> Result<Pack, MakeError> {
        Pack::of(
            &self.folder(),
            &self.keys,
            &mut self.index(),
            question,
            NOW_MS,
        )
    }

    pub(super) fn pack(&self, question: &Question) -> Pack {
        self.make(question).unwrap()
    }

    pub(super) fn check(&self, pack: &str) -> Result<Report, Refused> {
        check(pack.as_bytes(), &self.entry_key, &self.keys, None)
    }

    /// A checkpoint that the log's own key signed.
    pub(super) fn signed(&self, checkpoint: &Checkpoint) -> Note {
        checkpoint.sign([&self.signing]).unwrap()
    }

    /// The key for checkpoints, as if it were that of a log of this name.
    pub(super) fn key_named(&self, name: &str) -> VerifyingKey {
        self.signing.verifying_key(name).unwrap()
    }

    /// The checkpoint that the log had, or could have had, at this size.
    pub(super) fn checkpoint(&self, size: u64) -> Checkpoint {
        let root = root(&mut LogHashes::new(&self.folder(), self.size()), size);
        Checkpoint::new(ORIGIN, size, root.unwrap())
    }

    /// A pack of honest entries and proofs for any range and checkpoint, with the rows that its entries
    /// give, whether or not that is the answer.
    pub(super) fn cut(&self, question: &Question, (first, end): (u64, u64), size: u64) -> Pack {
        let folder = self.folder();
        let mut hashes = LogHashes::new(&folder, self.size());
        let range = RangeProof::of(&mut hashes, first..end, size).unwrap();
        let entries = self.lines[first as usize..end as usize].to_vec();
        let stretch = Stretch {
            first,
            lines: &entries,
            size,
        };
        let index = Index::of_part(first, &stretch).unwrap();
        let rows = match question {
            Question::Filter(filter) => index.find_all(filter).unwrap(),
            Question::Entry(entry) => index.call(*entry).unwrap().into_iter().collect(),
        };
        Pack {
            origin: ORIGIN.to_owned(),
            made_ms: NOW_MS,
            question: question.clone(),
            range: range.unwrap(),
            size,
            checkpoint: self.signed(&self.checkpoint(size)),
            rows,
            entries,
        }
    }
}

/// A call with little to it.
pub(super) fn decision(effect: Effect) -> Decision {
    Decision {
        approval: None,
        arguments: None,
        blame: None,
        count: None,
        effect,
        plugins: vec![],
        policy_set: None,
        principal: "uVXFRiYxlYPmTdYVkhrJrw".to_owned(),
        protocol: None,
        reason: match effect {
            Effect::Allow => "allowed",
            _ => "outside-root",
        }
        .to_owned(),
        redactions: vec![],
        request: None,
        rules: vec!["files-inside-root".to_owned()],
        shadow: vec![],
        shadow_omitted: None,
        target: Target {
            definition: None,
            method: "tools/call".to_owned(),
            server: "files".to_owned(),
            tool: Some("read_file".to_owned()),
            tool_known: true,
        },
        timings: Timings::default(),
        token: None,
        txn: "1Lt3EJ5uvMUN9HyzAhRQxw".to_owned(),
    }
}

pub(super) fn outcome(status: Status) -> Outcome {
    Outcome {
        blame: None,
        is_error: None,
        plugins: vec![],
        reason: None,
        redactions: vec![],
        result: None,
        shadow: vec![],
        status,
        timings: Timings::default(),
        token: None,
    }
}

/// The time of an entry.
pub(super) fn time(index: u64) -> String {
    rfc3339(BEGIN_MS + index * STEP_MS)
}

pub(super) fn filter(terms: &[(&str, &str)]) -> Question {
    Question::Filter(Filter::parse(terms.iter().copied(), NOW_MS).unwrap())
}

/// A filter over the times of these entries.
pub(super) fn within(since: u64, until: u64, terms: &[(&str, &str)]) -> Question {
    let (since, until) = (time(since), time(until));
    filter(&[&[("since", &*since), ("until", &*until)], terms].concat())
}
