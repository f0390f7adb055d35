//! One secret in each place where an upstream can put it.

use serde_json::{Value, json};

use crate::fixture::{Gateway, SECRET, Setup};

/// The tool, and where the rest of its text must still stand in the message that carried the secret.
const PLACES: [(&str, &str, Carrier); 8] = [
    ("leak-text", "/result/content/0/text", Carrier::Answer),
    (
        "leak-structured",
        "/result/structuredContent/deep/0/note",
        Carrier::Answer,
    ),
    (
        "leak-resource",
        "/result/content/0/resource/text",
        Carrier::Answer,
    ),
    (
        "leak-link",
        "/result/content/0/description",
        Carrier::Answer,
    ),
    ("leak-error", "/result/content/0/text", Carrier::Answer),
    ("leak-failure", "/error/data/why", Carrier::Answer),
    (
        "leak-progress",
        "/params/message",
        Carrier::Notification("notifications/progress"),
    ),
    (
        "leak-log",
        "/params/data/note",
        Carrier::Notification("notifications/message"),
    ),
];

#[derive(Clone, Copy)]
enum Carrier {
    Answer,
    Notification(&'static str),
}

#[test]
fn a_secret_is_taken_out_of_each_of_the_eight_places() {
    let mut gateway = Gateway::start(&Setup::default());
    for (tool, pointer, carrier) in PLACES {
        let id = gateway.agent.call_raw(tool, "{}");
        let carried = match carrier {
            Carrier::Answer => gateway.agent.answer(id),
            Carrier::Notification(method) => {
                let carried = gateway
                    .agent
                    .wait_for(method, |message| message["method"] == method);
                gateway.agent.answer(id);
                carried
            }
        };
        assert!(!carried.to_string().contains(SECRET), "{tool}: {carried}");
        let rest = carried.pointer(pointer).and_then(Value::as_str);
        let rest = rest.unwrap_or_else(|| panic!("{tool}: nothing at {pointer} in {carried}"));
        assert!(
            rest.starts_with("the key is ") && rest.ends_with(" here"),
            "{tool}: `{rest}`"
        );
        if tool == "leak-failure" {
            let message = carried["error"]["message"].as_str().unwrap();
            assert!(
                message.starts_with("the key is ") && carried["error"]["code"] == 4000,
                "{carried}"
            );
        }
    }
    let log = gateway.log();
    let finished = gateway.finish();
    assert!(!log.contains(SECRET), "the debug log has the secret");
    assert!(
        !format!("{:?}", finished.entries.0).contains(SECRET),
        "the audit log has the secret"
    );
    let redacted = finished.entries.of_kind("outcome");
    let redacted = redacted
        .iter()
        .filter(|outcome| outcome["redactions"][0]["count"].as_u64() >= Some(1));
    assert_eq!(
        redacted.count(),
        6,
        "the answers' redactions are counted in their outcomes"
    );
}

#[test]
fn every_kind_of_replacement_hides_it() {
    for (replacement, expected) in [
        ("mask", None),
        ("drop", Some("the key is  here")),
        ("hash", None),
    ] {
        let rules = format!(
            "[[rule]]\nname = \"all\"\ntools = [\"echo/*\"]\npolicies = [\"allow-all\"]\nredactors = [\"secret-redactor\"]\nreplacement = \"{replacement}\"\n"
        );
        let mut gateway = Gateway::start(&Setup::rules(&rules));
        let texts: Vec<String> = (0..2)
            .map(|_| crate::fixture::text(&gateway.agent.call("leak-text", &json!({}))).to_owned())
            .collect();
        assert!(!texts[0].contains(SECRET), "{replacement}: {texts:?}");
        assert_eq!(texts[0], texts[1], "{replacement} is the same each time");
        if let Some(expected) = expected {
            assert_eq!(texts[0], expected);
        }
        gateway.finish();
    }
}
