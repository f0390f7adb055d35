//! What is kept beside the log: shown where it is asked for, and erased for good.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use wardlet_keys::{base64url, digest::sha256};

use crate::fixture::{Agent, Gateway, SECRET, Setup, is_refusal, run};

const ARGUMENTS: &str = r#"{"path":"/srv/data/a","note":"only-here-0123"}"#;

fn answered(gateway: &Gateway, arguments: &[&str]) -> Value {
    let output = gateway.wardlet(&[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The index of the last entry of a kind.
fn last(gateway: &Gateway, kind: &str) -> String {
    let entries = gateway.entries();
    let found = entries.0.iter().rfind(|entry| entry["kind"] == kind);
    found.unwrap()["index"].to_string()
}

/// Whether a text stands in any file of a folder.
fn stands_in(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return stands_in(&path, text);
        }
        // Sockets have no content.
        let bytes = fs::read(&path).unwrap_or_default();
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    })
}

#[test]
fn what_is_kept_is_shown_with_its_proof_and_the_look_is_an_entry() {
    let cases: [(&str, &[&str]); 3] = [
        ("nothing", &[]),
        ("arguments", &["arguments"]),
        ("all", &["request", "arguments", "result"]),
    ];
    for (keep, names) in cases {
        let mut gateway = Gateway::start(&Setup::with(&format!("[log]\nkeep = \"{keep}\"\n")));
        let call = gateway.agent.call_raw("leak-text", ARGUMENTS);
        assert!(!is_refusal(&gateway.agent.answer(call)));
        let outcome = last(&gateway, "outcome");
        let shown = answered(&gateway, &["audit", "disclose", &outcome]);
        let values = shown["values"].as_array().unwrap();
        let found: Vec<&str> = values
            .iter()
            .map(|value| value["name"].as_str().unwrap())
            .collect();
        assert_eq!(found, names, "{keep}");
        let entries = gateway.entries();
        let entries: Vec<String> = entries.0.iter().map(Value::to_string).collect();
        for value in values {
            let commitment = value["commitment"].as_str().unwrap();
            let disclosure = value["disclosure"].as_str().unwrap();
            assert_eq!(
                base64url::encode(&sha256(disclosure.as_bytes())),
                commitment
            );
            assert!(
                entries.iter().any(|entry| entry.contains(commitment)),
                "{value}"
            );
            let clear = String::from_utf8(base64url::decode(disclosure).unwrap()).unwrap();
            assert!(clear.ends_with(&format!("{}]", value["value"].as_str().unwrap())));
        }
        let access = gateway.entries().of_kind("access")[0].clone();
        assert_eq!(access["disclosures"], names.len());
        assert_eq!(access["txn"], shown["txn"]);
        // Neither the arguments nor what was redacted stands anywhere in clear.
        for text in ["only-here-0123", SECRET] {
            assert!(
                !stands_in(&gateway.path(".wardlet"), text),
                "{keep}: {text}"
            );
        }
        gateway.finish();
    }
}

#[test]
fn whoever_is_erased_is_nobody_and_every_proof_holds() {
    let mut gateway = Gateway::start(&Setup::default());
    let mut beside = gateway.agent.call_raw("echo", ARGUMENTS);
    assert!(!is_refusal(&gateway.agent.answer(beside)));
    let decision = last(&gateway, "decision");
    let subjects = answered(&gateway, &["audit", "subjects"]);
    let [subject] = subjects["subjects"].as_array().unwrap().as_slice() else {
        panic!("one user: {subjects}");
    };
    let before = gateway.entries().of_kind("decision")[0]["principal"].clone();
    assert_eq!(
        (&subject["pseudonym"], &subject["disclosures"]),
        (&before, &json!(1))
    );
    let name = subject["name"].as_str().unwrap().to_owned();
    let head = answered(&gateway, &["audit", "verify"]);
    let head = format!("{}:{}", head["size"], head["root"].as_str().unwrap());
    // Nobody is erased by a slip.
    for (arguments, code, words) in [
        (&["audit", "erase", &name][..], 1, "--yes"),
        (
            &["audit", "erase", "nobody", "--yes"],
            1,
            "nobody is known as `nobody`",
        ),
        (&["audit", "disclose", "0"], 1, "not about a call"),
        (&["audit", "disclose", "9999"], 1, "no entry 9999"),
    ] {
        let output = gateway.wardlet(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(words), "{said}");
    }
    let erased = answered(&gateway, &["audit", "erase", &name, "--yes"]);
    assert_eq!((&erased["erased"], &erased["values"]), (&before, &json!(1)));
    let shown = answered(&gateway, &["audit", "disclose", &decision]);
    assert_eq!(shown["values"], json!([]));
    // The same user goes on as somebody else.
    beside = gateway.agent.call_raw("echo", ARGUMENTS);
    assert!(!is_refusal(&gateway.agent.answer(beside)));
    let entries = gateway.entries();
    let after = &entries.of_kind("decision")[1]["principal"];
    assert_ne!(*after, before);
    let erasure = &entries.of_kind("erasure")[0];
    assert_eq!((&erasure["subject"], &erasure["by"]), (&before, after));
    let verified = gateway.wardlet(&["audit", "verify", "--against", &head]);
    assert!(verified.status.success(), "{verified:?}");
    gateway.finish();
}

#[test]
fn without_a_running_gateway_too() {
    let mut gateway = Gateway::start(&Setup::default());
    let call = gateway.agent.call_raw("echo", ARGUMENTS);
    gateway.agent.answer(call);
    assert!(gateway.agent.close().success());
    let decision = last(&gateway, "decision");
    let shown = answered(&gateway, &["audit", "disclose", &decision]);
    let value = shown["values"][0]["value"].as_str().unwrap();
    assert!(value.contains("only-here-0123"), "{value}");
    let subject = gateway.entries().of_kind("decision")[0]["principal"].clone();
    answered(
        &gateway,
        &["audit", "erase", subject.as_str().unwrap(), "--yes"],
    );
    let shown = answered(&gateway, &["audit", "disclose", &decision]);
    assert_eq!(shown["values"], json!([]));
    let mut next = Agent::start(run(gateway.folder.path()), &gateway.path("next.log"));
    next.initialise();
    assert!(next.close().success());
    let verified = gateway.wardlet(&["audit", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
    assert_eq!(gateway.entries().of_kind("erasure").len(), 1);
}
