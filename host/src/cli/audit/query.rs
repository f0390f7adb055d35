//! `wardlet audit query`: the calls that a question is about, from the index of the log.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use serde_json::{Value, json};
use wardlet_audit::{AuditError, Clock as _, SystemClock};
use wardlet_query::sheet::Sheet;
use wardlet_query::table::table;
use wardlet_query::{
    BadFilter, Cursor, Field, Filter, Index, IndexError, LogFolder, MAX_PAGE, Order, Page, Place,
    Progress,
};

use crate::cli::say::{self, Failure, REFUSED, UNREADABLE, WRONG, visible};
use crate::cli::{Where, setup};
use crate::state::LOG;

/// Values of a field that are shown where they are asked for: enough to find one by eye.
const MOST_VALUES: u32 = 1_000;

/// Arguments of `wardlet audit query`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    wanted: Wanted,
    /// So many calls at most
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 50,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PAGE))
    )]
    limit: u32,
    /// The earliest calls first, instead of the latest
    #[arg(long)]
    oldest_first: bool,
    /// Go on behind the place that an earlier answer ended with
    #[arg(long, value_name = "PLACE", allow_hyphen_values = true)]
    after: Option<String>,
    /// What all calls have in this field, for example `tool`, instead of calls
    #[arg(long, value_name = "FIELD", conflicts_with_all = ["after", "csv", "oldest_first"])]
    values: Option<String>,
    /// For programs
    #[arg(long)]
    json: bool,
    /// For spreadsheets
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

/// Which calls are wanted. A call has to fit each flag that is given; one that is given several times is
/// met by any of its values.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Which calls")]
pub(super) struct Wanted {
    /// Decided at this time (UTC) or later: `2026-11-24`, `2026-11-24T08:30`, or `24h` ago
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Decided before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The caller's pseudonym
    #[arg(long, value_name = "PSEUDONYM", allow_hyphen_values = true)]
    principal: Vec<String>,
    /// The server's name in the configuration
    #[arg(long, value_name = "NAME")]
    server: Vec<String>,
    /// The tool
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    tool: Vec<String>,
    /// The MCP method
    #[arg(long, value_name = "METHOD")]
    method: Vec<String>,
    /// What was decided: allow, deny, expired, malformed
    #[arg(long, value_name = "EFFECT")]
    effect: Vec<String>,
    /// How an allowed call ended: answered, error, unknown, timeout, cancelled, not-sent, open
    #[arg(long, value_name = "STATUS")]
    status: Vec<String>,
    /// The code of the decision or of the outcome
    #[arg(long, value_name = "CODE")]
    reason: Vec<String>,
    /// Whose doing a refusal or bad end is: agent, plugin, upstream, host, approver
    #[arg(long, value_name = "WHO")]
    blame: Vec<String>,
    /// A rule that matched
    #[arg(long, value_name = "NAME")]
    rule: Vec<String>,
    /// A plugin that ran
    #[arg(long, value_name = "NAME")]
    plugin: Vec<String>,
    /// The digest of a plugin that ran, or its first digits
    #[arg(long, value_name = "SHA256")]
    digest: Vec<String>,
    /// The pseudonym of somebody who voted
    #[arg(long, value_name = "PSEUDONYM", allow_hyphen_values = true)]
    approver: Vec<String>,
}

impl Wanted {
    /// Whether nothing was named.
    pub(super) fn is_empty(&self) -> bool {
        let fields = Field::ALL
            .into_iter()
            .all(|field| self.of(field).is_empty());
        fields && self.since.is_none() && self.until.is_none()
    }

    pub(super) fn filter(&self) -> Result<Filter, Failure> {
        let mut terms: Vec<(&str, &str)> = Vec::new();
        for (name, time) in [("since", &self.since), ("until", &self.until)] {
            terms.extend(time.as_deref().map(|time| (name, time)));
        }
        for field in Field::ALL {
            let values = self.of(field).iter();
            terms.extend(values.map(|value| (field.name(), value.as_str())));
        }
        Filter::parse(terms, SystemClock.now_ms()).map_err(wrong)
    }

    fn of(&self, field: Field) -> &[String] {
        match field {
            Field::Principal => &self.principal,
            Field::Server => &self.server,
            Field::Tool => &self.tool,
            Field::Method => &self.method,
            Field::Effect => &self.effect,
            Field::Status => &self.status,
            Field::Reason => &self.reason,
            Field::Blame => &self.blame,
            Field::Rule => &self.rule,
            Field::Plugin => &self.plugin,
            Field::Digest => &self.digest,
            Field::Approver => &self.approver,
        }
    }
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let filter = arguments.wanted.filter()?;
    let after: Option<Cursor> = match &arguments.after {
        Some(text) => Some(text.parse().map_err(|error| {
            Failure::new(WRONG, format!("`{}`: {error}", visible(text)))
                .hint(Some("give what an earlier answer showed after `--after`"))
        })?),
        None => None,
    };
    let state = arguments.place.folder()?;
    if let Some(name) = &arguments.values {
        return values(&state, name, &filter, arguments.json);
    }
    let order = if arguments.oldest_first {
        Order::OldestFirst
    } else {
        Order::NewestFirst
    };
    let answer = |index: &mut Index| -> Result<_, IndexError> {
        let page = index.find(&filter, order, after, arguments.limit)?;
        let unknown = if page.calls.is_empty() {
            unknown(index, &filter)?
        } else {
            Vec::new()
        };
        Ok((page, unknown, index.entries()?))
    };
    let (page, unknown, entries) = ask(&state, answer)?;
    if arguments.json {
        say::json(&as_json(&page, entries));
    } else if arguments.csv {
        sheet(&page)?;
    } else {
        tell(&page, &unknown, entries);
    }
    Ok(())
}

