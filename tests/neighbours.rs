//! A plugin that takes its time holds up its own calls and nobody else's.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::fixture::{FOREVER, Gateway, Guests, Setup, text};
use crate::guest::Guest;

/// Calls beside one that is being judged.
const BESIDE: u64 = 20;

/// A policy that loops stands before one tool, an honest one before another.
fn spinning(deadline: &str) -> (Gateway, Guests) {
    let guests = Guests::new()
        .with("spin", Guest::policy().evaluating(FOREVER), deadline)
        .with("honest", Guest::policy(), "10s");
    let rules = format!(
        "{}\n[[rule]]\nname = \"spins\"\ntools = [\"echo/delete_note\"]\npolicies = [\"spin\"]\n\
         [[rule]]\nname = \"honest\"\ntools = [\"echo/echo\"]\npolicies = [\"honest\"]\n",
        guests.sections
    );
    (Gateway::start(&Setup::rules(&rules)), guests)
}

fn cancelled(id: u64) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
    )
}

#[test]
fn calls_of_other_tools_are_answered_while_a_policy_loops() {
    let (mut gateway, _guests) = spinning("5s");
    let looped = gateway.agent.call_raw("delete_note", "{}");
    for number in 0..BESIDE {
        let answer = gateway.agent.call("echo", &json!({"n": number}));
        assert_eq!(text(&answer), format!("{{\"n\":{number}}}"));
    }
    let aside = gateway.agent.aside();
    assert!(aside.is_empty(), "it is still being judged: {aside:?}");
    let refused = gateway.agent.answer(looped);
    assert!(
        text(&refused).contains("could not be completed"),
        "{refused}"
    );
    let finished = gateway.finish();
    assert_eq!(finished.entries.count("allow"), 20);
    let decisions = finished.entries.of_kind("decision");
    let faulted = decisions
        .iter()
        .find(|body| body["effect"] == "deny")
        .unwrap();
    assert_eq!(faulted["plugins"][0]["fault"], "deadline", "{faulted}");
    let time = faulted["plugins"][0]["time_us"].as_u64().unwrap();
    assert!(time >= 5_000_000, "it had its whole deadline: {time}");
}

#[test]
fn a_call_that_is_given_up_while_it_is_judged_never_leaves() {
    let (mut gateway, _guests) = spinning("2s");
    // Else the call would be given up while it waits for the list of tools.
    gateway.agent.call("echo", &json!({}));
    let call = r#"{"jsonrpc":"2.0","id":"mine","method":"tools/call","params":{"name":"delete_note","arguments":{}}}"#;
    gateway.agent.send(call);
    // Its id is taken for as long as it is judged.
    gateway.agent.send(call);
    let twice = gateway
        .agent
        .wait_for("the refusal", |message| message["error"]["code"] == -32600);
    assert!(twice["id"].is_null(), "{twice}");
    gateway.agent.send(
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"mine"}}"#,
    );
    let answer = gateway.agent.call("echo", &json!({}));
    assert_eq!(text(&answer), "{}");
    let refused = gateway
        .agent
        .wait_for("the verdict", |message| message["id"] == "mine");
    // The verdict was a refusal already, and stays what it is; nothing is sent in either case.
    assert!(text(&refused).starts_with("refused"), "{refused}");
    let finished = gateway.finish();
    let methods = finished.received.methods();
    assert!(!methods.contains(&"notifications/cancelled".to_owned()));
    assert_eq!(finished.received.calls().len(), 2);
    let mut decisions = finished.entries.decisions();
    decisions.sort();
    let reasons: Vec<&str> = decisions
        .iter()
        .map(|(_, reason)| reason.as_str())
        .collect();
    assert_eq!(reasons, ["allowed", "allowed", "id-in-use", "plugin-fault"]);
}

#[test]
fn a_call_that_would_be_allowed_and_is_given_up_is_refused() {
    // A policy that takes far longer than a check may inline, and then allows.
    let mut slow = Guest::policy();
    let allow = slow.evaluate.clone();
    slow.evaluate = format!(
        "(loop $count (local.set $a (i32.add (local.get $a) (i32.const 1)))
            (br_if $count (i32.lt_u (local.get $a) (i32.const 300000000)))) {allow}"
    );
    let guests = Guests::new().with("slow", slow, "10s");
    let rules = format!(
        "{}\n[[rule]]\nname = \"slow\"\ntools = [\"echo/echo\"]\npolicies = [\"slow\"]\n",
        guests.sections
    );
    let mut gateway = Gateway::start(&Setup::rules(&rules));
    let answer = gateway.agent.call("echo", &json!({"a": 1}));
    assert_eq!(text(&answer), r#"{"a":1}"#, "slow is not refused");
    let id = gateway.agent.call_raw("echo", "{}");
    gateway.agent.send(&cancelled(id));
    let finished = gateway.finish();
    let decisions = finished.entries.decisions();
    assert_eq!(decisions[1], ("deny".to_owned(), "cancelled".to_owned()));
    assert_eq!(finished.received.calls().len(), 1);
}

