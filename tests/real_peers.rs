//! Real servers driven by real clients, directly and through the gateway: what they see is the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::fixture::{Entries, SECRET, Setup, peers, root, skip, wardlet};

/// A client SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Python,
    TypeScript1,
    TypeScript2,
}

const CLIENTS: [Client; 3] = [Client::Python, Client::TypeScript1, Client::TypeScript2];

impl Client {
    /// Drives a server and tells what it saw.
    fn drive(self, command: &[String], calls: &[(&str, Value)], folder: &str) -> Value {
        let calls: Vec<Value> = calls
            .iter()
            .map(|(tool, arguments)| json!({"tool": tool, "arguments": arguments}))
            .collect();
        let scenario =
            json!({"command": command, "mode": "auto", "folder": folder, "calls": calls});
        let mut driver = match self {
            Client::Python => Command::new(python()),
            Client::TypeScript1 | Client::TypeScript2 => Command::new("node"),
        };
        let script = match self {
            Client::Python => "client.py",
            Client::TypeScript1 => "client_v1.mjs",
            Client::TypeScript2 => "client_v2.mjs",
        };
        driver
            .arg(root().join("tests/peers").join(script))
            .arg(scenario.to_string());
        let output = driver
            .current_dir(peers())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{self:?} with {command:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn python() -> PathBuf {
    peers().join("python/bin/python")
}

fn npm_server(name: &str, arguments: &[&str]) -> Vec<String> {
    let script = peers()
        .join("node_modules/@modelcontextprotocol")
        .join(name)
        .join("dist/index.js");
    let mut command = vec!["node".to_owned(), script.display().to_string()];
    command.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    command
}

/// Whether a test has what it needs; else it says that it is skipped.
fn has(test: &str, node: bool, python_too: bool) -> bool {
    let missing = match (
        node && !peers().join("node_modules").exists(),
        python_too && !python().exists(),
    ) {
        (true, _) => "node with npm",
        (_, true) => "python3 with venv",
        _ => return true,
    };
    skip(test, missing);
    false
}

/// A gateway in front of a server: its folder, and the command that starts it.
fn behind_gateway(command: &[String], rules: &str) -> (tempfile::TempDir, Vec<String>) {
    let mut setup = Setup::rules(rules);
    setup.name = "peer";
    setup.command = Some(command.to_vec());
    let folder = setup.write();
    let config = folder.path().join("wardlet.toml").display().to_string();
    let log = folder.path().join("gateway.log").display().to_string();
    let words = [
        env!("CARGO_BIN_EXE_wardlet"),
        "run",
        "--log-file",
        &log,
        "--config",
        &config,
    ];
    (folder, words.map(str::to_owned).to_vec())
}

/// What one session of the gateway left behind is sound, and every call that was allowed has its entry.
fn check_log(folder: &tempfile::TempDir, allowed: usize, denied: usize) {
    let verified = wardlet(&["audit", "verify"], &folder.path().join("wardlet.toml"));
    assert!(verified.status.success(), "{verified:?}");
    let entries = Entries::read(&folder.path().join(".wardlet/log"));
    entries.check_pairs();
    assert_eq!(
        (entries.count("allow"), entries.count("deny")),
        (allowed, denied),
        "{:?}",
        entries.decisions()
    );
}

#[test]
fn server_everything_is_the_same_through_the_gateway() {
    if !has(
        "real_peers::server_everything_is_the_same_through_the_gateway",
        true,
        true,
    ) {
        return;
    }
    let rules = "[[rule]]\nname = \"all\"\ntools = [\"peer/*\"]\npolicies = [\"allow-all\"]\nredactors = [\"secret-redactor\"]\n";
    let calls = [
        ("echo", json!({"message": "h\u{e9}llo \u{1f600}"})),
        ("get-sum", json!({"a": 1.5, "b": 2})),
        ("get-structured-content", json!({"location": "New York"})),
        (
            "get-annotated-message",
            json!({"messageType": "error", "includeImage": true}),
        ),
        ("get-tiny-image", json!({})),
        (
            "trigger-long-running-operation",
            json!({"duration": 0.3, "steps": 3}),
        ),
        ("get-roots-list", json!({})),
        (
            "trigger-sampling-request",
            json!({"prompt": "p", "maxTokens": 5}),
        ),
        ("trigger-elicitation-request", json!({})),
        ("get-sum", json!({"a": "x"})),
    ];
    for client in CLIENTS {
        let server = npm_server("server-everything", &["stdio"]);
        let direct = client.drive(&server, &calls, "/srv/data");
        let (folder, gateway) = behind_gateway(&server, rules);
        let through = client.drive(&gateway, &calls, "/srv/data");
        compare(client, &direct, &through);
        assert!(
            through["progress"].as_array().unwrap().len() >= 2,
            "{client:?}: {}",
            through["progress"]
        );
        assert_eq!(
            kinds(&through["asked"]),
            ["elicitation", "roots", "sampling"],
            "{client:?}"
        );
        check_log(&folder, calls.len(), 0);
    }
}

/// Tools, results, protocol and questions are equal. Of progress, a client may have lost the last
/// notification, which races with the answer in both sessions.
fn compare(client: Client, direct: &Value, through: &Value) {
    assert_eq!(direct["protocol"], through["protocol"], "{client:?}");
    assert_eq!(names(direct), names(through), "{client:?}");
    assert_eq!(direct["tools"], through["tools"], "{client:?}");
    assert_eq!(direct["results"], through["results"], "{client:?}");
    assert_eq!(
        kinds(&direct["asked"]),
        kinds(&through["asked"]),
        "{client:?}"
    );
    let (one, other) = (
        direct["progress"].as_array().unwrap(),
        through["progress"].as_array().unwrap(),
    );
    let common = one.len().min(other.len());
    assert_eq!(one[..common], other[..common], "{client:?}");
}

/// What the server asked for, each once: it asks for the roots after a time of its own, and again in
/// `get-roots-list` where that comes first, so that even two direct sessions differ in how often.
fn kinds(words: &Value) -> Vec<&str> {
    let mut words: Vec<&str> = words
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

#[test]
fn server_filesystem_is_guarded() {
    if !has("real_peers::server_filesystem_is_guarded", true, true) {
        return;
    }
    let rules = r#"
[[rule]]
name = "reading"
tools = ["peer/read_*", "peer/list_directory", "peer/get_file_info"]
policies = ["path-guard"]
redactors = ["secret-redactor"]
"#;
    for client in CLIENTS {
        let files = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(files.path()).unwrap();
        fs::write(folder.join("a.txt"), "a text\n").unwrap();
        fs::write(folder.join("key.env"), format!("KEY={SECRET}\n")).unwrap();
        guarded(client, &folder, rules);
        assert_eq!(
            fs::read_to_string(folder.join("a.txt")).unwrap(),
            "a text\n"
        );
    }
}

/// One client's sessions with the files server over a folder.
fn guarded(client: Client, folder: &Path, rules: &str) {
    let root = folder.to_str().unwrap();
    let place = |name: &str| json!({"path": folder.join(name)});
    let calls = [
        ("read_text_file", place("a.txt")),
        ("list_directory", json!({"path": root})),
        ("read_text_file", place("missing")),
    ];
    let more = [
        ("read_text_file", place("key.env")),
        ("read_text_file", place("../../etc/passwd")),
        (
            "write_file",
            json!({"path": folder.join("a.txt"), "content": "x"}),
        ),
    ];
    let server = npm_server("server-filesystem", &[root]);
    let direct = client.drive(&server, &calls, root);
    let (state, gateway) = behind_gateway_with_root(&server, rules, root);
    let through = client.drive(&gateway, &[&calls[..], &more[..]].concat(), root);
    let results = through["results"].as_array().unwrap();
    assert_eq!(
        results[..3],
        direct["results"].as_array().unwrap()[..],
        "{client:?}"
    );
    let redacted = results[3].to_string();
    assert!(
        redacted.contains("KEY=") && !redacted.contains(SECRET),
        "{client:?}: {redacted}"
    );
    for refused in &results[4..] {
        assert_eq!(refused["isError"], true, "{client:?}: {refused}");
    }
    let names = names(&through);
    assert!(names.contains(&"read_text_file"), "{client:?}: {names:?}");
    assert!(!names.contains(&"write_file"), "{client:?}: {names:?}");
    check_log(&state, 4, 2);
}

/// The tools that a client was shown.
fn names(seen: &Value) -> Vec<&str> {
    let tools = seen["tools"].as_array().unwrap();
    tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect()
}

/// As [`behind_gateway`], with path-guard's root where the files of the test are.
fn behind_gateway_with_root(
    server: &[String],
    rules: &str,
    root: &str,
) -> (tempfile::TempDir, Vec<String>) {
    let (folder, gateway) = behind_gateway(server, rules);
    let config = folder.path().join("wardlet.toml");
    let text = fs::read_to_string(&config)
        .unwrap()
        .replace("/srv/data", root);
    fs::write(config, text).unwrap();
    (folder, gateway)
}

/// The version of 2026-07-28 has no handshake: the same through the gateway.
#[test]
fn server_git_speaks_the_modern_version() {
    if !has(
        "real_peers::server_git_speaks_the_modern_version",
        true,
        true,
    ) {
        return;
    }
    let files = tempfile::tempdir().unwrap();
    let folder = fs::canonicalize(files.path()).unwrap();
    let made = Command::new("git")
        .args(["init", "--quiet"])
        .current_dir(&folder)
        .status();
    if !made.is_ok_and(|status| status.success()) {
        return skip("real_peers::server_git_speaks_the_modern_version", "git");
    }
    let place = folder.to_str().unwrap();
    let server = [
        python().to_str().unwrap(),
        "-m",
        "mcp_server_git",
        "--repository",
        place,
    ]
    .map(str::to_owned);
    let calls = [
        ("git_status", json!({"repo_path": place})),
        ("git_log", json!({"repo_path": "/nowhere"})),
    ];
    let rules = "[[rule]]\nname = \"all\"\ntools = [\"peer/*\"]\npolicies = [\"allow-all\"]\n";
    for client in [Client::Python, Client::TypeScript2] {
        let direct = client.drive(&server, &calls, place);
        assert_eq!(direct["protocol"], "2026-07-28", "{client:?}");
        let (folder, gateway) = behind_gateway(&server, rules);
        let through = client.drive(&gateway, &calls, place);
        compare(client, &direct, &through);
        check_log(&folder, 2, 0);
    }
}
