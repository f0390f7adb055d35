//! What the person in front of a terminal sees; plain lines elsewhere.

use std::io::{BufRead, BufReader, IsTerminal};
use std::process::{Command, Stdio};
use std::time::Duration;

use indicatif::ProgressBar;

/// How often the spinner turns: fast enough to look alive, slow enough to cost nothing.
const TURN: Duration = Duration::from_millis(120);

/// A line at the bottom of the terminal that says what is being done.
pub(super) struct Progress {
    spinner: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn begin() -> Self {
        let spinner = std::io::stderr().is_terminal().then(|| {
            let spinner = ProgressBar::new_spinner();
            spinner.enable_steady_tick(TURN);
            spinner
        });
        Progress { spinner }
    }

    /// Says what stays to be read.
    pub(super) fn say(&self, line: &str) {
        match &self.spinner {
            Some(spinner) => spinner.println(line),
            None => eprintln!("{line}"),
        }
    }

    /// Says what is being done now.
    fn now(&self, line: &str) {
        if let Some(spinner) = &self.spinner {
            spinner.set_message(line.trim().to_owned());
        }
    }

    /// Runs a command and shows its lines as they come. When it fails, all of them are the error.
    pub(super) fn run(&self, what: &str, command: &mut Command) -> Result<(), String> {
        match &self.spinner {
            Some(_) => self.now(what),
            None => eprintln!("{what}"),
        }
        let failed = |error: std::io::Error| format!("{what}: {error}");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let mut lines = String::new();
        if let Some(stderr) = child.stderr.take() {
            for line in BufReader::new(stderr).lines() {
                let line = line.map_err(failed)?;
                self.now(&line);
                lines.push_str(&line);
                lines.push('\n');
            }
        }
        let status = child.wait().map_err(failed)?;
        if status.success() {
            return Ok(());
        }
        Err(format!("{what} failed ({status})\n{lines}"))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}
