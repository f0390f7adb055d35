//! Capability `log`: lines for the debug log, within a budget, never to standard output.

use tracing::Level as Severity;
use wardlet_call::{LogLevel, LogLine};
use wasmtime::Result;

use super::State;
use crate::bindings::log::{Field, Host, Level};
use crate::limits::Limit;

/// How much a check may still write.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
    cut: bool,
}

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Budget {
            left: bytes,
            cut: false,
        }
    }

    /// Takes bytes that are the host's to write.
    fn charge(&mut self, bytes: usize) {
        self.cut |= bytes > self.left;
        self.left = self.left.saturating_sub(bytes);
    }

    /// As much of `text` as fits.
    fn take<'a>(&mut self, text: &'a str) -> &'a str {
        let mut end = text.len().min(self.left);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.left -= end;
        self.cut |= end < text.len();
        text.get(..end).unwrap_or_default()
    }
}

impl Host for State {
    /// Control characters are escaped, so that a plugin cannot forge a line of the log.
    fn write(&mut self, level: Level, message: String, fields: Vec<Field>) -> Result<()> {
        self.meter.host_call()?;
        if !self.may_log() {
            return Ok(());
        }
        // A line costs its end, and a field its signs, so that empty ones are not free.
        self.log.charge(1 + 2 * fields.len());
        let message = self.log.take(&message);
        let mut line = message.escape_debug().to_string();
        let level = LogLevel::from(level);
        let mut taken = LogLine {
            level,
            message: message.to_owned(),
            fields: Vec::new(),
        };
        for Field { key, value } in &fields {
            if self.log.cut {
                break;
            }
            let (key, value) = (self.log.take(key), self.log.take(value));
            line.push_str(&format!(" {}={}", key.escape_debug(), value.escape_debug()));
            taken.fields.push((key.to_owned(), value.to_owned()));
        }
        self.mark(&mut line);
        self.show(taken);
        tracing::debug!(
            target: "wardlet::plugin",
            plugin = %self.standing.name,
            level = level.name(),
            "{line}"
        );
        Ok(())
    }
}

impl State {
    /// Whether anybody reads what it writes, and the check may still write.
    pub(super) fn may_log(&self) -> bool {
        let read = || tracing::enabled!(target: "wardlet::plugin", Severity::DEBUG);
        !self.log.cut && (self.reach().log.is_some() || read())
    }

    /// Gives a line to whoever reads them beside the debug log.
    fn show(&self, line: LogLine) {
        if let Some(log) = &self.reach().log {
            log.line(line);
        }
    }

    /// Bytes that the check may still write.
    pub(super) fn log_left(&self) -> usize {
        self.log.left
    }

    /// A line that the plugin's program wrote to one of its outputs. Its end counts too, or lines
    /// without text would be free.
    pub(super) fn log_output(&mut self, output: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let taken = self.log.take(&text);
        let mut line = taken.escape_debug().to_string();
        let shown = LogLine {
            level: LogLevel::Debug,
            message: taken.to_owned(),
            fields: vec![("output".to_owned(), output.to_owned())],
        };
        self.show(shown);
        self.log.take("\n");
        self.mark(&mut line);
        tracing::debug!(target: "wardlet::plugin", plugin = %self.standing.name, output, "{line}");
    }

    /// Says at the end of a line that it was cut.
    fn mark(&mut self, line: &mut String) {
        if self.log.cut {
            line.push_str(" [cut]");
            self.meter.strike(Limit::Log);
        }
    }
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Trace => LogLevel::Trace,
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;
    use crate::limits::DEFAULT_LOG;

    #[test]
    fn the_budget_cuts_on_a_characters_boundary_and_says_so() {
        let mut budget = Budget::new(DEFAULT_LOG);
        assert_eq!(budget.take("abc"), "abc");
        let long = "é".repeat(DEFAULT_LOG);
        let taken = budget.take(&long);
        assert_eq!(taken.len(), DEFAULT_LOG - 3 - 1);
        assert!(budget.cut);
    }
}
