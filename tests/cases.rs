//! The plugins' own case files, run by the real sandbox with the components that ship.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use wardlet::trial::Trials;
use wardlet_call::PluginName;
use wardlet_call::cases::read;
use wardlet_keys::ArtifactKey;
use wardlet_sandbox::{Artifacts, Cache, Compiler, Sandbox};

use crate::fixture::{plugin, root, skip};

#[test]
fn path_guard() {
    check("path-guard", "path-guard");
}

#[test]
fn tool_allow() {
    check("tool-allow", "tool-allow");
}

#[test]
fn secret_redactor() {
    check("secret-redactor", "secret-redactor");
}

/// The policy in C is a port of path-guard: it answers the same.
#[test]
fn path_guard_in_c() {
    if !root().join("target/plugins/path-guard-c.wasm").exists() {
        return skip(
            "cases::path_guard_in_c",
            "clang with lld, or python3 with venv for zig",
        );
    }
    check("path-guard-c", "path-guard");
}

/// Runs all case files of a plugin with a component.
fn check(component: &str, cases_of: &str) {
    let folder = root().join("plugins").join(cases_of).join("cases");
    check_component(component, &plugin(component).0, &folder);
}

/// Runs all case files of a folder with the component of a file.
pub(crate) fn check_component(component: &str, file: &Path, folder: &Path) {
    // A plugin is loaded anew for each settings, and a runtime takes seconds to compile.
    let kept = tempfile::tempdir().unwrap();
    let cache = Cache::open(&kept.path().join("kept"), ArtifactKey::generate().unwrap()).unwrap();
    let artifacts = Artifacts::new(Compiler::default(), Some(cache));
    let sandbox = Arc::new(Sandbox::new().unwrap().with(artifacts));
    let name = PluginName::parse(component).unwrap();
    let trials = Trials::read(sandbox, name, file).unwrap();
    let mut wrong = Vec::new();
    let mut run = 0;
    for file in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        for case in read(&text).unwrap() {
            run += 1;
            let tried = trials.run(&case).unwrap();
            for difference in tried.outcome.differences(&case.expect) {
                wrong.push(format!("{}: {difference:?}", case.name));
            }
        }
    }
    assert!(run > 20, "only {run} cases in {}", folder.display());
    assert!(
        wrong.is_empty(),
        "{} of {run} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
