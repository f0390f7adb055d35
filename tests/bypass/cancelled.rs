//! A held call that the agent gives up while a human agrees to it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use super::cancelled;
use crate::fixture::{Gateway, Setup};

/// Times that each order is tried: the disk and the scheduler decide in which step it meets the
/// call, and each of them has to hold.
const ROUNDS: usize = 12;

/// The tool does not answer, so that a call which has left is given up before its end.
const HELD: &str = r#"
[[rule]]
name = "people-agree"
tools = ["echo/never"]
policies = ["allow-all"]
approval = { expires = "50s" }
"#;

/// When the agent gives the call up.
#[derive(Clone, Copy, Debug)]
enum When {
    /// With the vote, which may be counted and not acted on yet.
    WithTheVote,
    /// After the vote was counted, while the decision is written to the disk.
    AfterTheVote,
}

/// A question on its way to the gateway, as `wardlet approvals` asks it.
fn ask(gateway: &Gateway, question: &Value) -> BufReader<UnixStream> {
    let socket = gateway.path(".wardlet/gateways/0.sock");
    let mut stream = UnixStream::connect(socket).unwrap();
    stream
        .write_all(format!("{question}\n").as_bytes())
        .unwrap();
    BufReader::new(stream)
}

fn answer(mut asked: BufReader<UnixStream>) -> Value {
    let mut line = String::new();
    asked.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

#[test]
fn a_held_call_that_is_given_up_while_it_is_approved_stays_given_up() {
    let mut gateway = Gateway::start(&Setup::rules(HELD));
    let mut calls = Vec::new();
    for when in [When::WithTheVote, When::AfterTheVote] {
        for _ in 0..ROUNDS {
            let id = gateway.agent.call_raw("never", "{}");
            // Lines are taken in their order: what was asked before the ping's answer is held.
            gateway.agent.ask("ping", &json!({}));
            let waiting = gateway.agent.until("the call to wait", || {
                let waiting = answer(ask(&gateway, &json!({"ask": "list"})));
                let found = waiting["calls"][0].clone();
                found.is_object().then_some(found)
            });
            let (held, statement) = (&waiting["id"], &waiting["digest"]);
            let vote = json!({"ask": "vote", "id": held, "statement": statement, "approve": true});
            let asked = ask(&gateway, &vote);
            match when {
                When::WithTheVote => {
                    gateway.agent.send(&cancelled(id));
                    answer(asked);
                }
                When::AfterTheVote => {
                    let counted = answer(asked);
                    gateway.agent.send(&cancelled(id));
                    assert_eq!(counted["answer"], "counted", "{counted}");
                }
            }
            calls.push((when, id));
        }
    }
    gateway.agent.ask("ping", &json!({}));
    let finished = gateway.finish();
    let decisions = finished.entries.decisions();
    assert_eq!(decisions.len(), calls.len(), "one each: {decisions:?}");
    for (effect, reason) in &decisions {
        let fate = (effect.as_str(), reason.as_str());
        assert!(
            [("allow", "allowed"), ("deny", "cancelled")].contains(&fate),
            "{fate:?}"
        );
    }
    // A call that had left before it was given up is one that the upstream was told of.
    let of_upstream = |id: u64, method: &str| {
        let lines = finished.received.0.iter();
        lines
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .any(|line| {
                line["method"] == method && (line["id"] == id || line["params"]["requestId"] == id)
            })
    };
    for (when, id) in calls {
        let (called, told) = (
            of_upstream(id, "tools/call"),
            of_upstream(id, "notifications/cancelled"),
        );
        assert_eq!(called, told, "{when:?}: the call {id}");
    }
}
