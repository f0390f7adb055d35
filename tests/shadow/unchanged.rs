//! Whatever shadow rules there are: decision, forwarded bytes and answer are those without them.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tempfile::TempDir;
use wardlet::config::Config;
use wardlet::gate::{Answer, Approvals, Call, Gate, PolicySet, Screened, Tool};
use wardlet::plugins::PluginSet;
use wardlet::quarantine::Quarantine;
use wardlet::reach::Outside;
use wardlet::state::State;
use wardlet_audit::{Select, SystemClock, show};
use wardlet_call::{Json, Reason, ServerName};
use wardlet_mcp::{CallParams, Message};
use wardlet_sandbox::Sandbox;

use crate::fixture::Guests;
use crate::guest::Guest;

/// The calls, each a line of an agent.
const CALLS: [&str; 2] = [
    r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read","arguments":{"a":"one two","n":1.10},"_meta":{"x":"three"}}}"#,
    r#"{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"drop","arguments":{}}}"#,
];

/// What the upstream answers to any of them.
const ANSWER: &str = r#"{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"said so"}],"isError":false},"x":1}"#;

const POLICIES: [&str; 6] = ["allows", "abstains", "asks", "denies", "traps", "allow-all"];
const REDACTORS: [&str; 3] = ["finds", "finds-names", "wrong"];

/// A redactor that finds this much of this leaf, whatever the document holds.
fn finds(leaf: u32, end: u32) -> Guest {
    let mut guest = Guest::redactor();
    let [text, length] = guest.text("secret");
    let list = guest.words(&[leaf, 0, end, text, length, 90]);
    guest.finding_as(&[0, list, 1])
}

fn guests() -> Guests {
    Guests::new()
        .with("allows", Guest::policy(), "1s")
        .with("abstains", Guest::policy().answering(0, "", &[]), "1s")
        .with("asks", Guest::policy().answering(3, "outside", &[]), "1s")
        .with("denies", Guest::policy().answering(2, "outside", &[]), "1s")
        .with("traps", Guest::policy().evaluating("unreachable"), "1s")
        // Leaf 1 is the text of the arguments, and a member's name of the answer.
        .with("finds", finds(1, 3), "1s")
        .with("finds-names", finds(0, 1), "1s")
        .with("wrong", finds(1_000_000, 1), "1s")
}

fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    format!("[{}]", quoted.join(", "))
}

/// What a rule has beside its name and mode.
fn rule() -> impl Strategy<Value = String> {
    let policies = prop::sample::subsequence(&POLICIES, 0..3);
    let redactors = prop::sample::subsequence(&REDACTORS, 0..2);
    let tools = prop::sample::select(vec!["notes/*", "notes/read", "notes/drop"]);
    let words = (
        prop::sample::select(vec!["deny", "mask"]),
        prop::sample::select(vec!["mask", "drop", "hash"]),
        any::<bool>(),
    );
    (policies, redactors, tools, words).prop_map(
        |(policies, redactors, tools, (arguments, replacement, asks))| {
            let mut text = format!("tools = [\"{tools}\"]\n");
            if !policies.is_empty() {
                text += &format!("policies = {}\n", list(&policies));
            }
            if !redactors.is_empty() {
                text += &format!("redactors = {}\narguments = \"{arguments}\"\nreplacement = \"{replacement}\"\n", list(&redactors));
            }
            if asks || policies.is_empty() && redactors.is_empty() {
                text += "risk = \"high\"\n";
            }
            text
        },
    )
}

fn rules(mode: &str, rules: &[String]) -> String {
    let rule = |(at, rest): (usize, &String)| {
        format!("[[rule]]\nname = \"{mode}-{at}\"\nmode = \"{mode}\"\n{rest}\n")
    };
    rules.iter().enumerate().map(rule).collect()
}

