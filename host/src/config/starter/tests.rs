use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use wardlet_call::{PluginName, ServerName};

use super::{Starter, StarterKind, StarterPlugin, StarterTool, starter};
use crate::config::Config;

fn tool(
    name: &str,
    read_only: Option<bool>,
    destructive: Option<bool>,
    args: &[&str],
) -> StarterTool {
    StarterTool {
        name: name.to_owned(),
        read_only,
        destructive,
        arguments: args.iter().map(|&name| name.to_owned()).collect(),
    }
}

fn plugins(names: &[&str]) -> Vec<StarterPlugin> {
    let plugin = |&name: &&str| StarterPlugin {
        name: PluginName::parse(name).unwrap(),
        component: format!("plugins/{name}.wasm"),
        digest: [7; 32],
        grants: if name == "path-guard" {
            vec!["log".to_owned()]
        } else {
            Vec::new()
        },
        kind: if name == "secret-redactor" {
            StarterKind::Redactor
        } else {
            StarterKind::Policy
        },
    };
    names.iter().map(plugin).collect()
}

fn written(tools: &[StarterTool], plugins: &[StarterPlugin], roots: &[&str]) -> (String, Config) {
    let server = ServerName::parse("files").unwrap();
    let command = ["npx", "-y", "it's \"quoted\"\\"].map(str::to_owned);
    let roots: Vec<PathBuf> = roots.iter().map(PathBuf::from).collect();
    let text = starter(&Starter {
        server: &server,
        command: &command,
        tools,
        plugins,
        roots: &roots,
    });
    let config = Config::parse(&text, Path::new("wardlet.toml"), &["log"]);
    let config = config.unwrap_or_else(|faults| panic!("{faults}\n{text}"));
    assert_eq!(
        config.servers[&server].command.as_deref(),
        Some(&command[..])
    );
    (text, config)
}

/// `rule policies… -> asks` of the rules about a tool.
fn rules(config: &Config, tool: &str) -> Vec<String> {
    let server = ServerName::parse("files").unwrap();
    let rules = config.rules_for(&server, tool).into_iter();
    rules.map(|rule| rule.name.to_string()).collect()
}

fn tools() -> Vec<StarterTool> {
    vec![
        tool("read", Some(true), None, &["path", "head"]),
        tool("write", Some(false), Some(true), &["targetPath", "content"]),
        tool("mkdir", Some(false), Some(false), &["path"]),
        tool("copy", Some(false), Some(false), &["src", "dst"]),
        tool("roots", Some(true), Some(false), &[]),
        tool("odd", None, None, &["x"]),
        tool("liar", Some(true), Some(true), &["x"]),
    ]
}

#[test]
fn what_is_bound_to_what() {
    let all = ["path-guard", "tool-allow", "secret-redactor", "other"];
    let (asks, secret) = ("people-agree-to-changes", "nothing-secret-passes");
    for (available, roots, expected) in [
        (
            &all[..],
            &["/srv/data", "/home/é \"x\""][..],
            [
                ("read", vec!["files-inside-roots", secret]),
                ("write", vec!["files-inside-roots", asks, secret]),
                ("mkdir", vec!["files-inside-roots", asks, secret]),
                ("copy", vec!["files-inside-roots", asks, secret]),
                ("roots", vec!["listed-tools", secret]),
                ("odd", vec!["listed-tools", asks, secret]),
                ("liar", vec!["listed-tools", asks, secret]),
                ("unlisted", vec![]),
            ],
        ),
        (
            &all[1..2],
            &["/srv/data"],
            [
                ("read", vec!["listed-tools"]),
                ("write", vec!["listed-tools", asks]),
                ("mkdir", vec!["listed-tools", asks]),
                ("copy", vec!["listed-tools", asks]),
                ("roots", vec!["listed-tools"]),
                ("odd", vec!["listed-tools", asks]),
                ("liar", vec!["listed-tools", asks]),
                ("unlisted", vec![]),
            ],
        ),
    ] {
        let (text, config) = written(&tools(), &plugins(available), roots);
        assert!(config.warnings.is_empty(), "{}\n{text}", config.warnings);
        for (tool, expected) in expected {
            assert_eq!(rules(&config, tool), expected, "{tool}\n{text}");
        }
        for rule in &config.rules {
            assert_eq!(rule.durable, rule.name.as_str() == asks);
            assert_eq!(rule.approval.is_some(), rule.durable);
            assert!(rule.approval.is_none_or(|a| a < Duration::from_secs(60)));
        }
        assert!(text.contains("claim"));
    }
}

