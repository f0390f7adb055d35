use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use wardlet_call::{PluginName, Replacement, ServerName};
use wardlet_sandbox::Limits;

use super::{
    BuiltIn, Config, DEFAULT_APPROVAL, DEFAULT_ENV, DEFAULT_TIMEOUT, Faults, MethodRule, PolicyRef,
};

/// With this variable set to `write`, the golden files are written anew instead of compared.
const GOLDEN: &str = "WARDLET_GOLDEN";

const CAPABILITIES: [&str; 9] = [
    "log",
    "clock",
    "random",
    "key-value",
    "counter",
    "rate-limit",
    "http-fetch",
    "fs-read",
    "secret-use",
];

fn parse(text: &str) -> Result<Config, Faults> {
    Config::parse(text, Path::new("wardlet.toml"), &CAPABILITIES)
}

/// What is told about a file: of one that is accepted, its warnings.
fn told(text: &str) -> Faults {
    parse(text).map_or_else(|faults| faults, |config| config.warnings)
}

fn golden_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/golden");
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    files
}

#[test]
fn messages_are_those_of_the_golden_files() {
    let files = golden_files();
    assert!(files.len() >= 25);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let got = told(&text).render(false);
        let expected = file.with_extension("txt");
        if std::env::var(GOLDEN).is_ok_and(|value| value == "write") {
            std::fs::write(&expected, &got).unwrap();
        }
        let expected = std::fs::read_to_string(&expected).unwrap();
        assert_eq!(got, expected, "{}", file.display());
    }
}

#[test]
fn every_fault_has_a_place_in_json_and_shows_no_secret() {
    for file in golden_files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let faults = told(&text);
        let json = faults.to_json();
        let listed = json["faults"].as_array().unwrap();
        assert_eq!(listed.len(), faults.iter().len());
        for (fault, listed) in faults.iter().zip(listed) {
            assert_eq!(listed["message"], fault.message());
            assert_eq!(listed["line"].is_null(), fault.position().is_none());
            if let Some((line, column)) = fault.position() {
                let place = format!("wardlet.toml:{line}:{column}\n");
                assert!(faults.render(false).contains(&place), "{place}");
            }
            assert!(!fault.message().contains(char::is_control));
            assert!(!fault.message().ends_with('.'), "{}", fault.message());
        }
        for shown in [
            faults.render(false),
            json.to_string(),
            format!("{faults:?}"),
            format!("{:?}", parse(&text).ok()),
        ] {
            assert!(!shown.contains("hunter"), "{shown}");
            assert!(!shown.contains("12345,"), "{shown}");
        }
    }
}

#[test]
fn colours_only_when_asked_for() {
    let faults = parse("x = 1").unwrap_err();
    assert!(!faults.render(false).contains('\u{1b}'));
    assert!(faults.render(true).contains('\u{1b}'));
    assert_eq!(faults.to_string(), faults.render(false).trim_end());
}

const FULL: &str = r#"
[gateway]
name = "laptop"
state = "/var/lib/wardlet"

[server.files]
command = ["npx", "-y", "files", ""]
env = ["HOME", "LANG"]
set_env = { KEY = "value" }
cwd = "."
timeout = "90s"

[server.tickets]
set_env.PATH = "/bin"

[plugin.path-guard]
component = "plugins/path-guard.wasm"
digest = "sha256:ff00000000000000000000000000000000000000000000000000000000000001"
grants = ["log", "clock"]
sees = ["/arguments", "/result/content/*/text"]
settings = { roots = ["/srv/data"], depth = 3 }
limits = { deadline = "20ms", memory = "1MiB" }

[[rule]]
name = "files-inside-root"
tools = ["files/*"]
methods = ["files/resources/*"]
policies = ["path-guard"]
redactors = ["path-guard"]
arguments = "mask"
replacement = "hash"

[[rule]]
name = "asks"
tools = ["*/write_*"]
risk = "high"

[[rule]]
name = "asks-longer"
tools = ["tickets/*"]
policies = ["allow-all"]
approval = { expires = "2m" }
risk = "low"

[methods]
"resources/read" = "judge"
"logging/setLevel" = "pass"
"#;

