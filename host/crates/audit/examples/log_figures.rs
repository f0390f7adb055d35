//! What the log costs, beside what nothing can be cheaper than: the bare signature, the disk's own
//! fdatasync, the bare verification. Prints one JSON object.
//!
//! `cargo run --release -p wardlet-audit --example log_figures -- <calls> [<folder>]`; the folder lies on
//! the disk that is measured.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use wardlet_audit::signer::LocalSigner;
use wardlet_audit::{
    Decision, Durability, Effect, Gateway, Log, Options, Outcome, Status, SystemClock, Target,
    verify,
};
use wardlet_keys::{EntryKey, VerifyingKey};

type Failed = Box<dyn Error>;

const ORIGIN: &str = "figures.example/log";

/// Signatures and verifications that are measured by themselves.
const BARE: usize = 5_000;

/// Durable decisions, and bare fdatasyncs beside them.
const DURABLE: usize = 1_000;

/// The length of an ordinary entry.
const ENTRY_BYTES: usize = 700;

fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let calls: usize = arguments.next().map_or(Ok(50_000), |text| text.parse())?;
    let place = match arguments.next() {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let folder = place.path().join("log");
    let key = Arc::new(EntryKey::generate()?);
    let public = key.verifying_key(ORIGIN)?;
    let open = || -> Result<Log, Failed> {
        let signer = LocalSigner::open(&place.path().join("signer"), ORIGIN)?;
        let (key, clock) = (Arc::clone(&key), Box::new(SystemClock));
        let signer = Box::new(signer);
        Ok(Log::open_signed(
            &folder,
            ORIGIN,
            &gateway(),
            key,
            clock,
            signer,
        )?)
    };
    let (sign, check) = bare(&key, &public);
    let fdatasync = synced(&place.path().join("bare"))?;
    let log = open()?;
    let durable = times(DURABLE, || call(&log, Durability::Durable))?;
    let before = resident()?;
    let (written, wrote) = timed(|| times(calls, || call(&log, Durability::Written)));
    let after = resident()?;
    drop(log);
    let keys = LocalSigner::open(&place.path().join("signer"), ORIGIN)?.verifying_keys()?;
    let options = Options {
        checkpoint_keys: &keys,
        ..Options::default()
    };
    let (report, verified) = timed(|| verify(&folder, &public, options));
    let (opened, open_took) = timed(open);
    drop(opened?);
    let entries = report?.head.size as f64;
    let check = quantiles(check);
    let each = check.get("p50").and_then(serde_json::Value::as_f64);
    println!(
        "{:#}",
        json!({
            "entries": entries,
            "cores": std::thread::available_parallelism()?.get(),
            "bare_signature_us": quantiles(sign),
            "written_decision_us": quantiles(written?),
            "calls_per_second": (calls as f64 / wrote.as_secs_f64()).round(),
            "bare_fdatasync_us": quantiles(fdatasync),
            "durable_decision_us": quantiles(durable),
            "verified_entries_per_second": (entries / verified.as_secs_f64()).round(),
            "bare_verifications_per_second_and_core": each.map(|each| (1e6 / each).round()),
            "opened_in_ms": u64::try_from(open_took.as_millis())?,
            "bytes_per_call": (size(&folder)? as f64 / entries * 2.0).round(),
            "resident_kib_before_and_after": [before, after],
        })
    );
    Ok(())
}

/// What something gives, and how long it took.
fn timed<T>(call: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let given = call();
    (given, began.elapsed())
}

/// One call: how long its decision took; its outcome is not part of it.
fn call(log: &Log, durability: Durability) -> Result<Duration, Failed> {
    let decision = decision();
    let (written, took) = timed(|| log.decision(&decision, durability));
    log.outcome(written?, &Outcome::new(Status::Answered))?;
    Ok(took)
}

fn times(
    count: usize,
    mut call: impl FnMut() -> Result<Duration, Failed>,
) -> Result<Vec<Duration>, Failed> {
    (0..count).map(|_| call()).collect()
}

/// Signing and verifying a message as long as an entry.
fn bare(key: &EntryKey, public: &VerifyingKey) -> (Vec<Duration>, Vec<Duration>) {
    let message = [b'x'; ENTRY_BYTES];
    let signature = key.sign(&message);
    let sign = |_| timed(|| key.sign(black_box(&message))).1;
    let check = |_| timed(|| public.verify(black_box(&message), &signature)).1;
    (
        (0..BARE).map(sign).collect(),
        (0..BARE).map(check).collect(),
    )
}

/// Appending as much as an entry to a file and putting it on disk.
fn synced(path: &Path) -> Result<Vec<Duration>, Failed> {
    let mut file = File::create(path)?;
    times(DURABLE, || {
        let append = || {
            file.write_all(&[b'x'; ENTRY_BYTES])?;
            file.sync_data()
        };
        let (done, took) = timed(append);
        done?;
        Ok(took)
    })
}

/// Microseconds at the quantiles that matter.
fn quantiles(mut times: Vec<Duration>) -> serde_json::Map<String, serde_json::Value> {
    times.sort_unstable();
    let at = |part: f64| {
        let index = (times.len() as f64 * part) as usize;
        times.get(index).or(times.last()).map(Duration::as_nanos)
    };
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)]
        .map(|(name, part)| {
            (
                name.to_owned(),
                json!(at(part).unwrap_or(0) as f64 / 1000.0),
            )
        })
        .into_iter()
        .collect()
}

/// Bytes on disk below a folder.
fn size(folder: &Path) -> Result<u64, Failed> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += match entry.path() {
            path if path.is_dir() => size(&path)?,
            path if path.ends_with("reserve") => 0,
            path => fs::metadata(path)?.len(),
        };
    }
    Ok(bytes)
}

/// The memory of this process in KiB.
fn resident() -> Result<u64, Failed> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(number.ok_or("the system does not tell")?.parse()?)
}

fn gateway() -> Gateway {
    Gateway {
        build: "0.1.0".to_owned(),
        name: "figures".to_owned(),
    }
}

fn decision() -> Decision {
    let target = Target {
        definition: None,
        method: "tools/call".to_owned(),
        server: "files".to_owned(),
        tool: Some("read_file".to_owned()),
        tool_known: true,
    };
    let (principal, txn) = ("uVXFRiYxlYPmTdYVkhrJrw", "1Lt3EJ5uvMUN9HyzAhRQxw");
    Decision {
        policy_set: Some(format!("sha256:{}", "9".repeat(64))),
        protocol: Some("2025-11-25".to_owned()),
        rules: vec!["files-inside-root".to_owned()],
        ..Decision::new(Effect::Allow, "allowed", target, principal, txn)
    }
}
