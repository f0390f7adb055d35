//! A process that writes a log is killed, over and over: nothing that it said to be written is lost,
//! doubled or out of order, and the next one goes on. `WARDLET_KILLS` says how often; 20 by default.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected fails"
)]

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use support::ORIGIN;
use support::log::{decision, entry_key, open, signer};
use wardlet_audit::{Durability, Effect, Options, Outcome, Select, Status, show, verify};
use wardlet_call::Json;

#[allow(dead_code, reason = "other tests use the rest")]
mod support;

/// Where the child finds its folder, and that it is one.
const FOLDER: &str = "WARDLET_KILLED_FOLDER";

/// What the transactions of the child begin with.
const ROUND: &str = "WARDLET_KILLED_ROUND";

/// How many threads of the child write.
const WRITERS: usize = 3;

/// After so many kills a new log begins, so that each check stays short.
const KILLS_A_LOG: usize = 20;

/// The child: it writes until it is killed, and says each transaction once its decision is written.
/// Run as a test of its own it does nothing.
#[test]
fn child() {
    let (Ok(folder), Ok(round)) = (env::var(FOLDER), env::var(ROUND)) else {
        return;
    };
    let log = open(Path::new(&folder));
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (log, round) = (&log, &round);
            scope.spawn(move || {
                for number in 0.. {
                    let txn = format!("{round}-{writer}-{number}");
                    let durability = match number % 16 {
                        0 => Durability::Durable,
                        _ => Durability::Written,
                    };
                    let allowed = decision(Effect::Allow, &txn);
                    let written = log.decision(&allowed, durability).unwrap();
                    // One write, so that no line is cut in two.
                    let line = format!("\nwritten {txn}\n");
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                    log.outcome(written, &Outcome::new(Status::Answered))
                        .unwrap();
                }
            });
        }
    });
}

/// Starts the child, kills it after so many lines, and gives what it said.
fn killed(folder: &Path, round: usize, lines: usize) -> Vec<String> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = Vec::new();
    let mut killed = false;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        said.extend(line.strip_prefix("written ").map(str::to_owned));
        if said.len() >= lines && !killed {
            child.kill().unwrap();
            killed = true;
        }
    }
    assert!(
        killed,
        "the child ended by itself: {}",
        child.wait().unwrap()
    );
    child.wait().unwrap();
    said
}

/// What a killed process left is whole, and holds each of `said` once.
fn check(folder: &Path, said: &[String]) {
    drop(open(folder));
    let keys = signer(folder).verifying_keys().unwrap();
    let key = entry_key(folder).verifying_key(ORIGIN).unwrap();
    let options = Options {
        checkpoint_keys: &keys,
        ..Options::default()
    };
    let report = verify(folder, &key, options).unwrap();
    assert!(report.open.is_empty(), "{:?}", report.open);
    assert_eq!(report.checkpoint, Some(report.head));
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for entry in show(folder, Select::All).unwrap() {
        let body = entry.unwrap().value;
        let txn = body.member("body").and_then(|body| body.member("txn"));
        if let Some(txn) = txn.and_then(Json::as_str) {
            *found.entry(txn.to_owned()).or_default() += 1;
        }
    }
    assert!(found.values().all(|count| *count == 1), "{found:?}");
    for txn in said {
        assert!(found.contains_key(txn), "{txn} is lost");
    }
}

#[test]
fn a_killed_writer_loses_nothing() {
    let kills = env::var("WARDLET_KILLS").map_or(20, |count| count.parse().unwrap());
    let mut place = tempfile::tempdir().unwrap();
    let mut said = Vec::new();
    for round in 0..kills {
        if round % KILLS_A_LOG == 0 {
            place = tempfile::tempdir().unwrap();
            said.clear();
        }
        let folder = place.path().join("log");
        // At moments all over the filling of a bundle.
        let lines = 1 + round * 97 % 401;
        said.extend(killed(&folder, round, lines));
        check(&folder, &said);
    }
}
