//! `wardlet signer`: the key of the checkpoints in a process of its own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fixture::{Gateway, Setup, is_refusal, run};

/// A signer's process, which ends with this.
struct Signer {
    process: Child,
    /// The public key that it printed.
    key: String,
    _out: BufReader<ChildStdout>,
}

impl Signer {
    /// Starts it over `signer/` and `signer.sock` of a folder, and waits until it listens.
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_wardlet"))
            .args(["signer", "--gateway", "test", "--folder"])
            .arg(folder.join("signer"))
            .arg("--socket")
            .arg(folder.join("signer.sock"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let mut key = String::new();
        out.read_line(&mut key).unwrap();
        assert!(key.starts_with("wardlet.local/test+"), "{key}");
        Signer {
            process,
            key,
            _out: out,
        }
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn setup(folder: &Path) -> Setup {
    let socket = folder.join("signer.sock");
    Setup::with(&format!("[log]\nsigner = {socket:?}\n"))
}

/// Waits until the gateway's own words fit.
fn until(gateway: &Gateway, what: &str, fits: impl Fn(&Value) -> bool) {
    gateway
        .agent
        .until(what, || fits(&gateway.status()).then_some(()));
}

#[test]
fn the_gateway_never_holds_the_key_and_its_checkpoints_verify() {
    let apart = TempDir::new().unwrap();
    let signer = Signer::start(apart.path());
    let mut gateway = Gateway::start(&setup(apart.path()));
    gateway.agent.call("echo", &json!({"path": "/srv/data/a"}));
    let finished = gateway.finish();
    let state = finished.folder.path().join(".wardlet");
    assert!(
        !state.join("signer").exists(),
        "a key of the signer is there"
    );
    let held = fs::read_dir(apart.path().join("signer")).unwrap();
    let held: Vec<_> = held.map(|entry| entry.unwrap().file_name()).collect();
    assert!(held.len() >= 2, "{held:?}");
    assert_eq!(
        fs::read_to_string(state.join("checkpoint-vkeys")).unwrap(),
        signer.key
    );
    // With the key that the signer printed, kept apart from what the gateway writes.
    let kept = apart.path().join("kept");
    fs::write(&kept, &signer.key).unwrap();
    let verified = Command::new(env!("CARGO_BIN_EXE_wardlet"))
        .args(["audit", "verify", "--json", "--state"])
        .arg(&state)
        .arg("--checkpoint-keys")
        .arg(&kept)
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(report["checkpoint_signed"], true, "{report}");
    assert_eq!(report["checkpoint"], report["size"], "{report}");
}

#[test]
fn without_its_signer_no_gateway_starts_and_one_that_runs_says_so() {
    let apart = TempDir::new().unwrap();
    let setup = setup(apart.path());
    let folder = setup.write();
    let refused = run(folder.path()).stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{told}");
    for words in ["the signer cannot be reached", "start the signer"] {
        assert!(told.contains(words), "{told}");
    }
    let signer = Signer::start(apart.path());
    let mut gateway = Gateway::over(folder);
    drop(signer);
    let answer = gateway.agent.call("echo", &json!({"path": "/srv/data/a"}));
    assert!(!is_refusal(&answer), "{answer}");
    until(&gateway, "a problem that is told", |status| {
        let problem = status["log_problem"].as_str().unwrap_or_default();
        problem.contains("the signer cannot be reached")
    });
    let _signer = Signer::start(apart.path());
    until(&gateway, "an end of the problem", |status| {
        status["log_problem"].is_null()
    });
    gateway.finish();
}