#[test]
fn a_gateway_that_is_stopped_refuses_what_it_still_judges() {
    let (mut gateway, _guests) = spinning("10s");
    let id = gateway.agent.call_raw("delete_note", "{}");
    let answer = gateway.agent.call("echo", &json!({}));
    assert_eq!(text(&answer), "{}");
    let process = Pid::from_raw(gateway.agent.process().cast_signed()).unwrap();
    kill_process(process, Signal::TERM).unwrap();
    let rest = gateway.agent.rest();
    assert_eq!(rest.len(), 1, "{rest:?}");
    assert_eq!(rest[0]["id"], id);
    assert!(text(&rest[0]).contains("stopping"), "{rest:?}");
    assert!(gateway.agent.wait().success());
    let entries = gateway.entries();
    entries.check_pairs();
    assert_eq!(
        entries.decisions()[1],
        ("deny".to_owned(), "stopping".to_owned())
    );
}

/// A redactor that loops over what fits a condition, and finds nothing in anything else.
fn loops_over(condition: &str) -> Guest {
    let mut guest = Guest::redactor();
    let nothing = guest.find.clone();
    guest.find = format!("(if {condition} (then (loop $forever (br $forever)))) {nothing}");
    guest
}

fn redacting(guests: &Guests) -> Gateway {
    let rules = format!(
        "{}\n[[rule]]\nname = \"all\"\ntools = [\"echo/*\"]\npolicies = [\"allow-all\"]\nredactors = [\"slow\"]\n",
        guests.sections
    );
    Gateway::start(&Setup::rules(&rules))
}

#[test]
fn an_answer_overtakes_another_whose_redactor_loops() {
    // The result of `leak-text`: its name has nine bytes.
    let condition = "(i32.and (i32.eq (local.get $part) (i32.const 1)) (i32.eq (local.get $name_len) (i32.const 9)))";
    let guests = Guests::new().with("slow", loops_over(condition), "5s");
    let mut gateway = redacting(&guests);
    let slow = gateway.agent.call_raw("leak-text", "{}");
    for number in 0..BESIDE {
        let answer = gateway.agent.call("echo", &json!({"n": number}));
        assert_eq!(text(&answer), format!("{{\"n\":{number}}}"));
    }
    let aside = gateway.agent.aside();
    assert!(aside.is_empty(), "it is still being searched: {aside:?}");
    let withheld = gateway.agent.answer(slow);
    assert!(text(&withheld).contains("withheld"), "{withheld}");
    let finished = gateway.finish();
    let outcomes = finished.entries.of_kind("outcome");
    let blamed: Vec<_> = outcomes
        .iter()
        .filter(|o| o["reason"] == "plugin-fault")
        .collect();
    assert_eq!(blamed.len(), 1, "{outcomes:?}");
    assert_eq!(blamed[0]["status"], "answered");
}

#[test]
fn progress_comes_before_the_answer_however_long_it_is_searched() {
    // Long over the progress, whose method has 22 bytes, and not over the answer to it.
    let mut slow = Guest::redactor();
    let nothing = slow.find.clone();
    slow.find = format!(
        "(if (i32.eq (local.get $method_len) (i32.const 22)) (then
            (loop $count (local.set $a (i32.add (local.get $a) (i32.const 1)))
                (br_if $count (i32.lt_u (local.get $a) (i32.const 300000000)))))) {nothing}"
    );
    let guests = Guests::new().with("slow", slow, "10s");
    let mut gateway = redacting(&guests);
    for _ in 0..3 {
        let id = gateway.agent.call_raw("leak-progress", "{}");
        let other = gateway.agent.call_raw("echo", "{}");
        gateway.agent.answer(other);
        let progress = gateway.agent.wait_for("its progress", |_| true);
        assert_eq!(progress["method"], "notifications/progress", "{progress}");
        let answer = gateway.agent.answer(id);
        assert_eq!(text(&answer), "done");
    }
    gateway.finish();
}
