//! The compiler as a child process: this program again, which limits itself.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::Instant;

use rustix::process::Signal;

use super::budget::Budget;
use super::error::CompileError;
use super::exchange::{ANSWER_HEADER, Heard, Outcome, Request, exchange};
use super::{Artifact, DIGEST_BYTES};
use crate::description::shown;

/// This program, also where its file was replaced or removed since it started: an upgrade must not
/// give a running gateway another compiler.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// What rayon, by which wasmtime compiles in parallel, reads its number of threads from.
const THREADS: &str = "RAYON_NUM_THREADS";

/// What Rust's standard library says on standard error before it aborts for want of memory.
const OUT_OF_MEMORY: &[u8] = b"memory allocation of ";

/// Bytes of the child's standard error that are looked at: the message of a panic fits.
const MAX_COMPLAINT: usize = 4 << 10;

/// Starts a child process for each component.
pub struct Child {
    program: PathBuf,
    arguments: Vec<OsString>,
    budget: Option<Budget>,
    /// How many children run at this moment.
    running: AtomicUsize,
}

impl Child {
    /// The program that calls [`crate::compile_for_parent`] when it is started with these arguments.
    #[must_use]
    pub fn new(program: PathBuf, arguments: Vec<OsString>) -> Self {
        Child {
            program,
            arguments,
            budget: None,
            running: AtomicUsize::new(0),
        }
    }

    /// This program itself.
    ///
    /// # Errors
    /// Where the system does not say which program this is.
    pub fn this_program(arguments: Vec<OsString>) -> io::Result<Self> {
        let program = if Path::new(THIS_PROGRAM).exists() {
            PathBuf::from(THIS_PROGRAM)
        } else {
            std::env::current_exe()?
        };
        Ok(Self::new(program, arguments))
    }

    /// Gives every component this budget, instead of one by its size.
    #[must_use]
    pub fn within(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }

    pub(super) fn compile(
        &self,
        engine: &[u8; DIGEST_BYTES],
        component: &[u8],
    ) -> Result<Artifact, CompileError> {
        let budget = self.budget.unwrap_or_else(|| Budget::of(component.len()));
        let running = Running::one_more(&self.running);
        let (mut process, mut socket) = self.start(running.1).map_err(CompileError::Start)?;
        let request = Request {
            cpu_seconds: budget.cpu_seconds,
            memory: budget.memory,
            length: component.len() as u64,
        };
        let limit = budget.artifact.saturating_add(ANSWER_HEADER);
        let until = Instant::now() + budget.wall;
        let heard = exchange(&mut socket, [&request.encode(), component], limit, until)
            .map_err(CompileError::Start)?;
        let (status, complaint) = process.end().map_err(CompileError::Start)?;
        if !complaint.is_empty() {
            let shown = String::from_utf8_lossy(&complaint);
            tracing::debug!("the compiler says: {}", shown.escape_debug());
        }
        conclude(heard, status, &complaint, engine, &budget)
    }

    /// Nothing of this process's environment goes to the child, and no folder is its own.
    fn start(&self, running: usize) -> io::Result<(Process, UnixStream)> {
        let cores = available_parallelism().map_or(1, usize::from);
        let threads = (cores / running).max(1);
        let (ours, its) = UnixStream::pair()?;
        let (errors, its_errors) = UnixStream::pair()?;
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .env(THREADS, threads.to_string())
            .current_dir("/")
            .stdin(OwnedFd::from(its.try_clone()?))
            .stdout(OwnedFd::from(its))
            .stderr(OwnedFd::from(its_errors))
            .spawn()?;
        Ok((Process { child, errors }, ours))
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

/// Counts a child as running, and how many there are with it.
struct Running<'a>(&'a AtomicUsize, usize);

impl<'a> Running<'a> {
    fn one_more(count: &'a AtomicUsize) -> Self {
        Running(count, count.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A process that does not outlive this value, and the other end of its standard error.
struct Process {
    child: std::process::Child,
    errors: UnixStream,
}

impl Process {
    /// Kills and reaps it, and gives the beginning of what it said. Where it has ended by itself, or is
    /// about to, its own status is what comes back: a process closes its files when its status is
    /// settled.
    fn end(&mut self) -> io::Result<(ExitStatus, Vec<u8>)> {
        // It may have been reaped already.
        let _ = self.child.kill();
        let status = self.child.wait()?;
        let mut complaint = vec![0; MAX_COMPLAINT];
        self.errors.set_nonblocking(true)?;
        let count = self.errors.read(&mut complaint).unwrap_or(0);
        complaint.truncate(count);
        Ok((status, complaint))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// What became of a component.
fn conclude(
    heard: Heard,
    status: ExitStatus,
    complaint: &[u8],
    engine: &[u8; DIGEST_BYTES],
    budget: &Budget,
) -> Result<Artifact, CompileError> {
    let answer = match heard {
        Heard::Late => return Err(CompileError::WallTime(budget.wall.as_secs())),
        Heard::TooMuch => return Err(CompileError::Artifact(budget.artifact)),
        Heard::All(answer) => answer,
    };
    if let Some(signal) = status.signal() {
        let is = |which: Signal| signal == which.as_raw();
        return Err(if is(Signal::XCPU) {
            CompileError::CpuTime(budget.cpu_seconds)
        } else if is(Signal::ABORT) && contains(complaint, OUT_OF_MEMORY) {
            CompileError::Memory(budget.memory)
        } else if is(Signal::KILL) || is(Signal::TERM) {
            CompileError::Killed(signal)
        } else {
            CompileError::Crashed(format!("signal {signal}"))
        });
    }
    if !status.success() {
        return Err(CompileError::Crashed(status.to_string()));
    }
    match Outcome::decode(answer, engine).map_err(CompileError::Answer)? {
        Outcome::Compiled(code) => Ok(Artifact::compiled(code)),
        Outcome::Refused(message) => Err(CompileError::Refused(shown(&message))),
        Outcome::OutOfMemory => Err(CompileError::Memory(budget.memory)),
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests;
