//! What a reload keeps, and what it makes void.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use wardlet::config::Config;
use wardlet::plugins::PluginSet;
use wardlet::reach::Outside;
use wardlet_sandbox::{CAPABILITIES, Sandbox};

use super::{TwoSets, reload, with_two_sets};
use crate::fixture::{Gateway, Setup, is_refusal, text};

#[test]
fn a_plugin_is_compiled_again_only_where_something_of_it_changed() {
    let folder = Setup::default().write();
    let path = folder.path().join("wardlet.toml");
    let text = fs::read_to_string(&path).unwrap();
    let load = |text: &str, kept: &PluginSet, sandbox: &Sandbox| {
        let config = Config::parse(text, &path, CAPABILITIES).unwrap();
        let outside = Outside::for_check(Path::new("/nowhere"));
        PluginSet::load((sandbox, &outside), &config.plugins, kept, &|_| ()).unwrap()
    };
    let sandbox = Sandbox::new().unwrap();
    let first = load(&text, &PluginSet::default(), &sandbox);
    let table = "[plugin.path-guard]";
    for (from, to, kept) in [
        ("[server.echo]", "[server.echo]\ntimeout = \"9s\"", true),
        ("/srv/data", "/srv/other", false),
        (
            table,
            "[plugin.path-guard]\nlimits = { deadline = \"99ms\" }",
            false,
        ),
        ("grants = []", "grants = [\"clock\"]", false),
        (
            "sees = [\"/arguments\"]",
            "sees = [\"/arguments\", \"/definition\"]",
            false,
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let second = load(&text.replacen(from, to, 1), &first, &sandbox);
        for (before, after) in first.iter().zip(second.iter()) {
            let expected = kept || before.name.as_str() != "path-guard";
            assert_eq!(
                Arc::ptr_eq(before, after),
                expected,
                "{to}: {}",
                before.name
            );
        }
    }
}

#[test]
fn an_approval_is_void_after_a_reload() {
    let mut gateway = Gateway::start(&Setup::default());
    let call = gateway
        .agent
        .call_raw("delete_note", r#"{"path":"/srv/data/a"}"#);
    let id = gateway.held();
    let text_before = fs::read_to_string(gateway.config()).unwrap();
    gateway.configure(&format!("# a comment\n{text_before}"));
    reload(&gateway);
    assert_eq!(gateway.held(), id, "the same set: the call still waits");
    gateway.configure(&text_before.replace("\"50s\"", "\"40s\""));
    reload(&gateway);
    let answer = gateway.agent.answer(call);
    let why = "the policies were changed while the call waited for a human";
    assert!(
        is_refusal(&answer) && text(&answer).contains(why),
        "{answer}"
    );
    let approved = gateway.wardlet(&["approvals", "approve", &id]);
    assert_eq!(approved.status.code(), Some(1), "{approved:?}");
    let finished = gateway.finish();
    assert!(finished.received.calls().is_empty());
    assert!(finished.entries.of_kind("approval-vote").is_empty());
    assert_eq!(
        finished.entries.decisions(),
        [("deny".to_owned(), "policy-changed".to_owned())]
    );
}

#[test]
fn the_timeout_may_change() {
    let TwoSets {
        mut gateway,
        texts: [first, _],
        _builds,
        ..
    } = with_two_sets(&[]);
    let set = gateway.status()["policy_set"].clone();
    let listed = first.replace("\"release\"", "\"never\"");
    gateway.configure(&listed.replacen("[server.echo]", "[server.echo]\ntimeout = \"1s\"", 1));
    let change = reload(&gateway);
    assert_eq!(change["timeout_s"], 1, "{change}");
    let answer = gateway.agent.call("never", &json!({"path": "/srv/a/x"}));
    assert!(text(&answer).contains("did not answer in time"), "{answer}");
    assert_ne!(
        gateway.status()["policy_set"],
        set,
        "the list of tools changed too"
    );
    gateway.finish();
}
