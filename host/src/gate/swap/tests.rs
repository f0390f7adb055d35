use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use wardlet_audit::{Choice, Event, SystemClock};
use wardlet_call::{Json, Reason, ServerName};
use wardlet_mcp::Id;

use crate::config::Config;
use crate::gate::{Approvals, Asked, Call, Gate, Held, PolicySet, Screened, Tool};
use crate::plugins::PluginSet;
use crate::quarantine::Quarantine;
use crate::state::State;

const ASKS: &str = r#"
[server.notes]
command = ["server"]

[[rule]]
name = "all"
tools = ["notes/*"]
policies = ["allow-all"]
approval = { expires = "1m" }
"#;

/// The same rules under another name: another set.
fn set(name: &str) -> Arc<PolicySet> {
    let text = ASKS.replace("\"all\"", &format!("\"{name}\""));
    let config = Config::parse(&text, Path::new("wardlet.toml"), &[]).unwrap();
    Arc::new(PolicySet::bind(&config, PluginSet::default()).unwrap())
}

fn config_event() -> Event {
    Event::Config {
        digest: "sha256:00".to_owned(),
    }
}

fn gate(folder: &TempDir, set: &Arc<PolicySet>) -> Gate {
    let state = State::open(&folder.path().join("state")).unwrap();
    let keys = state.keys("test").unwrap();
    let log = Arc::new(
        state
            .log(("test", &crate::config::Log::default()), &keys)
            .unwrap(),
    );
    let who = ("test".to_owned(), ServerName::parse("notes").unwrap());
    let clock = Box::new(SystemClock);
    let quarantine = Quarantine::open(state.folder()).unwrap();
    let terms = crate::config::Log::default();
    let principals = state.principals(&terms, "uid:0").unwrap();
    Gate::new(
        who,
        Arc::clone(set),
        keys,
        log,
        clock,
        principals,
        quarantine,
    )
}

fn held(gate: &Gate) -> Held {
    let call = Call {
        id: Id::number(1),
        method: "tools/call".to_owned(),
        tool: Some("delete".to_owned()),
        listed: Some(Tool::new(Json::object([("name", Json::text("delete"))]))),
        arguments: None,
        arguments_bytes: 0,
        beside: None,
        protocol: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    match runtime.block_on(gate.screen(call)) {
        Screened::Held(held) => held,
        Screened::Cleared(_) | Screened::Refused(_) => panic!("the rule asks a human"),
    }
}

/// Votes for the one call that waits; whether the vote counts.
fn approve(gate: &Gate, approvals: &Approvals) -> bool {
    let pending = approvals.list().remove(0);
    let ballot = (pending.id.as_str(), pending.statement.digest.as_str());
    approvals
        .vote(gate, ballot, Choice::Approve, "uid:0")
        .is_ok()
}

fn decided(
    asked: Asked,
    approvals: &Approvals,
) -> Result<crate::gate::Cleared, crate::gate::Refused> {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(asked.decided(approvals))
}

#[test]
fn an_approval_is_void_once_the_set_is_another_one() {
    let folder = TempDir::new().unwrap();
    let first = set("first");
    let gate = gate(&folder, &first);
    let approvals = Approvals::default();
    let refused = |refused: Option<crate::gate::Refused>, when| {
        let reason = refused.map(|refused| refused.denial().reason.clone());
        assert_eq!(reason, Some(Reason::PolicyChanged), "{when}");
    };
    let mut sets = ["second", "third", "fourth"].map(set).into_iter();
    let mut swap = || {
        gate.swap(Some(&config_event()), sets.next().unwrap(), &approvals)
            .unwrap()
    };

    let asked = approvals.ask(&gate, held(&gate)).ok().unwrap();
    assert!(approve(&gate, &approvals));
    let cleared = decided(asked, &approvals).ok().unwrap();
    assert!(gate.permit(cleared).is_ok(), "the set is the same");

    let asked = approvals.ask(&gate, held(&gate)).ok().unwrap();
    swap();
    assert!(approvals.list().is_empty(), "nobody is asked any more");
    refused(decided(asked, &approvals).err(), "while it waited");

    let asked = approvals.ask(&gate, held(&gate)).ok().unwrap();
    assert!(approve(&gate, &approvals));
    let cleared = decided(asked, &approvals).ok().unwrap();
    swap();
    refused(gate.permit(cleared).err(), "after the vote");

    let held = held(&gate);
    swap();
    refused(approvals.ask(&gate, held).err(), "before anybody was asked");
}

#[test]
fn a_set_that_cannot_be_recorded_does_not_judge() {
    let folder = TempDir::new().unwrap();
    let first = set("first");
    let gate = gate(&folder, &first);
    let unrecordable = Event::Config {
        digest: String::new(),
    };
    let swapped = gate.swap(Some(&unrecordable), set("second"), &Approvals::default());
    assert!(swapped.is_err());
    assert_eq!(gate.policy_set().digest(), first.digest());
}
