//! Calls that a human decides, from the agent's call to the command line and back.

use serde_json::{Value, json};
use wardlet_call::Json;
use wardlet_keys::{base64url, digest::sha256};

use crate::fixture::{Gateway, Received, Setup, is_refusal, text};

const ARGUMENTS: &str = r#"{"path":"/srv/data/a","n":1.10,"note":"a\u200bb"}"#;

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn an_approved_call_arrives_once_with_exactly_what_was_shown() {
    let mut gateway = Gateway::start(&Setup::default());
    let call = gateway.agent.call_raw("delete_note", ARGUMENTS);
    let id = gateway.held();
    assert!(
        gateway.received().calls().is_empty(),
        "nothing left before a human agreed"
    );

    let shown = gateway.wardlet(&["approvals", "show", &id, "--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let canonical = Json::parse(ARGUMENTS).unwrap().canonical().unwrap();
    assert_eq!(shown["arguments"], canonical);
    let statement = shown["statement"].as_str().unwrap();
    assert_eq!(
        shown["digest"],
        base64url::encode(&sha256(statement.as_bytes())),
        "the digest is of the statement"
    );
    let to_people = stdout(&gateway.wardlet(&["approvals", "show", &id]));
    assert!(
        to_people.contains("delete_note") && !to_people.contains('\u{200b}'),
        "{to_people}"
    );
    assert!(to_people.contains("rule `people-agree`"), "{to_people}");
    assert!(stdout(&gateway.wardlet(&["approvals", "list"])).contains(&id));

    let approved = gateway.wardlet(&["approvals", "approve", &id]);
    assert!(approved.status.success(), "{approved:?}");
    let answer = gateway.agent.answer(call);
    assert!(!is_refusal(&answer), "{answer}");
    for action in ["approve", "deny", "show"] {
        let again = gateway.wardlet(&["approvals", action, &id]);
        assert_eq!(again.status.code(), Some(1), "{action}: {again:?}");
        assert!(
            stderr(&again).contains(&format!("`{id}`")) && stderr(&again).contains("hint:"),
            "{again:?}"
        );
    }
    let finished = gateway.finish();
    let calls = finished.received.calls();
    assert_eq!(calls.len(), 1);
    let arrived = Json::parse(&Received::arguments(calls[0])).unwrap();
    assert_eq!(
        arrived.canonical().unwrap(),
        canonical,
        "what arrived is what was shown"
    );
    let decision = finished.entries.of_kind("decision")[0];
    assert_eq!(decision["approval"]["statement"], shown["digest"]);
    assert_eq!(decision["approval"]["votes"][0]["choice"], "approve");
    let kinds: Vec<&str> = finished
        .entries
        .0
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap())
        .collect();
    let order = ["approval-request", "approval-vote", "decision", "outcome"];
    assert_eq!(
        kinds[kinds.len() - 4..],
        order,
        "the order in which it happened"
    );
    // An approval is for one call: the same call again asks again, which the next test ends.
}

#[test]
fn the_same_call_again_needs_another_approval() {
    let mut gateway = Gateway::start(&Setup::default());
    let first = gateway.agent.call_raw("delete_note", ARGUMENTS);
    let id = gateway.held();
    gateway.wardlet(&["approvals", "approve", &id]);
    gateway.agent.answer(first);
    let second = gateway.agent.call_raw("delete_note", ARGUMENTS);
    let other = gateway.held();
    assert_ne!(id, other);
    let denied = gateway.wardlet(&["approvals", "deny", &other]);
    assert!(denied.status.success(), "{denied:?}");
    let answer = gateway.agent.answer(second);
    assert!(
        is_refusal(&answer) && text(&answer).contains("a human refused"),
        "{answer}"
    );
    let finished = gateway.finish();
    assert_eq!(finished.received.calls().len(), 1);
    let expected = [("allow", "allowed"), ("deny", "approval-denied")];
    assert_eq!(
        finished.entries.decisions(),
        expected.map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
}

#[test]
fn nobody_in_time_is_a_denial() {
    let rules = r#"
[[rule]]
name = "all"
tools = ["echo/*"]
policies = ["allow-all"]

[[rule]]
name = "impatient"
tools = ["echo/delete_note"]
approval = { expires = "1s" }
"#;
    let mut gateway = Gateway::start(&Setup::rules(rules));
    let answer = gateway.agent.call("delete_note", &json!({}));
    assert!(
        is_refusal(&answer) && text(&answer).contains("no human agreed in time"),
        "{answer}"
    );
    let finished = gateway.finish();
    assert_eq!(
        finished.entries.decisions(),
        [("expired".to_owned(), "approval-expired".to_owned())]
    );
    assert!(finished.received.calls().is_empty());
}

#[test]
fn a_held_call_ends_with_the_session() {
    let mut gateway = Gateway::start(&Setup::default());
    gateway.agent.call_raw("delete_note", ARGUMENTS);
    gateway.held();
    let finished = gateway.finish();
    assert_eq!(
        finished.entries.decisions(),
        [("deny".to_owned(), "stopping".to_owned())]
    );
    assert!(finished.received.calls().is_empty());
}

#[test]
fn a_policy_refuses_before_anybody_is_asked() {
    let mut gateway = Gateway::start(&Setup::default());
    let answer = gateway
        .agent
        .call("delete_note", &json!({"path": "/etc/passwd"}));
    assert!(is_refusal(&answer), "{answer}");
    let finished = gateway.finish();
    assert!(finished.entries.of_kind("approval-request").is_empty());
}

#[test]
fn without_a_gateway_or_an_id_it_says_so() {
    let gateway = Gateway::start(&Setup::default());
    let none = gateway.wardlet(&["approvals", "list"]);
    assert_eq!(stdout(&none).trim(), "no call is waiting");
    let unknown = gateway.wardlet(&["approvals", "approve", "00000000"]);
    assert_eq!(unknown.status.code(), Some(1), "{unknown:?}");
    let finished = gateway.finish();
    let config = finished.folder.path().join("wardlet.toml");
    let ended = crate::fixture::wardlet(&["approvals", "list"], &config);
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    assert!(stderr(&ended).contains("no gateway runs"), "{ended:?}");
}
