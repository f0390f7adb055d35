//! `wardlet witness`, and gateways whose log is witnessed.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::fixture::{Agent, Gateway, Setup, is_refusal, run, text};

const CALL: &str = r#"{"path":"/srv/data/a"}"#;

/// A witness's process, which ends with this.
struct Witness {
    process: Child,
    /// The line that it printed, as it stands in a policy.
    line: String,
    _out: BufReader<ChildStdout>,
}

impl Witness {
    /// Starts the witness of a name over a folder of the gateway's, and waits until it listens.
    fn start(folder: &Path, name: &str, listen: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_wardlet"))
            .args(["witness", "--name", &format!("witness.example/{name}")])
            .arg("--folder")
            .arg(folder.join(name))
            .arg("--log-keys")
            .arg(folder.join(".wardlet/checkpoint-vkeys"))
            .args(["--listen", listen])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert!(line.starts_with(&format!("witness {name} ")), "{line}");
        Witness {
            process,
            line,
            _out: out,
        }
    }

    fn address(&self) -> &str {
        self.line.trim().rsplit('/').next().unwrap()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A gateway that has run once, so that its log has a key, with a policy of two of three witnesses, of which one never was.
fn with_witnesses(on_lag: &str) -> (Gateway, [Witness; 2]) {
    let gateway = Gateway::start(&Setup::default());
    let folder = gateway.folder.path().to_owned();
    let witnesses = ["w1", "w2"].map(|name| Witness::start(&folder, name, "127.0.0.1:0"));
    // A port at which nobody listens.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let gone = Witness::start(&folder, "w3", "127.0.0.1:0");
    let gone = gone.line.replace(gone.address(), &free.to_string());
    let lines: String = witnesses.iter().map(|one| one.line.as_str()).collect();
    let policy = format!("{lines}{gone}group enough 2 w1 w2 w3\nquorum enough\n");
    fs::write(folder.join("policy"), policy).unwrap();
    let terms =
        format!("[log]\nwitnesses = \"policy\"\nwitness_lag = \"10s\"\non_lag = \"{on_lag}\"\n");
    let text = fs::read_to_string(gateway.config()).unwrap();
    gateway.configure(&format!("{text}\n{terms}"));
    let mut gateway = gateway;
    gateway.restart();
    (gateway, witnesses)
}

/// Waits until the gateway's own words fit.
fn until(gateway: &Gateway, what: &str, fits: impl Fn(&Value) -> bool) {
    gateway
        .agent
        .until(what, || fits(&gateway.status()).then_some(()));
}

#[test]
fn what_enough_witnesses_saw_is_kept_and_shown() {
    let (mut gateway, witnesses) = with_witnesses("alarm");
    let call = gateway.agent.call_raw("echo", CALL);
    assert!(!is_refusal(&gateway.agent.answer(call)));
    until(&gateway, "the log to be witnessed", |status| {
        status["log_witnessed"].is_u64() && status["log_witnessed"] == status["log_published"]
    });
    // One of the three is missing, and enough are there.
    let status = gateway.status();
    assert!(
        status["witness_problem"]
            .as_str()
            .is_none_or(|why| why.contains("w3")),
        "{status}"
    );
    // Another gateway over the folder reads what the first one's witnesses said.
    let mut beside = Agent::start(run(gateway.folder.path()), &gateway.path("beside.log"));
    beside.initialise();
    assert!(beside.close().success());
    let policy = gateway.path("policy");
    let policy = policy.to_str().unwrap();
    until(&gateway, "all of it to be witnessed", |status| {
        status["log_witnessed"] == status["log_published"]
    });
    let pack = gateway.path("pack.json");
    let pack = pack.to_str().unwrap();
    let made = gateway.wardlet(&["audit", "evidence", "--output", pack]);
    let said = String::from_utf8(made.stdout).unwrap();
    assert!(said.contains("has the cosignatures of witnesses"), "{said}");
    let finished = gateway.finish();
    let config = finished.folder.path().join("wardlet.toml");
    let verified =
        crate::fixture::wardlet(&["audit", "verify", "--policy", policy, "--json"], &config);
    let verified: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert!(verified["witnessed"].as_u64().unwrap() > 0, "{verified}");
    let checked = crate::fixture::wardlet(
        &[
            "audit",
            "check-evidence",
            pack,
            "--policy",
            policy,
            "--json",
        ],
        &config,
    );
    let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(
        (&checked["ok"], &checked["witnessed"]),
        (&json!(true), &json!(true)),
        "{checked}"
    );
    drop(witnesses);
}

#[test]
fn a_policy_that_cannot_serve_is_found_by_check_and_by_run() {
    let gateway = Gateway::start(&Setup::default());
    let text = fs::read_to_string(gateway.config()).unwrap();
    let mut gateway = gateway;
    assert!(gateway.agent.close().success());
    gateway.configure(&format!("{text}\n[log]\nwitnesses = \"policy\"\n"));
    for (policy, code, words) in [
        (None, 3, "cannot read"),
        (Some("quorum none\n"), 2, "asks for no witness"),
        (Some("witness w nonsense\n"), 2, "is no policy: line 1"),
    ] {
        if let Some(policy) = policy {
            fs::write(gateway.path("policy"), policy).unwrap();
        }
        for command in [&["check", "--offline"][..], &["run"]] {
            let output = gateway.wardlet(command);
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(code), "{command:?}: {said}");
            assert!(said.contains(words), "{command:?}: {said}");
        }
    }
}

#[test]
fn without_its_witnesses_calls_stop_where_that_is_asked_for() {
    let (mut gateway, witnesses) = with_witnesses("stop");
    let folder = gateway.folder.path().to_owned();
    until(&gateway, "the log to be witnessed", |status| {
        status["log_witnessed"].is_u64()
    });
    let [first, second] = witnesses;
    let address = first.address().to_owned();
    drop((first, second));
    // Something new, which nobody sees.
    let call = gateway.agent.call_raw("echo", CALL);
    assert!(!is_refusal(&gateway.agent.answer(call)));
    until(&gateway, "the lag to be told", |status| {
        status["witness_problem"]
            .as_str()
            .is_some_and(|why| why.contains("not witnessed"))
    });
    let refused = gateway.agent.call("echo", &json!({"path": "/srv/data/a"}));
    assert!(text(&refused).contains("audit"), "{refused}");
    assert!(gateway.log().contains("the log is not witnessed"));
    // They come back, and so do calls.
    let _first = Witness::start(&folder, "w1", &address);
    let again = Witness::start(&folder, "w2", "127.0.0.1:0");
    // The second one listens elsewhere now: the policy is read at a start.
    let policy = fs::read_to_string(folder.join("policy")).unwrap();
    let lines = policy
        .lines()
        .map(|line| match line.starts_with("witness w2 ") {
            true => again.line.trim().to_owned(),
            false => line.to_owned(),
        });
    let policy: Vec<String> = lines.collect();
    fs::write(folder.join("policy"), policy.join("\n") + "\n").unwrap();
    gateway.restart();
    gateway.agent.until("calls to go on", || {
        let status = gateway.status();
        (status["log_witnessed"] == status["log_published"]).then_some(())
    });
    let call = gateway.agent.call_raw("echo", CALL);
    assert!(!is_refusal(&gateway.agent.answer(call)));
    gateway.finish();
}
