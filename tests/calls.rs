//! Tool calls from end to end: each way in which a call can come out.

use serde_json::{Value, json};
use wardlet_audit::Commitment;
use wardlet_call::Json;
use wardlet_keys::base64url;

use crate::fixture::{Gateway, Received, SECRET, Setup, is_refusal, text, token_claims};

/// What becomes of one call.
enum Fate {
    /// It arrives, with these arguments.
    Arrives,
    /// A tool's error, by this rule, for this reason.
    Refused(Option<&'static str>, &'static str),
    /// A JSON-RPC error with this code.
    Malformed(i64),
}
use Fate::{Arrives, Malformed, Refused};

const CALLS: &[(&str, &str, &str, Fate)] = &[
    ("inside", "echo", r#"{"path":"/srv/data/a"}"#, Arrives),
    (
        "written loosely",
        "echo",
        "{ \"path\" : \"\\u002fsrv/data/a\",\t\"n\": 1.10, \"b\":[ 1e2 ] }",
        Arrives,
    ),
    (
        "members out of order",
        "echo",
        r#"{"z":1,"path":"/srv/data/a","a":{"y":null,"b":true}}"#,
        Arrives,
    ),
    (
        "outside",
        "echo",
        r#"{"path":"/etc/passwd"}"#,
        Refused(Some("inside-root"), "outside-roots"),
    ),
    (
        "a step up",
        "echo",
        r#"{"path":"/srv/data/../x"}"#,
        Refused(Some("inside-root"), "traversal"),
    ),
    (
        "an escaped step up",
        "echo",
        r#"{"path":"/srv/data/\u002e\u002e/x"}"#,
        Refused(Some("inside-root"), "traversal"),
    ),
    (
        "nothing to judge",
        "echo",
        r#"{"n":1}"#,
        Refused(Some("inside-root"), "no-path-found"),
    ),
    ("no such tool", "nope", "{}", Refused(None, "unknown-tool")),
    (
        "a number that readers round",
        "echo",
        r#"{"path":"/srv/data/a","n":9007199254740993}"#,
        Refused(None, "inexact-number"),
    ),
    (
        "a name twice",
        "echo",
        r#"{"path":"/srv/data/a","path":"/etc/passwd"}"#,
        Malformed(-32600),
    ),
    ("no object", "echo", "[1]", Malformed(-32602)),
];

#[test]
fn each_call_has_its_fate_and_its_entry() {
    let mut gateway = Gateway::start(&Setup::default());
    for (name, tool, arguments, fate) in CALLS {
        let id = gateway.agent.call_raw(tool, arguments);
        let answer = gateway.agent.answer(id);
        match fate {
            Arrives => {
                let canonical = |text: &str| Json::parse(text).unwrap().canonical().unwrap();
                assert_eq!(
                    canonical(text(&answer)),
                    canonical(arguments),
                    "{name}: {answer}"
                );
            }
            Refused(rule, _) => {
                assert!(is_refusal(&answer), "{name}: {answer}");
                let by = rule.map_or("refused: ".to_owned(), |rule| {
                    format!("refused by rule `{rule}`: ")
                });
                assert!(text(&answer).starts_with(&by), "{name}: {answer}");
            }
            Malformed(code) => assert_eq!(answer["error"]["code"], *code, "{name}: {answer}"),
        }
    }
    let finished = gateway.finish();
    let expected = CALLS.iter().map(|(.., fate)| match fate {
        Arrives => ("allow", "allowed"),
        Refused(_, reason) => ("deny", *reason),
        Malformed(_) => ("malformed", "malformed"),
    });
    let expected: Vec<_> = expected
        .map(|(effect, reason)| (effect.to_owned(), reason.to_owned()))
        .collect();
    assert_eq!(finished.entries.decisions(), expected);
}

#[test]
fn what_arrives_is_what_was_judged_byte_for_byte() {
    let mut gateway = Gateway::start(&Setup::default());
    let arrives = CALLS.iter().filter(|(.., fate)| matches!(fate, Arrives));
    let arguments: Vec<&str> = arrives.map(|(_, _, arguments, _)| *arguments).collect();
    for arguments in &arguments {
        let id = gateway.agent.call_raw("echo", arguments);
        gateway.agent.answer(id);
    }
    let finished = gateway.finish();
    let calls = finished.received.calls();
    assert_eq!(calls.len(), arguments.len());
    for (call, arguments) in calls.iter().zip(arguments) {
        let judged = Json::parse(arguments).unwrap();
        assert_eq!(
            Received::arguments(call),
            judged.to_text(),
            "the members' order and the numbers' text stay"
        );
        // The commitment in token and entry is to these very arguments.
        let details = &token_claims(call)["authorization_details"][0]["args"];
        let salt = base64url::decode(details["salt"].as_str().unwrap()).unwrap();
        let canonical = judged.canonical().unwrap();
        let commitment = Commitment::new(salt.try_into().unwrap(), "arguments", &canonical);
        assert_eq!(details["digest"], commitment.digest);
    }
}

#[test]
fn a_secret_in_the_arguments_denies_and_is_written_nowhere() {
    let mut gateway = Gateway::start(&Setup::default());
    let answer = gateway.agent.call(
        "echo",
        &json!({"path": "/srv/data/a", "note": format!("key {SECRET}.")}),
    );
    assert!(is_refusal(&answer), "{answer}");
    assert!(!answer.to_string().contains(SECRET));
    let log = gateway.log();
    let finished = gateway.finish();
    assert_eq!(
        finished.entries.decisions(),
        [("deny".to_owned(), "sensitive-arguments".to_owned())]
    );
    assert!(finished.received.calls().is_empty());
    let entries = format!("{:?}", finished.entries.0);
    assert!(!entries.contains(SECRET) && !log.contains(SECRET));
}

#[test]
fn a_masked_secret_arrives_masked_and_judged_again() {
    let rules = r#"
[[rule]]
name = "masks"
tools = ["echo/echo"]
policies = ["path-guard"]
redactors = ["secret-redactor"]
arguments = "mask"
"#;
    let mut gateway = Gateway::start(&Setup::rules(rules));
    let answer = gateway.agent.call(
        "echo",
        &json!({"path": "/srv/data/a", "note": format!("key {SECRET}.")}),
    );
    assert!(
        text(&answer).contains("/srv/data/a") && !text(&answer).contains(SECRET),
        "{answer}"
    );
    // The mask changes the path, so that what the policy sees is not what the agent wrote.
    let hidden = gateway.agent.call(
        "echo",
        &json!({"path": format!("/srv/data/{SECRET}/../..")}),
    );
    assert!(is_refusal(&hidden), "{hidden}");
    let finished = gateway.finish();
    assert!(!finished.received.0.concat().contains(SECRET));
    assert_eq!(finished.entries.count("allow"), 1);
}

#[test]
fn the_list_of_tools_is_filtered_and_nothing_else_of_it_is_changed() {
    let rules = "[[rule]]\nname = \"one\"\ntools = [\"echo/echo\", \"echo/leak-*\"]\npolicies = [\"allow-all\"]\n";
    let mut setup = Setup::rules(rules);
    setup.arguments = ["--page", "5"].map(str::to_owned).to_vec();
    let mut gateway = Gateway::start(&setup);
    let mut names = Vec::new();
    let mut cursor = json!({});
    loop {
        let answer = gateway.agent.ask("tools/list", &cursor);
        for tool in answer["result"]["tools"].as_array().unwrap() {
            assert_eq!(
                tool["x-unknown"].to_string(),
                "1.10",
                "unknown members stay as they were: {tool}"
            );
            names.push(tool["name"].as_str().unwrap().to_owned());
        }
        match &answer["result"]["nextCursor"] {
            Value::String(next) => cursor = json!({"cursor": next}),
            _ => break,
        }
    }
    assert_eq!(names[..3], ["echo", "leak-text", "leak-structured"]);
    assert_eq!(names.len(), 9, "{names:?}");
    // The list has several pages; a tool of the last one is known all the same.
    let answer = gateway.agent.call("process", &json!({}));
    assert!(
        is_refusal(&answer) && text(&answer).contains("no rule"),
        "{answer}"
    );
    let finished = gateway.finish();
    assert_eq!(
        finished.entries.decisions(),
        [("deny".to_owned(), "no-rule".to_owned())]
    );
}

#[test]
fn the_environment_of_the_server_is_scrubbed() {
    let setup = Setup {
        server: "set_env = { CHOSEN = \"yes\" }".to_owned(),
        ..Setup::default()
    };
    let mut gateway = Gateway::start(&setup);
    let answer = gateway.agent.call("environment", &json!({}));
    let names: Vec<&str> = text(&answer).lines().collect();
    assert!(
        names.contains(&"CHOSEN") && names.contains(&"PATH"),
        "{names:?}"
    );
    let cargo: Vec<_> = names
        .iter()
        .filter(|name| name.starts_with("CARGO"))
        .collect();
    assert!(
        cargo.is_empty(),
        "what cargo set for this test did not get through: {cargo:?}"
    );
    gateway.finish();
}
