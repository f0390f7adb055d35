//! `cargo xtask test`: every test there is, with real servers and clients where they install.

use std::env;
use std::fs;

use wardlet_author::Steps;

use crate::lint::finish;
use crate::peers::{self, PEERS, VERIFIERS};
use crate::workspace::Workspace;

/// Set to `1`, a test that is skipped for want of a peer is a failure. CI sets it.
const REQUIRE: &str = "WARDLET_REQUIRE_PEERS";

/// Builds the guests, installs the peers and runs the tests. `filter` goes to cargo as it is.
pub(crate) fn run(workspace: &Workspace, filter: &[String]) -> Result<(), String> {
    let skips = workspace.target.join("skipped");
    let _ = fs::remove_dir_all(&skips);
    prepare(workspace)?;
    let mut tests = workspace.cargo(&["test", "--release", "--workspace", "--no-fail-fast"]);
    tests
        .env("WARDLET_PEERS", workspace.peers())
        .env("WARDLET_PLUGINS", workspace.plugins())
        .env("WARDLET_VERIFIERS", workspace.verifiers());
    tests.env("WARDLET_SKIPPED", &skips);
    let ended = finish("cargo test --release --workspace", tests.args(filter));
    let skipped = skipped(&skips);
    for line in &skipped {
        println!("skipped: {line}");
    }
    ended?;
    if !skipped.is_empty() && env::var(REQUIRE).as_deref() == Ok("1") {
        return Err(format!(
            "{} tests were skipped, and {REQUIRE}=1 forbids it",
            skipped.len()
        ));
    }
    Ok(())
}

fn prepare(workspace: &Workspace) -> Result<(), String> {
    crate::guests::build_plugins(workspace, &workspace.plugins(), &[])?;
    crate::guests::build_test_guests(workspace)?;
    let steps = Steps::new(7);
    let peers = peers::install(&PEERS, workspace, &steps)?;
    if peers.node.is_none() {
        steps.say("  no node with npm: tests against npm's servers and clients will be skipped");
    }
    if peers.python.is_none() {
        steps.say(
            "  no python3 with venv: tests against PyPI's servers and clients will be skipped",
        );
    }
    if peers::install_python(&VERIFIERS, workspace, &steps)?.is_none() {
        steps.say("  no python 3.12 with venv: tests against verifiers by others will be skipped");
    }
    if peers::install_sumdb_note(workspace, &steps)?.is_none() {
        steps.say("  no golang-golang-x-mod-dev: tests against Go's note package will be skipped");
    }
    // One build for all: cargo picks the features of shared dependencies anew for each selection of
    // packages, and would compile the engine once more for `cargo test`.
    let build = [
        "build",
        "--release",
        "--workspace",
        "--bins",
        "--examples",
        "--tests",
    ];
    steps.run(
        "building the gateway, the test servers and the tests",
        &mut workspace.cargo(&build),
    )
}

/// Each skipped test left a file with its name and what it needs.
fn skipped(folder: &std::path::Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut lines: Vec<String> = entries
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok())
        .map(|line| line.trim().to_owned())
        .collect();
    lines.sort();
    lines
}
