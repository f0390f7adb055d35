//! Against `aics-witness`: our client with its witness, and its client with ours.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use wardlet_audit::checkpoint::Checkpoint;
use wardlet_audit::witness::{WitnessStatus, Witnesses};

use crate::installed::{ask, python, script};
use crate::served::{self, checkpoint, post, witness};
use crate::support::{Entries, ORIGIN, WITNESS, base64, key};

/// A running `aics-witness`, stopped at the end.
struct Served {
    child: Child,
    address: String,
    key: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    fn start(python: &Path, folder: &Path) -> Self {
        let config = folder.join("witness.json");
        let run = |arguments: &[&str]| {
            let mut command = Command::new(python);
            command.args(["-m", "aics_witness"]).args(arguments);
            command.arg("--config").arg(&config);
            command
        };
        let made = run(&["init", "--name", WITNESS]).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let log = key(0).verifying_key(ORIGIN).unwrap().to_string();
        let added = run(&["add-log", "--origin", ORIGIN, "--vkey", &log]).output();
        assert!(added.unwrap().status.success());
        let mut child = run(&["serve", "--listen", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.by_ref().map(Result::unwrap).find_map(|line| {
            let (_, address) = line.split_once("listening on ")?;
            Some(address.split(' ').next()?.to_owned())
        });
        // Its messages are read until it ends, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Served {
            child,
            address: address.unwrap(),
            key: String::from_utf8(made.stdout).unwrap().trim().to_owned(),
        }
    }
}

#[test]
fn our_client_with_aics_witness() {
    let Some(python) = python("our_client_with_aics_witness", "aics-witness") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&python, folder.path());
    let policy = format!("witness w {} {}\nquorum w\n", served.key, served.address);
    let new = || Witnesses::new(policy.parse().unwrap(), post());
    let mut entries = Entries::new(600);
    let mut witnesses = new();
    for size in [1, 2, 2, 255, 256, 300] {
        let note = checkpoint(&mut entries, size);
        let round = witnesses.submit(&note, &mut entries).unwrap();
        assert!(round.is_met, "{round:?}");
        let log = key(0).verifying_key(ORIGIN).unwrap();
        let checked = witnesses.policy().check(&round.checkpoint, &[log]);
        assert_eq!(checked.unwrap().size, size);
    }
    // A client that knows nothing is told, and goes on.
    let note = checkpoint(&mut entries, 600);
    let round = new().submit(&note, &mut entries).unwrap();
    assert!(round.is_met, "{round:?}");
    let note = checkpoint(&mut entries, 500);
    let round = new().submit(&note, &mut entries).unwrap();
    let status = &round.witnesses[0].status;
    assert_eq!(*status, WitnessStatus::Ahead { size: 600 });
    let mut forked = Entries::forked(700, 300);
    for size in [600, 700] {
        let note = checkpoint(&mut forked, size);
        let round = new().submit(&note, &mut forked).unwrap();
        assert!(!round.is_met);
        let status = &round.witnesses[0].status;
        assert!(status.is_alarm(), "{size}: {status:?}");
    }
    let stranger = Checkpoint::new(ORIGIN, 700, [7; 32]).sign([&key(1)]);
    let unknown = Checkpoint::new("other.example/log", 1, [7; 32]).sign([&key(0)]);
    for (note, expected) in [(stranger, 403), (unknown, 404)] {
        let round = new().submit(&note.unwrap(), &mut forked).unwrap();
        let status = &round.witnesses[0].status;
        assert!(
            matches!(status, WitnessStatus::Refused { status, .. } if *status == expected),
            "{status:?}"
        );
    }
}

/// What their client does with our witness, one step after another.
fn feed(python: PathBuf, url: &str, witness: &str, steps: &[Value]) -> Value {
    let question = json!({"url": url, "witness": witness, "steps": steps});
    ask(
        Command::new(python).arg(script("feed_witness.py")),
        &question,
    )
}

#[test]
fn the_client_of_aics_witness_with_our_witness() {
    let Some(python) = python(
        "the_client_of_aics_witness_with_our_witness",
        "aics-witness",
    ) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let log = key(0).verifying_key(ORIGIN).unwrap();
    let witness = witness(&folder.path().join("witness"), log);
    let served = served::Served::start(witness.clone());
    let (public, url) = served.entry.split_once(' ').unwrap();
    let (mut entries, mut forked) = (Entries::new(300), Entries::forked(300, 9));
    let step = |entries: &mut Entries, old: u64, size: u64| {
        let proof = entries.consistency(old, size);
        let proof: Vec<String> = proof.iter().map(|hash| base64(hash)).collect();
        let note = checkpoint(entries, size).to_string();
        json!({"old": old, "proof": proof, "note": note})
    };
    let foreign = Checkpoint::new(ORIGIN, 300, [7; 32]).sign([&key(1)]);
    let foreign = json!({"old": 256, "proof": [], "note": foreign.unwrap().to_string()});
    let steps = [
        (step(&mut entries, 0, 10), "cosigned"),
        (step(&mut entries, 10, 10), "cosigned"),
        (step(&mut entries, 10, 256), "cosigned"),
        (step(&mut entries, 10, 300), "WitnessConflict"),
        (step(&mut forked, 256, 300), "422"),
        (step(&mut forked, 256, 256), "422"),
        (foreign, "403"),
        (step(&mut entries, 256, 300), "cosigned"),
    ];
    let (asked, expected): (Vec<Value>, Vec<&str>) = steps.into_iter().unzip();
    let said = feed(python, url, public, &asked);
    assert_eq!(said, json!(expected));
    let latest = witness.latest(ORIGIN).unwrap();
    assert!(latest.starts_with(&format!("{ORIGIN}\n300\n")));
}
