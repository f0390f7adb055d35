//! Against `aics-tlog`.

use std::process::Command;

use serde_json::{Value, json};
use wardlet_audit::checkpoint::Checkpoint;
use wardlet_audit::note::Note;
use wardlet_audit::proof::{ProofFile, ProofFileError, ProveError};
use wardlet_audit::{Effect, Select, show};
use wardlet_keys::{CosignerKey, VerifyingKey};

use crate::installed::{ask, python, script};
use crate::support::log::{decision, open, signer};
use crate::support::{ORIGIN, WITNESS, base64, vectors};

/// The proofs among the vectors of proof files, which this verifier has no format for: what is left
/// once the file is read and its checkpoint is found to be good.
fn proofs() -> Vec<Value> {
    let mut proofs = Vec::new();
    for vector in vectors("inclusion.json") {
        let key: VerifyingKey = vector["keys"][0].as_str().unwrap().parse().unwrap();
        let entry = vector["entry"].as_str().unwrap();
        let Ok(file) = ProofFile::parse(vector["file"].as_str().unwrap().as_bytes()) else {
            continue;
        };
        let Ok(checkpoint) = Checkpoint::from_note(&file.checkpoint, std::slice::from_ref(&key))
        else {
            continue;
        };
        match file.verify(entry.as_bytes(), &[key]) {
            Ok(_) | Err(ProofFileError::Proof(_)) => {}
            Err(error) => panic!("{vector}: {error}"),
        }
        let hashes: Vec<String> = file.hashes.iter().map(|hash| base64(hash)).collect();
        proofs.push(json!({
            "name": vector["name"], "entry": entry, "index": file.index, "proof": hashes,
            "size": checkpoint.size, "root": base64(&checkpoint.root), "expect": vector["expect"],
        }));
    }
    proofs
}

/// What this verifier takes although the format does not allow it.
const TAKEN: [(&str, &str); 1] = [
    // C2SP signed-note has each line end in a line break.
    ("note", "no line break at the end"),
];

#[test]
fn aics_tlog_finds_each_vector_to_be_what_it_is() {
    let Some(python) = python("aics_tlog_finds_each_vector_to_be_what_it_is", "aics-tlog") else {
        return;
    };
    let asked = [
        ("note", vectors("notes.json")),
        ("checkpoint", vectors("checkpoints.json")),
        ("cosignature", vectors("cosignatures.json")),
        ("inclusion", proofs()),
        ("consistency", vectors("consistency.json")),
    ];
    let question = asked.iter().map(|(kind, vectors)| (*kind, json!(vectors)));
    let question: Value = question
        .map(|(kind, list)| (kind.to_owned(), list))
        .collect();
    let said = ask(Command::new(python).arg(script("check_tlog.py")), &question);
    for (kind, vectors) in &asked {
        let said = said[*kind].as_array().unwrap();
        assert_eq!(said.len(), vectors.len(), "{kind}");
        let mut good = 0;
        for (vector, said) in vectors.iter().zip(said) {
            let is_good = vector["expect"] == "good";
            let name = vector["name"].as_str().unwrap();
            let expected = is_good || TAKEN.contains(&(*kind, name));
            assert_eq!(*said, expected, "{kind}: {name}");
            good += usize::from(is_good);
        }
        assert!(good > 1 && good < vectors.len() - 3, "{kind}: {good} good");
    }
}

#[test]
fn checkpoints_that_aics_tlog_signed_are_good() {
    let Some(python) = python("checkpoints_that_aics_tlog_signed_are_good", "aics-tlog") else {
        return;
    };
    let time = 1_795_392_000_u64;
    let asked: Vec<Value> = [0_u64, 1, 20_852_163]
        .iter()
        .map(|size| {
            json!({
                "origin": ORIGIN, "size": size, "root": base64(&[7; 32]), "witness": WITNESS,
                "time": time,
            })
        })
        .collect();
    let question = json!({"sign": asked});
    let said = ask(Command::new(python).arg(script("check_tlog.py")), &question);
    for (asked, said) in asked.iter().zip(said["sign"].as_array().unwrap()) {
        let text = |member: &str| said[member].as_str().unwrap();
        let key: VerifyingKey = text("key").parse().unwrap();
        let witness: CosignerKey = text("witness").parse().unwrap();
        let (checkpoint, note) = Checkpoint::open(text("note").as_bytes(), &[key]).unwrap();
        let size = asked["size"].as_u64().unwrap();
        assert_eq!(checkpoint, Checkpoint::new(ORIGIN, size, [7; 32]));
        assert_eq!(note.signed_by(&witness), Ok(vec![time]));
        let again = Note::parse(note.to_string().as_bytes()).unwrap();
        assert_eq!(again.to_string(), text("note"));
    }
}

#[test]
fn aics_tlog_takes_proofs_out_of_a_log_of_ours() {
    let Some(python) = python("aics_tlog_takes_proofs_out_of_a_log_of_ours", "aics-tlog") else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("log");
    let log = open(&path);
    for number in 0..700 {
        let refusal = decision(Effect::Deny, &number.to_string());
        log.refusal(&refusal).unwrap();
    }
    drop(log);
    let keys = signer(&path).verifying_keys().unwrap();
    let mut asked = Vec::new();
    for index in [0, 1, 255, 256, 511, 512, 698, 699] {
        let proof = ProofFile::of_log(&path, &keys, index).unwrap();
        let read = ProofFile::parse(proof.to_string().as_bytes()).unwrap();
        let mut entries = show(&path, Select::One(index)).unwrap();
        let entry = entries.next().unwrap().unwrap().line;
        let checkpoint = read.verify(entry.as_bytes(), &keys).unwrap();
        assert_eq!(checkpoint.size, 700);
        let hashes: Vec<String> = read.hashes.iter().map(|hash| base64(hash)).collect();
        asked.push(json!({
            "entry": entry, "index": index, "proof": hashes, "size": checkpoint.size,
            "root": base64(&checkpoint.root),
        }));
    }
    let question = json!({"inclusion": asked});
    let said = ask(Command::new(python).arg(script("check_tlog.py")), &question);
    assert_eq!(said["inclusion"], json!(vec![true; asked.len()]));
    let late = ProofFile::of_log(&path, &keys, 700);
    assert!(matches!(late, Err(ProveError::NotYet { size: 700, .. })));
}
