//! Questions to the log through `wardlet audit query` and `export`.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};

use crate::fixture::{Finished, Gateway, Setup, wardlet};

/// Two calls that were answered, one that a policy refused, and one of a method that no rule names.
fn session() -> Finished {
    let mut gateway = Gateway::start(&Setup::default());
    for path in ["/srv/data/a", "/srv/data/b", "/etc/passwd"] {
        gateway.agent.call("echo", &json!({ "path": path }));
    }
    gateway.agent.ask("resources/list", &json!({}));
    gateway.finish()
}

fn audit(finished: &Finished, arguments: &[&str]) -> Output {
    let config = finished.folder.path().join("wardlet.toml");
    wardlet(&[&["audit"], arguments].concat(), &config)
}

fn printed(finished: &Finished, arguments: &[&str]) -> String {
    let output = audit(finished, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn index(finished: &Finished) -> PathBuf {
    finished.folder.path().join(".wardlet/index.db")
}

/// The decisions that a query finds, with the answer.
fn found(finished: &Finished, arguments: &[&str]) -> (BTreeSet<u64>, Value) {
    let text = printed(finished, &[&["query", "--json"], arguments].concat());
    let answer: Value = serde_json::from_str(&text).unwrap();
    let calls = answer["calls"].as_array().unwrap();
    let entries = calls.iter().map(|call| call["entry"].as_u64().unwrap());
    (entries.collect(), answer)
}

/// The decisions that the entries themselves name.
fn expected(finished: &Finished, fits: impl Fn(&Value) -> bool) -> BTreeSet<u64> {
    let entries = finished.entries.0.iter();
    let decisions = entries.filter(|entry| entry["kind"] == "decision" && fits(&entry["body"]));
    decisions
        .map(|entry| entry["index"].as_u64().unwrap())
        .collect()
}

#[test]
fn calls_are_found_by_what_they_have() {
    let finished = session();
    let principal = finished.entries.of_kind("decision")[0]["principal"]
        .as_str()
        .unwrap();
    let plugin = &finished.entries.of_kind("policy")[0]["plugins"][0];
    let (name, digest) = (
        plugin["name"].as_str().unwrap(),
        plugin["digest"].as_str().unwrap(),
    );
    let ran = |body: &Value, member: &str, value: &str| {
        let plugins = body["plugins"].as_array();
        plugins.is_some_and(|all| all.iter().any(|plugin| plugin[member] == value))
    };
    let rule = |body: &Value| {
        body["rules"]
            .as_array()
            .is_some_and(|all| all.contains(&json!("inside-root")))
    };
    type Fits<'a> = &'a dyn Fn(&Value) -> bool;
    let cases: [(&[&str], Fits<'_>); 10] = [
        (&[], &|_| true),
        (&["--effect", "deny"], &|body| body["effect"] == "deny"),
        (&["--status", "answered"], &|body| body["effect"] == "allow"),
        (&["--tool", "echo", "--server", "echo"], &|body| {
            body["target"]["tool"] == "echo"
        }),
        (&["--rule", "inside-root"], &rule),
        (&["--principal", principal], &|_| true),
        (&["--plugin", name], &|body| ran(body, "name", name)),
        (&["--digest", &digest[..20]], &|body| {
            ran(body, "digest", digest)
        }),
        (&["--since", "1h", "--blame", "agent"], &|body| {
            body["blame"] == "agent"
        }),
        (&["--until", "2020-01-01"], &|_| false),
    ];
    for (arguments, fits) in cases {
        let (entries, answer) = found(&finished, arguments);
        assert_eq!(entries, expected(&finished, fits), "{arguments:?}");
        assert_eq!(answer["entries"], finished.entries.0.len());
        assert_eq!(answer["signatures_checked"], false);
    }
    let all = found(&finished, &[]).0;
    let (first, answer) = found(&finished, &["--limit", "1", "--oldest-first"]);
    let place = answer["next"].as_str().unwrap();
    let (rest, answer) = found(&finished, &["--oldest-first", "--after", place]);
    assert_eq!(answer["next"], Value::Null);
    assert_eq!(&first | &rest, all);
    assert!(first.is_disjoint(&rest));
    let mode = fs::metadata(index(&finished)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn people_and_spreadsheets() {
    let finished = session();
    let shown = printed(&finished, &["query", "--effect", "deny"]);
    for part in [
        "ENTRY",
        "outside-roots",
        "echo/echo",
        "signatures were not checked",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let none = printed(&finished, &["query", "--tool", "ecko"]);
    assert!(
        none.contains("no call has the tool `ecko`") && none.contains("no call fits"),
        "{none}"
    );
    let values = printed(&finished, &["query", "--values", "tool"]);
    assert!(values.contains("        3  echo"), "{values}");
    let more = printed(&finished, &["query", "--limit", "1"]);
    assert!(more.contains("there are more calls: `--after "), "{more}");
    let sheet = printed(&finished, &["query", "--csv"]);
    let lines: Vec<&str> = sheet.split_terminator("\r\n").collect();
    assert_eq!(
        lines.len(),
        1 + expected(&finished, |_| true).len(),
        "{sheet}"
    );
    assert!(lines[0].starts_with("entry,time,effect,"));
}

#[test]
fn exports_hold_every_call() {
    let finished = session();
    let all = expected(&finished, |_| true);
    let of = |text: &str, pointer: &str| -> BTreeSet<u64> {
        let lines = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .map(|line| line.pointer(pointer).unwrap().as_u64().unwrap())
            .collect()
    };
    let lines = printed(&finished, &["export"]);
    assert_eq!(of(&lines, "/entry"), all);
    let events = printed(&finished, &["export", "--format", "ocsf"]);
    assert_eq!(of(&events, "/metadata/sequence"), all);
    assert_eq!(of(&events, "/class_uid"), BTreeSet::from([6003]));
    let sheet = printed(&finished, &["export", "--format", "csv"]);
    assert_eq!(
        sheet,
        printed(&finished, &["query", "--csv", "--oldest-first"])
    );
    let two = printed(&finished, &["export", "--limit", "2"]);
    assert_eq!(two.lines().count(), 2);
    assert!(lines.starts_with(&two));
    // Into a file, which is made and never overwritten.
    let file = finished.folder.path().join("calls.jsonl");
    let to_file = ["export", "--output", file.to_str().unwrap()];
    assert_eq!(printed(&finished, &to_file), "");
    assert_eq!(fs::read_to_string(&file).unwrap(), lines);
    let again = audit(&finished, &to_file);
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert!(String::from_utf8_lossy(&again.stderr).contains("nothing is overwritten"));
    assert_eq!(fs::read_to_string(&file).unwrap(), lines);
}

#[test]
fn an_index_that_does_not_fit_is_made_anew() {
    let finished = session();
    let (all, _) = found(&finished, &[]);
    for bytes in [b"".to_vec(), b"no database at all".repeat(900)] {
        fs::write(index(&finished), bytes).unwrap();
        assert_eq!(found(&finished, &[]).0, all);
    }
    // Damage that only the question comes across: every page but the first.
    let mut bytes = fs::read(index(&finished)).unwrap();
    let tables = bytes.len() / 2;
    bytes[tables..].fill(0x5a);
    fs::write(index(&finished), bytes).unwrap();
    assert_eq!(found(&finished, &[]).0, all);
}

#[test]
fn what_is_not_taken_says_why() {
    let finished = session();
    for (arguments, code, text, hint) in [
        (
            &["query", "--effect", "purple"][..],
            2,
            "`purple` is no effect",
            "allow, deny",
        ),
        (&["query", "--since", "soon"], 2, "`soon` is no time", "24h"),
        (
            &["query", "--after", "here"],
            2,
            "`here`",
            "an earlier answer",
        ),
        (
            &["query", "--values", "colour"],
            2,
            "no `colour`",
            "principal",
        ),
        (
            &["query", "--values", "tool", "--effect", "deny"],
            2,
            "--values",
            "leave",
        ),
        (
            &["export", "--digest", "abc"],
            2,
            "`abc` is no digest",
            "hexadecimal",
        ),
        (&["query", "--limit", "0"], 2, "0", "--limit"),
        (&["query", "--json", "--csv"], 2, "--csv", "--json"),
    ] {
        let output = audit(&finished, arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        assert!(
            told.contains(text) && told.contains(hint),
            "{arguments:?}: {told}"
        );
        assert_eq!(output.stdout, b"", "{arguments:?}");
    }
}
