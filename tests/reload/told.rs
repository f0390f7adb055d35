//! What people, programs and the agent are told of a reload.

use std::fs;

use serde_json::{Value, json};

use super::{TwoSets, build, reload, stdout, with_two_sets};
use crate::fixture::{Gateway, Setup};

/// Another component for the path guard, one more plugin and method, rules that came, went and changed.
fn edited(text: &str, (old, new): (&str, &(String, String)), added: &(String, String)) -> String {
    let line = text.lines().find(|line| line.contains("path-guard.wasm"));
    let more = format!(
        "[plugin.listed]\ncomponent = \"{}\"\ndigest = \"{}\"\nsees = [\"/arguments\"]\nsettings = {{ tools = {{ echo = {{}} }} }}\n[methods]\n\"resources/read\" = \"pass\"\n[[rule]]",
        added.0, added.1
    );
    text.replace(line.unwrap(), &format!("component = \"{}\"", new.0))
        .replace(old, &new.1)
        .replace("\"50s\"", "\"40s\"")
        .replace("name = \"inside-root\"", "name = \"within-root\"")
        .replacen("[[rule]]", &more, 1)
}

#[test]
fn the_answer_says_what_changed() {
    let builds = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(&Setup::default());
    let before = gateway.status();
    let text = fs::read_to_string(gateway.config()).unwrap();
    let of = |name: &str| {
        let plugins = before["plugins"].as_array().unwrap();
        let found = plugins.iter().find(|pin| pin["name"] == name);
        found.unwrap()["digest"].as_str().unwrap().to_owned()
    };
    let (new, added) = (
        build(builds.path(), "path-guard", "new"),
        build(builds.path(), "tool-allow", "new"),
    );
    let edited = edited(&text, (&of("path-guard"), &new), &added);
    let (digest, allow_digest) = (new.1, added.1);
    gateway.configure(&edited);
    let change = reload(&gateway);
    let after = gateway.status();
    let expected = json!({
        "policy_set": {"from": before["policy_set"], "to": after["policy_set"]},
        "plugins_added": [{"name": "listed", "digest": allow_digest}],
        "plugins_removed": [],
        "plugins_replaced": [{"name": "path-guard", "from": of("path-guard"), "to": digest}],
        "plugins_changed": [],
        "rules": {"added": ["within-root"], "removed": ["inside-root"], "changed": ["people-agree"]},
        "rules_reordered": false,
        "methods": {"added": ["resources/read"], "removed": [], "changed": []},
        "timeout_s": null,
        "config": change["config"],
    });
    assert_eq!(change, expected);
    gateway.configure(&text);
    let told = stdout(&gateway.wardlet(&["reload"]));
    for line in [
        format!("plugin `listed` removed: {allow_digest}"),
        format!(
            "plugin `path-guard` replaced: {digest} -> {}",
            of("path-guard")
        ),
        "rule `inside-root` added".to_owned(),
        "rule `within-root` removed".to_owned(),
        "rule `people-agree` changed".to_owned(),
        "method `resources/read` removed".to_owned(),
    ] {
        assert!(told.contains(&line), "`{line}` in {told}");
    }
    let finished = gateway.finish();
    let configs = finished.entries.of_kind("config");
    assert_eq!(configs[1]["digest"], change["config"]);
    let policies = finished.entries.of_kind("policy");
    assert_eq!(policies[1]["digest"], after["policy_set"]);
    assert_eq!(policies[1]["plugins"], after["plugins"]);
    assert_eq!(
        policies[2]["digest"], policies[0]["digest"],
        "back to the first set"
    );
}

#[test]
fn the_status_says_what_runs() {
    let TwoSets {
        mut gateway,
        texts: [_, second],
        _builds,
        ..
    } = with_two_sets(&[]);
    let status = gateway.status();
    assert_eq!(status["pid"], gateway.agent.process());
    assert_eq!(status["config"], gateway.config().to_str().unwrap());
    assert_eq!(status["watch"], false);
    assert_eq!(status["calls_under_way"], 0);
    assert_eq!(status["last_reload"], Value::Null);
    assert_eq!(
        status["policy_set"],
        gateway.entries().of_kind("policy")[0]["digest"]
    );
    gateway.agent.call_raw("later", r#"{"path":"/srv/a/x"}"#);
    gateway.agent.until("the call at the server", || {
        (gateway.status()["calls_under_way"] == 1).then_some(())
    });
    gateway.configure(&second);
    reload(&gateway);
    let status = gateway.status();
    assert_eq!(status["last_reload"]["taken"], true, "{status}");
    assert_eq!(status["last_reload"]["trigger"], "command", "{status}");
    let people = stdout(&gateway.wardlet(&["status"]));
    for said in [
        format!("process     {}", gateway.agent.process()),
        status["policy_set"].as_str().unwrap().to_owned(),
        "calls       1 under way, 0 of them waiting for a human".to_owned(),
        "reload      taken at ".to_owned(),
    ] {
        assert!(people.contains(&said), "`{said}` in {people}");
    }
}

/// Whether the agent is told that its list of tools is another one.
fn is_told(gateway: &mut Gateway) -> bool {
    // What comes before the answer to this has come by then.
    gateway.agent.ask("ping", &json!({}));
    let changed = |message: &Value| message["method"] == "notifications/tools/list_changed";
    let told = gateway.agent.aside().iter().any(changed);
    if told {
        gateway.agent.wait_for("the notification", changed);
    }
    told
}

#[test]
fn the_agent_is_told_when_other_tools_are_shown() {
    let names = |listed: &Value| -> Vec<String> {
        let tools = listed["result"]["tools"].as_array().unwrap();
        tools
            .iter()
            .map(|tool| tool["name"].as_str().unwrap().to_owned())
            .collect()
    };
    for (arguments, tells) in [(&["--list-changed"][..], true), (&[], false)] {
        let TwoSets {
            mut gateway,
            texts: [first, second],
            _builds,
            ..
        } = with_two_sets(arguments);
        let fewer = first.replace("tools = [\"echo/*\"]", "tools = [\"echo/echo\"]");
        gateway.configure(&fewer);
        reload(&gateway);
        assert!(!is_told(&mut gateway), "an agent that has no list");
        let listed = gateway.agent.ask("tools/list", &json!({}));
        assert_eq!(names(&listed), ["echo"]);
        gateway.configure(&first);
        reload(&gateway);
        assert_eq!(is_told(&mut gateway), tells, "{arguments:?}: more tools");
        let listed = gateway.agent.ask("tools/list", &json!({}));
        assert!(names(&listed).len() > 10, "{listed}");
        gateway.configure(&second);
        reload(&gateway);
        assert!(!is_told(&mut gateway), "other policies, the same tools");
        gateway.finish();
    }
}
