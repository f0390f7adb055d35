//! `wardlet plugin bench`: what it measures is there, and what cannot be measured is told.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fixture::plugin;
use crate::guest::Guest;

fn bench(path: &Path, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wardlet"))
        .args(["plugin", "bench", "--seconds", "1"])
        .arg(path)
        .args(options)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

const SETTINGS: &str = r#"{"roots":["/srv/data"]}"#;
const ARGUMENTS: &str = r#"{"path":"/srv/data/report.csv"}"#;

#[test]
fn a_shipped_plugin_is_measured_beside_its_floor() {
    let (path, digest) = plugin("path-guard");
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("report.html");
    let given = [
        "--settings",
        SETTINGS,
        "--arguments",
        ARGUMENTS,
        "--json",
        "--html",
    ];
    let output = bench(&path, &[&given[..], &[page.to_str().unwrap()]].concat());
    assert!(output.status.success(), "{output:?}");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let measured = &said["measured"];
    assert_eq!(said["digest"], digest.as_str());
    assert_eq!(measured["outcome"], "allow", "{measured}");
    assert_eq!(measured["faults"], 0, "{measured}");
    let number = |pointer: &str| measured.pointer(pointer).and_then(Value::as_f64);
    for pointer in [
        "/cold_load",
        "/load",
        "/first",
        "/checks/p50",
        "/floor/p50",
        "/ratio/median",
        "/instructions",
        "/cpu_limit",
    ] {
        assert!(number(pointer) > Some(0.0), "{pointer}: {measured}");
    }
    // A plugin of one page writes some of it, and no more than it has.
    if cfg!(target_os = "linux") {
        let written = number("/written").unwrap();
        assert!((4096.0..=65536.0).contains(&written), "{measured}");
    }
    assert_eq!(number("/memory"), Some(65536.0));
    let sizes = measured["sizes"].as_array().unwrap();
    let bytes: Vec<_> = sizes.iter().map(|one| one["bytes"].clone()).collect();
    assert_eq!(
        bytes,
        [64, 1 << 10, 16 << 10, 256 << 10, 1 << 20].map(|size| json!(size))
    );
    assert!(
        sizes
            .iter()
            .all(|one| one["checks"]["p50"].as_f64() > Some(0.0)),
        "{measured}"
    );
    check_page(&fs::read_to_string(page).unwrap(), &digest);
}

/// It needs nothing else, suits both lights, and says in words what the chart shows.
fn check_page(page: &str, digest: &str) {
    for words in [
        "<svg",
        "<title id=",
        "<desc id=",
        "prefers-color-scheme: dark",
        "<caption",
        "lang=\"en\"",
        digest,
    ] {
        assert!(page.contains(words), "`{words}` is not in the report");
    }
    for never in ["<script", "http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(never), "`{never}` is in the report");
    }
}

#[test]
fn instructions_and_written_memory_are_those_of_the_plugin() {
    let folder = TempDir::new().unwrap();
    let measure = |guest: Guest| -> Value {
        let path = folder.path().join("guest.wasm");
        fs::write(&path, guest.component()).unwrap();
        let output = bench(&path, &["--json"]);
        assert!(output.status.success(), "{output:?}");
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        said["measured"].clone()
    };
    let allow = Guest::policy().evaluate;
    let looping = |rounds: u32| {
        format!(
            "(local.set $a (i32.const {rounds}))
            (loop $l (local.set $a (i32.sub (local.get $a) (i32.const 1))) (br_if $l (local.get $a)))
            {allow}"
        )
    };
    let [few, many] = [1_000, 11_000].map(|rounds| {
        let measured = measure(Guest::policy().evaluating(looping(rounds)));
        measured["instructions"].as_u64().unwrap()
    });
    let each = (many - few) / 10_000;
    assert!(
        (4..=8).contains(&each),
        "{few} and {many}: {each} in a round"
    );
    if !cfg!(target_os = "linux") {
        return;
    }
    // Writes one byte into each of 10 pages of 64 KiB beyond the first.
    let writing = format!(
        "(local.set $a (i32.const 10))
        (loop $l (i32.store8 (i32.mul (local.get $a) (i32.const 65536)) (i32.const 1))
            (local.set $a (i32.sub (local.get $a) (i32.const 1))) (br_if $l (local.get $a)))
        {allow}"
    );
    let [none, ten] = [allow.clone(), writing].map(|body| {
        let measured = measure(Guest::policy().with_pages(16).evaluating(body));
        assert_eq!(measured["memory"], 16 << 16);
        measured["written"].as_u64().unwrap()
    });
    let page = rustix::param::page_size() as u64;
    assert_eq!(ten - none, 10 * page, "{none} and {ten}");
}

#[test]
fn what_cannot_be_measured_is_told() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("guest.wasm");
    for (what, bytes, options, code, said) in [
        (
            "a loop",
            Guest::policy()
                .evaluating("(loop $l (br $l)) unreachable")
                .component(),
            &[][..],
            1,
            "gives no verdict: the plugin overran its deadline",
        ),
        (
            "a core module",
            Guest::policy().module(),
            &[],
            1,
            "not a component",
        ),
        (
            "settings that are no JSON",
            Guest::policy().component(),
            &["--settings", "{"],
            2,
            "--settings",
        ),
        (
            "arguments that are no object",
            Guest::policy().component(),
            &["--arguments", "[]"],
            2,
            "no JSON object",
        ),
        (
            "a report that cannot be written",
            Guest::policy().component(),
            &["--html", "/none/there"],
            3,
            "/none/there",
        ),
    ] {
        fs::write(&path, bytes).unwrap();
        let output = bench(&path, options);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{what}: {error}");
        assert!(error.contains(said), "{what}: {error}");
    }
}
