//! Calls as CSV (RFC 4180), for spreadsheets.
//!
//! Lines end in CRLF, and cells are quoted where they need it. No cell becomes a formula: spreadsheets take
//! a cell for one that begins with `=`, `+`, `-`, `@`, a tab or a carriage return, quoted or not (OWASP,
//! "CSV Injection"), and some take the full-width forms of these signs too. Such a cell gets a `'` in front,
//! by which they know a text; so does one that begins with `'`, so that whoever reads the file back takes
//! away one leading `'` wherever there is one and has what was meant. Pseudonyms are base64url, and some begin
//! with `-`.
//!
//! Characters that a terminal or a reader would act on or not see are written as `\u{1b}`; the exact names
//! are in the JSON.

use std::borrow::Cow;
use std::io::Write;

use csv::{Terminator, WriterBuilder};
use wardlet_audit::rfc3339;
use wardlet_call::visible;

use crate::call::Call;

/// The names of the columns.
pub const COLUMNS: [&str; 24] = [
    "entry",
    "time",
    "effect",
    "status",
    "reason",
    "blame",
    "principal",
    "server",
    "method",
    "tool",
    "rules",
    "plugins",
    "plugin_digests",
    "approvers",
    "votes",
    "request_entry",
    "outcome_entry",
    "outcome_time",
    "is_error",
    "argument_bytes",
    "result_bytes",
    "upstream_us",
    "txn",
    "policy_set",
];

/// What a spreadsheet takes a cell for a formula by, and the sign that says it is none.
const FORMULA: [char; 11] = [
    '=', '+', '-', '@', '\t', '\r', '\'', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
];

/// Writes calls as CSV, the names of the columns first.
pub struct Sheet<W: Write> {
    writer: csv::Writer<W>,
}

impl<W: Write> Sheet<W> {
    /// Begins with the names of the columns.
    ///
    /// # Errors
    /// What the writer says.
    pub fn new(to: W) -> Result<Self, std::io::Error> {
        let mut writer = WriterBuilder::new()
            .terminator(Terminator::CRLF)
            .from_writer(to);
        writer.write_record(COLUMNS).map_err(unwritten)?;
        Ok(Sheet { writer })
    }

    /// Writes one call.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&mut self, call: &Call) -> Result<(), std::io::Error> {
        for cell in cells(call) {
            self.writer
                .write_field(safe(&cell).as_bytes())
                .map_err(unwritten)?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(unwritten)
    }

    /// Hands over what is still held.
    ///
    /// # Errors
    /// What the writer says.
    pub fn finish(mut self) -> Result<(), std::io::Error> {
        self.writer.flush()
    }
}

/// What the writer below said.
fn unwritten(error: csv::Error) -> std::io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => std::io::Error::other(format!("{other:?}")),
    }
}

/// A cell that no spreadsheet takes for a formula.
fn safe(cell: &str) -> Cow<'_, str> {
    let cell = visible(cell);
    if cell.starts_with(FORMULA) {
        Cow::Owned(format!("'{cell}"))
    } else {
        cell
    }
}

/// The cells of a call, in the order of [`COLUMNS`]. Where a cell has several names, a space is between.
fn cells(call: &Call) -> [String; COLUMNS.len()] {
    let number = |number: Option<u64>| number.map(|n| n.to_string()).unwrap_or_default();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let plugins = |of: fn(&crate::Ran) -> &String| {
        let names: Vec<&str> = call.plugins.iter().map(|ran| of(ran).as_str()).collect();
        names.join(" ")
    };
    let votes = call
        .approval
        .iter()
        .flat_map(|approval| &approval.votes)
        .map(|vote| (vote.approver.as_str(), vote.choice.as_str()));
    let (approvers, choices): (Vec<&str>, Vec<&str>) = votes.unzip();
    let outcome = call.outcome.as_ref();
    [
        call.entry.to_string(),
        rfc3339(call.time_ms),
        call.effect.clone(),
        text(call.status()),
        call.last_reason().to_owned(),
        text(call.last_blame()),
        call.principal.clone(),
        call.server.clone(),
        call.method.clone(),
        text(call.tool.as_deref()),
        call.rules.join(" "),
        plugins(|ran| &ran.name),
        plugins(|ran| &ran.digest),
        approvers.join(" "),
        choices.join(" "),
        number(call.approval.as_ref().and_then(|approval| approval.request)),
        number(outcome.map(|outcome| outcome.entry)),
        outcome
            .map(|outcome| rfc3339(outcome.time_ms))
            .unwrap_or_default(),
        outcome
            .and_then(|outcome| outcome.is_error)
            .map(|is_error| is_error.to_string())
            .unwrap_or_default(),
        number(call.argument_bytes),
        number(outcome.and_then(|outcome| outcome.result_bytes)),
        number(outcome.and_then(|outcome| outcome.upstream_us)),
        call.txn.clone(),
        text(call.policy_set.as_deref()),
    ]
}

#[cfg(test)]
mod tests;
