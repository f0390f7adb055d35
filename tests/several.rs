//! Several gateways over one state folder, as a client starts them: one log, and one place to ask.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::fixture::{Agent, Entries, Gateway, Setup, is_refusal, run};

/// Another gateway over the folder of one that runs.
fn beside(gateway: &Gateway, name: &str) -> Agent {
    let log = gateway.path(&format!("{name}.log"));
    let mut agent = Agent::start(run(gateway.folder.path()), &log);
    agent.initialise();
    agent
}

fn answered(gateway: &Gateway, arguments: &[&str]) -> Value {
    let output = gateway.wardlet(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The log verifies, and each allowed call has one outcome.
fn check(gateway: &Gateway) -> Entries {
    let verified = gateway.wardlet(&["audit", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
    let entries = gateway.entries();
    entries.check_pairs();
    entries
}

#[test]
fn they_write_one_log_and_are_asked_at_one_place() {
    let mut first = Gateway::start(&Setup::default());
    let mut second = beside(&first, "second");
    let allowed = json!({ "path": "/srv/data/a" });
    for _ in 0..3 {
        assert!(!is_refusal(&first.agent.call("echo", &allowed)));
        assert!(!is_refusal(&second.call("echo", &allowed)));
    }
    let status = answered(&first, &["status", "--json"]);
    let processes = status["gateways"].as_array().unwrap().iter();
    let processes: Vec<u64> = processes.map(|one| one["pid"].as_u64().unwrap()).collect();
    let expected = [first.agent.process(), second.process()].map(u64::from);
    assert_eq!(processes, expected);
    let writers = status["gateways"].as_array().unwrap().iter();
    let writers: Vec<&Value> = writers.map(|one| &one["writes_log"]).collect();
    assert_eq!(writers, [true, false]);
    // A call that the second holds is seen and decided from outside, as one of the first.
    let held = second.call_raw("delete_note", &allowed.to_string());
    let id = first.held();
    let voted = answered(&first, &["approvals", "approve", &id, "--json"]);
    assert_eq!(voted["vote"], "approved");
    assert!(!is_refusal(&second.answer(held)));
    // Both take a changed configuration.
    let text = fs::read_to_string(first.config()).unwrap();
    first.configure(&text.replace("expires = \"50s\"", "expires = \"40s\""));
    let reloaded = answered(&first, &["reload", "--json"]);
    assert_eq!(reloaded["reloaded"], true);
    assert_eq!(reloaded["gateways"].as_array().unwrap().len(), 2);
    // The first one ends in order, and the second goes on.
    assert!(first.agent.close().success());
    assert!(!is_refusal(&second.call("echo", &allowed)));
    assert!(second.close().success());
    let entries = check(&first);
    assert_eq!(entries.count("allow"), 8);
    let indices = entries
        .0
        .iter()
        .map(|entry| entry["index"].as_u64().unwrap());
    assert!(indices.eq(0..entries.0.len() as u64));
}

/// As a client that starts all its servers together, over a folder in which nothing is yet.
#[test]
fn they_may_all_start_at_the_same_moment() {
    for _ in 0..4 {
        let folder = Setup::default().write();
        let start = |name: usize| {
            let log = folder.path().join(format!("{name}.log"));
            Agent::start(run(folder.path()), &log)
        };
        let mut agents: Vec<Agent> = (0..5).map(start).collect();
        for agent in &mut agents {
            agent.initialise();
            assert!(!is_refusal(
                &agent.call("echo", &json!({ "path": "/srv/data/a" }))
            ));
        }
        for agent in &mut agents {
            assert!(agent.close().success());
        }
        let config = folder.path().join("wardlet.toml");
        let verified = crate::fixture::wardlet(&["audit", "verify"], &config);
        assert!(verified.status.success(), "{verified:?}");
        let entries = Entries::read(&folder.path().join(".wardlet"));
        entries.check_pairs();
        assert_eq!(entries.count("allow"), 5);
    }
}

#[test]
fn the_others_go_on_when_the_one_that_writes_is_killed() {
    let mut first = Gateway::start(&Setup::default());
    let mut others: Vec<Agent> = (0..3)
        .map(|n| beside(&first, &format!("other{n}")))
        .collect();
    let allowed = json!({ "path": "/srv/data/a" });
    first.agent.call_raw("never", "{}");
    first.agent.until("the call to arrive", || {
        (!first.received().calls().is_empty()).then_some(())
    });
    // A call of a survivor is under way over the change of owners, and gets its own outcome.
    let waiting = others[0].call_raw("never", "{}");
    first.agent.until("the other call to arrive", || {
        (first.received().calls().len() == 2).then_some(())
    });
    let process = Pid::from_raw(first.agent.process().cast_signed()).unwrap();
    kill_process(process, Signal::KILL).unwrap();
    first.agent.wait();
    for other in &mut others {
        assert!(!is_refusal(&other.call("echo", &allowed)));
    }
    others[0].send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": waiting}}).to_string());
    assert!(!is_refusal(&others[0].call("echo", &allowed)));
    for other in &mut others {
        assert!(other.close().success());
    }
    let entries = check(&first);
    let outcomes = entries.of_kind("outcome");
    let with = |status: &str| {
        outcomes
            .iter()
            .filter(|body| body["status"] == status)
            .count()
    };
    assert_eq!(
        (with("unknown"), with("cancelled"), with("answered")),
        (1, 1, 4)
    );
}

#[test]
fn whom_one_holds_in_quarantine_all_hold() {
    let rules = "[[rule]]\nname = \"all\"\ntools = [\"echo/*\"]\npolicies = [\"allow-all\"]\n";
    let mut first = Gateway::start(&Setup::rules(rules));
    let kept = |held: &[Value]| {
        let records: Vec<Value> = held.to_vec();
        let text = json!({ "v": 1, "records": records }).to_string();
        let path = first.path(".wardlet/quarantine.json");
        let new = first.path("quarantine.new");
        fs::write(&new, text).unwrap();
        fs::set_permissions(&new, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        fs::rename(new, path).unwrap();
    };
    let record =
        json!({"plugin": "p", "principal": "someone", "faults": [1], "fault": "trap", "since": 1});
    for (held, count) in [(vec![record], 1), (vec![], 0)] {
        // As another gateway writes it.
        kept(&held);
        first.agent.until("the gateway to follow", || {
            let listed = answered(&first, &["quarantine", "list", "--json"]);
            (listed["quarantined"].as_array().unwrap().len() == count).then_some(())
        });
    }
    assert!(first.agent.close().success());
}
