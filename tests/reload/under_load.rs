//! Calls and reloads at the same time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::thread;

use serde_json::Value;

use super::{Set, TwoSets, reload, with_two_sets};
use crate::fixture::{Finished, SECRET, is_refusal, text};

/// How often the set is swapped.
const SWAPS: usize = 16;

/// Calls that the agent has under way.
const UNDER_WAY: usize = 16;

/// Calls that each set judges at the least, so that the test has looked at something.
const ENOUGH: usize = 20;

#[test]
fn no_call_is_lost_and_none_is_judged_by_a_mixed_set() {
    let TwoSets {
        mut gateway,
        sets,
        texts,
        _builds,
    } = with_two_sets(&[]);
    let config = gateway.config();
    let mut asked = BTreeMap::new();
    let mut answers = BTreeMap::new();
    thread::scope(|scope| {
        let swaps = scope.spawn(|| {
            for swap in 1..=SWAPS {
                let new = config.with_extension("new");
                std::fs::write(&new, &texts[swap % 2]).unwrap();
                std::fs::rename(&new, &config).unwrap();
                let output = crate::fixture::wardlet(&["reload", "--json"], &config);
                assert!(output.status.success(), "{output:?}");
            }
        });
        let mut calls = 0_usize;
        let mut waiting = VecDeque::new();
        while !swaps.is_finished() {
            let root = ["/srv/a/x", "/srv/b/x"][calls % 2];
            let tool = ["echo", "leak-text"][calls / 2 % 2];
            let id = gateway
                .agent
                .call_raw(tool, &format!(r#"{{"path":"{root}"}}"#));
            asked.insert(id, (tool, root));
            waiting.push_back(id);
            calls += 1;
            if waiting.len() >= UNDER_WAY {
                let id = waiting.pop_front().unwrap();
                answers.insert(id, gateway.agent.answer(id));
            }
        }
        for id in waiting {
            answers.insert(id, gateway.agent.answer(id));
        }
    });
    assert_eq!(answers.len(), asked.len(), "no call is lost");
    for (id, answer) in &answers {
        check_answer(asked[id], answer);
    }
    check_entries(&gateway.finish(), &sets, asked.len());
}

/// A refusal names a rule of the set under which the path is none of its own; everything else is
/// redacted by the rules of the set that let it through.
fn check_answer((tool, root): (&str, &str), answer: &Value) {
    let (own, other) = if root.starts_with("/srv/a") {
        ("-a`", "-b`")
    } else {
        ("-b`", "-a`")
    };
    let text = text(answer);
    if is_refusal(answer) {
        assert!(
            text.contains(other) && !text.contains(own),
            "{root}: {text}"
        );
    } else {
        assert!(!text.contains(SECRET), "{text}");
        let masked = text.contains("[redacted:");
        assert_eq!(
            masked,
            tool == "leak-text" && own == "-a`",
            "{root}: {text}"
        );
    }
}

/// Every plugin, rule and reason of a decision, and of its outcome, belongs to the set that the
/// decision names.
fn check_entries(finished: &Finished, sets: &[Set; 2], calls: usize) {
    let policies = finished.entries.of_kind("policy");
    assert_eq!(policies.len(), 1 + SWAPS, "one entry for each set");
    let named: Vec<&str> = policies
        .iter()
        .map(|body| body["digest"].as_str().unwrap())
        .collect();
    for (at, digest) in named.iter().enumerate() {
        assert_eq!(*digest, named[at % 2], "the sets take turns");
    }
    let of = |body: &Value| -> &Set {
        let at = named
            .iter()
            .position(|digest| body["policy_set"] == **digest);
        &sets[at.expect("a decision names a set of the log") % 2]
    };
    let mut decided = [0, 0];
    let mut stayed = 0;
    let mut set_in_force = "";
    for entry in &finished.entries.0 {
        let body = &entry["body"];
        match entry["kind"].as_str().unwrap() {
            "policy" => set_in_force = body["digest"].as_str().unwrap(),
            "decision" => {
                let set = of(body);
                decided[usize::from(set.tag == "b")] += 1;
                check_plugins(body, set);
                let runs = body["plugins"].as_array().unwrap().iter();
                let ran: BTreeSet<_> = runs.map(|run| run["digest"].as_str().unwrap()).collect();
                assert_eq!(ran.len(), set.digests.len(), "all of the set ran: {body}");
                for rule in body["rules"].as_array().unwrap() {
                    assert!(
                        rule.as_str().unwrap().ends_with(&format!("-{}", set.tag)),
                        "{body}"
                    );
                }
            }
            "outcome" => {
                let decision = usize::try_from(body["decision"].as_u64().unwrap()).unwrap();
                let decision = &finished.entries.0[decision]["body"];
                assert_eq!(body["plugins"].as_array().unwrap().len(), 1, "{body}");
                check_plugins(body, of(decision));
                stayed += usize::from(decision["policy_set"] != *set_in_force);
            }
            _ => {}
        }
    }
    assert_eq!(decided[0] + decided[1], calls, "each call has its decision");
    assert!(
        decided.iter().all(|count| *count > ENOUGH),
        "both sets judge: {decided:?}"
    );
    println!("{calls} calls, {decided:?} by each set, {stayed} answered after their set had gone");
}

fn check_plugins(body: &Value, set: &Set) {
    for run in body["plugins"].as_array().unwrap() {
        let digest = run["digest"].as_str().unwrap();
        assert!(set.digests.contains(digest), "set {}: {body}", set.tag);
        assert!(run.get("fault").is_none(), "{body}");
    }
}

#[test]
fn a_call_under_way_keeps_the_set_that_it_began_with() {
    let TwoSets {
        mut gateway,
        sets,
        texts,
        _builds,
    } = with_two_sets(&[]);
    let call = gateway.agent.call_raw("later", r#"{"path":"/srv/a/x"}"#);
    gateway.agent.until("the call at the server", || {
        (gateway.received().calls().len() == 1).then_some(())
    });
    gateway.configure(&texts[1]);
    reload(&gateway);
    let release = gateway.agent.call_raw("release", r#"{"path":"/srv/b/x"}"#);
    let (late, released) = (gateway.agent.answer(call), gateway.agent.answer(release));
    assert!(
        text(&late).contains("[redacted:"),
        "masked, as its set says: {late}"
    );
    assert_eq!(text(&released), "1");
    let finished = gateway.finish();
    for (body, set) in finished.entries.of_kind("decision").iter().zip(&sets) {
        check_plugins(body, set);
    }
    for (body, set) in finished.entries.of_kind("outcome").iter().zip(&sets) {
        check_plugins(body, set);
    }
}