fn tell(page: &Page, unknown: &[(Field, &str)], entries: u64) {
    for (field, value) in unknown {
        say::out(format!(
            "no call has the {field} `{}` (`--values {field}` lists those that there are)",
            visible(value)
        ));
    }
    if page.calls.is_empty() {
        return say::out(format!("no call fits (of {entries} entries in the log)"));
    }
    for line in table(&page.calls, width()) {
        say::out(line);
    }
    match page.next {
        Some(next) => say::out(format!("\nthere are more calls: `--after {next}`")),
        None => say::out(""),
    }
    say::out("signatures were not checked; `wardlet audit verify` checks them");
}

fn as_json(page: &Page, entries: u64) -> Value {
    json!({
        "calls": page.calls,
        "next": page.next.map(|next| next.to_string()),
        "entries": entries,
        "signatures_checked": false,
    })
}

fn sheet(page: &Page) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    let write = |bytes: &mut Vec<u8>| {
        let mut sheet = Sheet::new(bytes)?;
        for call in &page.calls {
            sheet.write(call)?;
        }
        sheet.finish()
    };
    write(&mut bytes)
        .map_err(|error| Failure::new(UNREADABLE, format!("cannot write CSV: {error}")))?;
    let text = String::from_utf8_lossy(&bytes);
    // The last line has its end already.
    say::out(text.strip_suffix('\n').unwrap_or(&text));
    if let Some(next) = page.next {
        tracing::info!("there are more calls: `--after {next}`");
    }
    Ok(())
}

/// The columns of the terminal, where standard output is one.
pub(super) fn width() -> Option<usize> {
    let out = io::stdout();
    if !out.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(&out).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Values that a filter names and that no call has: typing mistakes, most often.
fn unknown<'a>(index: &Index, filter: &'a Filter) -> Result<Vec<(Field, &'a str)>, IndexError> {
    let mut unknown = Vec::new();
    for (field, values) in filter.values() {
        for value in values {
            let mut alone = Filter::default();
            // It was taken once already.
            if alone.add(field.name(), value, 0).is_ok()
                && index
                    .find(&alone, Order::default(), None, 1)?
                    .calls
                    .is_empty()
            {
                unknown.push((field, value.as_str()));
            }
        }
    }
    Ok(unknown)
}

fn values(state: &Path, name: &str, filter: &Filter, as_json: bool) -> Result<(), Failure> {
    let field = Field::named(name).ok_or_else(|| {
        let names: Vec<&str> = Field::ALL.iter().map(|field| field.name()).collect();
        Failure::new(WRONG, format!("calls have no `{}`", visible(name)))
            .hint(Some(format!("one of {}", names.join(", "))))
    })?;
    if *filter != Filter::default() {
        return Err(Failure::new(
            WRONG,
            "`--values` is about all calls, and takes no other filter",
        )
        .hint(Some("leave the other filters out")));
    }
    let values = ask(state, |index| index.values(field, MOST_VALUES))?;
    if as_json {
        let values = values
            .iter()
            .map(|(value, calls)| json!({"value": value, "calls": calls}));
        say::json(&json!({ "field": name, "values": values.collect::<Vec<_>>() }));
        return Ok(());
    }
    say::out(format!("{:>9}  {}", "CALLS", name.to_uppercase()));
    for (value, calls) in &values {
        say::out(format!("{calls:>9}  {}", visible(value)));
    }
    Ok(())
}

/// Brings the index of a state folder up to its log, and asks it. One that turns out to be damaged is made
/// anew, once. Where the folder cannot hold an index, a temporary one serves.
pub(super) fn ask<T>(
    state: &Path,
    question: impl Fn(&mut Index) -> Result<T, IndexError>,
) -> Result<T, Failure> {
    let attempt = || open(state).and_then(|mut index| question(&mut index));
    let answer = match attempt() {
        Err(IndexError::Damaged) => Index::discard(state).and_then(|()| attempt()),
        answer => answer,
    };
    answer.map_err(failed)
}

fn open(state: &Path) -> Result<Index, IndexError> {
    let folder = state.join(LOG);
    let log = LogFolder(&folder);
    let bar = setup::bar(0, "entries read into the index");
    let mut progress = |progress: Progress| {
        if bar.length() == Some(0) {
            // The log can be read, since it is; without its size the bar is just a number.
            bar.set_length(log.size().unwrap_or(progress.entries));
        }
        bar.set_position(progress.entries);
    };
    let opened = match Index::current(&Place::Beside(state), &log, &mut progress) {
        Err(IndexError::Folder(error)) => {
            tracing::info!(%error, "the index cannot be kept beside the log, and is made for this time only");
            Index::current(&Place::Temporary, &log, &mut progress)
        }
        opened => opened,
    };
    bar.finish_and_clear();
    opened.map(|(index, _)| index)
}

/// An index that gives no answer.
pub(super) fn failed(error: IndexError) -> Failure {
    let code = match &error {
        IndexError::Entry { .. } | IndexError::Log(AuditError::Damaged { .. }) => REFUSED,
        _ => UNREADABLE,
    };
    let hint = error.hint();
    Failure::new(code, error).hint(hint)
}

/// A filter that is not taken.
pub(super) fn wrong(error: BadFilter) -> Failure {
    let hint = error.hint().to_owned();
    Failure::new(WRONG, visible(&error.to_string())).hint(Some(hint))
}
