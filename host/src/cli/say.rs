//! What a person or a program is told.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::control::ControlError;

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    text: String,
    hint: Option<String>,
}

/// The log is broken, or what was asked for was refused.
pub(super) const REFUSED: u8 = 1;

/// The command line or the configuration is wrong.
pub(super) const WRONG: u8 = 2;

/// Something cannot be read or reached.
pub(super) const UNREADABLE: u8 = 3;

impl Failure {
    pub(super) fn new(code: u8, error: impl Display) -> Self {
        Failure {
            code,
            text: format!("error: {error}"),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: Option<impl Display>) -> Self {
        self.hint = hint.map(|hint| hint.to_string());
        self
    }

    /// A failure whose text was rendered already.
    pub(super) fn rendered(code: u8, text: String) -> Self {
        Failure {
            code,
            text,
            hint: None,
        }
    }

    /// Tells it on standard error.
    pub(super) fn tell(self) -> ExitCode {
        let mut err = io::stderr().lock();
        // Nobody can be told that standard error is closed.
        let _ = writeln!(err, "{}", self.text.trim_end());
        if let Some(hint) = self.hint {
            let _ = writeln!(err, "hint: {hint}");
        }
        ExitCode::from(self.code)
    }
}

/// The failure of a command whose question a running gateway does not answer.
pub(super) fn unanswered(error: ControlError) -> Failure {
    let hint = error.hint();
    Failure::new(UNREADABLE, error).hint(hint)
}

/// Tells on standard error what is no failure and yet may surprise, and what mends it.
pub(super) fn warn(text: impl Display, hint: impl Display) {
    let mut err = io::stderr().lock();
    // Nobody can be told that standard error is closed.
    let _ = writeln!(err, "warning: {text}\nhint: {hint}");
}

/// Whether something that was to be printed is lost.
static LOST: AtomicBool = AtomicBool::new(false);

/// Prints to standard output. A reader that has gone away, such as `head`, is no failure; a disk
/// without room is one, which [`lost`] tells.
pub(super) fn out(text: impl Display) {
    let mut out = io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}")
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        LOST.store(true, Ordering::Relaxed);
    }
}

/// The failure of a command whose output is not whole.
pub(super) fn lost() -> Result<(), Failure> {
    if LOST.load(Ordering::Relaxed) || io::stdout().flush().is_err() {
        return Err(Failure::new(UNREADABLE, "not everything could be printed"));
    }
    Ok(())
}

/// Prints a value as JSON, for programs.
pub(super) fn json(value: &serde_json::Value) {
    out(serde_json::to_string_pretty(value).unwrap_or_default());
}

/// Whether errors may be coloured.
pub(super) fn colour() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A stranger's text with everything made visible that a terminal would act on or hide, but for the
/// ends of lines.
pub(super) fn visible(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(wardlet_call::visible).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_a_terminal_would_hide_is_shown() {
        for (text, shown) in [
            ("plain é 😀\n", "plain é 😀\n"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\u{200b}b", "a\\u{200b}b"),
            ("\r\u{7}", "\\u{d}\\u{7}"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }
}
