//! Rules that are tried out: what they would have done is recorded, and nothing of it is done.

mod report;
mod unchanged;

use serde_json::{Value, json};

use crate::fixture::{
    FOREVER, Finished, Gateway, Guests, Received, SECRET, Setup, is_refusal, text,
};
use crate::guest::Guest;

/// What enforces.
const ENFORCED: &str = r#"
[[rule]]
name = "inside-root"
tools = ["echo/echo"]
policies = ["path-guard"]

[[rule]]
name = "leaks"
tools = ["echo/leak-text", "echo/leak-failure"]
policies = ["allow-all"]
"#;

/// One shadow rule, with what it has beside its name and tools.
fn tried(name: &str, rest: &str) -> String {
    format!("\n[[rule]]\nname = \"{name}\"\nmode = \"shadow\"\ntools = [\"echo/*\"]\n{rest}\n")
}

/// Guests that refuse, ask, trap and never end; a redactor whose edits are wrong.
fn guests() -> Guests {
    let mut wrong = Guest::redactor();
    let [text, length] = wrong.text("secret");
    let list = wrong.words(&[1_000_000, 0, 1, text, length, 90]);
    Guests::new()
        .with(
            "denies",
            Guest::policy().answering(2, "outside", &[]),
            "20ms",
        )
        .with("asks", Guest::policy().answering(3, "outside", &[]), "20ms")
        .with("traps", Guest::policy().evaluating("unreachable"), "20ms")
        .with("loops", Guest::policy().evaluating(FOREVER), "20ms")
        .with("wrong", wrong.finding_as(&[0, list, 1]), "20ms")
}

