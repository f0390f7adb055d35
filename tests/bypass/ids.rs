//! Ids: what two readers take for one, and what somebody still answers under.

use serde_json::{Value, json};

use super::{call_line, cancelled, is_error_of_nobody};
use crate::fixture::{Gateway, SECRET, Setup, is_refusal, text};

/// Ids, and whether each reader of JSON keeps them apart from all others (RFC 7493, section 2.2).
const IDS: &[(&str, bool)] = &[
    ("9007199254740991", true),
    ("-9007199254740991", true),
    (r#""9007199254740993""#, true),
    ("9007199254740992", false),
    ("9007199254740993", false),
    ("-9007199254740992", false),
    ("9223372036854775807", false),
    ("18446744073709551615", false),
    ("100000000000000000000000000000", false),
];

#[test]
fn ids_that_readers_of_doubles_confuse_are_refused() {
    let mut gateway = Gateway::start(&Setup::default());
    for (id, exact) in IDS {
        let ping = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        for line in [ping, call_line(id, "echo", ("", ""))] {
            gateway.agent.send(&line);
            let answer = gateway.agent.wait_for(id, |message| {
                let same = message["id"].to_string();
                message.get("method").is_none() && same == *id
            });
            let refused = answer["error"]["code"] == -32600;
            assert_eq!(refused, !exact, "{line}: {answer}");
            assert_ne!(answer.get("result").is_some(), refused, "{answer}");
        }
    }
    let finished = gateway.finish();
    for (id, exact) in IDS {
        let member = format!(r#""id":{id},"#);
        let lines = finished.received.0.iter();
        let arrived = lines.filter(|line| line.contains(&member)).count();
        assert_eq!(arrived, if *exact { 2 } else { 0 }, "{id}");
    }
}

/// The tool that answers late is redacted, the others are not: a late answer that was taken for
/// that of another call would come through whole.
const LATER: &str = r#"
[[rule]]
name = "redacted"
tools = ["echo/later"]
policies = ["allow-all"]
redactors = ["secret-redactor"]

[[rule]]
name = "open"
tools = ["echo/echo", "echo/never", "echo/release"]
policies = ["allow-all"]
"#;

#[test]
fn an_id_that_was_given_up_is_taken_until_the_upstream_has_answered() {
    for (how, timeout, outcome) in [
        ("given up by the agent", "", "cancelled"),
        ("out of time", "timeout = \"1s\"", "timeout"),
    ] {
        let setup = Setup {
            server: timeout.to_owned(),
            ..Setup::rules(LATER)
        };
        let mut gateway = Gateway::start(&setup);
        list_the_tools(&mut gateway);
        let id = gateway.agent.call_raw("later", "{}");
        if outcome == "timeout" {
            let answer = gateway.agent.answer(id);
            assert!(text(&answer).contains("did not answer in time"), "{answer}");
        } else {
            gateway.agent.send(&cancelled(id));
        }
        gateway
            .agent
            .send(&call_line(&id.to_string(), "never", ("", "")));
        gateway.agent.wait_for("the refusal", is_error_of_nobody);
        let released = gateway.agent.call("release", &json!({}));
        assert_eq!(text(&released), "1", "{how}: the late answer was given");
        let strays = of_id(gateway.agent.aside(), id);
        assert!(strays.is_empty(), "{how}: {strays:?}");

        // The upstream has answered, and the id is free again.
        gateway
            .agent
            .send(&call_line(&id.to_string(), "echo", ("", "")));
        let answer = gateway.agent.answer(id);
        assert_eq!(text(&answer), r#"{"path":"/srv/data/a"}"#, "{how}");
        let aside = gateway.agent.aside();
        assert!(aside.is_empty(), "{how}: {aside:?}");
        assert!(!gateway.log().contains(SECRET), "{how}");
        let finished = gateway.finish();
        let mut effects = finished.entries.decisions();
        effects.retain(|(_, reason)| reason != "allowed");
        assert_eq!(
            effects,
            [("deny".to_owned(), "id-in-use".to_owned())],
            "{how}"
        );
        let outcomes = finished.entries.of_kind("outcome");
        let status: Vec<&Value> = outcomes.iter().map(|outcome| &outcome["status"]).collect();
        let answered = "answered";
        assert_eq!(status, [answered, outcome, answered, answered], "{how}");
    }
}

/// Before the list is known a call waits here, and the upstream has nothing to answer.
fn list_the_tools(gateway: &mut Gateway) {
    let released = gateway.agent.call("release", &json!({}));
    assert_eq!(text(&released), "0");
}

fn of_id(messages: &[Value], id: u64) -> Vec<&Value> {
    let answers = |message: &&Value| message["id"] == id;
    messages.iter().filter(answers).collect()
}

#[test]
fn late_answers_of_many_reach_nobody() {
    let mut gateway = Gateway::start(&Setup::rules(LATER));
    list_the_tools(&mut gateway);
    let ids: Vec<u64> = (0..50)
        .map(|_| gateway.agent.call_raw("later", "{}"))
        .collect();
    for id in &ids[..49] {
        gateway.agent.send(&cancelled(*id));
    }
    let released = gateway.agent.call("release", &json!({}));
    assert_eq!(text(&released), "50");
    let answer = gateway.agent.answer(ids[49]);
    assert!(
        !is_refusal(&answer) && !answer.to_string().contains(SECRET),
        "the one that was not given up is answered, by its own rules: {answer}"
    );
    assert!(gateway.agent.aside().is_empty());
    let finished = gateway.finish();
    let outcomes = finished.entries.of_kind("outcome");
    let cancelled = outcomes
        .iter()
        .filter(|outcome| outcome["status"] == "cancelled");
    assert_eq!(cancelled.count(), 49);
}
