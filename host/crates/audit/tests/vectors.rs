//! The test vectors beside this crate: made here with fixed keys, and checked from their files alone.
//!
//! With `WARDLET_WRITE_VECTORS=1` the files are written; else they have to be as they would be.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected fails"
)]
#![allow(clippy::too_many_lines, reason = "cases are data")]

#[path = "vectors/checked.rs"]
mod checked;
#[path = "vectors/made.rs"]
mod made;
#[path = "vectors/proofs.rs"]
mod proofs;
#[allow(dead_code, reason = "other tests use the rest")]
mod support;

use std::env;
use std::fs;

use support::vectors;
use wardlet_audit::checkpoint::Checkpoint;
use wardlet_audit::note::Note;
use wardlet_audit::proof::ProofFile;
use wardlet_audit::witness::AddCheckpoint;

#[test]
fn the_files_are_as_this_build_makes_them() {
    let write = env::var("WARDLET_WRITE_VECTORS").as_deref() == Ok("1");
    let made = made::all();
    for (name, vectors) in &made {
        let text = serde_json::to_string_pretty(vectors).unwrap() + "\n";
        let path = support::folder().join(name);
        if write {
            fs::write(&path, &text).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, text, "{name} is another");
    }
    let files = fs::read_dir(support::folder()).unwrap();
    let json = files.filter(|file| {
        let name = file.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".json")
    });
    assert_eq!(json.count(), made.len(), "a file that nothing makes");
}

#[test]
fn each_vector_is_found_to_be_what_it_says() {
    let mut classes = std::collections::BTreeSet::new();
    for (name, check) in checked::CHECKS {
        let all = vectors(name);
        assert!(all.len() > 3, "{name}");
        for vector in all {
            let expected = vector["expect"].as_str().unwrap();
            assert_eq!(check(&vector), expected, "{name}: {}", vector["name"]);
            classes.insert(expected.to_owned());
        }
    }
    let expected = [
        "forged",
        "good",
        "inconsistent",
        "malformed",
        "not-included",
        "other-log",
        "unsigned",
    ];
    assert!(classes.iter().eq(expected), "{classes:?}");
}

/// Reads a text in each way there is; what can be read is the text itself, to the byte.
fn read_and_show(text: &[u8]) -> usize {
    let shown = [
        Note::parse(text).ok().map(|it| it.to_string()),
        ProofFile::parse(text).ok().map(|it| it.to_string()),
        AddCheckpoint::parse(text).ok().map(|it| it.to_string()),
        str::from_utf8(text)
            .ok()
            .and_then(|text| Checkpoint::parse(text).ok())
            .map(|it| it.to_string()),
    ];
    let read = shown.iter().flatten();
    read.map(|shown| assert_eq!(shown.as_bytes(), text)).count()
}

#[test]
fn whatever_is_read_is_shown_again_to_the_byte() {
    let mut texts = Vec::new();
    for (file, _) in checked::CHECKS {
        for vector in vectors(file) {
            for member in ["note", "file"] {
                texts.extend(vector[member].as_str().map(str::to_owned));
            }
        }
    }
    let hash = support::base64(&[7; 32]);
    let requests = texts.iter().map(|note| format!("old 7\n{hash}\n\n{note}"));
    texts.extend(requests.collect::<Vec<_>>());
    // The texts of checkpoints, without signatures.
    let bodies = texts.iter().filter_map(|text| text.rsplit_once("\n\n"));
    texts.extend(
        bodies
            .map(|(body, _)| format!("{body}\n"))
            .collect::<Vec<_>>(),
    );
    let mut read = 0;
    for text in &texts {
        read += read_and_show(text.as_bytes());
        for at in 0..text.len() {
            let (before, rest) = text.as_bytes().split_at(at);
            read += read_and_show(&[before, &rest[1..]].concat());
            read += read_and_show(&[before, b"\n", rest].concat());
            for byte in [b'\n', b' ', b'=', b'0', 0xff, rest[0] ^ 0x20] {
                read += read_and_show(&[before, &[byte], &rest[1..]].concat());
            }
        }
    }
    assert!(read > texts.len(), "{read} of {}", texts.len());
}
