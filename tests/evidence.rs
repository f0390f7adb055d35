//! Evidence packs through `wardlet audit evidence` and `check-evidence`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::fixture::{Finished, Gateway, Setup, wardlet};

/// One call that was answered, two that a policy refused.
fn session() -> Finished {
    let mut gateway = Gateway::start(&Setup::default());
    for path in ["/srv/data/a", "/etc/passwd", "/etc/shadow"] {
        gateway.agent.call("echo", &json!({ "path": path }));
    }
    gateway.finish()
}

fn evidence(finished: &Finished, arguments: &[&str]) -> Output {
    let config = finished.folder.path().join("wardlet.toml");
    wardlet(&[&["audit", "evidence"], arguments].concat(), &config)
}

/// The indices of the refusals.
fn denied(finished: &Finished) -> Vec<u64> {
    let entries = finished.entries.0.iter();
    let denied = entries.filter(|entry| entry["body"]["effect"] == "deny");
    denied
        .map(|entry| entry["index"].as_u64().unwrap())
        .collect()
}

/// Checks a pack in a folder that has the keys and nothing else of the gateway.
fn checked(auditor: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_wardlet"))
        .args(["audit", "check-evidence", "--json"])
        .args(["--key", "vkey", "--checkpoint-keys", "checkpoint-vkeys"])
        .args(arguments)
        .current_dir(auditor)
        .output()
        .unwrap();
    let answer = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output:?}"));
    (output.status.code().unwrap(), answer)
}

/// A folder of an auditor, with the keys, and the pack that answers the question as `pack.json`.
fn handed_over(finished: &Finished, question: &[&str]) -> tempfile::TempDir {
    let auditor = tempfile::tempdir().unwrap();
    let pack = auditor.path().join("pack.json");
    let output = [question, &["--output", pack.to_str().unwrap()]].concat();
    let made = evidence(finished, &output);
    assert!(made.status.success(), "{question:?}: {made:?}");
    for key in ["vkey", "checkpoint-vkeys"] {
        let from = finished.folder.path().join(".wardlet").join(key);
        fs::copy(from, auditor.path().join(key)).unwrap();
    }
    auditor
}

#[test]
fn an_auditor_without_the_log_sees_the_answer_and_that_it_is_whole() {
    let finished = session();
    let refused = denied(&finished);
    let last = refused[1].to_string();
    let cases: [(&[&str], &[u64]); 4] = [
        (&["--effect", "deny"], &refused),
        (&["--effect", "deny", "--until", "2020-01-01"], &[]),
        (&["--entry", &last], &refused[1..]),
        (&["--entry", "0"], &[]),
    ];
    for (question, expected) in cases {
        let auditor = handed_over(&finished, question);
        let (code, answer) = checked(auditor.path(), &["pack.json"]);
        assert_eq!(code, 0, "{question:?}: {answer}");
        let calls = answer["calls"].as_array().unwrap();
        let found: Vec<u64> = calls
            .iter()
            .map(|call| call["entry"].as_u64().unwrap())
            .collect();
        assert_eq!(found, expected, "{question:?}");
        assert_eq!(
            answer["checkpoint"],
            finished.entries.0.len(),
            "{question:?}"
        );
        assert_eq!(answer["witnessed"], false);
    }
}

#[test]
fn a_pack_that_was_changed_is_refused_with_a_word() {
    let finished = session();
    let auditor = handed_over(&finished, &["--effect", "deny"]);
    let path = auditor.path().join("pack.json");
    let good = fs::read_to_string(&path).unwrap();
    let pack: Value = serde_json::from_str(&good).unwrap();
    let without_row = {
        let mut pack = pack.clone();
        pack["rows"].as_array_mut().unwrap().remove(0);
        pack.to_string()
    };
    let other_question = {
        let mut pack = pack.clone();
        pack["filter"] = json!([["effect", "allow"]]);
        pack.to_string()
    };
    let shorter = {
        let mut pack = pack.clone();
        pack["entries"].as_array_mut().unwrap().pop();
        pack.to_string()
    };
    let cases = [
        (without_row, "row-missing"),
        (other_question, "row-added"),
        (shorter, "malformed"),
        (
            good.replacen(
                "\\\"effect\\\":\\\"deny\\\"",
                "\\\"effect\\\":\\\"allow\\\"",
                1,
            ),
            "entry",
        ),
        (String::new(), "malformed"),
    ];
    for (text, word) in cases {
        fs::write(&path, text).unwrap();
        let (code, answer) = checked(auditor.path(), &["pack.json"]);
        assert_eq!((code, &answer["error"]), (1, &json!(word)), "{answer}");
        assert_eq!(
            (&answer["ok"], &answer["checked"]),
            (&json!(false), &json!(true))
        );
    }
    fs::write(&path, good).unwrap();
    let witness = "witness w witness.example+28a2929c+BInmAkD5hA1JIYERum19HpeEi3zfdB2yGN0vbo+i8qK8\nquorum w\n";
    fs::write(auditor.path().join("policy"), witness).unwrap();
    let (code, answer) = checked(auditor.path(), &["pack.json", "--policy", "policy"]);
    assert_eq!(
        (code, &answer["error"]),
        (1, &json!("unwitnessed")),
        "{answer}"
    );
}

#[test]
fn what_is_asked_wrongly_is_told_and_nothing_is_overwritten() {
    let finished = session();
    let here = tempfile::tempdir().unwrap();
    let there = here.path().join("there");
    fs::write(&there, "kept").unwrap();
    let there_text = there.to_str().unwrap();
    let cases: [(&[&str], i32, &str); 4] = [
        (&["--entry", "1", "--effect", "deny"], 2, "takes no filter"),
        (&["--entry", "9999"], 1, "hint: ask again in a second"),
        (&["--output", there_text], 1, "hint: name a new file"),
        (&["--effect", "perhaps"], 2, "perhaps"),
    ];
    for (arguments, code, part) in cases {
        let output = evidence(&finished, arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        assert!(told.contains(part), "{arguments:?}: {told}");
    }
    assert_eq!(fs::read_to_string(&there).unwrap(), "kept");
    let proof = here.path().join("proof");
    let arguments = ["--entry", "1", "--proof", proof.to_str().unwrap()];
    assert!(evidence(&finished, &arguments).status.success());
    let proof = fs::read_to_string(proof).unwrap();
    assert!(
        proof.starts_with("c2sp.org/tlog-proof@v1\nindex 1\n"),
        "{proof}"
    );
}
