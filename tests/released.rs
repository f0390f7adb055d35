//! Components that were built for a released contract: today's host loads and runs them.
//!
//! The files are never built again: `WARDLET_RELEASED=write` was for the day of the release, and is for
//! the next one.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use wardlet_call::{
    Document, Documents, Json, Part, Phase, PluginName, Projection, Ruling, Subject,
};
use wardlet_keys::digest::{pin, sha256};
use wardlet_sandbox::{Anatomy, Capability, Check, Grant, Plugin, Sandbox};

use crate::fixture::{Gateway, Setup, is_refusal, root};
use crate::guest::{Guest, RET};

/// Each fixture of 0.1.0 with its digest.
const FIXTURES: [(&str, &str); 3] = [
    (
        "policy",
        "sha256:ca2e9f9957478291e6699a3c1a4a1b673fd231402f80ae7112f3f48ef7e8cd29",
    ),
    (
        "redactor",
        "sha256:7a8e667df868aa17db797c5c3e8420ce3b03b2b191de1838a509ff100aaba68a",
    ),
    (
        "every-capability",
        "sha256:6afcf6ae3d825efd29597940f2ad540a910c6ac30a470e584bcc71f98fd86949",
    ),
];

fn path(name: &str) -> PathBuf {
    root()
        .join("tests/released/0.1.0")
        .join(name)
        .with_extension("wasm")
}

fn fixture(name: &str) -> Vec<u8> {
    if std::env::var("WARDLET_RELEASED").as_deref() == Ok("write") {
        let guest = match name {
            "policy" => policy(),
            "redactor" => redactor(),
            _ => every_capability(),
        };
        fs::write(path(name), guest.component()).unwrap();
    }
    fs::read(path(name)).unwrap()
}

/// Allows where `/path` is a text, and denies where it is not.
fn policy() -> Guest {
    let mut guest = Guest::policy().importing("document");
    let [at, length] = guest.text("/path");
    let deny = guest.verdict(2, "outside", &[]);
    let allow = guest.evaluate.clone();
    guest.evaluating(format!(
        "(call $document_get (i32.const 0) (i32.const {at}) (i32.const {length}) (i32.const {RET}))
        (if (i32.load8_u (i32.const {RET})) (then unreachable))
        (if (i32.eqz (i32.load8_u (i32.const {some}))) (then (return (i32.const {deny}))))
        (if (i32.ne (i32.load8_u (i32.const {value})) (i32.const 3))
            (then (return (i32.const {deny}))))
        {allow}",
        some = RET + 4,
        value = RET + 8,
    ))
}

/// Finds the first three bytes of leaf 1.
fn redactor() -> Guest {
    let mut guest = Guest::redactor().importing("document");
    let [entity, length] = guest.text("secret");
    let edit = guest.words(&[1, 0, 3, entity, length, 90]);
    guest.finding_as(&[0, edit, 1])
}

/// Calls a function of everything that can be imported, and traps where one does not answer as it should.
fn every_capability() -> Guest {
    let mut guest = Guest::policy().declaring(&[("words", &[("a", "a")])]);
    for interface in [
        "document",
        "findings",
        "log",
        "clock",
        "random",
        "scan",
        "key-value",
        "counter",
        "rate-limit",
        "http-fetch",
        "fs-read",
        "secret-use",
    ] {
        guest = guest.importing(interface);
    }
    let mut text = |text: &str| {
        let [at, length] = guest.text(text);
        format!("(i32.const {at}) (i32.const {length})")
    };
    let [name, word, rule] = ["writes", "words", "rule"].map(&mut text);
    let [folder, url] = ["policy", "https://not-granted.example/"].map(&mut text);
    let allow = guest.evaluate.clone();
    let ok = format!("(if (i32.load8_u (i32.const {RET})) (then unreachable))");
    let ret = format!("(i32.const {RET})");
    let nothing = "(i32.const 0) (i32.const 0)";
    guest.evaluating(format!(
        "(call $findings_list {ret})
        (call $document_text (i32.const 0) {ret}) {ok}
        (call $log_write (i32.const 1) {name} {nothing})
        (if (i64.eqz (call $clock_now)) (then unreachable))
        (call $random_bytes (i32.const 8) {ret}) {ok}
        (call $scan_run {word} (i32.const 0) {nothing} (i32.const 0) {ret}) {ok}
        (call $key-value_set {name} {word} (i32.const 0) (i64.const 0) {ret}) {ok}
        (call $key-value_get {name} {ret}) {ok}
        (call $counter_add {name} (i64.const 1) (i32.const 1) (i64.const 60000) {ret}) {ok}
        (call $rate-limit_take {name} (i32.const 1) {ret}) {ok}
        (if (i32.load8_u (i32.const {taken})) (then unreachable))
        (call $fs-read_read {folder} {rule} {ret}) {ok}
        (call $secret-use_hmac {name} {word} {ret}) {ok}
        (call $http-fetch_fetch (i32.const 0) {url} {nothing} (i32.const 0) {nothing} {ret})
        (if (i32.ne (i32.load8_u {ret}) (i32.const 1)) (then unreachable))
        (if (i32.ne (i32.load8_u (i32.const {failure})) (i32.const 1)) (then unreachable))
        {allow}",
        taken = RET + 8,
        failure = RET + 4,
    ))
}

