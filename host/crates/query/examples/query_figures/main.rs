//! What the index costs, on this machine's disk:
//!
//! `cargo run --release -p wardlet-query --example query_figures [-- --entries COUNT] [--json] [FOLDER]`
//!
//! Writes a log into a temporary folder within FOLDER, the system's where none is given, makes its index,
//! and asks it. The folder is removed at the end.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wardlet_query::{Field, Filter, INDEX_FILE, Index, LogFolder, Order, Place};

mod generate;

/// Entries where none are named.
const ENTRIES: u64 = 1_000_000;

/// Questions of each kind. With a page each, enough for a median.
const ASKED: usize = 41;

/// Calls in a page.
const PAGE: u32 = 50;

/// What a tree takes where the log's folder holds none yet: two hashes of 32 bytes in the tiles of level 0,
/// and their share of the levels above.
const TREE_BYTES_PER_CALL: f64 = 64.0 * 256.0 / 255.0;

fn main() -> Result<(), Box<dyn Error>> {
    let mut entries = ENTRIES;
    let mut as_json = false;
    let mut within = std::env::temp_dir();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => as_json = true,
            "--entries" => entries = arguments.next().ok_or("how many entries?")?.parse()?,
            folder => within = PathBuf::from(folder),
        }
    }
    let folder = tempfile::tempdir_in(within)?;
    // Made by the log, for its owner alone.
    let figures = measure(&folder.path().join("state"), entries)?;
    if as_json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
        return Ok(());
    }
    for (name, value) in figures.as_object().into_iter().flatten() {
        match value.as_object() {
            Some(group) => {
                println!("{name}");
                for (name, value) in group {
                    println!("  {name:38} {value}");
                }
            }
            None => println!("{name:40} {value}"),
        }
    }
    Ok(())
}

fn measure(state: &Path, entries: u64) -> Result<Value, Box<dyn Error>> {
    let log = state.join("log");
    generate::write(&log, entries, 1)?;
    let source = LogFolder(&log);
    let (begun, busy) = (Instant::now(), on_processor());
    let (index, made) = Index::current(&Place::Beside(state), &source, &mut |_| {})?;
    let rebuild = begun.elapsed();
    let busy = on_processor()
        .zip(busy)
        .map(|(now, before)| now.saturating_sub(before));
    drop(index);
    let begun = Instant::now();
    let (index, again) = Index::current(&Place::Beside(state), &source, &mut |_| {})?;
    let reopen = begun.elapsed();
    assert_eq!(again.added, 0, "the index held all");
    let calls: u64 = sum(index.values(Field::Effect, 100)?);
    let index_bytes = std::fs::metadata(state.join(INDEX_FILE))?.len();
    let log_bytes = size(&log)?;
    let per_call = |bytes: u64| bytes as f64 / calls as f64;
    let tree = if log.join("tile").is_dir() {
        0.0
    } else {
        TREE_BYTES_PER_CALL
    };
    let total = per_call(log_bytes) + tree + per_call(index_bytes);
    Ok(json!({
        "entries": made.entries,
        "calls": calls,
        "rebuild_s": rounded(rebuild.as_secs_f64()),
        "rebuild_on_processor_s": busy.map(|busy| rounded(busy.as_secs_f64())),
        "rebuild_entries_per_s": (made.entries as f64 / rebuild.as_secs_f64()).round(),
        "reopen_unchanged_ms": milliseconds(reopen),
        "index_bytes_per_call": per_call(index_bytes).round(),
        "log_bytes_per_call": per_call(log_bytes).round(),
        "bytes_per_call_with_tree": total.round(),
        "peak_memory_mib": peak_memory_mib(),
        "query_p50_ms": questions(&index)?,
    }))
}

/// The median of one page, for each field by its most and its least frequent value, for a time in the
/// middle, and for several fields together.
fn questions(index: &Index) -> Result<Value, Box<dyn Error>> {
    let mut medians = serde_json::Map::new();
    let mut add = |name: String, filter: &Filter, order| -> Result<(), Box<dyn Error>> {
        medians.insert(name, milliseconds(median(index, filter, order)?));
        Ok(())
    };
    for field in Field::ALL {
        let values = index.values(field, u32::MAX)?;
        for (which, value) in [("most", values.first()), ("least", values.last())] {
            if let Some((value, calls)) = value {
                let filter = Filter::parse([(field.name(), value.as_str())], 0)?;
                add(
                    format!("{field}, {which} ({calls} calls)"),
                    &filter,
                    Order::NewestFirst,
                )?;
            }
        }
    }
    let total = index.entries()?;
    let middle = wardlet_audit::rfc3339(generate::BEGIN_MS + total / 2 * generate::STEP_MS);
    let terms: [(&str, &[(&str, &str)]); 5] = [
        ("nothing", &[]),
        ("until the middle", &[("until", &middle)]),
        (
            "effect deny, from the middle",
            &[("effect", "deny"), ("since", &middle)],
        ),
        (
            "deny or expired",
            &[("effect", "deny"), ("effect", "expired")],
        ),
        (
            "allow, rule-1, tool_3, answered",
            &[
                ("effect", "allow"),
                ("rule", "rule-1"),
                ("tool", "tool_3"),
                ("status", "answered"),
            ],
        ),
    ];
    for (name, terms) in terms {
        let filter = Filter::parse(terms.iter().copied(), 0)?;
        add(name.to_owned(), &filter, Order::NewestFirst)?;
        add(format!("{name}, oldest first"), &filter, Order::OldestFirst)?;
    }
    // Two frequent words that no call has both: all postings of one are gone through.
    let never = Filter::parse([("effect", "deny"), ("status", "answered")], 0)?;
    add(
        "deny and answered (none)".to_owned(),
        &never,
        Order::NewestFirst,
    )?;
    Ok(Value::Object(medians))
}

fn median(index: &Index, filter: &Filter, order: Order) -> Result<Duration, Box<dyn Error>> {
    let mut times = Vec::new();
    for _ in 0..ASKED {
        let begun = Instant::now();
        index.find(filter, order, None, PAGE)?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times.get(ASKED / 2).copied().unwrap_or_default())
}

fn sum(values: Vec<(String, u64)>) -> u64 {
    values.into_iter().map(|(_, calls)| calls).sum()
}

fn rounded(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}

fn milliseconds(time: Duration) -> Value {
    json!(rounded(time.as_secs_f64() * 1_000.0))
}

/// The bytes of all files below a folder.
fn size(folder: &Path) -> Result<u64, std::io::Error> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata()?;
        bytes += if found.is_dir() {
            size(&entry.path())?
        } else {
            found.len()
        };
    }
    Ok(bytes)
}

/// How long this thread ran on a processor, which says more than a clock on a busy machine; none where the
/// system does not tell.
fn on_processor() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let ns = told.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(ns))
}

/// The most memory that this process had, writing the log included; none where the system does not tell.
fn peak_memory_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1_024)
}
