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

/// A row of steps.
pub(crate) struct Steps {
    bar: ProgressBar,
    terminal: bool,
}

impl Steps {
    /// `count` steps are coming.
    pub(crate) fn new(count: u64) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(count), target);
        let style = ProgressStyle::with_template("{spinner} [{bar:16}] {pos}/{len} {wide_msg}");
        bar.set_style(
            style
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("=> "),
        );
        bar.enable_steady_tick(TICK);
        Steps { bar, terminal }
    }

    /// Says something that stays on the screen.
    pub(crate) fn say(&self, words: &str) {
        if self.terminal {
            self.bar.println(words);
        } else {
            eprintln!("{words}");
        }
    }

    /// Runs a command to its end. What it prints is shown as the step's last line, and in full
    /// where it fails.
    pub(crate) fn run(&self, what: &str, command: &mut Command) -> Result<(), String> {
        self.step(what, |steps| steps.finish(what, command))
    }

    /// Does a piece of work as one step.
    pub(crate) fn step<T>(
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

    fn finish(&self, what: &str, command: &mut Command) -> Result<(), String> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start `{program}`: {error}"))?;
        let (lines, heard) = channel();
        let readers = [
            child.stdout.take().map(|pipe| follow(pipe, lines.clone())),
            child.stderr.take().map(|pipe| follow(pipe, lines)),
        ];
        let mut last = VecDeque::new();
        for line in heard {
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

impl Drop for Steps {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn follow(pipe: impl Read + Send + 'static, lines: Sender<String>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            if lines
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                break;
            }
        }
    })
}
