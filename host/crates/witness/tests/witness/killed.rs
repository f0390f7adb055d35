//! A witness that is killed between requests, over and over, never signs two histories.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use wardlet_audit::witness::Witnesses;

use crate::served::{Served, checkpoint, post, witness};
use crate::support::{Entries, ORIGIN, key};

/// Where the child finds its folder, and that it is one.
const FOLDER: &str = "WARDLET_KILLED_FOLDER";

/// How often the witness is killed.
const KILLS: u64 = 10;

/// The child: it serves until it is killed. Run as a test of its own it does nothing.
#[test]
fn child() {
    let Ok(folder) = env::var(FOLDER) else {
        return;
    };
    let log = key(0).verifying_key(ORIGIN).unwrap();
    let served = Served::start(witness(Path::new(&folder), log));
    println!("\nserved {}", served.entry);
    loop {
        thread::park();
    }
}

/// Killed where it stands once it is dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn start(folder: &Path) -> (Killed, String) {
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "killed::child", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn();
    let mut child = Killed(child.unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let entry = lines.find_map(|line| Some(line.unwrap().strip_prefix("served ")?.to_owned()));
    (child, entry.unwrap())
}

#[test]
fn a_witness_that_is_killed_signs_one_history() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("witness");
    let (mut entries, mut forked) = (Entries::new(100), Entries::forked(100, 3));
    for round in 1..=KILLS {
        let (killed, entry) = start(&folder);
        let policy = format!("witness w {entry}\nquorum w\n");
        let submit = |entries: &mut Entries, size| {
            let note = checkpoint(entries, size);
            let mut witnesses = Witnesses::new(policy.parse().unwrap(), post());
            witnesses.submit(&note, entries).unwrap()
        };
        if round > 1 {
            // What was cosigned before the kill is known after it.
            let other = submit(&mut forked, round * 5);
            assert!(other.witnesses[0].status.is_alarm(), "{round}: {other:?}");
        }
        let right = submit(&mut entries, round * 5);
        assert!(right.is_met, "{round}: {right:?}");
        drop(killed);
    }
}
