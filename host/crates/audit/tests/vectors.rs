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
