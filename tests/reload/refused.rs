//! Configurations that are not taken: nothing changes, and all that is wrong is said.

use std::fs;
use std::process::Output;

use rustix::process::{Pid, Resource, Rlimit};
use serde_json::{Value, json};

use super::{Set, TwoSets, stderr, stdout, with_two_sets};
use crate::fixture::{Agent, Gateway, Setup, is_refusal, root, run, text};

/// A component that imports the clock, and nothing else: its preamble, an instance type, the import.
fn imports_the_clock() -> Vec<u8> {
    let types = fs::read_to_string(root().join("wit/types.wit")).unwrap();
    let package = types.lines().find_map(|line| line.strip_prefix("package "));
    let (name, version) = package
        .unwrap()
        .trim_end_matches(';')
        .split_once('@')
        .unwrap();
    let import = format!("{name}/clock@{version}");
    let length = u8::try_from(import.len()).unwrap();
    let mut bytes = b"\0asm\x0d\0\x01\0\x07\x03\x01\x42\0\x0a".to_vec();
    bytes.extend([length + 5, 1, 0, length]);
    bytes.extend(import.bytes());
    bytes.extend([5, 0]);
    bytes
}

/// Tries to reload what was written; nothing of it may be taken.
fn refused(gateway: &mut Gateway, edit: &str) -> Output {
    let before = (gateway.status(), gateway.entries().0.len());
    let output = gateway.wardlet(&["reload"]);
    assert_eq!(output.status.code(), Some(2), "{edit}: {output:?}");
    let reply = gateway.wardlet(&["reload", "--json"]);
    assert_eq!(reply.status.code(), Some(2), "{edit}: {reply:?}");
    let reply: Value = serde_json::from_slice(&reply.stdout).unwrap();
    assert_eq!(reply["reloaded"], false);
    for fault in reply["faults"].as_array().unwrap() {
        for what in ["message", "hint"] {
            let said = fault[what].as_str().unwrap_or_default();
            assert!(stderr(&output).contains(said), "{edit}: {said}");
        }
    }
    let after = (gateway.status(), gateway.entries().0.len());
    assert_eq!(after.0["policy_set"], before.0["policy_set"], "{edit}");
    assert_eq!(after.0["plugins"], before.0["plugins"], "{edit}");
    assert_eq!(after.1, before.1, "{edit}: nothing is recorded");
    let answer = gateway.agent.call("echo", &json!({"path": "/srv/a/x"}));
    assert!(!is_refusal(&answer), "{edit}: {answer}");
    output
}

/// What is edited in a good configuration, and what is said then.
type Edit = (String, String, &'static [&'static str]);

/// Edits of the second set, each of which makes one thing of it bad.
fn bad_edits(gateway: &Gateway, sets: &[Set; 2]) -> Vec<Edit> {
    let digest = sets[1].digests.first().unwrap();
    let other = format!("sha256:{}", "0".repeat(64));
    let clock = gateway.path("clock.wasm");
    fs::write(&clock, imports_the_clock()).unwrap();
    let clock_digest =
        wardlet_keys::digest::pin(&wardlet_keys::digest::sha256(&imports_the_clock()));
    let clock = format!(
        "[plugin.clock]\ncomponent = \"clock.wasm\"\ndigest = \"{clock_digest}\"\n[[rule]]"
    );
    let edits: [(&str, &str, &'static [&'static str]); 7] = [
        (
            digest.as_str(),
            other.as_str(),
            &[
                "the component is",
                "the configuration pins",
                "set `digest = ",
            ],
        ),
        (
            "path-guard-b.wasm",
            "gone.wasm",
            &["cannot read", "relative to the configuration file"],
        ),
        (
            "[[rule]]",
            &clock,
            &[
                "imports `clock`, which is not granted",
                "add `\"clock\"` to `grants` of `[plugin.clock]`",
            ],
        ),
        (
            "/srv/b",
            "srv/b",
            &[
                "does not take its settings",
                "mend `settings` of `[plugin.path-guard]`",
            ],
        ),
        (
            r#"policies = ["path-guard"]"#,
            r#"policies = ["path-gard"]"#,
            &["path-gard", "path-guard"],
        ),
        (
            r#"policies = ["path-guard"]"#,
            r#"policies = ["secret-redactor"]"#,
            &["plugin `secret-redactor` is not a policy"],
        ),
        ("[[rule]]", "[[rule]]\nnme = \"x\"", &["unknown key `nme`"]),
    ];
    let owned = |(from, to, said): (&str, &str, _)| (from.to_owned(), to.to_owned(), said);
    edits.map(owned).into()
}