/// What becomes of the calls under a configuration; none where it is refused. Beside that, how many
/// trials the log holds.
fn fates(guests: &Guests, rules: &str) -> Option<(Vec<String>, usize)> {
    let text = format!(
        "[server.notes]\ncommand = [\"server\"]\n{}{rules}",
        guests.sections
    );
    let config = Config::parse(&text, Path::new("/wardlet.toml"), &[]).ok()?;
    let plugins = PluginSet::load(
        (
            &Sandbox::new().unwrap(),
            &Outside::for_check(Path::new("/nowhere")),
        ),
        &config.plugins,
        &PluginSet::default(),
        &|_| (),
    )
    .unwrap();
    let set = Arc::new(PolicySet::bind(&config, plugins).unwrap());
    let folder = TempDir::new().unwrap();
    let state = State::open(&folder.path().join("state")).unwrap();
    let keys = state.keys("test").unwrap();
    let log = Arc::new(
        state
            .log(("test", &wardlet::config::Log::default()), &keys)
            .unwrap(),
    );
    let who = ("test".to_owned(), ServerName::parse("notes").unwrap());
    let quarantine = Quarantine::open(state.folder()).unwrap();
    let clock = Box::new(SystemClock);
    let terms = wardlet::config::Log::default();
    let principals = state.principals(&terms, "uid:0").unwrap();
    let gate = Gate::new(who, set, keys, log, clock, principals, quarantine);
    let gate = Arc::new(gate);
    let fates = CALLS.map(|line| fate(&gate, line)).to_vec();
    let entries = show(&folder.path().join("state/log"), Select::All).unwrap();
    let trials = entries.map(|entry| entry.unwrap().line.matches("\"concluded\"").count());
    Some((fates, trials.sum()))
}

/// What becomes of a call: why it is refused, what a human is asked, or what is forwarded and what
/// the agent is answered.
fn fate(gate: &Arc<Gate>, line: &str) -> String {
    let message = Message::decode(line.as_bytes()).unwrap();
    let params = CallParams::parse(message.params().unwrap()).unwrap();
    let definition = Json::object([("name", Json::text(&params.name))]);
    let call = Call {
        id: message.id().unwrap().clone(),
        method: "tools/call".to_owned(),
        tool: Some(params.name.clone()),
        listed: Some(Tool::new(definition)),
        arguments: params.arguments.clone(),
        arguments_bytes: params.arguments_bytes(),
        beside: Some(Json::object([("_meta", Json::text("three"))])),
        protocol: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    match runtime.block_on(gate.screen(call)) {
        Screened::Refused(refused) => {
            let denial = format!("{:?}", refused.denial());
            let reply = gate.seal_refusal(refused).reply().into_bytes();
            format!("{denial} {}", text(reply))
        }
        Screened::Held(held) => {
            let approvals = Approvals::default();
            let asked = approvals.ask(gate, held).ok().unwrap();
            let pending = approvals.list().remove(0);
            let waits = pending.expires - pending.created;
            approvals.withdraw_all(&Reason::Stopping);
            let refused = runtime.block_on(asked.decided(&approvals)).err().unwrap();
            let reply = text(gate.seal_refusal(refused).reply().into_bytes());
            format!(
                "{:?} {waits} {} {reply}",
                pending.reasons, pending.arguments
            )
        }
        Screened::Cleared(cleared) => {
            let durable = cleared.is_durable();
            let permit = gate.permit(cleared).ok().unwrap();
            let id = message.id().unwrap();
            let sent = permit
                .tool_call(id, &params, "token", message.rest())
                .unwrap();
            let answer = Message::decode(ANSWER.as_bytes()).unwrap();
            let answer = Answer::of(&answer).unwrap();
            let forwarded = permit.forwarded(Some("token"));
            let cleaned = runtime.block_on(gate.clean_answer(&forwarded, answer));
            let redacted = gate.redact(forwarded, answer, cleaned);
            let reply = gate.seal(redacted).reply().into_bytes();
            format!("{durable} {} {}", text(sent), text(reply))
        }
    }
}

#[test]
fn shadow_rules_change_neither_decision_nor_bytes() {
    let guests = guests();
    let some = || prop::collection::vec(rule(), 1..4);
    let config = ProptestConfig {
        cases: 32,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let tried = TestRunner::new(config).run(
        &(some(), some(), any::<bool>()),
        |(enforced, shadow, shadow_first)| {
            let (enforced, shadow) = (rules("enforce", &enforced), rules("shadow", &shadow));
            let both = if shadow_first {
                format!("{shadow}{enforced}")
            } else {
                format!("{enforced}{shadow}")
            };
            let Some((alone, none)) = fates(&guests, &enforced) else {
                // Two of the rules do the same, which a configuration must not hold.
                return Err(TestCaseError::reject("the configuration is refused"));
            };
            let (beside, trials) = fates(&guests, &both).unwrap();
            prop_assert_eq!(alone, beside);
            prop_assert_eq!(none, 0);
            prop_assert!(trials > 0, "the shadow rules were not even tried out");
            Ok(())
        },
    );
    tried.unwrap();
}
