//! The verifiers of others, and how they are asked.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::skip::skip;

/// What is there of the verifier `name` once it is installed, as a path in the folder of verifiers; where
/// it is not there the test `test` is skipped.
fn verifier(test: &str, name: &str, installed: &str) -> Option<PathBuf> {
    let path = folder().join(installed);
    if path.exists() {
        return Some(path);
    }
    skip(test, name);
    None
}

fn folder() -> PathBuf {
    env::var_os("WARDLET_VERIFIERS").map_or_else(|| root().join("target/verifiers"), PathBuf::from)
}

/// The Python of the verifiers, where the PyPI package `name` is installed in it.
pub(crate) fn python(test: &str, name: &str) -> Option<PathBuf> {
    // All of them are installed together, and the stamp is written last.
    verifier(test, name, "python/installed")?;
    Some(folder().join("python/bin/python"))
}

/// The folder that holds `node_modules` with the npm package `name`.
pub(crate) fn node(test: &str, name: &str) -> Option<PathBuf> {
    verifier(test, name, "node.installed")?;
    Some(folder())
}

/// The program around Go's package of notes.
pub(crate) fn sumdb_note(test: &str) -> Option<PathBuf> {
    verifier(test, "sumdb-note", "sumdb-note")
}

/// One of the scripts that ask the verifiers in Python.
pub(crate) fn script(name: &str) -> PathBuf {
    root().join("tests/verifiers").join(name)
}

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3);
    root.unwrap().to_owned()
}

/// Gives a program one JSON value and takes one back.
pub(crate) fn ask(command: &mut Command, question: &Value) -> Value {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(question.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}
