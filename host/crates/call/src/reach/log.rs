//! Behind the capability `log`, for whoever reads the lines beside the debug log.

use std::fmt::Debug;

/// How much a line matters, as the plugin says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// `trace`
    Trace,
    /// `debug`
    Debug,
    /// `info`
    Info,
    /// `warn`
    Warn,
    /// `error`
    Error,
}

impl LogLevel {
    /// All of them, the least first.
    pub const ALL: [LogLevel; 5] = [
        LogLevel::Trace,
        LogLevel::Debug,
        LogLevel::Info,
        LogLevel::Warn,
        LogLevel::Error,
    ];

    /// Its name in the contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            LogLevel::Trace => "trace",
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        }
    }

    /// The level of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        LogLevel::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// A line that a plugin wrote, as far as its budget let it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// Its text.
    pub message: String,
    /// Its fields as `(key, value)`, in their order.
    pub fields: Vec<(String, String)>,
}

/// Takes the lines of a check beside the gateway's debug log.
pub trait Log: Debug + Send + Sync {
    /// A line, in the order in which they were written.
    fn line(&self, line: LogLine);

    /// Why a check gave no verdict: the plugin's own text of why it failed, or what is wrong with its answer.
    fn failed(&self, text: &str);
}
