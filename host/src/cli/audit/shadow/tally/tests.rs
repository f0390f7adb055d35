use serde_json::{Value, json};

use super::Trials;

fn line(kind: &str, time: &str, body: &Value) -> String {
    json!({ "kind": kind, "time": time, "body": body }).to_string()
}

fn decision(effect: &str, tool: &str, shadow: &Value) -> String {
    let target = json!({ "method": "tools/call", "server": "files", "tool": tool });
    let body = json!({ "effect": effect, "reason": "no-rule", "target": target, "shadow": shadow });
    line("decision", "2026-11-24T08:00:00.000Z", &body)
}

fn denies(rule: &str) -> Value {
    json!({
        "rule": rule,
        "concluded": "deny",
        "reason": "outside",
        "differs": { "decided": "allow", "would": "deny" },
    })
}

/// A log of these lines.
fn read(only: Option<&str>, since: Option<&str>, keep: usize, lines: &[String]) -> Trials {
    let mut trials = Trials::new(only.map(str::to_owned), since.map(str::to_owned), keep);
    for (index, line) in (0..).zip(lines) {
        trials.take(index, line).unwrap();
    }
    trials
}

#[test]
#[expect(clippy::too_many_lines, reason = "cases are data")]
fn trials_are_added_up_by_rule_difference_target_and_reason() {
    let opens = json!([{ "rule": "b", "concluded": "allow", "differs": { "decided": "deny", "would": "allow" } }]);
    let same = json!([
        { "rule": "b", "concluded": "unasked" },
        { "rule": "c", "concluded": "deny", "reason": "plugin-fault", "faults": [{ "plugin": "p", "fault": "trap" }] },
    ]);
    let found = json!([{
        "rule": "a",
        "concluded": "pass",
        "redacts": true,
        "redactions": [{ "count": 2, "entity": "api-key", "rule": "a" }, { "count": 1, "entity": "email", "rule": "a" }],
    }]);
    let lines = [
        decision("allow", "read", &json!([denies("a"), denies("b")])),
        decision("allow", "read", &json!([denies("a")])),
        decision("allow", "list", &json!([denies("a")])),
        decision("deny", "drop", &opens),
        decision("deny", "drop", &same),
        line(
            "outcome",
            "2026-11-24T09:00:00.000Z",
            &json!({ "decision": 2, "shadow": found, "shadow_omitted": 3 }),
        ),
        line("policy", "2026-11-24T09:00:00.000Z", &json!({})),
    ];
    let trials = read(None, None, 3, &lines);
    assert_eq!(
        (trials.entries, trials.differing, trials.omitted),
        (7, 6, 3)
    );
    let [a, b, c] = ["a", "b", "c"].map(|rule| &trials.rules[rule]);
    assert_eq!(
        (a.calls, a.answers, a.redacting, a.differing()),
        (3, 1, 1, 3)
    );
    let key = |one: &str, two: &str| (one.to_owned(), two.to_owned());
    let by = &a.differs[&key("allow", "deny")];
    assert_eq!(by[&key("files/read", "outside")], 2);
    assert_eq!(by[&key("files/list", "outside")], 1);
    assert_eq!(a.redactions["api-key"], 2);
    assert_eq!(
        (a.first.as_str(), a.last.as_str()),
        ("2026-11-24T08:00:00.000Z", "2026-11-24T09:00:00.000Z")
    );
    assert_eq!((b.calls, b.unasked), (3, 1));
    assert_eq!(
        b.differs[&key("deny", "allow")][&key("files/drop", "no-rule")],
        1
    );
    assert!(c.differs.is_empty());
    assert_eq!(c.faults[&key("p", "trap")], 1);
    let rows = trials.rows.iter().map(|row| {
        (
            row.index,
            row.target.as_str(),
            row.would.as_str(),
            row.reason.as_str(),
        )
    });
    let rows: Vec<_> = rows.collect();
    assert_eq!(
        rows,
        [
            (2, "files/list", "deny", "outside"),
            (3, "files/drop", "allow", "no-rule"),
            (5, "files/list", "redact", "2 api-key, 1 email"),
        ]
    );
}

#[test]
fn one_rule_or_a_time_can_be_asked_for() {
    let lines = [
        decision("allow", "read", &json!([denies("a"), denies("b")])),
        line(
            "outcome",
            "2026-11-25T00:00:00.000Z",
            &json!({
                "decision": 0,
                "shadow": [{ "rule": "a", "concluded": "withhold", "differs": { "decided": "pass", "would": "withhold" } }],
            }),
        ),
    ];
    let of = |only, since| {
        let trials = read(only, since, usize::MAX, &lines);
        let names = trials.rules.keys().cloned().collect::<Vec<_>>().join(" ");
        (names, trials.differing)
    };
    assert_eq!(of(None, None), ("a b".to_owned(), 3));
    assert_eq!(of(Some("b"), None), ("b".to_owned(), 1));
    assert_eq!(of(Some("x"), None), (String::new(), 0));
    assert_eq!(
        of(None, Some("2026-11-24T08:00:00.001Z")),
        ("a".to_owned(), 1)
    );
    assert_eq!(
        of(None, Some("2026-11-26T00:00:00.000Z")),
        (String::new(), 0)
    );
    let late = read(None, Some("2026-11-24T08:00:00.001Z"), 9, &lines);
    assert_eq!(
        late.rows[0].target, "files/read",
        "its decision came before"
    );
}

#[test]
fn what_is_not_of_its_form_is_told() {
    for shadow in [
        json!(1),
        json!([1]),
        json!([{ "rule": "a" }]),
        json!([{ "rule": 1, "concluded": "deny" }]),
    ] {
        let mut trials = Trials::new(None, None, 1);
        let why = trials
            .take(0, &decision("allow", "read", &shadow))
            .unwrap_err();
        assert!(why.starts_with("`shadow` is not of its form"), "{why}");
    }
}
