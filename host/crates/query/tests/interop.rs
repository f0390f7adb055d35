//! The proof of each row of a pack, checked by what others wrote: `aics-tlog` from PyPI, which is looked for as
//! the interop tests of the log do.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected fails"
)]

use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};
use wardlet_audit::Log;
use wardlet_audit::checkpoint::Checkpoint;
use wardlet_audit::signer::LocalSigner;
use wardlet_keys::EntryKey;
use wardlet_query::evidence::{Pack, Question};
use wardlet_query::{Filter, Index, LogFolder, Place};

#[path = "../examples/query_figures/generate.rs"]
#[allow(dead_code, reason = "the figures of queries use the rest")]
mod generate;
#[path = "../../audit/tests/interop/installed.rs"]
#[allow(dead_code, reason = "the tests of the log use the rest")]
mod installed;
#[path = "../../../../tests/fixture/skip.rs"]
mod skip;

/// Hashes and roots in base64 (RFC 4648, section 4), as C2SP writes them: the lines of the formats.
fn third_line(checkpoint: &Checkpoint) -> String {
    let text = checkpoint.to_string();
    text.lines().nth(2).unwrap().to_owned()
}

#[test]
fn aics_tlog_takes_the_proof_of_each_row() {
    let Some(python) = installed::python("aics_tlog_takes_the_proof_of_each_row", "aics-tlog")
    else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("log");
    let signer = LocalSigner::open(&place.path().join("signer"), generate::ORIGIN).unwrap();
    let keys = signer.verifying_keys().unwrap();
    let key = Arc::new(EntryKey::generate().unwrap());
    let (gateway, clock) = (generate::gateway(), generate::clock());
    let origin = generate::ORIGIN;
    let log = Log::open_signed(&folder, origin, &gateway, key, clock, Box::new(signer)).unwrap();
    generate::fill(&log, 700, 9).unwrap();
    drop(log);
    let source = LogFolder(&folder);
    let (mut index, _) = Index::current(&Place::Temporary, &source, &mut |_| {}).unwrap();
    let question = Question::Filter(Filter::parse([("effect", "deny")], 0).unwrap());
    let pack = Pack::of(&folder, &keys, &mut index, &question, 0).unwrap();
    let mut asked = Vec::new();
    let mut expected = Vec::new();
    for row in pack.rows() {
        let proof = pack.proof_file(&folder, row.entry).unwrap();
        let text = proof.to_string();
        let (lines, _) = text.split_once("\n\n").unwrap();
        let hashes: Vec<&str> = lines.lines().skip(2).collect();
        let checkpoint = Checkpoint::from_note(&proof.checkpoint, &keys).unwrap();
        // Each also for the entry after it, of which it is no proof.
        for (entry, is_good) in [(row.entry, true), (row.entry + 1, false)] {
            asked.push(json!({
                "entry": pack.entry(entry).unwrap(), "index": row.entry, "proof": hashes,
                "size": checkpoint.size, "root": third_line(&checkpoint),
            }));
            expected.push(is_good);
        }
    }
    assert!(asked.len() > 20, "{}", asked.len());
    let script = installed::script("check_tlog.py");
    let question: Value = json!({"inclusion": asked});
    let said = installed::ask(Command::new(python).arg(script), &question);
    assert_eq!(said["inclusion"], json!(expected));
}
