//! A gateway in a folder of its own, in front of the echo server, and the agent that talks to it.

mod agent;
mod config;
mod guests;
mod log;
mod place;
mod skip;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) use agent::Agent;
pub(crate) use config::{SECRET, Setup};
pub(crate) use guests::{FOREVER, Guests};
pub(crate) use log::{BUNDLE, Entries, Received, lines, token_claims, write_lines};
pub(crate) use place::{beside_the_gateway, echo_server, peers, plugin, root};
pub(crate) use skip::skip;

/// A gateway with its configuration, state and upstream's record.
pub(crate) struct Gateway {
    pub(crate) agent: Agent,
    pub(crate) folder: TempDir,
}

impl Gateway {
    /// Starts it and initialises the session.
    pub(crate) fn start(setup: &Setup) -> Self {
        let mut gateway = Self::start_raw(setup);
        gateway.agent.initialise();
        gateway
    }

    /// Ends it and starts it again over the same folder.
    pub(crate) fn restart(&mut self) {
        let status = self.agent.close();
        assert!(status.success(), "{status}: {}", self.log());
        let log = self.path("gateway.log");
        self.agent = Agent::start(run(self.folder.path()), &log);
        self.agent.initialise();
    }

    /// Starts it; the session is not initialised.
    pub(crate) fn start_raw(setup: &Setup) -> Self {
        let folder = setup.write();
        let agent = Agent::start(run(folder.path()), &folder.path().join("gateway.log"));
        Gateway { agent, folder }
    }

    /// Starts it over what another one left.
    pub(crate) fn over(folder: TempDir) -> Self {
        let log = folder.path().join("gateway.log");
        let mut agent = Agent::start(run(folder.path()), &log);
        agent.initialise();
        Gateway { agent, folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path("wardlet.toml")
    }

    /// Runs `wardlet` with this gateway's configuration beside it, to its end.
    pub(crate) fn wardlet(&self, arguments: &[&str]) -> Output {
        wardlet(arguments, &self.config())
    }

    /// Writes another configuration as editors do: a new file takes the place of the old one.
    pub(crate) fn configure(&self, text: &str) {
        let new = self.path("wardlet.toml.new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.config()).unwrap();
    }

    /// Sends a signal to it.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let process = rustix::process::Pid::from_raw(self.agent.process().cast_signed()).unwrap();
        rustix::process::kill_process(process, signal).unwrap();
    }

    /// What the running gateway tells of itself.
    pub(crate) fn status(&self) -> Value {
        // The state folder is named, since the configuration may be wrong.
        let output = Command::new(env!("CARGO_BIN_EXE_wardlet"))
            .args(["status", "--json", "--state"])
            .arg(self.path(".wardlet"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["gateways"][0].clone()
    }

    /// What the upstream received, line by line.
    pub(crate) fn received(&self) -> Received {
        Received::read(&self.path("received"))
    }

    /// The entries of the log.
    pub(crate) fn entries(&self) -> Entries {
        Entries::read(&self.path(".wardlet"))
    }

    /// The id of the one call that is held, once it is.
    pub(crate) fn held(&self) -> String {
        self.agent.until("a held call", || {
            let output = self.wardlet(&["approvals", "list", "--json"]);
            assert!(output.status.success(), "{output:?}");
            let list: Value = serde_json::from_slice(&output.stdout).unwrap();
            list["waiting"][0]["id"].as_str().map(str::to_owned)
        })
    }

    /// Ends the session and checks what must hold after every session: the log verifies, each call
    /// that was allowed has its outcome, and the upstream received exactly the calls whose decision
    /// was written, each with the token of its own.
    pub(crate) fn finish(mut self) -> Finished {
        let status = self.agent.close();
        assert!(
            status.success(),
            "the gateway ended with {status}\n{}",
            self.log()
        );
        let verified = self.wardlet(&["audit", "verify", "--json"]);
        assert!(
            verified.status.success(),
            "{}",
            String::from_utf8_lossy(&verified.stderr)
        );
        let (entries, received) = (self.entries(), self.received());
        entries.check_pairs();
        received.check_against(&entries);
        Finished {
            entries,
            received,
            folder: self.folder,
        }
    }

    /// What the gateway wrote to standard error.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("gateway.log")).unwrap_or_default()
    }
}

/// What is left of a session that was checked.
pub(crate) struct Finished {
    pub(crate) entries: Entries,
    pub(crate) received: Received,
    pub(crate) folder: TempDir,
}

/// The command that runs a gateway over a folder.
pub(crate) fn run(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardlet"));
    command
        .args(["run", "--log", "debug", "--config"])
        .arg(folder.join("wardlet.toml"));
    command
}

/// Runs `wardlet` to its end.
pub(crate) fn wardlet(arguments: &[&str], config: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardlet"));
    command.args(arguments).arg("--config").arg(config);
    command
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The text of a tool's result.
pub(crate) fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("no text: {answer}"))
}

/// Whether an answer is a tool's error that the gateway made.
pub(crate) fn is_refusal(answer: &Value) -> bool {
    answer["result"]["isError"] == true && text(answer).starts_with("refused")
}
