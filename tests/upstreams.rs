//! Upstreams that misbehave: each call has a defined answer and an outcome, and nothing is left behind.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::fixture::{Gateway, Setup, echo_server, text};

/// SDK clients kill a server that has not ended two seconds after its input closed.
const CLIENTS_PATIENCE: Duration = Duration::from_secs(2);

/// A tool, and the status and reason of its outcome where the server goes on afterwards.
const GOES_ON: [(&str, &str); 4] = [
    ("rubbish", "last"),
    ("giant", "last"),
    ("twice", "first"),
    ("stranger", "last"),
];

#[test]
fn rubbish_is_dropped_and_the_answer_still_comes() {
    let mut gateway = Gateway::start(&Setup::default());
    for (tool, said) in GOES_ON {
        let answer = gateway.agent.call(tool, &json!({}));
        assert_eq!(text(&answer), said, "{tool}");
    }
    // What came beside the answers reached nobody.
    let ping = gateway.agent.ask("ping", &json!({}));
    assert_eq!(ping["result"], json!({}));
    let strays: Vec<_> = gateway.agent.aside().iter().collect();
    assert!(strays.is_empty(), "{strays:?}");
    let finished = gateway.finish();
    let outcomes = finished.entries.of_kind("outcome");
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome["status"] == "answered"),
        "{outcomes:?}"
    );
}

#[test]
fn a_server_that_dies_in_mid_call_leaves_an_answer_and_an_outcome() {
    for tool in ["die", "die-in-line"] {
        let mut gateway = Gateway::start(&Setup::default());
        let id = gateway.agent.call_raw(tool, "{}");
        let answer = gateway.agent.answer(id);
        assert!(
            text(&answer).contains("may have taken effect"),
            "{tool}: {answer}"
        );
        assert_eq!(answer["result"]["isError"], true, "{tool}: {answer}");
        gateway.agent.wait();
        let outcomes = gateway.entries();
        outcomes.check_pairs();
        let outcome = outcomes.of_kind("outcome")[0];
        assert_eq!(
            (&outcome["status"], &outcome["blame"]),
            (&json!("unknown"), &json!("upstream")),
            "{outcome}"
        );
    }
}

#[test]
fn a_server_that_never_answers_runs_out_of_time() {
    let setup = Setup {
        server: "timeout = \"1s\"".to_owned(),
        ..Setup::default()
    };
    let mut gateway = Gateway::start(&setup);
    let answer = gateway.agent.call("never", &json!({}));
    assert!(text(&answer).contains("did not answer in time"), "{answer}");
    let answer = gateway.agent.call("echo", &json!({"path": "/srv/data/a"}));
    assert_ne!(
        answer["result"]["isError"], true,
        "the session lives on: {answer}"
    );
    let finished = gateway.finish();
    assert_eq!(finished.entries.of_kind("outcome")[0]["status"], "timeout");
    assert!(
        finished
            .received
            .methods()
            .contains(&"notifications/cancelled".to_owned())
    );
}

#[test]
fn a_call_under_way_when_the_agent_leaves_has_an_outcome() {
    let mut gateway = Gateway::start(&Setup::default());
    gateway.agent.call_raw("never", "{}");
    gateway.agent.until("the call to arrive", || {
        (!gateway.received().calls().is_empty()).then_some(())
    });
    let finished = gateway.finish();
    assert_eq!(finished.entries.of_kind("outcome")[0]["status"], "unknown");
}

#[test]
fn the_gateway_ends_fast_and_leaves_no_child() {
    let stubborn = |shell: bool| {
        let server = echo_server().display().to_string();
        match shell {
            // A server that takes no notice of its input's end, nor of SIGTERM, behind a shell.
            true => vec![
                "sh".to_owned(),
                "-c".to_owned(),
                format!("trap '' TERM; {server} --stubborn; true"),
            ],
            false => vec![server, "--stubborn".to_owned()],
        }
    };
    for shell in [false, true] {
        for signal in [None, Some(Signal::TERM), Some(Signal::INT)] {
            let setup = Setup {
                command: Some(stubborn(shell)),
                ..Setup::default()
            };
            let mut gateway = Gateway::start(&setup);
            let child = text(&gateway.agent.call("process", &json!({}))).to_owned();
            let child = Path::new("/proc").join(child);
            assert!(child.exists());
            let begun = Instant::now();
            match signal {
                None => drop(gateway.agent.close()),
                Some(signal) => {
                    let process = Pid::from_raw(gateway.agent.process().cast_signed()).unwrap();
                    kill_process(process, signal).unwrap();
                    gateway.agent.wait();
                }
            }
            let took = begun.elapsed();
            assert!(
                took < CLIENTS_PATIENCE,
                "{signal:?} took {took:?}, shell {shell}"
            );
            assert!(
                !is_alive(&child),
                "{signal:?} left {child:?} behind, shell {shell}"
            );
        }
    }
}

/// A process that has ended and that nobody waited for yet is dead too.
fn is_alive(process: &Path) -> bool {
    let status = std::fs::read_to_string(process.join("status")).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

#[test]
fn a_server_that_does_not_start_is_told_in_words() {
    let setup = Setup {
        command: Some(vec!["/does/not/exist".to_owned()]),
        ..Setup::default()
    };
    let mut gateway = Gateway::start_raw(&setup);
    assert!(gateway.agent.rest().is_empty());
    assert!(!gateway.agent.wait().success());
    assert!(
        gateway.log().contains("/does/not/exist"),
        "{}",
        gateway.log()
    );
}
