//! The test guests in `tests/guests`: one policy in each language that builds here, and a C program
//! that tries the virtual WASI.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wardlet_author::Steps;

use super::{Guest, PROFILE, build_guest};
use crate::peers::{self, BUILDERS, Peers};
use crate::workspace::Workspace;

/// The world that the policy has in each language.
const WORLD: &str = "tests/guests/world.wit";

/// What there is to wait for: the guests that are plugins' folders, each of two package managers with
/// its environment, and what is built with it.
const STEPS: u64 = 8;

/// Guests that are plugins' folders, and their components.
const PROJECTS: [(&str, &str); 3] = [
    ("tests/guests/rust", "one-path-rust"),
    ("tests/guests/c", "one-path-c"),
    ("tests/guests/wasi", "wasi-probe"),
];

/// Builds all test guests for which there are builders; those of npm and PyPI are installed.
pub(crate) fn build(workspace: &Workspace) -> Result<(), String> {
    let steps = Steps::new(STEPS);
    for (folder, component) in PROJECTS {
        let guest = Guest {
            folder: folder.into(),
            component: component.to_owned(),
            profile: Some(PROFILE),
        };
        build_guest(workspace, &workspace.test_guests(), &guest, false, &steps)?;
    }
    let builders = peers::install(&BUILDERS, workspace, &steps)?;
    installed(workspace, &builders, &steps)
}

/// Builds what comes with npm and PyPI, where those are there.
fn installed(workspace: &Workspace, builders: &Peers, steps: &Steps) -> Result<(), String> {
    let (out, wit) = (workspace.test_guests(), worlds(workspace)?);
    let contract = files(&wit.join("deps/plugin"))?;
    fs::create_dir_all(&out).map_err(|error| format!("`{}`: {error}", out.display()))?;
    if let Some(folder) = &builders.node {
        let policy = workspace.root.join("tests/guests/javascript/policy.js");
        let made = out.join("one-path-javascript.wasm");
        let stamp = folder.join("node.installed");
        let inputs = [policy.clone(), stamp, wit.join("world.wit")];
        if !is_current(&made, inputs.iter().chain(&contract)) {
            let mut qjs = Command::new(folder.join("node_modules/.bin/componentize-qjs"));
            // With its WASI left in: this is the runtime that the virtual one is tried with.
            qjs.args(["--sync", "-n", "plugin", "--wit"]).arg(&wit);
            qjs.arg("--js").arg(&policy).arg("-o").arg(beside(&made));
            steps.run("building the test guest in JavaScript", &mut qjs)?;
            put(&made)?;
        }
    }
    if let Some(python) = &builders.python {
        // A copy: Python leaves its own files beside what it runs.
        let folder = workspace.target.join("guests/one-path-python");
        copy(
            &workspace.root.join("tests/guests/python/policy.py"),
            &folder,
        )?;
        let made = out.join("one-path-python.wasm");
        let stamp = workspace.root.join("target/builders/python/installed");
        let inputs = [folder.join("policy.py"), stamp, wit.join("world.wit")];
        if !is_current(&made, inputs.iter().chain(&contract)) {
            let mut py = Command::new(python.with_file_name("componentize-py"));
            py.arg("-d")
                .arg(&wit)
                .args(["-w", "plugin", "componentize"]);
            // Without WASI: its runtime asks for sockets, which no plugin is given.
            py.args(["-s", "policy", "-p"]).arg(&folder);
            py.arg("-o").arg(beside(&made));
            steps.run("building the test guest in Python", &mut py)?;
            put(&made)?;
        }
    }
    Ok(())
}

/// Where a builder writes: one that is interrupted leaves nothing that looks finished.
fn beside(made: &Path) -> PathBuf {
    made.with_extension("part")
}

fn put(made: &Path) -> Result<(), String> {
    fs::rename(beside(made), made).map_err(|error| format!("`{}`: {error}", made.display()))
}

/// The contract with the world of the test guests, laid out as the builders want it.
fn worlds(workspace: &Workspace) -> Result<PathBuf, String> {
    let wit = workspace.target.join("guests/one-path-wit");
    copy(&workspace.root.join(WORLD), &wit)?;
    let is_wit = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "wit");
    for file in files(&workspace.root.join("wit"))?.into_iter().filter(is_wit) {
        copy(&file, &wit.join("deps/plugin"))?;
    }
    Ok(wit)
}

/// Copies a file into a folder. An unchanged one keeps its time, by which a component is known to be
/// current.
fn copy(file: &Path, into: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("`{}`: {error}", file.display());
    fs::create_dir_all(into).map_err(failed)?;
    let (text, to) = (
        fs::read(file).map_err(failed)?,
        into.join(file.file_name().unwrap_or_default()),
    );
    if fs::read(&to).ok().as_ref() == Some(&text) {
        return Ok(());
    }
    fs::write(&to, &text).map_err(failed)
}

/// Whether a file was made after all that it is made of.
fn is_current<'a>(made: &Path, mut inputs: impl Iterator<Item = &'a PathBuf>) -> bool {
    let time = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    let Some(made) = time(made) else {
        return false;
    };
    inputs.all(|input| time(input).is_some_and(|changed| changed < made))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: std::io::Error| format!("`{}`: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(failed)?;
    entries
        .map(|entry| entry.map(|entry| entry.path()).map_err(failed))
        .collect()
}
