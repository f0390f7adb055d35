//! `wardlet check` in front of a server that runs: which rules bear on nothing, and which tools nobody may call.

use serde_json::{Value, json};

use crate::fixture::{Setup, wardlet};

/// Two rules of which one has a slip of the fingers in it.
const SLIP: &str = r#"
[[rule]]
name = "echoes"
tools = ["echo/echo"]
policies = ["path-guard"]

[[rule]]
name = "slipped"
tools = ["echo/porcess"]
policies = ["path-guard"]

[[rule]]
name = "nothing-like-it"
tools = ["echo/erase_everything_*"]
policies = ["path-guard"]
"#;

#[test]
fn rules_about_nothing_and_tools_without_a_rule_are_told() {
    let folder = Setup::rules(SLIP).write();
    let config = folder.path().join("wardlet.toml");
    let output = wardlet(&["check"], &config);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shown}");
    for words in [
        "warning: rule `slipped` matches no tool that the servers list today\n\
         hint: `echo/porcess` in its `tools`: did you mean `echo/process`?",
        "warning: rule `nothing-like-it` matches no tool",
        "would run, with 2 idle rules: 1 plugin, 3 rules, ",
    ] {
        assert!(shown.contains(words), "no `{words}` in\n{shown}");
    }
    assert_eq!(shown.matches("did you mean").count(), 1, "{shown}");
    assert_eq!(shown.matches("refused always").count(), 1, "{shown}");
    let output = wardlet(&["check", "--json"], &config);
    let checked: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(checked["idle_rules"], json!(["slipped", "nothing-like-it"]));
}
