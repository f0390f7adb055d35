//! `cargo xtask test`: every test there is, with real servers and clients where they install.

use std::env;
use std::fs;

use wardlet_author::Steps;

use crate::lint::finish;
use crate::peers::{self, PEERS, VERIFIERS};
use crate::workspace::Workspace;

/// Set to `1`, a test that is skipped for want of a peer is a failure. CI sets it.
const REQUIRE: &str = "WARDLET_REQUIRE_PEERS";

/// Names what tests may go without even then, one word each.
const ALLOWED: &str = "WARDLET_ALLOWED_SKIPS";

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
    let allowed = allowed(workspace)?;
    tests
        .env("WARDLET_SKIPPED", &skips)
        .env(ALLOWED, allowed.join(" "));
    let ended = finish("cargo test --release --workspace", tests.args(filter));
    let skipped = skipped(&skips);
    for Skip { test, needs } in &skipped {
        println!("skipped: {test} (needs {needs})");
    }
    ended?;
    let forbidden = forbidden(&skipped, &allowed);
    if !forbidden.is_empty() && env::var(REQUIRE).as_deref() == Ok("1") {
        return Err(format!(
            "{} tests were skipped, and {REQUIRE}=1 forbids it: they need {}",
            skipped.len(),
            forbidden.join(", ")
        ));
    }
    Ok(())
}

/// A test that was skipped.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Skip {
    test: String,
    needs: String,
}

/// What a run may go without: the first word of each line of the file, the rest of which is the reason.
fn allowed(workspace: &Workspace) -> Result<Vec<String>, String> {
    let path = VERIFIERS.allowed_skips(workspace);
    let text = fs::read_to_string(&path);
    let text = text.map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    names(&text).map_err(|line| {
        format!(
            "line {line} of `{}` names something and gives no reason",
            path.display()
        )
    })
}

/// The names in a file of allowed skips; or the line that gives no reason.
fn names(text: &str) -> Result<Vec<String>, usize> {
    let lines = (1..).zip(text.lines());
    let lines = lines.filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|(number, line)| match line.split_once(' ') {
            Some((name, reason)) if !reason.trim().is_empty() => Ok(name.to_owned()),
            _ => Err(number),
        })
        .collect()
}

/// What was missing and is not allowed to be.
fn forbidden<'a>(skipped: &'a [Skip], allowed: &[String]) -> Vec<&'a str> {
    let needs = skipped.iter().map(|skip| skip.needs.as_str());
    let mut forbidden: Vec<&str> = needs
        .filter(|needs| !allowed.iter().any(|name| name == needs))
        .collect();
    forbidden.sort_unstable();
    forbidden.dedup();
    forbidden
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
    let verifiers = peers::install(&VERIFIERS, workspace, &steps)?;
    if verifiers.python.is_none() {
        steps.say("  no python 3.12 with venv: tests against aics-tlog, aics-witness, rfc8785 and sd-jwt will be skipped");
    }
    if verifiers.node.is_none() {
        steps.say("  no node with npm: tests against canonicalize will be skipped");
    }
    if peers::install_sumdb_note(workspace, &steps)?.is_none() {
        steps.say("  no golang-golang-x-mod-dev, or no python for its compiler: tests against sumdb-note will be skipped");
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

/// Each skipped test left a file with its name, in which stands what it needs.
fn skipped(folder: &std::path::Path) -> Vec<Skip> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut skips: Vec<Skip> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some(Skip {
                test: entry.file_name().into_string().ok()?,
                needs: fs::read_to_string(entry.path()).ok()?.trim().to_owned(),
            })
        })
        .collect();
    skips.sort();
    skips
}

#[cfg(test)]
mod tests {
    use super::{Skip, forbidden, names};

    #[test]
    fn what_is_missing_is_allowed_by_name_and_with_a_reason() {
        let file = "# comment\n\nrfc8785 no release for this Python\ncanonicalize because\n";
        let allowed = names(file).unwrap();
        assert_eq!(allowed, ["rfc8785", "canonicalize"]);
        for (text, line) in [("rfc8785\n", 1), ("# a\nx  \n", 2), ("a b\n\nc", 3)] {
            assert_eq!(names(text), Err(line), "{text}");
        }
        let skip = |test: &str, needs: &str| Skip {
            test: test.to_owned(),
            needs: needs.to_owned(),
        };
        let skipped = [
            skip("a", "sd-jwt"),
            skip("b", "rfc8785"),
            skip("c", "sd-jwt"),
            skip("d", "rfc"),
        ];
        assert_eq!(forbidden(&skipped, &allowed), ["rfc", "sd-jwt"]);
        assert!(forbidden(&skipped[1..2], &allowed).is_empty());
    }
}
