//! Whoever keeps making a plugin fault is refused what needs it, until an operator lifts that.

use serde_json::{Value, json};

use crate::fixture::{Agent, Entries, FOREVER, Gateway, Guests, Setup, is_refusal, run, text};
use crate::guest::Guest;

/// Faults after which the caller is in quarantine.
const FAULTS: usize = 8;

const ON_ECHO: &str = "[[rule]]\nname = \"echo\"\ntools = [\"echo/echo\"]\n";

fn quarantined(gateway: &Gateway) -> Vec<Value> {
    let output = gateway.wardlet(&["quarantine", "list", "--json"]);
    assert!(output.status.success(), "{output:?}");
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    list["quarantined"].as_array().unwrap().clone()
}

/// The word of the last decision or outcome about why.
fn last_reason(gateway: &Gateway) -> String {
    let entries = gateway.entries();
    entries.decisions().last().unwrap().1.clone()
}

fn with_policy(guest: Guest) -> (Gateway, Guests) {
    let guests = Guests::new().with("bad", guest, "20ms");
    let other =
        "[[rule]]\nname = \"other\"\ntools = [\"echo/delete_note\"]\npolicies = [\"allow-all\"]\n";
    let rules = format!(
        "{}\n{ON_ECHO}policies = [\"bad\"]\n{other}",
        guests.sections
    );
    (Gateway::start(&Setup::rules(&rules)), guests)
}

#[test]
fn a_caller_that_makes_a_policy_fault_is_refused_survives_and_is_lifted() {
    for (what, guest) in [
        ("loops", Guest::policy().evaluating(FOREVER)),
        ("traps", Guest::policy().evaluating("unreachable")),
        (
            "answers badly",
            Guest::policy().answering(2, "undeclared", &[]),
        ),
    ] {
        let (mut gateway, _guests) = with_policy(guest);
        for _ in 0..FAULTS {
            assert_eq!(quarantined(&gateway), [] as [Value; 0], "{what}");
            assert!(is_refusal(&gateway.agent.call("echo", &json!({}))));
            assert_eq!(last_reason(&gateway), "plugin-fault", "{what}");
        }
        gateway.restart();
        let refused = gateway.agent.call("echo", &json!({}));
        assert!(text(&refused).contains("failed too often"), "{refused}");
        let entries = gateway.entries();
        let decisions = entries.of_kind("decision");
        let last = decisions.last().unwrap();
        assert_eq!(
            (&last["reason"], &last["blame"]),
            (&json!("quarantined"), &json!("agent"))
        );
        assert_eq!(last["plugins"][0]["name"], "bad");
        assert_eq!(last["plugins"][0]["fault"], "quarantined");
        assert_eq!(last["plugins"][0]["time_us"], 0, "it is not run");
        // What does not need the plugin goes on.
        let other = gateway.agent.call("delete_note", &json!({}));
        assert_eq!(text(&other), "{}", "{what}");
        let held = quarantined(&gateway);
        assert_eq!(held.len(), 1, "{held:?}");
        assert_eq!(
            (&held[0]["plugin"], &held[0]["principal"]),
            (&json!("bad"), &last["principal"])
        );
        let lifted = gateway.wardlet(&["quarantine", "lift", "bad", "--json"]);
        let lifted: Value = serde_json::from_slice(&lifted.stdout).unwrap();
        assert_eq!(lifted["lifted"], json!(held), "it says what was lifted");
        assert!(is_refusal(&gateway.agent.call("echo", &json!({}))));
        assert_eq!(last_reason(&gateway), "plugin-fault", "it is run again");
        let again = gateway.wardlet(&["quarantine", "lift", "bad"]);
        assert_eq!(again.status.code(), Some(1), "{again:?}");
        let entries = gateway.entries();
        let changes = changes(&entries);
        let fault = &held[0]["fault"];
        let principal = &last["principal"];
        let expected = json!({ "plugin": "bad", "fault": fault, "principal": principal });
        assert_eq!(changes, [("held", expected.clone()), ("lifted", expected)]);
        // Whoever lifted it is the user that the gateway runs as, here the caller too.
        let lifting = entries.of_kind("quarantine")[1];
        assert_eq!(&lifting["by"], principal, "{lifting}");
        gateway.finish();
    }
}

/// What the entries say of quarantine, without who lifted it.
fn changes(entries: &Entries) -> Vec<(&str, Value)> {
    let of = |body: &'_ &Value| {
        let [plugin, fault, principal] = ["plugin", "fault", "principal"].map(|m| body[m].clone());
        json!({ "plugin": plugin, "fault": fault, "principal": principal })
    };
    let bodies = entries.of_kind("quarantine");
    let each = bodies.into_iter();
    each.map(|body| (body["change"].as_str().unwrap(), of(&body)))
        .collect()
}