#[test]
fn settings_fit_the_plugins() {
    let (text, config) = written(
        &tools(),
        &plugins(&["path-guard", "tool-allow"]),
        &["/srv/data", "/home/é \"x\""],
    );
    let guard = &config.plugins[&PluginName::parse("path-guard").unwrap()];
    assert_eq!(
        (&guard.grants[..], guard.digest.unwrap()),
        (&["log".to_owned()][..], [7; 32])
    );
    let settings = |name: &str| {
        config.plugins[&PluginName::parse(name).unwrap()]
            .settings
            .to_text()
    };
    let guard = settings("path-guard");
    assert!(
        guard.starts_with(r#"{"roots":["/srv/data","/home/é \"x\""],"keys":["path","#),
        "{text}"
    );
    // What path-guard knows by itself stays among them: the list takes the place of its own.
    for name in ["targetPath", "src", "dst", "from", "to", "files", "cwd"] {
        assert!(guard.contains(&format!("\"{name}\"")), "{name} {guard}");
    }
    let other = r#"{"other_arguments":"allow"}"#;
    let expected = format!(r#"{{"tools":{{"roots":{other},"odd":{other},"liar":{other}}}}}"#);
    assert_eq!(settings("tool-allow"), expected);
}

#[test]
fn without_roots_or_plugins_the_tools_are_still_listed() {
    for (available, roots) in [(&[][..], &["/srv"][..]), (&["path-guard"], &[])] {
        let (text, config) = written(&tools(), &plugins(available), roots);
        assert!(config.plugins.is_empty() && text.contains("allow-all"));
        assert_eq!(rules(&config, "read"), ["listed-tools"]);
        assert_eq!(rules(&config, "unlisted"), [""; 0]);
    }
    // Nothing is allowed, which is worth a warning but no fault.
    let (_, config) = written(&[], &plugins(&["secret-redactor"]), &[]);
    assert_eq!(config.warnings.iter().len(), 1);
}

#[test]
fn a_hostile_server_adds_no_rule_of_its_own() {
    let hostile = [
        "*",
        "read_*",
        "",
        "a b",
        "x\"]\n[[rule]]",
        "a\u{1b}",
        "twice",
        "twice",
        "\u{202e}ok",
    ];
    let long = "x".repeat(300);
    let mut tools: Vec<_> = hostile
        .iter()
        .map(|name| tool(name, Some(true), None, &["path", "a\"\n]path", &long]))
        .collect();
    tools.push(tool(&long, Some(true), None, &[]));
    let all = plugins(&["path-guard", "tool-allow", "secret-redactor"]);
    let (text, config) = written(&tools, &all, &["/srv"]);
    assert!(text.contains(": 8.\n"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
    assert_eq!(config.rules.len(), 2);
    for (tool, bound) in [
        ("twice", 2),
        ("\u{202e}ok", 2),
        ("anything", 0),
        ("read_x", 0),
    ] {
        assert_eq!(rules(&config, tool).len(), bound, "{tool}");
    }
    let many: Vec<_> = (0..1200)
        .map(|n| tool(&format!("t{n}"), None, None, &[]))
        .collect();
    let (_, config) = written(&many, &all, &["/srv"]);
    assert_eq!(rules(&config, "t999").len(), 3);
    assert_eq!(rules(&config, "t1000").len(), 0);
}

proptest! {
    #[test]
    fn a_starter_always_resolves(
        tools in prop::collection::vec(
            (any::<String>(), any::<Option<bool>>(), any::<Option<bool>>(),
             prop::collection::vec("(path|[a-z\"\\\\\n]{0,6}_file|x)", 0..3)), 0..8),
        available in prop::sample::subsequence(vec!["path-guard", "tool-allow", "secret-redactor"], 0..=3),
        roots in prop::collection::vec("/[a-z\"\\\\\n]{0,6}", 0..2),
    ) {
        let tools: Vec<_> = tools
            .into_iter()
            .map(|(name, read_only, destructive, arguments)| StarterTool { name, read_only, destructive, arguments })
            .collect();
        let roots: Vec<&str> = roots.iter().map(String::as_str).collect();
        written(&tools, &plugins(&available), &roots);
    }
}
