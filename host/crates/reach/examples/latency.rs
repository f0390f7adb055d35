//! What one call of a store or bucket costs, on this machine's disk:
//!
//! `cargo run --release -p wardlet-reach --example latency [FOLDER]`
//!
//! The folder is the current one where none is given; a file is made there and taken away again.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wardlet_call::{Buckets as _, Caller, Entry, Moment, PluginName};
use wardlet_reach::{Bucket, DEFAULT_QUOTA, Disk, Granted, Per, Terms};

/// Calls of each kind: enough that one in a thousand is seen.
const CALLS: usize = 20_000;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let path = folder.unwrap_or_else(|| ".".into()).join("latency.store");
    let measured = measure(&path);
    for beside in ["", "-wal", "-shm"] {
        let mut file = path.clone().into_os_string();
        file.push(beside);
        let _ = std::fs::remove_file(file);
    }
    measured
}

fn measure(path: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let plugin = PluginName::parse("measured").map_err(|_| "no name")?;
    let store = Disk::open(path)?.of(&plugin, DEFAULT_QUOTA);
    let moment = || Moment {
        now_ms: 1,
        until: Instant::now() + Duration::from_secs(10),
    };
    show("counter.add", |_| {
        store.add("calls", 1, Some(60_000), moment()).is_ok()
    });
    show("counter.get", |_| store.count("calls", moment()).is_ok());
    show("key-value.set of 100 bytes, 1,000 keys", |n| {
        let entry = Entry {
            value: vec![7; 100],
            lifetime_ms: Some(60_000),
            only_new: false,
        };
        store
            .set(&format!("key {}", n % 1000), entry, moment())
            .is_ok()
    });
    show("key-value.get", |n| {
        store.get(&format!("key {}", n % 1000), moment()).is_ok()
    });
    let terms = Terms {
        tokens: 1_000_000,
        period: Duration::from_secs(1),
        burst: 1_000_000,
        per: Per::PrincipalAndTool,
    };
    let bucket = Arc::new(Bucket::new(terms));
    let buckets = Granted(BTreeMap::from([("calls".to_owned(), bucket)]));
    let caller = Caller {
        principal: "somebody".into(),
        server: "files".into(),
        tool: "write_file".into(),
    };
    show("rate-limit.take", |_| {
        buckets.take("calls", 1, &caller).is_ok()
    });
    Ok(())
}

fn show(what: &str, call: impl Fn(usize) -> bool) {
    let mut times: Vec<Duration> = (0..CALLS)
        .map(|n| {
            let begun = Instant::now();
            let done = call(n);
            assert!(done, "{what} failed");
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |share: f64| {
        let place = (share * (CALLS - 1) as f64) as usize;
        times.get(place).copied().unwrap_or_default()
    };
    let [p50, p99, p999] = [0.5, 0.99, 0.999].map(at);
    println!("{what}: p50 {p50:?}, p99 {p99:?}, p99.9 {p999:?}");
}
