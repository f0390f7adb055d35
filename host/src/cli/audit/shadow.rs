//! `wardlet audit shadow`: what shadow rules would have changed, by what the log says of them.

mod tally;

use serde_json::{Value, json};
use wardlet_audit::{Clock as _, Select, SystemClock, rfc3339, show};
use wardlet_query::when;

use self::tally::{Row, Tally, Trials};
use super::query;
use crate::cli::Where;
use crate::cli::say::{self, Failure, REFUSED, UNREADABLE, visible};
use crate::state::LOG;

/// Differing calls that are shown where not all are asked for: a screen holds them, beside the sums.
const SHOWN: usize = 20;

/// Tools and reasons that are shown under one difference: those with the most calls.
const MOST: usize = 10;

/// Arguments of `wardlet audit shadow`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Where,
    /// This rule alone
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// Every call that would have been decided or redacted otherwise, instead of the last few
    #[arg(long)]
    differing: bool,
    /// Entries from this time on (UTC): `2026-11-24`, `2026-11-24T08:30`, or `24h` ago
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let since = arguments.since.as_deref().map(time).transpose()?;
    let folder = arguments.place.folder()?.join(LOG);
    let failed = |error: wardlet_audit::AuditError| {
        let hint = error.hint();
        Failure::new(UNREADABLE, error).hint(hint)
    };
    let keep = if arguments.differing {
        usize::MAX
    } else {
        SHOWN
    };
    let mut trials = Trials::new(arguments.rule.clone(), since, keep);
    for entry in show(&folder, Select::All).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        trials.take(entry.index, &entry.line).map_err(|why| {
            let error = format!("entry {}: {why}", entry.index);
            Failure::new(REFUSED, error).hint(Some("`wardlet audit verify` checks the whole log"))
        })?;
    }
    if arguments.json {
        say::json(&as_json(&trials));
    } else {
        tell(&trials, arguments);
    }
    Ok(())
}

/// A time as entries have it.
fn time(text: &str) -> Result<String, Failure> {
    let ms = when(text, SystemClock.now_ms()).map_err(query::wrong)?;
    Ok(rfc3339(ms))
}

fn tell(trials: &Trials, arguments: &Arguments) {
    if trials.rules.is_empty() {
        return say::out(nothing(trials, arguments));
    }
    for (rule, tally) in &trials.rules {
        tell_rule(rule, tally);
    }
    if trials.omitted > 0 {
        let omitted = trials.omitted;
        say::out(format!(
            "{omitted} trials found no room in their entries and are not counted\n"
        ));
    }
    if !trials.rows.is_empty() {
        let all = trials.differing == trials.rows.len() as u64;
        say::out(if all {
            "DIFFERING CALLS".to_owned()
        } else {
            let (shown, of) = (trials.rows.len(), trials.differing);
            format!("DIFFERING CALLS, the last {shown} of {of} (`--differing` shows all)")
        });
    }
    for row in &trials.rows {
        say::out(line_of(row));
    }
    say::out("\nsignatures were not checked; `wardlet audit verify` checks them");
}

/// Why there is nothing to tell.
fn nothing(trials: &Trials, arguments: &Arguments) -> String {
    if trials.entries == 0 {
        return "the log has no entries yet".to_owned();
    }
    let of = match &arguments.rule {
        Some(rule) => format!("shadow rule `{}`", visible(rule)),
        None => "a shadow rule".to_owned(),
    };
    let since = match &arguments.since {
        Some(since) => format!(" since {}", visible(since)),
        None => String::new(),
    };
    let entries = trials.entries;
    format!("no entry{since} tells of {of} (of {entries} in the log)")
}

fn tell_rule(rule: &str, tally: &Tally) {
    say::out(format!("SHADOW RULE {}", visible(rule)));
    say::out(format!(
        "  calls        {}, from {} to {}",
        tally.calls, tally.first, tally.last
    ));
    if tally.unasked > 0 {
        let unasked = tally.unasked;
        say::out(format!(
            "  unasked      {unasked}, refused by redactors before any policy"
        ));
    }
    if tally.answers > 0 {
        say::out(format!("  answers      {}", tally.answers));
    }
    if tally.differs.is_empty() {
        say::out("  would differ none");
    }
    for ((decided, would), by) in &tally.differs {
        let count: u64 = by.values().sum();
        say::out(format!("  would differ {count} {decided} -> {would}"));
        tell_by(by);
    }
    if tally.redacting > 0 {
        let found = counts(tally.redactions.iter().map(|(entity, n)| (entity, *n)));
        let redacting = tally.redacting;
        say::out(format!("  would redact {redacting} documents: {found}"));
    } else if !tally.redactions.is_empty() {
        let found = counts(tally.redactions.iter().map(|(entity, n)| (entity, *n)));
        say::out(format!(
            "  found        {found}; nothing that would have changed what passed"
        ));
    }
    if !tally.faults.is_empty() {
        let named =
            |((plugin, fault), n): (&(String, String), &u64)| (format!("{plugin} {fault}"), *n);
        let faults = counts(tally.faults.iter().map(named));
        say::out(format!("  faults       {faults}"));
    }
    say::out("");
}

fn tell_by(by: &std::collections::BTreeMap<(String, String), u64>) {
    let mut sorted: Vec<_> = by.iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for ((target, reason), count) in sorted.iter().take(MOST) {
        let line = format!("    {count:>7}  {target:32} {reason}");
        say::out(visible(line.trim_end()));
    }
    if let Some(more) = sorted.len().checked_sub(MOST).filter(|more| *more > 0) {
        say::out(format!("             and {more} more (`--json` has all)"));
    }
}

fn counts<S: std::fmt::Display>(counted: impl Iterator<Item = (S, u64)>) -> String {
    let counted: Vec<String> = counted.map(|(name, n)| format!("{n} {name}")).collect();
    visible(&counted.join(", "))
}

fn line_of(row: &Row) -> String {
    let change = format!("{} -> {}", row.decided, row.would);
    let line = format!(
        "{:>6}  {}  {:24} {:32} {change:26} {}",
        row.index, row.time, row.rule, row.target, row.reason
    );
    visible(line.trim_end())
}

fn as_json(trials: &Trials) -> Value {
    let rules = trials.rules.iter().map(|(rule, tally)| {
        let differs = tally.differs.iter().flat_map(|((decided, would), by)| {
            by.iter().map(move |((target, reason), count)| {
                json!({
                    "decided": decided,
                    "would": would,
                    "target": target,
                    "reason": reason,
                    "count": count,
                })
            })
        });
        let faults = tally.faults.iter().map(
            |((plugin, fault), count)| json!({ "plugin": plugin, "fault": fault, "count": count }),
        );
        json!({
            "rule": rule,
            "calls": tally.calls,
            "unasked": tally.unasked,
            "answers": tally.answers,
            "first": tally.first,
            "last": tally.last,
            "would_differ": tally.differing(),
            "differs": differs.collect::<Vec<_>>(),
            "would_redact": tally.redacting,
            "redactions": tally.redactions,
            "faults": faults.collect::<Vec<_>>(),
        })
    });
    let calls = trials.rows.iter().map(|row| {
        json!({
            "entry": row.index,
            "time": row.time,
            "rule": row.rule,
            "target": row.target,
            "decided": row.decided,
            "would": row.would,
            "reason": row.reason,
        })
    });
    json!({
        "entries": trials.entries,
        "rules": rules.collect::<Vec<_>>(),
        "differing": trials.differing,
        "calls": calls.collect::<Vec<_>>(),
        "omitted": trials.omitted,
        "signatures_checked": false,
    })
}
