//! What this build finds each vector to be, from the file alone.

use serde_json::Value;
use wardlet_audit::checkpoint::{Checkpoint, CheckpointError};
use wardlet_audit::merkle::Hash;
use wardlet_audit::merkle::proof::verify_consistency;
use wardlet_audit::note::{Note, NoteError};
use wardlet_audit::proof::{ProofFile, ProofFileError};
use wardlet_keys::{CosignerKey, VerifyingKey};

use crate::support::unbase64;

/// Finds out what a vector is.
pub(crate) type Check = fn(&Value) -> &'static str;

/// How the vectors of each file are checked.
pub(crate) const CHECKS: [(&str, Check); 5] = [
    ("notes.json", note),
    ("checkpoints.json", checkpoint),
    ("cosignatures.json", cosignature),
    ("inclusion.json", inclusion),
    ("consistency.json", consistency),
];

fn text<'a>(vector: &'a Value, member: &str) -> &'a str {
    vector[member].as_str().unwrap()
}

fn keys(vector: &Value) -> Vec<VerifyingKey> {
    let keys = vector["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key.as_str().unwrap().parse().unwrap())
        .collect()
}

fn note_class(error: &NoteError) -> &'static str {
    match error {
        NoteError::Malformed { .. } => "malformed",
        NoteError::Unsigned { .. } => "unsigned",
        NoteError::Forged { .. } => "forged",
    }
}

fn checkpoint_class(error: &CheckpointError) -> &'static str {
    match error {
        CheckpointError::Note(error) => note_class(error),
        CheckpointError::Malformed { .. } => "malformed",
        CheckpointError::Origin { .. } => "other-log",
    }
}

fn note(vector: &Value) -> &'static str {
    let read = Note::parse(text(vector, "note").as_bytes());
    let signed = read.and_then(|note| note.signed_by(&keys(vector)[0]));
    signed.as_ref().err().map_or("good", note_class)
}

fn checkpoint(vector: &Value) -> &'static str {
    let opened = Checkpoint::open(text(vector, "note").as_bytes(), &keys(vector));
    opened.as_ref().err().map_or("good", checkpoint_class)
}

fn cosignature(vector: &Value) -> &'static str {
    assert_eq!(checkpoint(vector), "good", "the log's own signature");
    let witness: CosignerKey = text(vector, "witness").parse().unwrap();
    let note = Note::parse(text(vector, "note").as_bytes()).unwrap();
    match note.signed_by(&witness) {
        Ok(times) => {
            assert_eq!(times, [vector["time"].as_u64().unwrap()]);
            "good"
        }
        Err(error) => note_class(&error),
    }
}

fn inclusion(vector: &Value) -> &'static str {
    let entry = text(vector, "entry").as_bytes();
    let read = ProofFile::parse(text(vector, "file").as_bytes());
    match read.and_then(|file| file.verify(entry, &keys(vector))) {
        Ok(_) => "good",
        Err(ProofFileError::Malformed { .. }) => "malformed",
        Err(ProofFileError::Checkpoint(error)) => checkpoint_class(&error),
        Err(ProofFileError::Proof(_)) => "not-included",
    }
}

fn consistency(vector: &Value) -> &'static str {
    let hash = |value: &Value| -> Hash {
        let bytes = unbase64(value.as_str().unwrap());
        bytes.try_into().unwrap()
    };
    let head = |member: &str| {
        let head = &vector[member];
        (head["size"].as_u64().unwrap(), hash(&head["root"]))
    };
    let ((old, old_root), (new, new_root)) = (head("old"), head("new"));
    let proof: Vec<Hash> = vector["proof"]
        .as_array()
        .unwrap()
        .iter()
        .map(hash)
        .collect();
    match verify_consistency(old, &old_root, new, &new_root, &proof) {
        Ok(()) => "good",
        Err(_) => "inconsistent",
    }
}
