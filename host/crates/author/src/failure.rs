//! Why something was not done, for the person who asked for it.

use std::fmt;

/// What kind of failure it is: programs tell them apart by their exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// What was asked for is wrong: a name, a manifest, a folder that is there already.
    Wrong,
    /// A tool is not there.
    Missing,
    /// A file cannot be read or written.
    Unreadable,
    /// A tool ended with an error, or made something that is no plugin.
    Failed,
}

/// A failure, with what mends it where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its kind.
    pub kind: FailureKind,
    /// What is wrong.
    pub text: String,
    /// What mends it.
    pub hint: Option<String>,
}

impl Failure {
    pub(crate) fn wrong(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::with(FailureKind::Wrong, text, hint)
    }

    pub(crate) fn missing(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::with(FailureKind::Missing, text, hint)
    }

    pub(crate) fn failed(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::with(FailureKind::Failed, text, hint)
    }

    pub(crate) fn unreadable(text: impl Into<String>) -> Self {
        Failure {
            kind: FailureKind::Unreadable,
            text: text.into(),
            hint: None,
        }
    }

    /// Where a tool is missing: what is missing in the words of the language, and another way to get it.
    pub(crate) fn or_get(self, missing: impl Into<String>, other: &str) -> Self {
        match self.kind {
            FailureKind::Missing => Failure {
                text: missing.into(),
                hint: self.hint.map(|hint| format!("{hint}; or {other}")),
                ..self
            },
            _ => self,
        }
    }

    /// A name that is none of those that there are.
    pub(crate) fn unknown(what: &str, name: &str, known: &[&str]) -> Self {
        Self::wrong(
            format!("`{}` is no {what}", name.escape_debug()),
            format!("there are {}", known.join(", ")),
        )
    }

    fn with(kind: FailureKind, text: impl Into<String>, hint: impl Into<String>) -> Self {
        Failure {
            kind,
            text: text.into(),
            hint: Some(hint.into()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

/// The failure of a step: its tool said why.
impl From<String> for Failure {
    fn from(text: String) -> Self {
        Failure {
            kind: FailureKind::Failed,
            text,
            hint: None,
        }
    }
}

impl From<Failure> for String {
    fn from(failure: Failure) -> Self {
        failure.to_string()
    }
}
