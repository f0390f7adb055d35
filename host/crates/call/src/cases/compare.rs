//! What came out, held against what must.

use super::write::{answer_json, line_json, obligation_json};
use super::{Answer, Expect, ExpectedLine, Outcome};
use crate::json::Json;
use crate::reach::LogLine;

/// Something that came out otherwise than it must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is about, in the words of the case file: `verdict`, `log/0`, `host_calls/2`.
    pub about: String,
    /// What must come out.
    pub expected: String,
    /// What came out.
    pub got: String,
}

impl Outcome {
    /// Where it is not what must come out. None where all of it is. Where the plugin asked something else
    /// of the host than the case has, it is never right, whatever came out.
    #[must_use]
    pub fn differences(&self, expect: &Expect) -> Vec<Difference> {
        let mut differences = Vec::new();
        if let Some(diverged) = &self.diverged {
            differences.push(Difference {
                about: format!("host_calls/{}", diverged.position),
                expected: diverged.recorded.clone(),
                got: diverged.asked.clone(),
            });
        }
        differences.extend(answers(&expect.answer, self));
        if let Some(expected) = &expect.obligations
            && *expected != self.obligations
        {
            let list = |all: &[_]| Json::Array(all.iter().map(obligation_json).collect());
            differences.push(Difference {
                about: "obligations".to_owned(),
                expected: list(expected).to_text(),
                got: list(&self.obligations).to_text(),
            });
        }
        if let Some(expected) = &expect.log {
            differences.extend(logs(expected, &self.log));
        }
        if let (Some(expected), Some(got)) = (&expect.struck, &self.struck) {
            let mut sorted = [expected.clone(), got.clone()];
            sorted.iter_mut().for_each(|names| names.sort());
            let [expected, got] = sorted;
            if expected != got {
                let list =
                    |names: &[String]| Json::Array(names.iter().map(|n| Json::text(n)).collect());
                differences.push(Difference {
                    about: "struck".to_owned(),
                    expected: list(&expected).to_text(),
                    got: list(&got).to_text(),
                });
            }
        }
        differences
    }
}

fn answers(expected: &Answer, outcome: &Outcome) -> Option<Difference> {
    let (about, expected, got) = match (expected, &outcome.answer) {
        // The native double has no words for its faults.
        (Answer::Fault(None), Answer::Fault(_)) | (Answer::Fault(_), Answer::Fault(None)) => {
            return None;
        }
        (expected, got) if expected == got => return None,
        (Answer::Edits(expected), Answer::Edits(got)) => {
            let first = expected.iter().zip(got).position(|(a, b)| a != b);
            let first = first.unwrap_or(expected.len().min(got.len()));
            let shown = |edits: &[_]| match edits.get(first) {
                Some(edit) => super::write::edit_json(edit).to_text(),
                None => "no more edits".to_owned(),
            };
            (format!("edits/{first}"), shown(expected), shown(got))
        }
        (expected, got) => {
            let about = match expected {
                Answer::Verdict(_) => "verdict",
                Answer::Edits(_) => "edits",
                Answer::Configure(_) => "configure",
                Answer::Fault(_) => "fault",
            };
            let text = |answer| answer_json(answer).to_text();
            (about.to_owned(), text(expected), text(got))
        }
    };
    let got = match &outcome.detail {
        Some(detail) => format!("{got}: {detail}"),
        None => got,
    };
    Some(Difference {
        about,
        expected,
        got,
    })
}

fn logs(expected: &[ExpectedLine], got: &[LogLine]) -> Option<Difference> {
    let differs = |(expected, got): (&ExpectedLine, &LogLine)| !is(expected, got);
    let first = expected.iter().zip(got).position(differs);
    let first = match first {
        Some(first) => first,
        None if expected.len() == got.len() => return None,
        None => expected.len().min(got.len()),
    };
    let none = || "no more lines".to_owned();
    Some(Difference {
        about: format!("log/{first}"),
        expected: expected
            .get(first)
            .map_or_else(none, |line| line_json(line).to_text()),
        got: got
            .get(first)
            .map_or_else(none, |line| line_json(&line.into()).to_text()),
    })
}

/// Whether a line is what it must be, as far as that is said.
fn is(expected: &ExpectedLine, got: &LogLine) -> bool {
    let fields = expected.fields.as_ref().is_none_or(|expected| {
        let sorted = |fields: &[(String, String)]| {
            let mut fields = fields.to_vec();
            fields.sort();
            fields
        };
        sorted(expected) == sorted(&got.fields)
    });
    expected.level.is_none_or(|level| level == got.level)
        && expected
            .message
            .as_ref()
            .is_none_or(|text| *text == got.message)
        && fields
}

impl From<&LogLine> for ExpectedLine {
    fn from(line: &LogLine) -> Self {
        ExpectedLine {
            level: Some(line.level),
            message: Some(line.message.clone()),
            fields: Some(line.fields.clone()),
        }
    }
}
