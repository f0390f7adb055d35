//! `wardlet audit`: read the log, and check it.

mod backup;
mod evidence;
mod export;
mod kept;
mod keys;
mod query;
mod shadow;
mod verify;

use clap::Subcommand;
use serde_json::Value;
use wardlet_audit::{Entry, Select};

use super::Where;
use super::say::{self, Failure, REFUSED, UNREADABLE, visible};
use crate::state::LOG;

/// Arguments of `wardlet audit`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show entries, the oldest first
    Show(Show),
    /// Check the log: every entry's form, order and signature, that each allowed call has one outcome, the
    /// tree, and the checkpoint; or some entries alone
    Verify(verify::Arguments),
    /// Find calls by time, caller, tool, rule, plugin and more
    Query(query::Arguments),
    /// Write calls as JSON lines, CSV or OCSF for other systems
    Export(export::Arguments),
    /// Answer a question with all that it takes to check the answer elsewhere, in one file
    Evidence(evidence::Arguments),
    /// Check such a file with nothing but the keys of its log
    CheckEvidence(evidence::CheckArguments),
    /// Copy the log elsewhere, while gateways write it: what is new since the last time, checked whole
    Backup(backup::Arguments),
    /// Show the values that an entry commits to, as far as they are kept. The look is an entry itself
    Disclose(kept::Disclose),
    /// Show whose the pseudonyms in entries are. The look is an entry itself
    Subjects(kept::Options),
    /// Erase somebody: key, name and values. Entries stay, and every proof holds
    Erase(kept::Erase),
    /// Show what rules with `mode = "shadow"` would have changed, had they enforced
    Shadow(shadow::Arguments),
}

#[derive(Debug, clap::Args)]
struct Show {
    #[command(flatten)]
    place: Where,
    /// So many entries at the end
    #[arg(long, value_name = "COUNT", default_value_t = 20, conflicts_with_all = ["entry", "all"])]
    last: usize,
    /// The entry with this index
    #[arg(long, value_name = "INDEX")]
    entry: Option<u64>,
    /// All entries
    #[arg(long, conflicts_with = "entry")]
    all: bool,
    /// The entries themselves, one on a line
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.action {
        Action::Show(arguments) => show(arguments),
        Action::Verify(arguments) => verify::main(arguments),
        Action::Query(arguments) => query::main(arguments),
        Action::Export(arguments) => export::main(arguments),
        Action::Evidence(arguments) => evidence::main(arguments),
        Action::CheckEvidence(arguments) => evidence::check(arguments),
        Action::Backup(arguments) => backup::main(arguments),
        Action::Disclose(arguments) => kept::disclose(arguments),
        Action::Subjects(arguments) => kept::subjects(arguments),
        Action::Erase(arguments) => kept::erase(arguments),
        Action::Shadow(arguments) => shadow::main(arguments),
    }
}

fn show(arguments: &Show) -> Result<(), Failure> {
    let folder = arguments.place.folder()?.join(LOG);
    let select = match (arguments.entry, arguments.all) {
        (Some(index), _) => Select::One(index),
        (None, true) => Select::All,
        (None, false) => Select::Last(arguments.last),
    };
    let failed = |error: wardlet_audit::AuditError| {
        let hint = error.hint();
        Failure::new(UNREADABLE, error).hint(hint)
    };
    let mut shown = 0_u64;
    for entry in wardlet_audit::show(&folder, select).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        shown += 1;
        say::out(if arguments.json {
            entry.line
        } else {
            line_of(&entry)
        });
    }
    match (shown, arguments.entry) {
        (0, Some(index)) => Err(Failure::new(
            REFUSED,
            format!("the log has no entry {index}"),
        )),
        _ => Ok(()),
    }
}

/// An entry as one line for a person.
fn line_of(entry: &Entry) -> String {
    let value: Value = serde_json::from_str(&entry.line).unwrap_or_default();
    let body = value.get("body").unwrap_or(&Value::Null);
    let kind = text(&value, "/kind");
    let what = match kind {
        "decision" => {
            let rules = strings(body, "/rules").join(", ");
            let (effect, reason) = (text(body, "/effect"), text(body, "/reason"));
            let shadows = shadows(body);
            format!(
                "{effect:9} {:32} {reason:22} {rules}{shadows}",
                target(body)
            )
        }
        "outcome" => {
            let (status, reason) = (text(body, "/status"), text(body, "/reason"));
            let of = format!("of {}", number(body, "/decision"));
            let (redacted, shadows) = (redacted(body), shadows(body));
            format!("{status:9} {of:32} {reason:22} {redacted}{shadows}")
        }
        "approval-request" => format!("{:9} {}", "held", target(body)),
        "approval-vote" => format!(
            "{:9} of {}",
            text(body, "/choice"),
            number(body, "/request")
        ),
        "erasure" => format!("{:9} {}", "erased", text(body, "/subject")),
        "access" => format!(
            "{:9} {} values {}",
            "shown",
            number(body, "/disclosures"),
            text(body, "/txn")
        ),
        "quarantine" => format!(
            "{:9} {} for `{}`",
            text(body, "/change"),
            text(body, "/principal"),
            text(body, "/plugin")
        ),
        _ => String::new(),
    };
    let line = format!(
        "{:>6}  {}  {kind:16} {what}",
        entry.index,
        text(&value, "/time")
    );
    visible(line.trim_end())
}

pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn number(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .map(Value::to_string)
        .unwrap_or_default()
}

fn strings<'a>(value: &'a Value, pointer: &str) -> Vec<&'a str> {
    let items = value.pointer(pointer).and_then(Value::as_array);
    items
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// Server and tool, or the method where no tool is named.
pub(super) fn target(body: &Value) -> String {
    let tool = text(body, "/target/tool");
    let name = if tool.is_empty() {
        text(body, "/target/method")
    } else {
        tool
    };
    format!("{}/{name}", text(body, "/target/server"))
}

/// What shadow rules would have changed.
fn shadows(body: &Value) -> String {
    let items = body.pointer("/shadow").and_then(Value::as_array);
    let differing = items.into_iter().flatten().filter_map(|item| {
        let would = item.pointer("/differs/would")?.as_str()?;
        Some(format!("; shadow {}: {would}", text(item, "/rule")))
    });
    differing.collect()
}

fn redacted(body: &Value) -> String {
    let items = body.pointer("/redactions").and_then(Value::as_array);
    let found = items.into_iter().flatten();
    let found = found.map(|item| format!("{} {}", number(item, "/count"), text(item, "/entity")));
    let found: Vec<String> = found.collect();
    if found.is_empty() {
        String::new()
    } else {
        format!("redacted: {}", found.join(", "))
    }
}
