//! What reloads: a command, a signal, a changed file. One at a time.

use std::fs;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use super::{TwoSets, reload, with_two_sets};
use crate::fixture::{Gateway, Setup};

/// Waits until a reload of this kind has ended, and gives it.
fn reloaded(gateway: &Gateway, trigger: &str, since: &Value) -> Value {
    gateway.agent.until(&format!("a reload by {trigger}"), || {
        let last = gateway.status()["last_reload"].clone();
        (last["trigger"] == *trigger && last != *since).then_some(last)
    })
}

#[test]
fn a_hangup_reloads_and_termination_ends() {
    let TwoSets {
        mut gateway,
        texts,
        _builds,
        ..
    } = with_two_sets(&[]);
    let first = gateway.status();
    gateway.configure(&texts[1]);
    gateway.signal(Signal::HUP);
    let last = reloaded(&gateway, "signal", &Value::Null);
    assert_eq!(last["taken"], true, "{last}");
    assert_ne!(gateway.status()["policy_set"], first["policy_set"]);
    gateway.configure("nonsense");
    gateway.signal(Signal::HUP);
    // The command reads the state folder from the file, which is nonsense now.
    gateway.agent.until("the faults in the log", || {
        gateway
            .log()
            .contains("the configuration is not taken")
            .then_some(())
    });
    assert!(gateway.log().contains("nonsense"), "{}", gateway.log());
    gateway.configure(&texts[1]);
    gateway.signal(Signal::TERM);
    assert!(gateway.agent.wait().success(), "{}", gateway.log());
}

#[test]
fn a_changed_file_reloads_unless_that_is_switched_off() {
    let watched = Gateway::start(&Setup::default());
    let TwoSets {
        gateway: unwatched,
        texts: [first, second],
        _builds,
        ..
    } = with_two_sets(&[]);
    let set = unwatched.status()["policy_set"].clone();
    let text = fs::read_to_string(watched.config()).unwrap();
    // Each time the one that is not watched changes first, so that it had as long to be found.
    unwatched.configure(&second);
    watched.configure(&text.replace("\"50s\"", "\"40s\""));
    let last = reloaded(&watched, "watch", &Value::Null);
    assert_eq!(last["taken"], true, "{last}");
    // Written in place, and wrong.
    fs::write(unwatched.config(), &second).unwrap();
    fs::write(watched.config(), text.replace("\"50s\"", "\"x\"")).unwrap();
    let last = reloaded(&watched, "watch", &last);
    assert_eq!(last["taken"], false, "{last}");
    assert!(watched.log().contains("the configuration is not taken"));
    watched.configure(&text);
    let last = reloaded(&watched, "watch", &last);
    assert_eq!(last["taken"], true, "{last}");
    let status = unwatched.status();
    assert_eq!(status["last_reload"], Value::Null, "{status}");
    assert_eq!(status["policy_set"], set);

    // Switched on by a reload, and a component that changes under its pin is told.
    unwatched.configure(&first.replace("watch = false", "watch = true"));
    reload(&unwatched);
    let component = _builds.path().join("path-guard-a.wasm");
    let sound = fs::read(&component).unwrap();
    fs::write(&component, [&sound[..], b"\0\x02\x01x"].concat()).unwrap();
    let last = reloaded(&unwatched, "watch", &Value::Null);
    assert_eq!(last["taken"], false, "{last}");
    assert!(
        last["lines"].to_string().contains("the configuration pins"),
        "{last}"
    );
    watched.finish();
    unwatched.finish();
}

#[test]
fn reloads_that_are_asked_for_at_once_come_one_after_another() {
    let TwoSets {
        gateway,
        texts,
        _builds,
        ..
    } = with_two_sets(&[]);
    gateway.configure(&texts[1]);
    let start = |_| {
        Command::new(env!("CARGO_BIN_EXE_wardlet"))
            .args(["reload", "--json", "--config"])
            .arg(gateway.config())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let asked: Vec<_> = (0..8).map(start).collect();
    let mut changed = 0;
    for child in asked {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let reply: Value = serde_json::from_slice(&output.stdout).unwrap();
        changed += usize::from(!reply["gateways"][0]["change"]["policy_set"].is_null());
    }
    assert!(
        changed >= 1,
        "whoever asked first, or with the first, is told what changed"
    );
    let finished = gateway.finish();
    assert_eq!(
        finished.entries.of_kind("policy").len(),
        2,
        "one change, one entry"
    );
    assert_eq!(finished.entries.of_kind("config").len(), 2);
}
