//! Against `golang.org/x/mod/sumdb/note`.

use std::process::Command;

use serde_json::{Value, json};
use wardlet_audit::checkpoint::Checkpoint;
use wardlet_audit::note::Note;
use wardlet_keys::VerifyingKey;

use crate::installed::{ask, sumdb_note};
use crate::support::{ORIGIN, vectors};

/// What makes a checkpoint malformed beyond its note, of which this package knows nothing.
fn is_sound_note(vector: &Value) -> bool {
    let note = vector["note"].as_str().unwrap();
    let key: VerifyingKey = vector["keys"][0].as_str().unwrap().parse().unwrap();
    let read = Note::parse(note.as_bytes());
    read.is_ok_and(|note| note.signed_by(&key).is_ok())
}

/// What this package takes: it checks the first of several signatures by one key alone, where C2SP
/// signed-note advises to reject the note.
const TAKEN: &str = "one that fits before one that does not";

#[test]
fn go_finds_each_note_to_be_what_it_is() {
    let Some(program) = sumdb_note("go_finds_each_note_to_be_what_it_is") else {
        return;
    };
    let (mut good, mut bad) = (0, 0);
    for file in ["notes.json", "checkpoints.json"] {
        let vectors = vectors(file);
        let said = ask(&mut Command::new(&program), &json!({"check": vectors}));
        let said = said["checked"].as_array().unwrap();
        assert_eq!(said.len(), vectors.len());
        for (vector, said) in vectors.iter().zip(said) {
            let is_sound = is_sound_note(vector);
            let name = vector["name"].as_str().unwrap();
            assert!(is_sound || vector["expect"] != "good", "{name}");
            let expected = is_sound || name == TAKEN;
            assert_eq!(*said, expected, "{file}: {name}");
            *(if is_sound { &mut good } else { &mut bad }) += 1;
        }
    }
    assert!(good > 10 && bad > 10, "{good} good, {bad} bad");
}

#[test]
fn notes_that_go_signed_are_good() {
    let Some(program) = sumdb_note("notes_that_go_signed_are_good") else {
        return;
    };
    let checkpoint = Checkpoint::new(ORIGIN, 7, [7; 32]);
    let texts = [
        "a text\n",
        "a\n\n\nb\n\n",
        "\u{f1}\u{4e2d}\n",
        &checkpoint.to_string(),
    ];
    let asked = texts.map(|text| json!({"name": ORIGIN, "text": text}));
    let said = ask(&mut Command::new(&program), &json!({"sign": asked}));
    let said = said["signed"].as_array().unwrap();
    assert_eq!(said.len(), texts.len());
    for (text, said) in texts.iter().zip(said) {
        let key: VerifyingKey = said["key"].as_str().unwrap().parse().unwrap();
        let signed = said["note"].as_str().unwrap();
        let note = Note::parse(signed.as_bytes()).unwrap();
        assert_eq!(note.signed_by(&key), Ok(vec![()]), "{text:?}");
        assert_eq!(note.text(), *text);
        assert_eq!(note.to_string(), signed);
        if *text == checkpoint.to_string() {
            let opened = Checkpoint::open(signed.as_bytes(), &[key]).unwrap();
            assert_eq!(opened.0, checkpoint);
        }
    }
}
