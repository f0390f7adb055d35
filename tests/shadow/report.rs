//! The commands that tell of shadow rules.

use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::{all_tried, guests, session, start};
use crate::fixture::{Finished, wardlet};

fn report(finished: &Finished, arguments: &[&str]) -> Output {
    let arguments = [&["audit", "shadow"], arguments].concat();
    wardlet(&arguments, &finished.folder.path().join("wardlet.toml"))
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn as_json(finished: &Finished, arguments: &[&str]) -> Value {
    let output = report(finished, &[arguments, &["--json"]].concat());
    serde_json::from_str(&said(&output)).unwrap()
}

#[test]
fn where_rules_would_have_differed_is_shown() {
    let finished = session();
    let all = as_json(&finished, &[]);
    assert_eq!(all["rules"].as_array().unwrap().len(), 9, "{all}");
    let one = as_json(&finished, &["--rule", "tried-deny", "--differing"]);
    let deny = &one["rules"][0];
    assert_eq!(
        (&deny["calls"], &deny["would_differ"]),
        (&json!(6), &json!(4)),
        "{one}"
    );
    let expected = json!({
        "decided": "allow", "would": "deny", "target": "echo/echo", "reason": "outside", "count": 2,
    });
    let differs = deny["differs"].as_array().unwrap();
    assert!(differs.contains(&expected), "{one}");
    let calls = one["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 4, "{one}");
    for call in calls {
        let index = usize::try_from(call["entry"].as_u64().unwrap()).unwrap();
        let entry = &finished.entries.0[index];
        assert_eq!(
            (&call["time"], "decision"),
            (&entry["time"], entry["kind"].as_str().unwrap())
        );
    }
    let allow = as_json(&finished, &["--rule", "tried-allow"]);
    let expected = json!({
        "decided": "deny", "would": "allow", "target": "echo/process", "reason": "no-rule", "count": 1,
    });
    assert_eq!(allow["rules"][0]["differs"], json!([expected]));
    let redact = as_json(&finished, &["--rule", "tried-redact"]);
    let redact = &redact["rules"][0];
    assert_eq!(
        (&redact["answers"], &redact["would_redact"]),
        (&json!(4), &json!(3)),
        "{redact}"
    );
    let loops = as_json(&finished, &["--rule", "tried-loop"]);
    let faults = &loops["rules"][0]["faults"];
    assert_eq!(
        *faults,
        json!([{"plugin": "loops", "fault": "deadline", "count": 6}])
    );
}

#[test]
fn people_are_shown_the_same() {
    let finished = session();
    let shown = said(&report(&finished, &[]));
    for words in [
        "SHADOW RULE tried-deny",
        "would differ 4 allow -> deny",
        "would differ 1 deny -> allow",
        "echo/process",
        "6 loops deadline",
        "(`--differing` shows all)",
        "wardlet audit verify",
    ] {
        assert!(shown.contains(words), "no `{words}` in\n{shown}");
    }
    let one = said(&report(
        &finished,
        &["--rule", "tried-allow", "--differing"],
    ));
    assert!(
        one.contains("deny -> allow") && !one.contains("tried-deny"),
        "{one}"
    );
    let log = said(&wardlet(
        &["audit", "show"],
        &finished.folder.path().join("wardlet.toml"),
    ));
    assert!(log.contains("shadow tried-deny: deny"), "{log}");
}

#[test]
fn where_there_is_nothing_to_show_it_says_so() {
    let finished = session();
    for (arguments, words) in [
        (
            &["--rule", "no-such-rule"][..],
            "shadow rule `no-such-rule`",
        ),
        (&["--since", "2999-01-01"], "since 2999-01-01"),
    ] {
        let shown = said(&report(&finished, arguments));
        assert!(
            shown.starts_with("no entry") && shown.contains(words),
            "{shown}"
        );
    }
    let early = as_json(&finished, &["--since", "2026-01-01T00:00"]);
    assert_eq!(early["rules"], as_json(&finished, &[])["rules"]);
    for time in ["yesterday", "2026", "2026-13-01", "2026-01-01T25", "\u{e9}"] {
        let output = report(&finished, &["--since", time]);
        assert_eq!(output.status.code(), Some(2), "{time}: {output:?}");
    }
    let state = tempfile::tempdir().unwrap();
    let ask = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wardlet"));
        command
            .args(["audit", "shadow", "--state"])
            .arg(state.path());
        command.output().unwrap()
    };
    assert_eq!(ask().status.code(), Some(3), "there is no log");
    fs::create_dir_all(state.path().join("log/pending")).unwrap();
    let log = state.path().join("log/pending/0");
    fs::write(&log, "").unwrap();
    assert!(said(&ask()).contains("no entries yet"));
    let broken = r#"{"index":0,"kind":"decision","body":{"shadow":[{"rule":7}]}}"#;
    // A bundle has the length of each entry before it.
    let length = u16::try_from(broken.len()).unwrap().to_be_bytes();
    fs::write(&log, [&length, broken.as_bytes()].concat()).unwrap();
    let output = ask();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("entry 0"),
        "{output:?}"
    );
}

#[test]
fn check_shows_what_is_only_tried() {
    let guests = guests();
    let gateway = start(&guests, &all_tried());
    let checked = gateway.wardlet(&["check", "--json"]);
    let checked: Value = serde_json::from_str(&said(&checked)).unwrap();
    let tools = checked["tools"].as_array().unwrap();
    let tool = |name: &str| tools.iter().find(|tool| tool["tool"] == name).unwrap();
    assert_eq!(tool("echo")["rules"], json!(["inside-root"]));
    assert_eq!(tool("echo")["shadow_rules"].as_array().unwrap().len(), 9);
    let only = [
        "asks",
        "denies",
        "loops",
        "secret-redactor",
        "traps",
        "wrong",
    ];
    assert_eq!(tool("echo")["shadow_plugins"], json!(only));
    let process = tool("process");
    assert_eq!(
        (&process["reachable"], &process["rules"]),
        (&json!(false), &json!([]))
    );
    let shown = said(&gateway.wardlet(&["check"]));
    for words in [
        "shadow rule `tried-deny`: denies",
        "only in shadow: asks, denies, loops, secret-redactor, traps, wrong",
        "11 rules (9 in shadow mode)",
    ] {
        assert!(shown.contains(words), "no `{words}` in\n{shown}");
    }
    gateway.finish();
}
