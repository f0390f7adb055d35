//! Lines that an agent should not send: each has its answer, and nothing of it reaches the upstream.

use serde_json::{Value, json};

use crate::fixture::{Gateway, Setup, is_refusal, text};

/// A call as it should be, with something put in its place.
const GOOD: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"path":"/srv/data/a"}}}"#;

/// A line, and the code and id of its answer.
const LINES: &[(&str, &str, i64, Value)] = &[
    (
        "a batch",
        r#"[{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo"}}]"#,
        -32600,
        Value::Null,
    ),
    ("an empty batch", "[]", -32600, Value::Null),
    ("no JSON", "this is no json", -32700, Value::Null),
    (
        "half a line",
        r#"{"jsonrpc":"2.0","id":7"#,
        -32700,
        Value::Null,
    ),
    (
        "two values",
        r#"{"jsonrpc":"2.0"} {"id":1}"#,
        -32700,
        Value::Null,
    ),
    ("a byte order mark", "\u{feff}{}", -32700, Value::Null),
    ("a text", r#""tools/call""#, -32600, Value::Null),
    (
        "another version",
        r#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#,
        -32600,
        Value::Null,
    ),
    (
        "the method twice",
        r#"{"jsonrpc":"2.0","id":7,"method":"ping","method":"tools/call","params":{"name":"echo"}}"#,
        -32600,
        Value::Null,
    ),
    (
        "the method twice, escaped",
        r#"{"jsonrpc":"2.0","id":7,"method":"ping","m\u0065thod":"tools/call"}"#,
        -32600,
        Value::Null,
    ),
    (
        "the id twice",
        r#"{"jsonrpc":"2.0","id":7,"id":8,"method":"ping"}"#,
        -32600,
        Value::Null,
    ),
    (
        "a request and an answer",
        r#"{"jsonrpc":"2.0","id":7,"method":"ping","result":{}}"#,
        -32600,
        Value::Null,
    ),
    (
        "a null id",
        r#"{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"echo"}}"#,
        -32600,
        Value::Null,
    ),
    (
        "a fraction as id",
        r#"{"jsonrpc":"2.0","id":1.5,"method":"tools/call","params":{"name":"echo"}}"#,
        -32600,
        Value::Null,
    ),
    (
        "an object as id",
        r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
        -32600,
        Value::Null,
    ),
    (
        "a list as parameters",
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":["echo"]}"#,
        -32602,
        Value::Null,
    ),
    (
        "no parameters",
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call"}"#,
        -32602,
        Value::Null,
    ),
    (
        "no name",
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{}}"#,
        -32602,
        Value::Null,
    ),
    (
        "a number as name",
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":1}}"#,
        -32602,
        Value::Null,
    ),
    (
        "the name twice",
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","name":"die"}}"#,
        -32600,
        Value::Null,
    ),
    (
        "the arguments twice",
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{},"arguments":{"path":"/srv/data/a"}}}"#,
        -32600,
        Value::Null,
    ),
    (
        "a deep name twice",
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"path":"/srv/data/a","a":[{"b":{"c":1,"\u0063":2}}]}}}"#,
        -32600,
        Value::Null,
    ),
    (
        "a name twice in _meta",
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","_meta":{"a":1,"a":2}}}"#,
        -32600,
        Value::Null,
    ),
    (
        "half a surrogate pair",
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"path":"\ud800"}}}"#,
        -32600,
        Value::Null,
    ),
    (
        "another letter case",
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","Method":"ping","params":{"name":"echo"}}"#,
        -32600,
        Value::Null,
    ),
];

