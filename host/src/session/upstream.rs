//! The MCP server behind the gateway, as a child process.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::pipe::{Outbox, Source};

/// How long the child may take to end by itself once its standard input is closed. SDK clients
/// give the gateway two seconds to end in turn.
const END_BY_ITSELF: Duration = Duration::from_millis(700);

/// How long it may take after SIGTERM, before SIGKILL.
const END_BY_TERM: Duration = Duration::from_millis(500);

/// How to start a server.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Names of variables that are passed on. Everything else of the environment is withheld.
    pub env: Vec<String>,
    /// Variables with values of their own.
    pub set_env: BTreeMap<String, String>,
    /// The folder to start in.
    pub cwd: Option<PathBuf>,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
#[error("cannot start `{program}`: {source}")]
pub struct LaunchError {
    /// The program.
    pub program: String,
    /// Why.
    pub source: io::Error,
}

/// A running server.
pub(crate) struct Upstream {
    child: Child,
    group: Option<Pid>,
}

impl Launch {
    /// Starts the server in a process group of its own, so that what it starts ends with it.
    ///
    /// # Errors
    /// [`LaunchError`]
    pub(crate) fn start(&self) -> Result<(Upstream, OwnedFd, OwnedFd), LaunchError> {
        let program = self.command.first().cloned().unwrap_or_default();
        let failed = |source| LaunchError {
            program: program.clone(),
            source,
        };
        let mut command = Command::new(&program);
        command
            .args(self.command.iter().skip(1))
            .env_clear()
            .envs(
                self.env
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .envs(&self.set_env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        let mut child = command.spawn().map_err(failed)?;
        let missing = || failed(io::Error::other("it has no pipes"));
        let stdin = child
            .stdin
            .take()
            .ok_or_else(missing)?
            .into_owned_fd()
            .map_err(failed)?;
        let stdout = child
            .stdout
            .take()
            .ok_or_else(missing)?
            .into_owned_fd()
            .map_err(failed)?;
        let group = child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        Ok((Upstream { child, group }, stdin, stdout))
    }
}

impl Upstream {
    /// Ends the server, whose standard input is closed already: waits, then SIGTERM, then SIGKILL,
    /// to its whole process group.
    pub(crate) async fn end(mut self) -> Option<ExitStatus> {
        if let Ok(status) = timeout(END_BY_ITSELF, self.child.wait()).await {
            self.signal(Signal::KILL);
            return status.ok();
        }
        self.signal(Signal::TERM);
        let ended = timeout(END_BY_TERM, self.child.wait()).await;
        self.signal(Signal::KILL);
        match ended {
            Ok(status) => status.ok(),
            Err(_) => self.child.wait().await.ok(),
        }
    }

    /// A group whose last process has ended takes no signal, which is as good.
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, signal);
        }
    }
}

/// A server that is spoken to without an agent.
pub(crate) struct Server {
    upstream: Upstream,
    outbox: Outbox,
    source: Source,
}

impl Server {
    /// Starts it.
    ///
    /// # Errors
    /// [`LaunchError`]
    pub(crate) fn start(launch: &Launch) -> Result<Self, LaunchError> {
        let (upstream, stdin, stdout) = launch.start()?;
        let program = || launch.command.first().cloned().unwrap_or_default();
        let failed = |source| LaunchError {
            program: program(),
            source,
        };
        let outbox = Outbox::new(stdin).map_err(failed)?;
        let source = Source::new(stdout).map_err(failed)?;
        Ok(Server {
            upstream,
            outbox,
            source,
        })
    }

    /// Sends a line.
    pub(crate) async fn send(&self, line: Vec<u8>) -> io::Result<()> {
        self.outbox
            .send(line)
            .map_err(|_| io::ErrorKind::BrokenPipe)?;
        while !self.outbox.is_empty() {
            tokio::select! {
                () = self.outbox.deliver() => {}
                () = tokio::time::sleep(Duration::from_millis(1)) => {}
            }
        }
        Ok(())
    }

    /// Reads what comes; 0 bytes at the end.
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.read(buffer).await
    }

    /// Ends it.
    pub(crate) async fn end(self) {
        self.outbox.close();
        drop(self.outbox);
        self.upstream.end().await;
    }
}