#[test]
fn a_full_file_resolves() {
    let path = Path::new("/etc/w/wardlet.toml");
    let config = Config::parse(FULL, path, &CAPABILITIES).unwrap();
    assert!(config.warnings.is_empty(), "{}", config.warnings);
    assert_eq!(config.folder, Path::new("/etc/w"));
    assert_eq!(config.gateway.name, "laptop");
    assert_eq!(config.gateway.state, Path::new("/var/lib/wardlet"));

    let [files, tickets] = ["files", "tickets"].map(|name| ServerName::parse(name).unwrap());
    let server = &config.servers[&files];
    assert_eq!(server.command.as_ref().unwrap().len(), 4);
    assert_eq!(server.env, ["HOME", "LANG"]);
    assert_eq!(server.set_env["KEY"].as_str(), "value");
    assert!(!format!("{config:?}").contains("value"));
    assert_eq!(server.cwd.as_deref(), Some(Path::new("/etc/w/.")));
    assert_eq!(server.timeout, Duration::from_secs(90));
    let server = &config.servers[&tickets];
    assert_eq!((&server.command, &server.cwd), (&None, &None));
    assert_eq!(server.env.len(), DEFAULT_ENV.len() - 1, "PATH is set");
    assert_eq!(server.timeout, DEFAULT_TIMEOUT);

    let guard = PluginName::parse("path-guard").unwrap();
    let plugin = &config.plugins[&guard];
    assert_eq!(
        plugin.component,
        Path::new("/etc/w/plugins/path-guard.wasm")
    );
    let digest = plugin.digest.unwrap();
    assert_eq!((digest[0], digest[31]), (255, 1));
    assert_eq!(plugin.grants, ["log", "clock"]);
    let sees = plugin.sees.to_string();
    assert_eq!(sees, r#""/arguments", "/result/content/*/text""#);
    let settings = plugin.settings.to_text();
    assert_eq!(settings, r#"{"roots":["/srv/data"],"depth":3}"#);
    let limits = Limits {
        deadline: Duration::from_millis(20),
        cpu: Duration::from_millis(20),
        memory: 1 << 20,
        ..Limits::default()
    };
    assert_eq!(plugin.limits, limits);

    let [first, asks, longer] = &config.rules[..] else {
        panic!("three rules");
    };
    assert_eq!(first.policies, [PolicyRef::Plugin(guard.clone())]);
    assert_eq!(first.redactors, [guard]);
    assert!(first.mask_arguments && first.replacement == Replacement::Hash);
    assert_eq!((first.approval, first.durable), (None, false));
    assert_eq!(
        (asks.approval, asks.durable),
        (Some(DEFAULT_APPROVAL), true)
    );
    assert!(!asks.mask_arguments && asks.replacement == Replacement::Mask);
    assert_eq!(longer.approval, Some(Duration::from_secs(120)));
    assert!(!longer.durable);
    assert_eq!(longer.policies, [PolicyRef::BuiltIn(BuiltIn::AllowAll)]);
    assert_eq!(config.methods["resources/read"], MethodRule::Judge);
    assert_eq!(config.methods["logging/setLevel"], MethodRule::Pass);
}

#[test]
fn rules_are_found_in_the_order_of_the_file() {
    let config = parse(FULL).unwrap();
    for (server, tool, expected) in [
        ("files", "read", &["files-inside-root"][..]),
        ("files", "write_x", &["files-inside-root", "asks"]),
        ("tickets", "write_", &["asks", "asks-longer"]),
        ("unknown", "read", &[]),
        ("unknown", "write_x", &["asks"]),
    ] {
        let server = ServerName::parse(server).unwrap();
        let names = config.rules_for(&server, tool);
        let names: Vec<_> = names.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, expected, "{server} {tool}");
    }
    let files = ServerName::parse("files").unwrap();
    assert_eq!(config.rules_for_method(&files, "resources/read").len(), 1);
    assert_eq!(config.rules_for_method(&files, "write_x").len(), 0);
}

#[test]
fn a_file_that_cannot_be_read_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wardlet.toml");
    let check = |content: Option<&[u8]>, message: &str, position| {
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let faults = Config::load(&path, &CAPABILITIES).unwrap_err();
        let fault = faults.iter().next().unwrap();
        assert_eq!(
            (fault.message().as_str(), fault.position()),
            (message, position)
        );
    };
    check(None, "there is no such configuration file", None);
    check(
        Some(b"x = 'a\xff'"),
        "the configuration is not UTF-8 from here on",
        Some((1, 7)),
    );
    check(
        Some(b"\n\xff"),
        "the configuration is not UTF-8 from here on",
        Some((2, 1)),
    );
    let large = vec![b'\n'; 1024 * 1024 + 1];
    check(Some(&large), "the configuration is larger than 1 MiB", None);
    check(Some(&large[1..]), "the configuration names no server", None);
    assert!(Config::load(folder.path(), &CAPABILITIES).is_err());
    std::fs::write(&path, FULL).unwrap();
    let config = Config::load(&path, &CAPABILITIES).unwrap();
    assert_eq!(config.folder, folder.path());
}

/// Texts whose cost would be noticed if it grew faster than their length.
#[test]
fn large_hostile_files_end() {
    let many = 1024 * 1024;
    for piece in [
        "env",
        "=",
        "\"",
        "[",
        "a=[",
        "a.",
        "env]",
        "x\n",
        "\n=",
        "{a=",
        "'''",
        "[[rule]]\n",
    ] {
        let text = piece.repeat(many / piece.len());
        assert!(!told(&text).is_empty(), "{piece}");
    }
}

proptest! {
    #[test]
    fn any_text_resolves_or_has_faults(text in any::<String>()) {
        let faults = told(&text);
        let shown = faults.render(true);
        prop_assert_eq!(shown.is_empty(), faults.is_empty());
    }

    /// Pieces of a good file in any order and number, cut anywhere.
    #[test]
    fn broken_files_resolve_or_have_faults(
        lines in prop::collection::vec(0..FULL.lines().count(), 0..40),
        cut in 0..400_usize,
        odd in "[\\[\\]={}\"'.#,\n é\u{feff}]{0,4}",
    ) {
        let all: Vec<&str> = FULL.lines().collect();
        let mut text: String = lines.iter().map(|at| format!("{}\n", all[*at])).collect();
        let cut = text.floor_char_boundary(cut.min(text.len()));
        text.insert_str(cut, &odd);
        for text in [&text[..], &text[..cut]] {
            let faults = told(text);
            prop_assert_eq!(faults.render(false).is_empty(), faults.is_empty());
            prop_assert!(faults.to_json().is_object());
            prop_assert_eq!(parse(text).is_err(), faults.refuses());
        }
    }
}
