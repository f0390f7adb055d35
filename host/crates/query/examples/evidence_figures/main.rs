//! What evidence packs cost, on this machine's disk. Prints one JSON object.
//!
//! `cargo run --release -p wardlet-query --example evidence_figures [-- --entries COUNT] [FOLDER]`
//!
//! Writes a log with checkpoints into a temporary folder within FOLDER, the system's where none is given, makes
//! its index, and asks for packs. The folder is removed at the end.
#![forbid(unsafe_code)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wardlet_audit::signer::LocalSigner;
use wardlet_audit::{Log, rfc3339};
use wardlet_keys::{EntryKey, VerifyingKey};
use wardlet_query::evidence::{Pack, Question, check};
use wardlet_query::{Filter, Index, LogFolder, Place};

#[path = "../query_figures/generate.rs"]
#[allow(dead_code, reason = "the figures of queries use the rest")]
mod generate;

type Failed = Box<dyn Error>;

/// Entries where none are named.
const ENTRIES: u64 = 1_000_000;

/// Packs of each kind: enough for a median.
const ASKED: u64 = 41;

/// Entries within the times of a pack, some four minutes and an hour of the generated log.
const WINDOWS: [u64; 2] = [2_000, 28_800];

fn main() -> Result<(), Failed> {
    let mut entries = ENTRIES;
    let mut within = std::env::temp_dir();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--entries" => entries = arguments.next().ok_or("how many entries?")?.parse()?,
            folder => within = PathBuf::from(folder),
        }
    }
    let folder = tempfile::tempdir_in(within)?;
    println!("{:#}", measure(folder.path(), entries)?);
    Ok(())
}

/// A log, and what asks it.
struct Asked {
    log: PathBuf,
    entry_key: VerifyingKey,
    keys: Vec<VerifyingKey>,
    index: Index,
}

fn measure(folder: &Path, entries: u64) -> Result<Value, Failed> {
    // Made by the log, for its owner alone.
    let state = folder.join("state");
    let log = state.join("log");
    let signer = LocalSigner::open(&folder.join("signer"), generate::ORIGIN)?;
    let keys = signer.verifying_keys()?;
    let key = Arc::new(EntryKey::generate()?);
    let entry_key = key.verifying_key(generate::ORIGIN)?;
    let open = Log::open_signed(
        &log,
        generate::ORIGIN,
        &generate::gateway(),
        key,
        generate::clock(),
        Box::new(signer),
    )?;
    generate::fill(&open, entries, 1)?;
    drop(open);
    let source = LogFolder(&log);
    let size = source.size()?;
    let (index, _) = Index::current(&Place::Beside(&state), &source, &mut |_| {})?;
    let mut asked = Asked {
        log,
        entry_key,
        keys,
        index,
    };
    let mut figures = serde_json::Map::new();
    figures.insert("entries".to_owned(), json!(size));
    let entry = |at: u64| Ok(Question::Entry(size / (ASKED + 1) * (at + 1)));
    figures.insert("one_entry".to_owned(), asked.cost(ASKED, entry)?);
    for window in WINDOWS.into_iter().filter(|window| *window < size / 2) {
        let question = |at: u64| {
            let begin = generate::BEGIN_MS + (size / 4 + at * 100) * generate::STEP_MS;
            let (since, until) = (rfc3339(begin), rfc3339(begin + window * generate::STEP_MS));
            let terms = [("since", &*since), ("until", &*until), ("effect", "deny")];
            Ok(Question::Filter(Filter::parse(terms, 0)?))
        };
        let name = format!("refusals_among_{window}_entries");
        figures.insert(name, asked.cost(5, question)?);
    }
    Ok(Value::Object(figures))
}

impl Asked {
    /// The medians of making packs, writing them as text, and checking them.
    fn cost(
        &mut self,
        count: u64,
        question: impl Fn(u64) -> Result<Question, Failed>,
    ) -> Result<Value, Failed> {
        let (mut made, mut checked) = (Vec::new(), Vec::new());
        let (mut bytes, mut held, mut rows) = (0, 0, 0);
        for at in 0..count {
            let question = question(at)?;
            let begun = Instant::now();
            let pack = Pack::of(&self.log, &self.keys, &mut self.index, &question, 0)?;
            let text = pack.to_string();
            made.push(begun.elapsed());
            let begun = Instant::now();
            let report = check(text.as_bytes(), &self.entry_key, &self.keys, None)?;
            checked.push(begun.elapsed());
            bytes = bytes.max(text.len());
            held = held.max(report.end - report.first);
            rows = rows.max(report.rows.len());
        }
        Ok(json!({
            "packs": count,
            "most_entries": held,
            "most_rows": rows,
            "most_bytes": bytes,
            "make_ms": spread(made),
            "check_ms": spread(checked),
        }))
    }
}

fn spread(mut times: Vec<Duration>) -> Value {
    times.sort_unstable();
    let at = |place: usize| {
        let ms = times.get(place).copied().unwrap_or_default().as_secs_f64() * 1e3;
        (ms * 100.0).round() / 100.0
    };
    json!({"p50": at(times.len() / 2), "most": at(times.len().saturating_sub(1))})
}
