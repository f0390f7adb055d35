//! What passes beside calls: cancellation, progress, and the server's own questions to the client.

use serde_json::json;

use crate::fixture::{Gateway, Setup, is_refusal, text};

#[test]
fn progress_and_cancellation_reach_the_other_side() {
    let mut gateway = Gateway::start(&Setup::default());
    let id = gateway.agent.call_raw("steps", "{}");
    let progress = gateway.agent.wait_for("progress", |message| {
        message["method"] == "notifications/progress"
    });
    assert_eq!(
        progress["params"],
        json!({"progressToken": format!("p{id}"), "progress": 1, "total": 2})
    );
    gateway.agent.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id, "reason": "enough"}}).to_string());
    // The answer to a later request tells that the upstream has read what came before it.
    gateway.agent.ask("ping", &json!({}));
    let finished = gateway.finish();
    let cancelled = finished
        .received
        .0
        .iter()
        .find(|line| line.contains("notifications/cancelled"));
    let cancelled: serde_json::Value = serde_json::from_str(cancelled.unwrap()).unwrap();
    assert_eq!(
        cancelled["params"],
        json!({"requestId": id, "reason": "enough"})
    );
    assert_eq!(
        finished.entries.of_kind("outcome")[0]["status"],
        "cancelled"
    );
}

#[test]
fn a_held_call_that_is_cancelled_never_leaves() {
    let mut gateway = Gateway::start(&Setup::default());
    let id = gateway
        .agent
        .call_raw("delete_note", r#"{"path":"/srv/data/a"}"#);
    let held = gateway.held();
    gateway.agent.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}).to_string());
    gateway.agent.ask("ping", &json!({}));
    let late = gateway.wardlet(&["approvals", "approve", &held]);
    assert_eq!(late.status.code(), Some(1), "{late:?}");
    let finished = gateway.finish();
    assert!(finished.received.calls().is_empty());
    assert_eq!(
        finished.entries.decisions(),
        [("deny".to_owned(), "cancelled".to_owned())]
    );
}

#[test]
fn the_servers_questions_reach_the_client_and_its_answers_come_back() {
    let mut gateway = Gateway::start(&Setup::default());
    for (tool, method) in [
        ("sample", "sampling/createMessage"),
        ("elicit", "elicitation/create"),
    ] {
        let id = gateway.agent.call_raw(tool, "{}");
        let question = gateway
            .agent
            .wait_for(method, |message| message["method"] == method);
        gateway.agent.send(
            &json!({"jsonrpc": "2.0", "id": question["id"], "result": {"said": tool, "n": 1.5}})
                .to_string(),
        );
        let answer = gateway.agent.answer(id);
        assert_eq!(text(&answer), format!(r#"{{"n":1.5,"said":"{tool}"}}"#));
        // Another answer to the same question goes nowhere.
        gateway.agent.send(
            &json!({"jsonrpc": "2.0", "id": question["id"], "result": {"said": "again"}})
                .to_string(),
        );
    }
    let id = gateway.agent.call_raw("sample", "{}");
    let question = gateway.agent.wait_for("a question", |message| {
        message["method"] == "sampling/createMessage"
    });
    gateway.agent.send(
        &json!({"jsonrpc": "2.0", "id": question["id"], "error": {"code": -1, "message": "no"}})
            .to_string(),
    );
    assert_eq!(
        text(&gateway.agent.answer(id)),
        r#"{"code":-1,"message":"no"}"#
    );
    let finished = gateway.finish();
    assert!(!finished.received.0.concat().contains("again"));
}

#[test]
fn answers_of_the_agent_that_nobody_asked_for_go_nowhere() {
    let mut gateway = Gateway::start(&Setup::default());
    gateway
        .agent
        .send(r#"{"jsonrpc":"2.0","id":"server-1","result":{"made":"up"}}"#);
    gateway.agent.send(r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"made up"}}"#);
    let answer = gateway.agent.call("echo", &json!({"path": "/srv/data/a"}));
    assert!(!is_refusal(&answer), "{answer}");
    let finished = gateway.finish();
    let received = finished.received.0.concat();
    assert!(!received.contains("made"), "{received}");
}
