//! What stands beside arguments and results: `_meta`, members that nobody knows, envelopes.

use serde_json::{Value, json};
use wardlet_call::Json;
use wardlet_keys::{base64url, digest::sha256};

use super::call_line;
use crate::fixture::{Gateway, SECRET, Setup, is_refusal, text};

/// What stands beside the arguments: a name, a member, and where it stands. `@` is a text.
const BESIDE: &[(&str, &str, Place)] = &[
    (
        "an unknown member",
        r#""extra":{ "note" : "@", "n":1.10 }"#,
        Place::Params,
    ),
    ("the name of an unknown member", r#""@":1"#, Place::Params),
    ("_meta", r#""note":"@""#, Place::Meta),
    (
        "deep in _meta",
        r#""dev.example/a":[ {"b":["@", 1e2]}]"#,
        Place::Meta,
    ),
    ("the name of a member of _meta", r#""@":{}"#, Place::Meta),
    ("the progress token", r#""progressToken":"@""#, Place::Meta),
    (
        "the envelope",
        r#""trace":{"note":[ "@" ]}"#,
        Place::Envelope,
    ),
    (
        "the name of a member of the envelope",
        r#""@":true"#,
        Place::Envelope,
    ),
];

#[derive(Clone, Copy)]
enum Place {
    Params,
    Meta,
    Envelope,
}

/// The line of a call to a tool with something beside its arguments.
fn line_with(id: usize, tool: &str, member: &str, place: Place) -> String {
    let (params, envelope) = match place {
        Place::Params => (format!(",{member}"), String::new()),
        Place::Meta => (format!(r#","_meta":{{{member}}}"#), String::new()),
        Place::Envelope => (String::new(), format!(",{member}")),
    };
    call_line(&id.to_string(), tool, (&params, &envelope))
}

#[test]
fn what_stands_beside_the_arguments_is_searched_and_passes_as_it_came() {
    let rules = r#"
[[rule]]
name = "searched"
tools = ["echo/*"]
policies = ["allow-all"]
redactors = ["secret-redactor"]
"#;
    // It is not the arguments: to mask them does not let it pass.
    for rules in [rules.to_owned(), format!("{rules}arguments = \"mask\"\n")] {
        let mut gateway = Gateway::start(&Setup::rules(&rules));
        for (at, (name, member, place)) in BESIDE.iter().enumerate() {
            let secret = member.replace('@', &format!("the key is {SECRET} here"));
            gateway
                .agent
                .send(&line_with(100 + at, "echo", &secret, *place));
            let answer = gateway.agent.answer(100 + at as u64);
            assert!(is_refusal(&answer), "{name}: {answer}");
            assert!(!answer.to_string().contains(SECRET), "{name}");
            let clean = member.replace('@', "plain words");
            gateway
                .agent
                .send(&line_with(200 + at, "echo", &clean, *place));
            let answer = gateway.agent.answer(200 + at as u64);
            assert_eq!(text(&answer), r#"{"path":"/srv/data/a"}"#, "{name}");
        }
        assert!(!gateway.log().contains(SECRET));
        let finished = gateway.finish();
        assert!(!finished.received.0.concat().contains(SECRET));
        assert!(!format!("{:?}", finished.entries.0).contains(SECRET));
        let calls = finished.received.calls();
        assert_eq!(calls.len(), BESIDE.len());
        for (line, (name, member, _)) in calls.iter().zip(BESIDE) {
            let clean = member.replace('@', "plain words");
            assert!(line.contains(&clean), "{name}: `{clean}` is not in {line}");
        }
        let decisions = finished.entries.decisions();
        for pair in decisions.chunks(2) {
            assert_eq!(pair[0].1, "sensitive-arguments", "{decisions:?}");
            assert_eq!(pair[1].1, "allowed", "{decisions:?}");
        }
    }
}

#[test]
fn the_envelope_of_a_method_is_searched_too() {
    let more = r#"
[[rule]]
name = "notes"
methods = ["echo/resources/read"]
policies = ["allow-all"]
redactors = ["secret-redactor"]

[methods]
"resources/read" = "judge"
"#;
    let mut gateway = Gateway::start(&Setup::with(more));
    for (id, word, refused) in [(91, SECRET, true), (92, "plain", false)] {
        gateway.agent.send(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"resources/read","params":{{"uri":"note:1"}},"trace":{{ "note":"{word}" }}}}"#
        ));
        let answer = gateway.agent.answer(id);
        assert_eq!(answer.get("error").is_some(), refused, "{answer}");
    }
    let finished = gateway.finish();
    let received = finished.received.0.concat();
    assert!(
        received.contains(r#""trace":{ "note":"plain" }"#),
        "{received}"
    );
    assert!(!received.contains(SECRET));
    assert_eq!(finished.entries.decisions()[0].1, "sensitive-arguments");
}

#[test]
fn what_stands_beside_the_arguments_is_shown_to_who_decides() {
    // The members of params and of the envelope, and what is shown of them.
    let cases = [
        ("", "", None),
        (r#","_meta":{}"#, "", None),
        (r#","_meta":{"progressToken":7}"#, "", None),
        (
            r#","_meta":{"progressToken":"seven"}"#,
            "",
            Some(r#"{"_meta":{"progressToken":"seven"}}"#),
        ),
        (
            r#","_meta":{"progressToken":7,"run":"as\u202eroot"},"extra":{"force":true}"#,
            r#","trace":[1]"#,
            Some(
                r#"{"(envelope)":{"trace":[1]},"_meta":{"run":"as\u202eroot"},"extra":{"force":true}}"#,
            ),
        ),
    ];
    for (at, (params, envelope, expected)) in cases.into_iter().enumerate() {
        let mut gateway = Gateway::start(&Setup::default());
        let line = call_line(&(300 + at).to_string(), "delete_note", (params, envelope));
        gateway.agent.send(&line);
        let id = gateway.held();
        let shown = gateway.wardlet(&["approvals", "show", &id, "--json"]);
        let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
        let expected = expected.map(|text| Json::parse(text).unwrap().canonical().unwrap());
        assert_eq!(shown["beside"], json!(expected), "{line}");
        let statement: Value = serde_json::from_str(shown["statement"].as_str().unwrap()).unwrap();
        let digest = expected
            .as_ref()
            .map(|text| base64url::encode(&sha256(text.as_bytes())));
        assert_eq!(statement["beside"], json!(digest), "the vote is on it too");

        let to_people = gateway.wardlet(&["approvals", "show", &id]);
        let to_people = String::from_utf8(to_people.stdout).unwrap();
        let below = to_people.split_once("\nand beside them:\n");
        assert_eq!(below.is_some(), expected.is_some(), "{to_people}");
        if let (Some((_, below)), Some(expected)) = (below, &expected) {
            assert!(!below.contains('\u{202e}'), "{below:?}");
            let below = Json::parse(&below.replace("\\u{202e}", "\u{202e}")).unwrap();
            assert_eq!(&below.canonical().unwrap(), expected, "{to_people}");
        }
        let approved = gateway.wardlet(&["approvals", "approve", &id]);
        assert!(approved.status.success(), "{approved:?}");
        gateway.agent.answer(300 + at as u64);
        let finished = gateway.finish();
        let arrived = finished.received.calls()[0].to_owned();
        assert!(arrived.ends_with(&format!("{envelope}}}")), "{arrived}");
    }
}

/// The server puts the secret into the envelope of each of its messages.
#[test]
fn no_envelope_of_the_upstream_carries_a_secret_past_a_redactor() {
    let open = "[[rule]]\nname = \"all\"\ntools = [\"echo/*\"]\npolicies = [\"allow-all\"]\n";
    let searched = format!("{open}redactors = [\"secret-redactor\"]\n");
    for (rules, passes) in [(open, true), (&searched, false)] {
        let mut setup = Setup::rules(rules);
        setup.arguments = vec!["--leak-envelope".to_owned()];
        let mut gateway = Gateway::start_raw(&setup);
        let messages = one_message_of_each_kind(&mut gateway);
        for (what, message) in &messages {
            let note = message["x-note"].as_str();
            let carried = note.is_some_and(|note| note.contains(SECRET));
            assert_eq!(carried, passes, "{what}: {message}");
            let found = message.to_string().contains(SECRET);
            assert_eq!(found, passes, "{what}: {message}");
        }
        assert!(gateway.agent.aside().is_empty());
        gateway.finish();
    }
}

fn one_message_of_each_kind(gateway: &mut Gateway) -> Vec<(&'static str, Value)> {
    let agent = &mut gateway.agent;
    let mut messages = vec![
        ("the handshake", agent.initialise()),
        ("a list of tools", agent.ask("tools/list", &json!({}))),
        ("an answer that passes", agent.ask("ping", &json!({}))),
        (
            "an error that passes",
            agent.ask("resources/list", &json!({})),
        ),
        ("the answer to a call", agent.call("echo", &json!({}))),
        ("a call's error", agent.call("leak-failure", &json!({}))),
        ("after a notification", agent.call("leak-log", &json!({}))),
    ];
    let is_notification = |message: &Value| message["method"] == "notifications/message";
    let notification = agent.wait_for("a notification", is_notification);
    messages.push(("a notification", notification));
    let id = agent.call_raw("sample", "{}");
    let is_question = |message: &Value| message["method"] == "sampling/createMessage";
    let question = agent.wait_for("a question", is_question);
    agent.send(&json!({"jsonrpc": "2.0", "id": question["id"], "result": {}}).to_string());
    messages.push(("a question", question));
    messages.push(("the answer after it", agent.answer(id)));
    messages
}
