//! The test guests in `tests/guests`: one policy in each language that builds here, and a C program
//! that tries the virtual WASI.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::c::{self, Source};
use super::component::Component;
use super::progress::Progress;
use super::{finish, is_current, read, root, rust, target_folder, toolchain, write};
use crate::peers::{self, BUILDERS, Peers};
use crate::steps::Steps;
use crate::workspace::Workspace;

/// The world that the policy has in each language.
const WORLD: &str = "tests/guests/world.wit";

/// What there is to wait for: each of two package managers, with its environment, and what is built with
/// it.
const STEPS: u64 = 5;

/// The policy in C.
const C: Source = Source {
    what: "the test guest in C",
    folder: "tests/guests/c",
    world: WORLD,
    built: "one-path-c",
};

/// The program that tries the virtual WASI.
const PROBE: Source = Source {
    what: "the test guest with WASI",
    folder: "tests/guests/wasi",
    world: WORLD,
    built: "wasi-probe",
};

/// Builds all test guests for which there are builders; those of npm and PyPI are installed.
pub(crate) fn build(workspace: &Workspace) -> Result<(), String> {
    native(&workspace.test_guests())?;
    let steps = Steps::new(STEPS);
    let builders = peers::install(&BUILDERS, workspace, &steps)?;
    installed(workspace, &builders, &steps)
}

/// Builds what the compilers of plugins build: Rust, and C where there is a compiler for it.
fn native(out: &Path) -> Result<(), String> {
    let progress = Progress::begin();
    let toolchain = toolchain::find(&progress)?;
    for (_, module) in rust::compile(&toolchain, &["one-path"], &progress)? {
        let component = Component::encode("one-path-rust", &read(&module)?)?;
        finish(out, "one-path-rust", component)?;
    }
    for (name, source) in [("one-path-c", &C), ("wasi-probe", &PROBE)] {
        let module = match c::compile(source, &progress) {
            Ok(module) => read(&module)?,
            Err(c::Failure::NoCompiler(missing)) => {
                progress.say(&format!("{} is left out: {missing}", source.what));
                continue;
            }
            Err(failure) => return Err(failure.to_string()),
        };
        let component = if name == "wasi-probe" {
            Component::encode_with_wasi(name, &module)?
        } else {
            Component::encode(name, &module)?
        };
        finish(out, name, component)?;
    }
    Ok(())
}

/// Builds what comes with npm and PyPI, where those are there.
fn installed(workspace: &Workspace, builders: &Peers, steps: &Steps) -> Result<(), String> {
    let (out, wit) = (workspace.test_guests(), worlds()?);
    let contract = files(&wit.join("deps/plugin"))?;
    fs::create_dir_all(&out).map_err(|error| format!("`{}`: {error}", out.display()))?;
    if let Some(folder) = &builders.node {
        let policy = root().join("tests/guests/javascript/policy.js");
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
        let folder = target_folder().join("guests/one-path-python");
        copy(&root().join("tests/guests/python/policy.py"), &folder)?;
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
fn worlds() -> Result<PathBuf, String> {
    let wit = target_folder().join("guests/one-path-wit");
    copy(&root().join(WORLD), &wit)?;
    let is_wit = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "wit");
    for file in files(&root().join("wit"))?.into_iter().filter(is_wit) {
        copy(&file, &wit.join("deps/plugin"))?;
    }
    Ok(wit)
}

/// Copies a file into a folder. An unchanged one keeps its time, by which a component is known to be
/// current.
fn copy(file: &Path, into: &Path) -> Result<(), String> {
    fs::create_dir_all(into).map_err(|error| format!("`{}`: {error}", into.display()))?;
    let (text, to) = (read(file)?, into.join(file.file_name().unwrap_or_default()));
    if read(&to).ok().as_ref() == Some(&text) {
        return Ok(());
    }
    write(&to, &text)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: std::io::Error| format!("`{}`: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(failed)?;
    entries
        .map(|entry| entry.map(|entry| entry.path()).map_err(failed))
        .collect()
}