#[test]
fn a_quarantine_is_listed_and_lifted_without_a_running_gateway() {
    let (mut gateway, _guests) = with_policy(Guest::policy().evaluating("unreachable"));
    for _ in 0..FAULTS {
        gateway.agent.call("echo", &json!({}));
    }
    let held = quarantined(&gateway);
    assert_eq!(held.len(), 1);
    assert!(gateway.agent.close().success());
    assert_eq!(quarantined(&gateway), held, "from the file");
    for (arguments, code) in [
        (&["lift", "other"][..], 1),
        (&["lift", "bad", "nobody"], 1),
        (&["lift", "bad"], 0),
        (&["lift", "bad"], 1),
    ] {
        let words = [&["quarantine"], arguments].concat();
        let output = gateway.wardlet(&words);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {output:?}");
    }
    assert_eq!(quarantined(&gateway), [] as [Value; 0]);
    let verified = gateway.wardlet(&["audit", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
    let words: Vec<String> = changes(&gateway.entries())
        .into_iter()
        .map(|(change, _)| change.to_owned())
        .collect();
    assert_eq!(words, ["held", "lifted"]);
    let log = gateway.path("gateway.log");
    gateway.agent = Agent::start(run(gateway.folder.path()), &log);
    gateway.agent.initialise();
    assert!(is_refusal(&gateway.agent.call("echo", &json!({}))));
    assert_eq!(last_reason(&gateway), "plugin-fault", "it is run again");
    gateway.finish();
}

#[test]
fn a_policy_that_says_it_failed_puts_nobody_in_quarantine() {
    // An error, with a text of no bytes.
    let failing = Guest::policy().evaluating_to(&[1, 1024, 0]);
    let (mut gateway, _guests) = with_policy(failing);
    for _ in 0..=FAULTS {
        assert!(is_refusal(&gateway.agent.call("echo", &json!({}))));
        let entries = gateway.entries();
        let last = entries.of_kind("decision").into_iter().last().unwrap();
        assert_eq!(last["plugins"][0]["fault"], "failed", "{last}");
    }
    assert_eq!(quarantined(&gateway), [] as [Value; 0]);
    gateway.finish();
}

#[test]
fn a_redactor_of_answers_in_quarantine_withholds_and_the_next_call_does_not_leave() {
    let mut guest = Guest::redactor();
    let nothing = guest.find.clone();
    guest.find =
        format!("(if (i32.eq (local.get $part) (i32.const 1)) (then unreachable)) {nothing}");
    let guests = Guests::new().with("bad", guest, "20ms");
    let rules = format!(
        "{}\n{ON_ECHO}policies = [\"allow-all\"]\nredactors = [\"bad\"]\n",
        guests.sections
    );
    let mut gateway = Gateway::start(&Setup::rules(&rules));
    for _ in 0..FAULTS {
        let answer = gateway.agent.call("echo", &json!({"secret": "x"}));
        assert!(text(&answer).contains("withheld"), "{answer}");
    }
    assert!(is_refusal(&gateway.agent.call("echo", &json!({}))));
    assert_eq!(last_reason(&gateway), "quarantined");
    let told = gateway
        .log()
        .matches("faults of a plugin by one caller")
        .count();
    assert_eq!(told, 1, "the operator is told once");
    assert_eq!(gateway.finish().received.calls().len(), FAULTS);
}

#[test]
fn what_a_server_sends_by_itself_is_held_against_the_server() {
    // Over notifications alone: their method has 21 bytes.
    let mut guest = Guest::redactor();
    let nothing = guest.find.clone();
    guest.find = format!(
        "(if (i32.eq (local.get $method_len) (i32.const 21)) (then unreachable)) {nothing}"
    );
    let guests = Guests::new().with("bad", guest, "20ms");
    let rules = format!(
        "{}\n[[rule]]\nname = \"all\"\ntools = [\"echo/*\"]\npolicies = [\"allow-all\"]\nredactors = [\"bad\"]\n",
        guests.sections
    );
    let mut gateway = Gateway::start(&Setup::rules(&rules));
    for _ in 0..=FAULTS {
        let answer = gateway.agent.call("leak-log", &json!({}));
        assert_eq!(text(&answer), "done");
    }
    assert!(gateway.agent.aside().is_empty(), "none of them may pass");
    let held = quarantined(&gateway);
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!(held[0]["principal"], "upstream:echo");
    // No caller is refused anything for it.
    let answer = gateway.agent.call("echo", &json!({"a": 1}));
    assert_eq!(text(&answer), r#"{"a":1}"#);
    gateway.finish();
}

#[test]
fn a_list_that_cannot_be_read_stops_the_start() {
    let (mut gateway, _guests) = with_policy(Guest::policy().evaluating("unreachable"));
    gateway.agent.call("echo", &json!({}));
    assert!(gateway.agent.close().success());
    let file = gateway.path(".wardlet/quarantine.json");
    let text = std::fs::read(&file).unwrap();
    std::fs::write(&file, &text[..text.len() / 2]).unwrap();
    let output = gateway.wardlet(&["run"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("quarantine.json") && told.contains("hint:"),
        "{told}"
    );
}
