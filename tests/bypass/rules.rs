//! A rule that is added, and a definition that is changed, loosen nothing.

use serde_json::json;

use crate::fixture::{Gateway, SECRET, Setup, is_refusal, text};

#[test]
fn a_rule_that_masks_does_not_loosen_one_that_refuses() {
    let strict = r#"
[[rule]]
name = "strict"
tools = ["echo/*"]
policies = ["allow-all"]
redactors = ["secret-redactor"]
"#;
    // The strict rule masks answers, which tells more than to drop, and less than a hash.
    for (replacement, dropped) in [("mask", false), ("drop", true), ("hash", false)] {
        let loose = strict.replace("strict", "loose")
            + &format!("arguments = \"mask\"\nreplacement = \"{replacement}\"\n");
        for rules in [format!("{strict}{loose}"), format!("{loose}{strict}")] {
            let mut gateway = Gateway::start(&Setup::rules(&rules));
            let refused = gateway
                .agent
                .call("echo", &json!({"note": format!("key {SECRET}.")}));
            assert!(is_refusal(&refused), "{rules}: {refused}");
            assert!(
                text(&refused).contains("rule `strict`"),
                "the rule that refuses is blamed: {refused}"
            );
            let answer = gateway.agent.call("leak-text", &json!({}));
            let said = text(&answer);
            if dropped {
                assert_eq!(said, "the key is  here", "{rules}");
            } else {
                let masked = said.starts_with("the key is [redacted:") && said.ends_with("] here");
                assert!(masked, "{rules}: {said}");
            }
            let finished = gateway.finish();
            assert_eq!(finished.entries.decisions()[0].1, "sensitive-arguments");
            assert!(!finished.received.0.concat().contains(SECRET));
        }
    }
}

#[test]
fn an_approval_is_of_the_definition_that_was_shown() {
    // What happens between the question and the vote, and whether the call runs after it.
    let cases: [(&[&str], bool); 5] = [
        (&[], true),
        (&["changes", "echo"], true),
        (&["changes"], false),
        (&["redefine"], false),
        (&["redefine", "echo"], false),
    ];
    for (meanwhile, runs) in cases {
        let mut gateway = Gateway::start(&Setup::default());
        let arguments = json!({"path": "/srv/data/a"});
        let call = gateway
            .agent
            .call_raw("delete_note", &arguments.to_string());
        let id = gateway.held();
        for tool in meanwhile {
            let answer = gateway.agent.call(tool, &arguments);
            assert!(!is_refusal(&answer), "{answer}");
        }
        let approved = gateway.wardlet(&["approvals", "approve", &id]);
        assert!(approved.status.success(), "{approved:?}");
        let answer = gateway.agent.answer(call);
        assert_eq!(is_refusal(&answer), !runs, "{meanwhile:?}: {answer}");
        if !runs {
            let why = "the tool was changed while the call waited for a human";
            assert!(text(&answer).contains(why), "{meanwhile:?}: {answer}");
        }
        let finished = gateway.finish();
        let calls = finished.received.calls();
        let deletions = calls.iter().filter(|line| line.contains("delete_note"));
        assert_eq!(deletions.count(), usize::from(runs), "{meanwhile:?}");
        let of_it = finished.entries.of_kind("decision").into_iter();
        let of_it: Vec<_> = of_it
            .filter(|body| body["target"]["tool"] == "delete_note")
            .map(|body| body["reason"].as_str().unwrap())
            .collect();
        let expected = if runs { "allowed" } else { "tool-changed" };
        assert_eq!(of_it, [expected], "{meanwhile:?}");
    }
}
