//! `wardlet audit`: read the log, and check it.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};
use wardlet_audit::{
    Entry, Head, Options as Checks, Progress, Report, Select, VerifyError, verify,
};
use wardlet_keys::{VerifyingKey, base64url};

use super::say::{self, Failure, REFUSED, UNREADABLE, WRONG, visible};
use super::{Where, export, query, setup, shadow};
use crate::state::{LOG, VKEY};

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
    /// Check every entry: form, order, signature, and that each allowed call has one outcome
    Verify(Verify),
    /// Find calls by time, caller, tool, rule, plugin and more
    Query(query::Arguments),
    /// Write calls as JSON lines, CSV or OCSF for other systems
    Export(export::Arguments),
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

#[derive(Debug, clap::Args)]
struct Verify {
    #[command(flatten)]
    place: Where,
    /// The log's public key, if it is kept apart from the log: a file with a C2SP verifier key
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// What an earlier check printed as `head`: finds a tail that was cut off since
    #[arg(long, value_name = "SIZE:ROOT")]
    against: Option<String>,
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.action {
        Action::Show(arguments) => show(arguments),
        Action::Verify(arguments) => check(arguments),
        Action::Query(arguments) => query::main(arguments),
        Action::Export(arguments) => export::main(arguments),
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

fn check(arguments: &Verify) -> Result<(), Failure> {
    let state = arguments.place.folder()?;
    let key = key(&arguments.key.clone().unwrap_or_else(|| state.join(VKEY)))?;
    let against = arguments.against.as_deref().map(head).transpose()?;
    let bar = setup::bar(0, "bytes checked");
    let mut progress = |progress: Progress| {
        bar.set_length(progress.total_bytes);
        bar.set_position(progress.bytes);
    };
    let options = Checks {
        against,
        progress: Some(&mut progress),
    };
    let checked = verify(&state.join(LOG), &key, options);
    bar.finish_and_clear();
    match checked {
        Ok(report) => {
            tell(&report, &key, arguments.json);
            Ok(())
        }
        Err(error) => {
            let code = if error.is_broken() {
                REFUSED
            } else {
                UNREADABLE
            };
            if arguments.json {
                say::json(&broken(&error));
            }
            let hint = error.hint();
            Err(Failure::new(code, error).hint(hint))
        }
    }
}

fn tell(report: &Report, key: &VerifyingKey, as_json: bool) {
    let root = base64url::encode(&report.head.root);
    if as_json {
        return say::json(&json!({
            "ok": true,
            "origin": key.name(),
            "size": report.head.size,
            "root": root,
            "kinds": report.kinds,
            "effects": report.effects,
            "open": report.open,
            "unfinished_bytes": report.unfinished_bytes,
            "step_back": report.step_back.map(|step| json!({ "index": step.index, "by_ms": step.by_ms })),
        }));
    }
    let counts = |counts: &std::collections::BTreeMap<String, u64>| {
        let counts: Vec<String> = counts
            .iter()
            .map(|(name, n)| format!("{n} {name}"))
            .collect();
        counts.join(", ")
    };
    say::out(format!(
        "the log is whole: {} entries, every signature checked",
        report.head.size
    ));
    say::out(format!("origin     {}", key.name()));
    say::out(format!("entries    {}", counts(&report.kinds)));
    say::out(format!("decisions  {}", counts(&report.effects)));
    if !report.open.is_empty() {
        say::out(format!(
            "open       {} calls have no outcome yet",
            report.open.len()
        ));
    }
    if report.unfinished_bytes > 0 {
        let bytes = report.unfinished_bytes;
        say::out(format!(
            "unfinished {bytes} bytes behind the last entry: being written, or left by a crash"
        ));
    }
    if let Some(step) = report.step_back {
        say::out(format!(
            "clock      went back by {} ms before entry {}",
            step.by_ms, step.index
        ));
    }
    say::out(format!("head       {}:{root}", report.head.size));
    say::out("           keep it elsewhere: `--against` finds a tail that was cut off since");
}

fn broken(error: &VerifyError) -> Value {
    let (index, offset) = match error {
        VerifyError::Broken { index, offset, .. } => (Some(index), Some(offset)),
        _ => (None, None),
    };
    json!({
        "ok": false,
        "broken": error.is_broken(),
        "error": error.to_string(),
        "index": index,
        "offset": offset,
    })
}

fn key(path: &Path) -> Result<VerifyingKey, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(
            UNREADABLE,
            format!("cannot read the log's key `{}`: {error}", path.display()),
        )
        .hint(Some(
            "the gateway writes it beside its log when it first runs",
        ))
    })?;
    text.trim().parse().map_err(|error| {
        Failure::new(
            WRONG,
            format!("`{}` holds no verifier key: {error}", path.display()),
        )
    })
}

fn head(text: &str) -> Result<Head, Failure> {
    let parse = || {
        let (size, root) = text.split_once(':')?;
        let root = base64url::decode(root)?.try_into().ok()?;
        Some(Head {
            size: size.parse().ok()?,
            root,
        })
    };
    parse().ok_or_else(|| {
        Failure::new(WRONG, format!("`{text}` is no head")).hint(Some(
            "give what `wardlet audit verify` printed after `head`",
        ))
    })
}