/// Every kind of shadow rule.
fn all_tried() -> String {
    [
        ("tried-deny", r#"policies = ["denies"]"#),
        ("tried-trap", r#"policies = ["traps"]"#),
        ("tried-loop", r#"policies = ["loops"]"#),
        ("tried-ask", r#"policies = ["asks"]"#),
        ("tried-approval", r#"risk = "high""#),
        ("tried-allow", r#"policies = ["allow-all"]"#),
        (
            "tried-same",
            r#"policies = ["path-guard"]
redactors = ["wrong"]"#,
        ),
        ("tried-redact", r#"redactors = ["secret-redactor"]"#),
        (
            "tried-mask",
            "redactors = [\"secret-redactor\"]\narguments = \"mask\"\nreplacement = \"drop\"",
        ),
    ]
    .map(|(name, rest)| tried(name, rest))
    .concat()
}

/// A gateway with these shadow rules beside what enforces.
fn start(guests: &Guests, shadow: &str) -> Gateway {
    let rules = format!("{}{ENFORCED}{shadow}", guests.sections);
    Gateway::start(&Setup::rules(&rules))
}

/// The calls of a session, and what the agent is answered.
fn calls(gateway: &mut Gateway) -> Vec<Value> {
    let secret = format!(r#"{{"path":"/srv/data/a","key":"{SECRET}"}}"#);
    let list = gateway.agent.ask("tools/list", &json!({}));
    let calls = [
        ("echo", "{ \"path\" : \"/srv/data/a\",\t\"n\": 1.10 }"),
        ("echo", r#"{"path":"/etc/passwd"}"#),
        ("echo", &secret),
        ("leak-text", "{}"),
        ("leak-failure", "{}"),
        ("process", "{}"),
        ("nope", "{}"),
    ];
    let answers = calls.map(|(tool, arguments)| {
        let id = gateway.agent.call_raw(tool, arguments);
        gateway.agent.answer(id)
    });
    [list].into_iter().chain(answers).collect()
}

/// What the upstream received, but for the tokens, which are new each time.
fn received(received: &Received) -> Vec<String> {
    let without = |line: &String| {
        let key = r#""dev.wardlet/token":""#;
        let Some((before, token)) = line.split_once(key) else {
            return line.clone();
        };
        let (_, after) = token.split_once('"').unwrap();
        format!("{before}{key}{after}")
    };
    received.0.iter().map(without).collect()
}

/// What an entry says of a shadow rule.
fn of<'a>(body: &'a Value, rule: &str) -> &'a Value {
    let listed = body["shadow"].as_array().unwrap();
    let found = listed.iter().find(|trial| trial["rule"] == rule);
    found.unwrap_or_else(|| panic!("nothing of {rule}: {body}"))
}

/// A session with every kind of shadow rule.
fn session() -> Finished {
    let guests = guests();
    let mut gateway = start(&guests, &all_tried());
    calls(&mut gateway);
    gateway.finish()
}

#[test]
fn shadow_rules_change_nothing_that_anybody_sees() {
    let guests = guests();
    let mut plain = start(&guests, "");
    let expected = calls(&mut plain);
    let plain = plain.finish();
    let mut gateway = start(&guests, &all_tried());
    let answers = calls(&mut gateway);
    assert_eq!(answers, expected);
    let finished = gateway.finish();
    assert_eq!(received(&finished.received), received(&plain.received));
    assert_eq!(finished.entries.decisions(), plain.entries.decisions());
    // What shadow rules alone cover is hidden and refused.
    let tools = answers[0]["result"]["tools"].as_array().unwrap();
    assert!(tools.iter().all(|tool| tool["name"] != "process"));
    assert!(is_refusal(&answers[6]) && text(&answers[6]).contains("no rule allows"));
    assert!(answers[4].to_string().contains(SECRET), "nothing is masked");
    // No other member of an entry tells of them.
    for body in finished.entries.of_kind("decision") {
        let rules = body["rules"].to_string() + &body["plugins"].to_string();
        assert!(
            !rules.contains("tried") && !rules.contains("denies"),
            "{body}"
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told to its end")]
fn what_each_rule_would_have_done_stands_in_the_entries() {
    let finished = session();
    let text = finished.entries.0.iter().map(Value::to_string);
    assert!(!text.collect::<String>().contains(SECRET));
    let decisions = finished.entries.of_kind("decision");
    let [inside, outside, secret, leak, _, process, unknown] = decisions[..] else {
        panic!("{} decisions", decisions.len());
    };
    let would = |body: &Value, rule: &str| {
        let trial = of(body, rule);
        let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let differs = &trial["differs"];
        [
            &trial["concluded"],
            &differs["decided"],
            &differs["would"],
            &trial["reason"],
        ]
        .map(word)
        .join(" ")
    };
    for (body, rule, expected) in [
        (inside, "tried-deny", "deny allow deny outside"),
        (inside, "tried-trap", "deny allow deny plugin-fault"),
        (inside, "tried-loop", "deny allow deny plugin-fault"),
        (
            inside,
            "tried-ask",
            "require-approval allow require-approval outside",
        ),
        (
            inside,
            "tried-approval",
            "require-approval allow require-approval -",
        ),
        (inside, "tried-allow", "allow - - -"),
        (inside, "tried-same", "deny allow deny plugin-fault"),
        (inside, "tried-redact", "nothing - - -"),
        (outside, "tried-deny", "deny - - outside"),
        (outside, "tried-allow", "allow - - -"),
        (
            secret,
            "tried-redact",
            "deny allow deny sensitive-arguments",
        ),
        (secret, "tried-mask", "nothing - - -"),
        (leak, "tried-deny", "deny allow deny outside"),
        (process, "tried-allow", "allow deny allow -"),
        (
            process,
            "tried-ask",
            "require-approval deny require-approval outside",
        ),
        (process, "tried-deny", "deny - - outside"),
    ] {
        assert_eq!(would(body, rule), expected, "{rule}: {}", of(body, rule));
    }
    assert!(
        unknown.get("shadow").is_none(),
        "nothing was judged: {unknown}"
    );
    let fault = |rule: &str| of(inside, rule)["faults"].clone();
    assert_eq!(
        fault("tried-trap"),
        json!([{"fault": "trap", "plugin": "traps"}])
    );
    assert_eq!(
        fault("tried-loop"),
        json!([{"fault": "deadline", "plugin": "loops"}])
    );
    assert_eq!(
        fault("tried-same"),
        json!([{"fault": "bad-answer", "plugin": "wrong"}])
    );
    assert_eq!(of(secret, "tried-mask")["redacts"], true);
    assert!(of(secret, "tried-redact").get("redacts").is_none());
    // Each plugin is asked once: what enforces has its check, the first shadow rule the other.
    let names = |trial: &Value| trial["plugins"].to_string();
    assert!(inside["plugins"].to_string().contains("path-guard"));
    assert!(!names(of(inside, "tried-same")).contains("path-guard"));
    assert!(names(of(secret, "tried-redact")).contains("secret-redactor"));
    assert!(of(secret, "tried-mask").get("plugins").is_none());
    let outcomes = finished.entries.of_kind("outcome");
    let leaked = outcomes[2];
    assert!(leaked.get("redactions").is_none(), "{leaked}");
    for (rule, concluded, redacts) in [
        ("tried-redact", "pass", json!(true)),
        ("tried-mask", "pass", json!(true)),
        ("tried-same", "withhold", Value::Null),
    ] {
        let trial = of(leaked, rule);
        assert_eq!(
            (&trial["concluded"], &trial["redacts"]),
            (&json!(concluded), &redacts)
        );
        let count = trial["redactions"][0]["count"].as_u64();
        assert_eq!(count, redacts.as_bool().map(|_| 1), "{trial}");
    }
    let differs = json!({"decided": "pass", "would": "withhold"});
    assert_eq!(of(leaked, "tried-same")["differs"], differs);
}

/// Redactors that refuse a call keep its policies, tried or not, from seeing it.
#[test]
fn a_call_that_redactors_refuse_is_not_shown_to_policies_in_shadow() {
    let enforced = r#"
[[rule]]
name = "no-secrets"
tools = ["echo/*"]
policies = ["allow-all"]
redactors = ["secret-redactor"]
"#;
    let guests = guests();
    let more = [
        ("tried-deny", r#"policies = ["denies"]"#),
        (
            "tried-redact",
            "redactors = [\"secret-redactor\"]\nreplacement = \"drop\"",
        ),
    ];
    let more = more.map(|(name, rest)| tried(name, rest)).concat();
    let rules = format!("{}{enforced}{more}", guests.sections);
    let mut gateway = Gateway::start(&Setup::rules(&rules));
    let answer = gateway.agent.call("echo", &json!({"key": SECRET}));
    assert!(is_refusal(&answer), "{answer}");
    // What enforces redacts the answer; a stricter replacement would have changed it once more.
    let answer = gateway.agent.call("leak-text", &json!({}));
    assert!(text(&answer).contains("[redacted:"), "{answer}");
    let finished = gateway.finish();
    let refused = finished.entries.of_kind("decision")[0];
    let trial = of(refused, "tried-deny");
    assert_eq!(trial["concluded"], "unasked", "{trial}");
    assert!(trial.get("differs").is_none() && trial.get("plugins").is_none());
    let trial = of(refused, "tried-redact");
    assert_eq!(trial["reason"], "sensitive-arguments", "{trial}");
    assert!(trial.get("differs").is_none(), "{trial}");
    let outcome = finished.entries.of_kind("outcome")[0];
    assert_eq!(of(outcome, "tried-redact")["redacts"], true, "{outcome}");
}

#[test]
fn the_entry_of_a_call_that_a_human_allowed_tells_what_was_decided_before() {
    let enforced = "[[rule]]\nname = \"asks\"\ntools = [\"echo/*\"]\npolicies = [\"allow-all\"]\nrisk = \"high\"\n";
    let guests = guests();
    let more = tried("tried-deny", r#"policies = ["denies"]"#);
    let rules = format!("{}{enforced}{more}", guests.sections);
    let mut gateway = Gateway::start(&Setup::rules(&rules));
    let id = gateway.agent.call_raw("echo", "{}");
    let held = gateway.held();
    let approved = gateway.wardlet(&["approvals", "approve", &held]);
    assert!(approved.status.success(), "{approved:?}");
    assert!(!is_refusal(&gateway.agent.answer(id)));
    let finished = gateway.finish();
    let decision = finished.entries.of_kind("decision")[0];
    assert_eq!(decision["effect"], "allow");
    let differs = json!({"decided": "require-approval", "would": "deny"});
    assert_eq!(of(decision, "tried-deny")["differs"], differs, "{decision}");
}
