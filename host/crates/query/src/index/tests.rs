use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tempfile::TempDir;
use wardlet_audit::{AuditError, Damage};
use wardlet_keys::PrivateFolder;

use super::{Index, Order, Page, Place, Rebuilt};
use crate::call::{Approval, Call, Outcome, Ran, Vote};
use crate::error::IndexError;
use crate::field::Field;
use crate::filter::Filter;
use crate::generate;
use crate::source::{LogFolder, Numbered, Source};

mod answers;
mod killed;
mod made_anew;
mod parts;

/// Entries of a generated log in these tests: many batches, and all kinds of calls.
const ENTRIES: u64 = 700;

/// The entries of a generated log, made once.
static LINES: LazyLock<Lines> = LazyLock::new(|| {
    let temporary = tempfile::tempdir().unwrap();
    let log = temporary.path().join("log");
    generate::write(&log, ENTRIES, 7).unwrap();
    Lines::read(&log)
});

/// All calls of it, by a fresh index.
static WHOLE: LazyLock<Vec<Call>> = LazyLock::new(|| all(&indexed(&LINES)));

/// A state folder.
struct State {
    _temporary: TempDir,
    folder: PathBuf,
}

impl State {
    /// One without anything in it.
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("state");
        PrivateFolder::open(&folder).unwrap();
        State {
            _temporary: temporary,
            folder,
        }
    }

    /// One with a generated log.
    fn with_log() -> Self {
        let state = State::new();
        generate::write(&state.folder.join("log"), ENTRIES, 7).unwrap();
        state
    }

    fn lines(&self) -> Lines {
        Lines::read(&self.folder.join("log"))
    }

    fn file(&self) -> PathBuf {
        self.folder.join(super::INDEX_FILE)
    }

    fn read(&self, lines: &Lines) -> (Index, super::Updated) {
        Index::current(&Place::Beside(&self.folder), lines, &mut |_| {}).unwrap()
    }
}

/// A log in memory.
#[derive(Clone)]
struct Lines(Vec<String>);

impl Lines {
    fn read(log: &Path) -> Self {
        let folder = LogFolder(log);
        let entries = folder.entries(0).unwrap();
        Lines(entries.map(|entry| entry.unwrap().1).collect())
    }

    fn first(&self, count: usize) -> Self {
        Lines(self.0[..count].to_vec())
    }
}

impl Source for Lines {
    fn entries(&self, from: u64) -> Result<Box<dyn Iterator<Item = Numbered> + '_>, AuditError> {
        let lines = self.0.iter().enumerate().skip(from as usize);
        Ok(Box::new(
            lines.map(|(index, line)| Ok((index as u64, line.clone()))),
        ))
    }
}

/// An index of some lines, in a temporary file.
fn indexed(lines: &Lines) -> Index {
    Index::current(&Place::Temporary, lines, &mut |_| {})
        .unwrap()
        .0
}

/// All calls, the oldest first.
fn all(index: &Index) -> Vec<Call> {
    let Page { calls, next } = index
        .find(&Filter::default(), Order::OldestFirst, None, u32::MAX)
        .unwrap();
    assert_eq!(next, None);
    calls
}

/// The index holds exactly these calls.
fn check(index: &Index, calls: &[Call], when: &str) {
    let found = all(index);
    let differ = found.iter().zip(calls).find(|(found, call)| found != call);
    assert_eq!(differ, None, "{when}");
    assert_eq!(found.len(), calls.len(), "{when}");
}

/// An allowed call that has everything a call can have.
pub(crate) fn full_call() -> Call {
    let ran =
        |name: &str, digest: &str, role: &str, verdict: Option<&str>, fault: Option<&str>| Ran {
            name: name.to_owned(),
            digest: digest.to_owned(),
            role: role.to_owned(),
            verdict: verdict.map(str::to_owned),
            fault: fault.map(str::to_owned),
        };
    Call {
        entry: 7,
        time_ms: 1_795_392_000_000,
        effect: "allow".to_owned(),
        reason: "allowed".to_owned(),
        blame: None,
        principal: "caller".to_owned(),
        server: "files".to_owned(),
        method: "tools/call".to_owned(),
        tool: Some("read_file".to_owned()),
        tool_known: true,
        rules: vec!["inside".to_owned(), "also".to_owned()],
        plugins: vec![
            ran("path-guard", "sha256:aa", "policy", Some("allow"), None),
            ran("secrets", "sha256:bb", "redactor", None, Some("deadline")),
        ],
        policy_set: Some("sha256:cc".to_owned()),
        protocol: Some("2025-11-25".to_owned()),
        txn: "txn".to_owned(),
        argument_bytes: Some(28),
        count: None,
        gateway: "laptop".to_owned(),
        build: "0.1.0".to_owned(),
        origin: "laptop.example/log".to_owned(),
        approval: Some(Approval {
            request: Some(5),
            votes: vec![Vote {
                entry: Some(6),
                approver: "ops".to_owned(),
                choice: "approve".to_owned(),
            }],
        }),
        outcome: Some(Outcome {
            entry: 8,
            time_ms: 1_795_392_000_250,
            status: "answered".to_owned(),
            reason: None,
            blame: None,
            is_error: Some(true),
            result_bytes: Some(40),
            upstream_us: Some(900),
        }),
    }
}

/// A refusal with as little as an entry may have.
pub(crate) fn refused_call() -> Call {
    Call {
        entry: 9,
        time_ms: 1_795_392_001_000,
        effect: "deny".to_owned(),
        reason: "outside-root".to_owned(),
        blame: Some("agent".to_owned()),
        method: "ping".to_owned(),
        tool: None,
        tool_known: false,
        rules: Vec::new(),
        plugins: Vec::new(),
        policy_set: None,
        protocol: None,
        txn: "txn2".to_owned(),
        argument_bytes: None,
        approval: None,
        outcome: None,
        ..full_call()
    }
}
