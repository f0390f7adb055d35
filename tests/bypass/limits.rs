//! Limits on what an agent may have under way, and what it gets to do before it ends.

use serde_json::json;

use super::{call_line, cancelled};
use crate::fixture::{Gateway, Setup, text};

/// Requests of the agent that may be under way at one time.
const UNDER_WAY: usize = 4096;

/// Messages that cannot be judged: those with an entry of their own, and those after which the
/// agent is disconnected.
const RECORDED: u64 = 16;
const FLOOD: u64 = 256;

/// No redactor, so that thousands of calls are judged fast.
const OPEN: &str = "[[rule]]\nname = \"all\"\ntools = [\"echo/*\"]\npolicies = [\"allow-all\"]\n";

#[test]
fn so_many_requests_may_be_under_way_and_no_more() {
    let mut gateway = Gateway::start(&Setup::rules(OPEN));
    // The list of tools is known by now, so that the gateway asks for nothing of its own meanwhile.
    gateway.agent.call("echo", &json!({}));
    let ids: Vec<u64> = (0..UNDER_WAY)
        .map(|_| gateway.agent.call_raw("never", "{}"))
        .collect();
    let refused = gateway.agent.call("echo", &json!({}));
    assert_eq!(refused["error"]["code"], -32600, "{refused}");
    let refused = gateway.agent.ask("ping", &json!({}));
    assert_eq!(refused["error"]["code"], -32600, "{refused}");
    // What is given up makes room for something else.
    gateway.agent.send(&cancelled(ids[7]));
    let answer = gateway.agent.call("echo", &json!({"a": 1}));
    assert_eq!(text(&answer), r#"{"a":1}"#);
    let finished = gateway.finish();
    assert_eq!(finished.received.calls().len(), UNDER_WAY + 2);
    let mut decisions = finished.entries.decisions();
    decisions.retain(|(_, reason)| reason != "allowed");
    assert_eq!(
        decisions,
        [("deny".to_owned(), "too-many-requests".to_owned())],
        "the ping needs no entry"
    );
}

#[test]
fn a_flood_of_unknown_notifications_is_summed_up_and_disconnected() {
    for (sent, counted) in [
        (RECORDED, None),
        (FLOOD - 1, Some(FLOOD - 1 - RECORDED)),
        (100 * FLOOD, Some(FLOOD - RECORDED)),
    ] {
        let mut gateway = Gateway::start(&Setup::default());
        for _ in 0..sent {
            gateway
                .agent
                .send(r#"{"jsonrpc":"2.0","method":"notifications/made-up","params":{"a":1}}"#);
        }
        let floods = sent >= FLOOD;
        if floods {
            let answers = gateway.agent.rest();
            assert!(answers.is_empty(), "nobody asked anything: {answers:?}");
            let status = gateway.agent.wait();
            assert!(!status.success(), "the agent is told: {status}");
        } else {
            let answer = gateway.agent.ask("ping", &json!({}));
            assert_eq!(answer["result"], json!({}), "{sent}: {answer}");
            assert!(gateway.agent.close().success());
        }
        let entries = gateway.entries();
        let alone = entries
            .decisions()
            .iter()
            .filter(|(effect, reason)| effect == "deny" && reason == "unnamed-method")
            .count();
        assert_eq!(alone as u64, RECORDED, "{sent}");
        let decisions = entries.of_kind("decision");
        let summed: Vec<Option<u64>> = decisions
            .iter()
            .filter(|body| body["effect"] == "malformed")
            .map(|body| body["count"].as_u64())
            .collect();
        let expected: Vec<Option<u64>> = counted.map(Some).into_iter().collect();
        assert_eq!(summed, expected, "{sent}");
        assert_eq!(decisions.len(), alone + summed.len(), "{sent}");
        let received = gateway.received().0.concat();
        assert!(!received.contains("made-up"), "{received}");
    }
}

/// As `printf … | wardlet run` does: everything is written and the pipe closed before the gateway
/// has read the first line.
#[test]
fn a_call_of_an_agent_that_is_gone_already_is_executed_and_answered() {
    let mut gateway = Gateway::start_raw(&Setup::default());
    let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "printf", "version": "1"}}});
    let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let call = call_line("2", "echo", ("", ""));
    gateway
        .agent
        .send_bytes(format!("{initialize}\n{initialized}\n{call}\n").as_bytes());
    let status = gateway.agent.close();
    assert!(status.success(), "{status}: {}", gateway.log());
    let answers = gateway.agent.rest();
    assert_eq!(answers.len(), 2, "{answers:?}");
    assert!(
        answers[0]["result"]["serverInfo"].is_object(),
        "{answers:?}"
    );
    assert_eq!(answers[1]["id"], 2, "{answers:?}");
    assert_eq!(text(&answers[1]), r#"{"path":"/srv/data/a"}"#);
    let (entries, received) = (gateway.entries(), gateway.received());
    entries.check_pairs();
    received.check_against(&entries);
    assert_eq!(received.calls().len(), 1);
    assert_eq!(entries.of_kind("outcome")[0]["status"], "answered");
}
