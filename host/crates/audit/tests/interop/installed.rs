//! The verifiers of others, and how they are asked.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::skip::skip;

/// A program of the folder of verifiers; where it is not there the test `test` is skipped.
pub(crate) fn verifier(test: &str, program: &str) -> Option<PathBuf> {
    let root = root();
    let folder = env::var_os("WARDLET_VERIFIERS")
        .map_or_else(|| root.join("target/verifiers"), PathBuf::from);
    let path = folder.join(program);
    if path.is_file() {
        return Some(path);
    }
    skip(test, &format!("{program} of the verifiers by others"));
    None
}

/// The Python of the verifiers.
pub(crate) fn python(test: &str) -> Option<PathBuf> {
    verifier(test, "python/bin/python")
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