#[test]
fn a_set_with_one_bad_plugin_changes_nothing_and_says_why() {
    let TwoSets {
        mut gateway,
        sets,
        texts: [first, second],
        _builds,
    } = with_two_sets(&[]);
    for (from, to, said) in bad_edits(&gateway, &sets) {
        assert!(second.contains(&from), "{from}");
        gateway.configure(&second.replacen(&from, &to, 1));
        let output = refused(&mut gateway, &to);
        for said in said {
            assert!(
                stderr(&output).contains(said),
                "{to}: `{said}` in {}",
                stderr(&output)
            );
        }
        let check = gateway.wardlet(&["check", "--offline"]);
        assert_eq!(check.status.code(), Some(2), "{to}: {check:?}");
        let same = stderr(&check);
        assert!(stderr(&output).starts_with(same.trim_end()), "{to}: {same}");
    }
    gateway.configure(&first);
    assert_eq!(
        stdout(&gateway.wardlet(&["reload"])),
        "reloaded: nothing has changed\n"
    );
    let finished = gateway.finish();
    assert_eq!(finished.entries.of_kind("policy").len(), 1);
    assert_eq!(finished.entries.of_kind("config").len(), 1);
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let TwoSets {
        mut gateway,
        texts: [_, second],
        _builds,
        ..
    } = with_two_sets(&[]);
    let bad = second
        .replace("path-guard-b.wasm", "gone.wasm")
        .replace("tool-allow-b.wasm", "gone-too.wasm")
        .replace("name = \"test\"", "name = \"other\"");
    gateway.configure(&bad);
    let output = refused(&mut gateway, "three faults");
    for said in [
        "gone.wasm",
        "gone-too.wasm",
        "the name of the gateway cannot change",
    ] {
        assert!(
            stderr(&output).contains(said),
            "`{said}` in {}",
            stderr(&output)
        );
    }
}

#[test]
fn what_needs_a_restart_is_refused_with_a_sentence() {
    let TwoSets {
        mut gateway,
        texts: [first, _],
        _builds,
        ..
    } = with_two_sets(&[]);
    let state = gateway.path(".wardlet");
    for (from, to, said) in [
        (
            "name = \"test\"",
            "name = \"other\"",
            "the name of the gateway cannot change while it runs",
        ),
        (
            "watch = false",
            "watch = false\nstate = \"other\"",
            "the state folder cannot change while the gateway runs",
        ),
        (
            "watch = false",
            "watch = false\nrecord = \"recorded\"",
            "the folder of records cannot change while the gateway runs",
        ),
        (
            "[server.echo]",
            "[server.ehco]",
            "server `echo`, which the gateway runs, is not there",
        ),
        (
            "\"--secret\"",
            "\"--list-changed\",\"--secret\"",
            "its command cannot change while the gateway runs",
        ),
        (
            "[server.echo]",
            "[server.echo]\nenv = [\"PATH\"]",
            "its environment cannot change while the gateway runs",
        ),
        (
            "[server.echo]",
            "[server.echo]\nset_env = { A = \"b\" }",
            "its environment cannot change while the gateway runs",
        ),
        (
            "[server.echo]",
            "[server.echo]\ncwd = \".\"",
            "its folder cannot change while the gateway runs",
        ),
    ] {
        let tools = if to == "[server.ehco]" {
            "ehco/*"
        } else {
            "echo/*"
        };
        gateway.configure(&first.replacen(from, to, 1).replace("echo/*", tools));
        // The state folder is named, since the file may name another one.
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_wardlet"))
            .args(["reload", "--state"])
            .arg(&state)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{to}: {output:?}");
        assert!(stderr(&output).contains(said), "{to}: {}", stderr(&output));
        assert!(
            stderr(&output).contains("end the gateway and start it again"),
            "{to}"
        );
    }
    gateway.configure(&first);
    let answer = gateway.agent.call("echo", &json!({"path": "/srv/a/x"}));
    assert!(!is_refusal(&answer), "{answer}");
    let finished = gateway.finish();
    assert_eq!(finished.entries.of_kind("config").len(), 1);
}

#[test]
fn a_change_that_cannot_be_recorded_is_not_made() {
    let folder = Setup::default().write();
    // A write beyond the limit of sizes is then an error and no signal.
    let mut command = std::process::Command::new("sh");
    let wardlet = run(folder.path());
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    command.arg(wardlet.get_program()).args(wardlet.get_args());
    let log = folder.path().join("gateway.log");
    let agent = Agent::start(command, &log);
    let mut gateway = Gateway { agent, folder };
    gateway.agent.initialise();
    gateway.agent.call("echo", &json!({"path": "/srv/data/a"}));
    let before = gateway.status();
    let entries = gateway.path(".wardlet/log/pending/0");
    let size = fs::metadata(&entries).unwrap().len();
    let limit = Rlimit {
        current: Some(size + 10),
        maximum: None,
    };
    let process = Pid::from_raw(gateway.agent.process().cast_signed());
    rustix::process::prlimit(process, Resource::Fsize, limit).unwrap();
    // No plugin is compiled anew: the limit would refuse the memory of its code too.
    let text_before = fs::read_to_string(gateway.config()).unwrap();
    gateway.configure(&text_before.replace("\"50s\"", "\"40s\""));
    let output = gateway.wardlet(&["reload"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(
        stderr(&output).contains("the change cannot be recorded"),
        "{output:?}"
    );
    let after = gateway.status();
    assert_eq!(after["policy_set"], before["policy_set"]);
    assert_eq!(after["last_reload"]["taken"], false, "{after}");
    let answer = gateway.agent.call("echo", &json!({"path": "/srv/data/a"}));
    assert!(
        is_refusal(&answer) && text(&answer).contains("audit log"),
        "{answer}"
    );
}
