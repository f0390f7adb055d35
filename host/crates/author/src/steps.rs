//! Work that takes a while, shown as it goes: a bar on a terminal, a line for each step elsewhere.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, IsTerminal as _, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How many of the last lines of a step that failed are shown: a compiler's error fits.
const SHOWN_LINES: usize = 60;
/// Often enough to look alive.
const TICK: Duration = Duration::from_millis(120);

/// How a row of steps looks whose length is known.
const COUNTED: &str = "{spinner} [{bar:16}] {pos}/{len} {wide_msg}";
/// How one looks whose length is not.
const OPEN: &str = "{spinner} {wide_msg}";

/// A row of steps.
#[derive(Debug)]
pub struct Steps {
    bar: ProgressBar,
    terminal: bool,
}

impl Steps {
    /// `count` steps are coming.
    #[must_use]
    pub fn new(count: u64) -> Self {
        Self::styled(Some(count), COUNTED)
    }

    /// Some steps are coming; how many turns out on the way.
    #[must_use]
    pub fn open() -> Self {
        Self::styled(None, OPEN)
    }

    fn styled(count: Option<u64>, template: &str) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(count, target);
        let style = ProgressStyle::with_template(template);
        bar.set_style(
            style
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("=> "),
        );
        bar.enable_steady_tick(TICK);
        Steps { bar, terminal }
    }

    /// Says something that stays on the screen.
    pub fn say(&self, words: &str) {
        if self.terminal {
            self.bar.println(words);
        } else {
            eprintln!("{words}");
        }
    }

    /// Runs a command to its end as one step. What it prints is shown as it comes.
    ///
    /// # Errors
    /// It cannot be started, or fails: then with the last lines that it printed.
    pub fn run(&self, what: &str, command: &mut Command) -> Result<(), String> {
        self.step(what, |steps| steps.finish(what, command, None))
    }

    /// The same, and gives the lines that the command wrote to standard output, for a program to
    /// read: they are not shown.
    ///
    /// # Errors
    /// As [`Steps::run`], with the last lines of standard error.
    pub fn read(&self, what: &str, command: &mut Command) -> Result<Vec<String>, String> {
        let mut lines = Vec::new();
        self.step(what, |steps| steps.finish(what, command, Some(&mut lines)))?;
        Ok(lines)
    }

    /// Does a piece of work as one step.
    ///
    /// # Errors
    /// That of the work.
    pub fn step<T>(
        &self,
        what: &str,
        work: impl FnOnce(&Self) -> Result<T, String>,
    ) -> Result<T, String> {
        let begun = Instant::now();
        self.bar.set_message(what.to_owned());
        if !self.terminal {
            eprintln!("- {what}");
        }
        let done = work(self)?;
        self.bar.inc(1);
        let seconds = begun.elapsed().as_secs();
        if seconds > 1 {
            self.say(&format!("  {what}: {seconds} s"));
        }
        Ok(done)
    }

    fn finish(
        &self,
        what: &str,
        command: &mut Command,
        mut kept: Option<&mut Vec<String>>,
    ) -> Result<(), String> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start `{program}`: {error}"))?;
        let (lines, heard) = channel();
        let readers = [
            child
                .stdout
                .take()
                .map(|pipe| follow(pipe, Stream::Out, lines.clone())),
            child
                .stderr
                .take()
                .map(|pipe| follow(pipe, Stream::Err, lines)),
        ];
        let mut last = VecDeque::new();
        for (stream, line) in heard {
            if let (Stream::Out, Some(kept)) = (stream, kept.as_deref_mut()) {
                kept.push(line);
                continue;
            }
            self.bar.set_message(format!("{what}: {}", line.trim()));
            last.push_back(line);
            if last.len() > SHOWN_LINES {
                last.pop_front();
            }
        }
        for reader in readers.into_iter().flatten() {
            let _ = reader.join();
        }
        let status = child
            .wait()
            .map_err(|error| format!("cannot wait for `{program}`: {error}"))?;
        if status.success() {
            return Ok(());
        }
        let said = Vec::from(last).join("\n");
        Err(format!("{what}: `{program}` ended with {status}\n{said}"))
    }
}

/// Where a command wrote a line.
#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn follow(
    pipe: impl Read + Send + 'static,
    stream: Stream,
    lines: Sender<(Stream, String)>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            if lines.send((stream, line)).is_err() {
                break;
            }
        }
    })
}