#[test]
fn each_hostile_line_has_its_answer_and_goes_no_further() {
    let mut gateway = Gateway::start(&Setup::default());
    for (name, line, code, _) in LINES {
        gateway.agent.send(line);
        let answer = gateway
            .agent
            .wait_for(name, |message| message.get("error").is_some());
        assert_eq!(answer["error"]["code"], *code, "{name}: {answer}");
        assert!(
            answer["id"] == 7 || answer["id"].is_null(),
            "{name}: {answer}"
        );
    }
    let invalid = [GOOD.as_bytes(), b"\xff\n"].concat();
    gateway.agent.send_bytes(&invalid);
    let answer = gateway
        .agent
        .wait_for("invalid UTF-8", |message| message.get("error").is_some());
    assert_eq!(answer["error"]["code"], -32700, "{answer}");
    // The session lives on.
    let answer = gateway.agent.call("echo", &json!({"path": "/srv/data/a"}));
    assert!(!is_refusal(&answer), "{answer}");
    let finished = gateway.finish();
    assert_eq!(finished.received.calls().len(), 1);
    let counted: u64 = finished
        .entries
        .of_kind("decision")
        .iter()
        .filter(|body| body["effect"] == "malformed")
        .map(|body| body["count"].as_u64().unwrap_or(1))
        .sum();
    assert_eq!(
        counted,
        LINES.len() as u64 + 1,
        "each stands in an entry, alone or counted"
    );
}

#[test]
fn deep_nesting_is_refused() {
    let mut gateway = Gateway::start(&Setup::default());
    for depth in [200, 100_000] {
        let arguments = format!(
            r#"{{"path":"/srv/data/a","deep":{}1{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        );
        let id = gateway.agent.call_raw("echo", &arguments);
        let answer = gateway.agent.wait_for("depth", |message| {
            message["id"] == id || message.get("error").is_some()
        });
        assert!(answer.get("error").is_some(), "{depth}: {answer}");
    }
    assert!(gateway.finish().received.calls().is_empty());
}

#[test]
fn five_megabytes_pass_and_are_judged_and_more_than_sixteen_do_not() {
    let mut gateway = Gateway::start(&Setup::default());
    let large = "x".repeat(5 << 20);
    let answer = gateway
        .agent
        .call("echo", &json!({"path": "/srv/data/a", "large": large}));
    assert!(text(&answer).len() > 5 << 20);
    let answer = gateway
        .agent
        .call("echo", &json!({"large": large, "path": "/etc/passwd"}));
    assert!(
        is_refusal(&answer),
        "the path after the large argument is judged: {answer}"
    );
    let too_large = format!(
        r#"{{"path":"/srv/data/a","large":"{}"}}"#,
        "x".repeat((16 << 20) + 1)
    );
    gateway.agent.call_raw("echo", &too_large);
    let answer = gateway
        .agent
        .wait_for("too large", |message| message.get("error").is_some());
    assert_eq!(answer["error"]["code"], -32600, "{answer}");
    let answer = gateway.agent.call("echo", &json!({"path": "/srv/data/b"}));
    assert!(!is_refusal(&answer), "the session lives on: {answer}");
    let finished = gateway.finish();
    let effects: Vec<_> = finished
        .entries
        .decisions()
        .into_iter()
        .map(|(effect, _)| effect)
        .collect();
    assert_eq!(effects, ["allow", "deny", "malformed", "allow"]);
}

#[test]
fn an_id_in_use_is_refused_and_the_first_call_is_answered_once() {
    let mut gateway = Gateway::start(&Setup::default());
    let id = gateway.agent.call_raw("sample", "{}");
    let question = gateway.agent.wait_for("the question", |message| {
        message["method"] == "sampling/createMessage"
    });
    gateway.agent.send(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"echo","arguments":{{"path":"/srv/data/a"}}}}}}"#));
    let refusal = gateway
        .agent
        .wait_for("the refusal", |message| message.get("error").is_some());
    assert!(
        refusal["id"].is_null(),
        "an answer under the id would be taken for that of the first: {refusal}"
    );
    gateway.agent.send(
        &json!({"jsonrpc": "2.0", "id": question["id"], "result": {"said": "a word"}}).to_string(),
    );
    assert!(text(&gateway.agent.answer(id)).contains("a word"));
    let finished = gateway.finish();
    let mut decisions = finished.entries.decisions();
    decisions.sort();
    assert_eq!(
        decisions,
        [("allow", "allowed"), ("deny", "id-in-use")].map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
}