fn load(name: &str) -> Plugin {
    let grant = Grant {
        capabilities: Capability::ALL.to_vec(),
        projection: Projection::parse(&["/arguments"]).unwrap(),
        ..Grant::default()
    };
    let sandbox = Sandbox::new().unwrap();
    let name_of_it = PluginName::parse(name).unwrap();
    sandbox.load(&name_of_it, &fixture(name), grant).unwrap()
}

fn check(text: &str) -> Check {
    let document = Document::parsed(Json::parse(text).unwrap(), text.len());
    Check {
        documents: Documents {
            arguments: Some(Arc::new(document)),
            ..Documents::default()
        },
        ..Check::default()
    }
}

fn subject() -> Subject {
    Subject {
        phase: Phase::Request,
        method: "tools/call".into(),
        server: "echo".into(),
        name: "echo".into(),
    }
}

#[test]
fn the_files_are_those_that_were_released() {
    for (name, digest) in FIXTURES {
        let bytes = fixture(name);
        assert!(bytes.len() < 16 << 10, "{name}: {} bytes", bytes.len());
        assert_eq!(pin(&sha256(&bytes)), digest, "{name}");
        let anatomy = Anatomy::read(&bytes);
        assert_eq!(anatomy.contracts, ["0.1.0"], "{name}");
    }
    let every = Anatomy::read(&fixture("every-capability")).capabilities();
    let missing = Capability::ALL
        .into_iter()
        .filter(|one| !every.contains(one));
    // `wasi` is no interface of the contract.
    assert_eq!(missing.collect::<Vec<_>>(), [Capability::Wasi]);
}

#[test]
fn a_released_policy_judges() {
    let plugin = load("policy");
    for (arguments, word) in [
        (r#"{"path":"/srv"}"#, "allow"),
        (r#"{"path":1}"#, "deny"),
        ("{}", "deny"),
    ] {
        let (verdict, _) = plugin.evaluate(&subject(), &check(arguments));
        let (verdict, sentence) = verdict.unwrap();
        assert_eq!(verdict.ruling.word(), word, "{arguments}");
        if let Ruling::Deny(code) = verdict.ruling {
            assert_eq!(
                (code.as_str(), sentence.as_str()),
                ("outside", "It is outside.")
            );
        }
    }
}

#[test]
fn a_released_redactor_finds() {
    let plugin = load("redactor");
    let (edits, _) = plugin.find(&subject(), Part::Arguments, &check(r#"{"a":"secret"}"#));
    let edits = edits.unwrap();
    let found: Vec<_> = edits
        .iter()
        .map(|edit| {
            (
                edit.leaf,
                edit.start,
                edit.end,
                edit.entity.as_str(),
                edit.confidence,
            )
        })
        .collect();
    assert_eq!(found, [(1, 0, 3, "secret", 90)]);
}

#[test]
fn a_released_plugin_reaches_everything_through_a_gateway() {
    let bytes = fixture("every-capability");
    let folder = TempDir::new().unwrap();
    let inside = |name: &str| folder.path().join(name);
    fs::write(inside("token"), "hunter-hunter-22\n").unwrap();
    fs::create_dir(inside("policy")).unwrap();
    fs::write(inside("policy/rule"), "true").unwrap();
    let rules = format!(
        "[plugin.every]
        component = {component:?}
        digest = \"{digest}\"
        sees = [\"/arguments\"]
        grants = [\"log\", \"clock\", \"random\", \"scan\", \"key-value\", \"counter\", \"rate-limit\", \"http-fetch\", \"fs-read\", \"secret-use\"]
        store = {{ quota = \"256KiB\" }}
        buckets = [\"writes\"]
        http = {{ allow = [\"https://granted.example:443\"] }}
        folders = {{ policy = {policy:?} }}
        secrets = {{ writes = [\"hmac\"] }}
        limits = {{ deadline = \"10s\" }}

        [bucket.writes]
        rate = \"100/h\"
        per = \"principal\"

        [secret.writes]
        file = {token:?}

        [[rule]]
        name = \"every\"
        tools = [\"echo/*\"]
        policies = [\"every\"]",
        component = path("every-capability"),
        digest = pin(&sha256(&bytes)),
        policy = inside("policy"),
        token = inside("token"),
    );
    let mut gateway = Gateway::start(&Setup::rules(&rules));
    let answer = gateway.agent.call("echo", &json!({ "path": "/a" }));
    assert!(!is_refusal(&answer), "{answer}");
    assert_eq!(gateway.finish().entries.count("allow"), 1);
}
