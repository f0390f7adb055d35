//! Case files: what a plugin is asked and what must come out, as JSON. The SDK's native double,
//! `wardlet plugin test` and the gateway's own tests read the same files with this code.
//!
//! The format is documented, example first, in `guest-sdk/CASES.md`.

mod at;
mod compare;
mod expect;
mod place;
mod read;
mod write;

use std::fmt;
use std::ops::Range;

use crate::json::Json;
use crate::reach::{LogLevel, LogLine};
use crate::redaction::Found;
use crate::tape::{Divergence, HostCall};
use crate::verdict::{Obligation, Phase, Ruling, Subject};
use crate::{Document, Documents, Part};

pub use compare::Difference;
pub use read::read;
pub use write::{append, case_json, expect_json, file_of, replace_expect};

/// What a plugin is shown where neither the case nor its file says: all of the call.
pub const SEES_ALL: [&str; 3] = ["/arguments", "/result", "/definition"];

/// HTTP requests of a check where the case does not say: what an operator allows who says nothing.
pub const DEFAULT_HTTP_REQUESTS: u32 = 4;

/// One case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What it shows. Names of one file differ.
    pub name: String,
    /// The line of its file at which it begins, counted from 1.
    pub line: usize,
    /// The line of its `expect`.
    pub expect_line: usize,
    /// The bytes of its file that are the value of `expect`.
    pub expect_at: Range<usize>,
    /// What is judged.
    pub subject: Subject,
    /// The plugin's settings: an object, empty where none are given.
    pub settings: Json,
    /// The places that the plugin is shown, as the configuration writes them; none for [`SEES_ALL`].
    pub sees: Option<Vec<String>>,
    /// The capabilities that it is granted; none for those that it imports.
    pub grants: Option<Vec<String>>,
    /// Limits that are not the defaults, as the configuration writes them: names and values.
    pub limits: Vec<(String, Json)>,
    /// When the check begins, in milliseconds since 1970.
    pub now_ms: u64,
    /// What redactors found in the arguments.
    pub findings: Vec<Found>,
    /// What the agent sends.
    pub arguments: Option<Json>,
    /// What the upstream answered.
    pub result: Option<Json>,
    /// The tool's definition.
    pub definition: Option<Json>,
    /// What the plugin asks of the host, and what it is answered.
    pub host_calls: Vec<HostCall>,
    /// The HTTP requests that it may make.
    pub http_requests: u32,
    /// What must come out.
    pub expect: Expect,
}

impl Case {
    /// The part that a redactor is asked about: the result in the response phase, else the arguments.
    #[must_use]
    pub fn part(&self) -> Part {
        match self.subject.phase {
            Phase::Request => Part::Arguments,
            Phase::Response => Part::Result,
        }
    }

    /// The documents of the call.
    #[must_use]
    pub fn documents(&self) -> Documents {
        let of = |json: &Option<Json>| {
            let json = json.as_ref()?;
            Some(std::sync::Arc::new(Document::parsed(
                json.clone(),
                json.to_text().len(),
            )))
        };
        Documents {
            arguments: of(&self.arguments),
            result: of(&self.result),
            definition: of(&self.definition),
        }
    }
}

/// What must come out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// The answer.
    pub answer: Answer,
    /// The conditions of a verdict; none where they are not compared.
    pub obligations: Option<Vec<Obligation>>,
    /// The lines of the log; none where they are not compared.
    pub log: Option<Vec<ExpectedLine>>,
    /// The names of the limits that strike; none where they are not compared.
    pub struck: Option<Vec<String>>,
}

/// What a plugin answers, or what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A policy's conclusion.
    Verdict(Ruling),
    /// A redactor's finds, in its order.
    Edits(Vec<FoundText>),
    /// `configure` gives faults at exactly these pointers.
    Configure(Vec<String>),
    /// It does not load, or its answer is a fault: any one, or the one of this word.
    Fault(Option<String>),
}

/// A span that a redactor found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundText {
    /// The RFC 6901 pointer of the leaf; for a name, that of its member.
    pub pointer: String,
    /// The text of the span.
    pub text: String,
    /// What was found.
    pub entity: String,
}

/// A line that must be in the log. What is none is not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpectedLine {
    /// Its level.
    pub level: Option<LogLevel>,
    /// Its text.
    pub message: Option<String>,
    /// Its fields, all of them, in any order.
    pub fields: Option<Vec<(String, String)>>,
}

/// What came out of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The answer.
    pub answer: Answer,
    /// What is behind a fault, in words for people.
    pub detail: Option<String>,
    /// The conditions of a verdict.
    pub obligations: Vec<Obligation>,
    /// The lines of the log.
    pub log: Vec<LogLine>,
    /// The names of the limits that struck; none where nothing counts them.
    pub struck: Option<Vec<String>>,
    /// Where the plugin asked something else of the host than the case has.
    pub diverged: Option<Divergence>,
}

/// What is wrong with a case file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseError {
    /// Its line, counted from 1.
    pub line: usize,
    /// The name of the case, where it is about one that has a name.
    pub case: Option<String>,
    /// What is wrong, in lower case, without a full stop.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if let Some(case) = &self.case {
            write!(f, "case `{case}`: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for CaseError {}

#[cfg(test)]
mod tests;