/// The gateway asks for the list of tools under ids of its own, from 2^52 on. An agent that guesses
/// the next ones must not get the outcome of a call lost.
#[test]
fn ids_of_the_gateways_own_cannot_be_taken() {
    let mut gateway = Gateway::start(&Setup::default());
    gateway.agent.call("echo", &json!({"path": "/srv/data/a"}));
    let own: u64 = 1 << 52;
    for id in own..own + 4 {
        gateway.agent.send(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"never","arguments":{{}}}}}}"#
        ));
    }
    gateway.agent.call("changes", &json!({}));
    let answer = gateway.agent.call("echo", &json!({"path": "/srv/data/a"}));
    assert!(
        !is_refusal(&answer),
        "the list was asked for again: {answer}"
    );
    let finished = gateway.finish();
    assert_eq!(
        finished.entries.count("allow") + finished.entries.count("deny"),
        7
    );
}

#[test]
fn methods_are_refused_unless_the_configuration_names_them() {
    let mut gateway = Gateway::start(&Setup::default());
    for method in [
        "resources/read",
        "prompts/get",
        "logging/setLevel",
        "completion/complete",
        "tasks/get",
        "made/up",
    ] {
        let answer = gateway.agent.ask(method, &json!({"uri": "note:1"}));
        let code = answer["error"]["code"]
            .as_i64()
            .unwrap_or_else(|| panic!("{method}: {answer}"));
        assert!(!(-32768..=-32000).contains(&code), "{method}: {answer}");
    }
    for method in ["ping", "resources/list"] {
        gateway.agent.ask(method, &json!({}));
    }
    let finished = gateway.finish();
    assert_eq!(finished.entries.count("deny"), 6);
    let methods = finished.received.methods();
    assert!(
        !methods
            .iter()
            .any(|method| method == "resources/read" || method == "made/up"),
        "{methods:?}"
    );
    assert!(methods.iter().any(|method| method == "ping"), "{methods:?}");
}

#[test]
fn named_methods_are_judged_or_pass_each_with_its_entry() {
    let more = r#"
[[rule]]
name = "notes"
methods = ["echo/resources/read"]
policies = ["allow-all"]

[methods]
"resources/read" = "judge"
"logging/setLevel" = "pass"
"#;
    let mut gateway = Gateway::start(&Setup::with(more));
    let read = gateway
        .agent
        .ask("resources/read", &json!({"uri": "note:1"}));
    assert_eq!(read["result"]["contents"][0]["text"], "a note", "{read}");
    let level = gateway
        .agent
        .ask("logging/setLevel", &json!({"level": "info"}));
    assert_eq!(level["result"], json!({}), "{level}");
    let finished = gateway.finish();
    assert_eq!(finished.entries.count("allow"), 2);
}

#[test]
fn calls_before_the_session_is_initialised_are_refused() {
    let mut gateway = Gateway::start_raw(&Setup::default());
    let id = gateway.agent.call_raw("echo", r#"{"path":"/srv/data/a"}"#);
    let answer = gateway.agent.answer(id);
    assert!(answer.get("error").is_some(), "{answer}");
    let answer = gateway.agent.ask("tools/list", &json!({}));
    assert!(answer.get("error").is_some(), "{answer}");
    let finished = gateway.finish();
    assert!(finished.received.0.is_empty(), "{:?}", finished.received.0);
}

#[test]
fn a_flood_of_rubbish_is_summed_up_and_disconnected() {
    let mut gateway = Gateway::start(&Setup::default());
    for _ in 0..100_000 {
        gateway.agent.send_bytes(b"rubbish\n");
    }
    let answers = gateway.agent.rest();
    assert!(answers.len() < 1000, "{} answers", answers.len());
    let entries = gateway.entries();
    gateway.agent.wait();
    let malformed: Vec<u64> = entries
        .of_kind("decision")
        .iter()
        .map(|body| body["count"].as_u64().unwrap_or(1))
        .collect();
    assert!(malformed.len() < 100, "{} entries", malformed.len());
    assert_eq!(
        malformed.iter().sum::<u64>(),
        answers.len() as u64,
        "what was answered is counted"
    );
}
