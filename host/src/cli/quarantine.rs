//! `wardlet quarantine`: callers that made a plugin fault again and again.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Subcommand;
use serde_json::json;

use super::Where;
use super::offline::Offline;
use super::say::{self, Failure, REFUSED, UNREADABLE};
use crate::control::{self, ControlError, Question, Reply};
use crate::quarantine::{Quarantine, QuarantineError, Quarantined};

/// Arguments of `wardlet quarantine`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Who is refused what needs which plugin, and since when
    List(Options),
    /// Let one caller go, or all that are held for a plugin
    Lift {
        /// The plugin that `list` shows
        plugin: String,
        /// The caller that `list` shows; all of this plugin's where none is named
        principal: Option<String>,
        #[command(flatten)]
        options: Options,
    },
}

#[derive(Debug, clap::Args)]
struct Options {
    #[command(flatten)]
    place: Where,
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.action {
        Action::List(options) => list(options),
        Action::Lift {
            plugin,
            principal,
            options,
        } => lift(plugin, principal.as_deref(), options),
    }
}

fn list(options: &Options) -> Result<(), Failure> {
    let callers = match ask(options, &Question::Quarantine)? {
        Some(callers) => callers,
        None => kept(&options.place.folder()?)?.list(),
    };
    if options.json {
        say::json(&json!({ "quarantined": callers }));
        return Ok(());
    }
    if callers.is_empty() {
        say::out("nobody is in quarantine");
        return Ok(());
    }
    say::out(format!(
        "{:20} {:30} {:12} SINCE",
        "PLUGIN", "CALLER", "LAST FAULT"
    ));
    for caller in &callers {
        let since = ago(caller.since);
        let Quarantined {
            plugin,
            principal,
            fault,
            ..
        } = caller;
        say::out(format!("{plugin:20} {principal:30} {fault:12} {since}"));
    }
    Ok(())
}

fn lift(plugin: &str, principal: Option<&str>, options: &Options) -> Result<(), Failure> {
    let question = Question::Lift {
        plugin: plugin.to_owned(),
        principal: principal.map(str::to_owned),
    };
    let callers = match ask(options, &question)? {
        Some(callers) => callers,
        None => lift_here(plugin, principal, options)?,
    };
    if callers.is_empty() {
        let error = match principal {
            Some(principal) => format!("`{principal}` is not in quarantine for `{plugin}`"),
            None => format!("nobody is in quarantine for `{plugin}`"),
        };
        return Err(
            Failure::new(REFUSED, error).hint(Some("`wardlet quarantine list` shows who is"))
        );
    }
    if options.json {
        say::json(&json!({ "lifted": callers }));
        return Ok(());
    }
    for caller in &callers {
        say::out(format!(
            "lifted: {} may have `{}` run again",
            caller.principal, caller.plugin
        ));
    }
    Ok(())
}

/// How long ago something was, for a person.
fn ago(since: u64) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    format!("{} min ago", now.saturating_sub(since) / 60)
}

/// Asks a running gateway, since all over the folder share what they know; none where none runs.
fn ask(options: &Options, question: &Question) -> Result<Option<Vec<Quarantined>>, Failure> {
    let folder = options.place.folder()?;
    let first = control::running(&folder).and_then(|peers| {
        let none = || ControlError::NotRunning(folder.clone());
        peers.first().ok_or_else(none)?.ask(question)
    });
    match first {
        Ok(Reply::Quarantined { callers }) => Ok(Some(callers)),
        Ok(Reply::Refused { why }) => Err(Failure::new(REFUSED, why)),
        Ok(_) => Err(Failure::new(UNREADABLE, ControlError::BadAnswer)),
        Err(ControlError::NotRunning(_)) => Ok(None),
        Err(error) => Err(say::unanswered(error)),
    }
}

/// What an earlier run kept in the state folder, which is not made for this.
fn kept(folder: &Path) -> Result<Quarantine, Failure> {
    if !folder.is_dir() {
        let error = ControlError::NotRunning(folder.to_owned());
        return Err(say::unanswered(error));
    }
    Quarantine::open(folder).map_err(failed)
}

/// Lifts where no gateway runs: as one that does, with the same entry.
fn lift_here(
    plugin: &str,
    principal: Option<&str>,
    options: &Options,
) -> Result<Vec<Quarantined>, Failure> {
    let folder = options.place.folder()?;
    let quarantine = kept(&folder)?;
    if quarantine.list().is_empty() {
        return Ok(Vec::new());
    }
    let Offline { log, by, .. } = &Offline::open(&options.place)?;
    let record = |caller: &Quarantined| {
        log.record(&caller.entry(Some(by)))?;
        log.flush()
    };
    quarantine.lift(plugin, principal, record).map_err(failed)
}

fn failed(error: QuarantineError) -> Failure {
    let hint = error.hint();
    Failure::new(UNREADABLE, error).hint(hint)
}
