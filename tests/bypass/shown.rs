//! What a person is shown of a call is what is sent, and nothing of it acts on the terminal.

use serde_json::Value;
use wardlet_call::Json;

use crate::fixture::{Gateway, Received, Setup, is_refusal};

/// Objects that serde_json's own values take for a number, and for JSON text.
const LOOKALIKES: &str = r#"{"path":"/srv/data/a","n":{"$serde_json::private::Number":"1"},"raw":{"$serde_json::private::RawValue":"{\"path\":\"/srv/data/b\"}"},"plain":[1.5,[],{}]}"#;

/// A name that would move to another line, turn the direction of text, and clear the screen.
const HOSTILE: &str = "delete\n\u{202e}eton\u{1b}[2J\u{200b}";

fn stdout(gateway: &Gateway, arguments: &[&str]) -> String {
    let output = gateway.wardlet(arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn arguments_that_look_like_a_parsers_own_are_shown_as_they_are() {
    let mut gateway = Gateway::start(&Setup::default());
    let call = gateway.agent.call_raw("delete_note", LOOKALIKES);
    let id = gateway.held();
    let shown = stdout(&gateway, &["approvals", "show", &id]);
    for whole in [
        r#""$serde_json::private::Number": "1""#,
        r#""$serde_json::private::RawValue": "{\"path\":\"/srv/data/b\"}""#,
    ] {
        assert!(shown.contains(whole), "`{whole}` is not in:\n{shown}");
    }
    let (_, arguments) = shown.split_once("as they will be sent:\n").unwrap();
    let arguments = arguments
        .split_once("\nand beside them:")
        .map_or(arguments, |(arguments, _)| arguments);
    let canonical = |text: &str| Json::parse(text).unwrap().canonical().unwrap();
    assert_eq!(canonical(arguments), canonical(LOOKALIKES));
    let for_programs = stdout(&gateway, &["approvals", "show", &id, "--json"]);
    let for_programs: Value = serde_json::from_str(&for_programs).unwrap();
    assert_eq!(for_programs["arguments"], canonical(LOOKALIKES));

    stdout(&gateway, &["approvals", "approve", &id]);
    assert!(!is_refusal(&gateway.agent.answer(call)));
    let finished = gateway.finish();
    assert_eq!(
        Received::arguments(finished.received.calls()[0]),
        LOOKALIKES,
        "what arrived is what was shown"
    );
}

#[test]
fn nothing_that_is_shown_acts_on_the_terminal() {
    let mut setup = Setup::rules(
        r#"
[[rule]]
name = "people-agree"
tools = ["echo/*"]
policies = ["allow-all"]
approval = { expires = "50s" }
"#,
    );
    setup.arguments = ["--tool", HOSTILE].map(str::to_owned).to_vec();
    let mut gateway = Gateway::start(&setup);
    let text = serde_json::to_string(HOSTILE).unwrap();
    let tool = text.trim_matches('"');
    let beside = format!(r#","extra":{text}"#);
    let line = super::call_line("71", tool, (&beside, &beside));
    gateway.agent.send(&line.replace("/srv/data/a", tool));
    let id = gateway.held();

    let list = stdout(&gateway, &["approvals", "list"]);
    assert_eq!(list.lines().count(), 2, "a heading and one call: {list}");
    let show = stdout(&gateway, &["approvals", "show", &id]);
    let approve = stdout(&gateway, &["approvals", "approve", &id]);
    assert_eq!(approve.lines().count(), 1, "{approve}");
    for shown in [&list, &show, &approve] {
        assert!(
            shown.contains(r"echo/delete\u{a}\u{202e}eton\u{1b}[2J\u{200b}"),
            "{shown:?}"
        );
        let acts = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{200b}".contains(c));
        assert!(!shown.contains(acts), "{shown:?}");
    }
    // Its arguments, the member beside them, and that of the envelope.
    assert_eq!(
        show.matches(r"delete\n\u{202e}eton\u001b").count(),
        3,
        "{show:?}"
    );
    assert!(!is_refusal(&gateway.agent.answer(71)));
    let log = gateway.log();
    assert!(!log.contains(['\u{1b}', '\u{202e}']), "{log:?}");
    gateway.finish();
}
