//! `wardlet audit disclose`, `subjects` and `erase`: what is kept beside the log.

use serde_json::{Value, json};
use wardlet_audit::{Select, rfc3339, show};

use crate::cli::offline::Offline;
use crate::cli::say::{self, Failure, REFUSED, UNREADABLE, visible};
use crate::cli::{Where, setup};
use crate::control::{self, ControlError, Question, Reply};
use crate::principals::{Operator, OperatorError, Shown};
use crate::state::LOG;

/// Arguments of `wardlet audit disclose`.
#[derive(Debug, clap::Args)]
pub(super) struct Disclose {
    /// The index of a decision or an outcome
    #[arg(value_name = "ENTRY")]
    entry: u64,
    #[command(flatten)]
    options: Options,
}

/// Arguments of `wardlet audit erase`.
#[derive(Debug, clap::Args)]
pub(super) struct Erase {
    /// Whom: a pseudonym of entries, or a name that `subjects` shows
    #[arg(value_name = "SUBJECT", allow_hyphen_values = true)]
    subject: String,
    /// That nothing brings it back is understood
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    options: Options,
}

/// What all of them take.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    place: Where,
    /// For programs
    #[arg(long)]
    json: bool,
}

/// Asks a running gateway, since all over the folder share the vault, or does it as one where none runs.
fn ask(
    place: &Where,
    question: &Question,
    offline: impl FnOnce(&Operator<'_>) -> Result<Reply, OperatorError>,
) -> Result<Reply, Failure> {
    let folder = place.folder()?;
    let first = control::running(&folder).and_then(|peers| {
        let none = || ControlError::NotRunning(folder.clone());
        peers.first().ok_or_else(none)?.ask(question)
    });
    let reply = match first {
        Err(ControlError::NotRunning(_)) => {
            let Offline {
                log, principals, ..
            } = &Offline::open(place)?;
            let name = &*setup::user();
            let operator = Operator {
                principals,
                log,
                name,
            };
            offline(&operator).map_err(|error| {
                let hint = error.hint();
                Failure::new(UNREADABLE, error).hint(hint)
            })?
        }
        reply => reply.map_err(say::unanswered)?,
    };
    match reply {
        Reply::Refused { why } => Err(Failure::new(UNREADABLE, why)),
        reply => Ok(reply),
    }
}

fn not_understood() -> Failure {
    Failure::new(UNREADABLE, ControlError::BadAnswer)
}

pub(super) fn disclose(arguments: &Disclose) -> Result<(), Failure> {
    let Options { place, json } = &arguments.options;
    let entry = entry(place, arguments.entry)?;
    let txn = match entry.pointer("/body/txn").and_then(Value::as_str) {
        Some(txn) => txn.to_owned(),
        None => return Err(no_values(arguments.entry)),
    };
    let question = Question::Disclose { txn: txn.clone() };
    let reply = ask(place, &question, |operator| {
        let values = operator.disclose(&txn)?;
        Ok(Reply::Disclosed { values })
    })?;
    let Reply::Disclosed { values } = reply else {
        return Err(not_understood());
    };
    if *json {
        say::json(&json!({ "entry": arguments.entry, "txn": txn, "values": values }));
        return Ok(());
    }
    if values.is_empty() {
        say::out(
            "nothing of this call is kept: it was erased, is longer than is kept, or `keep` of `[log]` leaves it out",
        );
    }
    for Shown {
        name,
        value,
        commitment,
        ..
    } in &values
    {
        say::out(format!(
            "{}  {commitment}\n{}",
            visible(name),
            visible(value)
        ));
    }
    Ok(())
}

/// An entry, or for an outcome its decision.
fn entry(place: &Where, index: u64) -> Result<Value, Failure> {
    let folder = place.folder()?.join(LOG);
    let read = |index| {
        let failed = |error: wardlet_audit::AuditError| {
            let hint = error.hint();
            Failure::new(UNREADABLE, error).hint(hint)
        };
        let mut found = show(&folder, Select::One(index)).map_err(failed)?;
        let none = || Failure::new(REFUSED, format!("the log has no entry {index}"));
        let line = found.next().ok_or_else(none)?.map_err(failed)?.line;
        Ok(serde_json::from_str::<Value>(&line).unwrap_or_default())
    };
    let entry = read(index)?;
    match entry.pointer("/body/decision").and_then(Value::as_u64) {
        Some(decision) => read(decision),
        None => Ok(entry),
    }
}

fn no_values(index: u64) -> Failure {
    Failure::new(REFUSED, format!("entry {index} is not about a call"))
        .hint(Some("`wardlet audit query` shows the entries of calls"))
}

pub(super) fn subjects(options: &Options) -> Result<(), Failure> {
    let reply = ask(&options.place, &Question::Subjects, |operator| {
        let subjects = operator.subjects()?;
        Ok(Reply::Subjects { subjects })
    })?;
    let Reply::Subjects { subjects } = reply else {
        return Err(not_understood());
    };
    if options.json {
        say::json(&json!({ "subjects": subjects }));
        return Ok(());
    }
    say::out(format!(
        "{:22}  {:>7}  {:24}  NAME",
        "PSEUDONYM", "VALUES", "SINCE"
    ));
    for subject in &subjects {
        say::out(format!(
            "{:22}  {:>7}  {:24}  {}",
            subject.pseudonym,
            subject.disclosures,
            rfc3339(subject.made_ms),
            visible(&subject.name)
        ));
    }
    Ok(())
}

pub(super) fn erase(arguments: &Erase) -> Result<(), Failure> {
    let Options { place, json } = &arguments.options;
    let who = &arguments.subject;
    if !arguments.yes {
        return Err(Failure::new(REFUSED, format!("`{}` is not erased", visible(who))).hint(Some(
            "nothing brings it back: say `--yes`. Backups of the state folder keep what they have",
        )));
    }
    let question = Question::Erase { who: who.clone() };
    let reply = ask(place, &question, |operator| {
        let erased = operator.erase(who)?;
        Ok(Reply::erased(erased))
    })?;
    let Reply::Erased {
        pseudonym,
        disclosures,
    } = reply
    else {
        return Err(not_understood());
    };
    let Some(pseudonym) = pseudonym else {
        return Err(
            Failure::new(REFUSED, format!("nobody is known as `{}`", visible(who)))
                .hint(Some("`wardlet audit subjects` shows who is")),
        );
    };
    if *json {
        say::json(&json!({ "erased": pseudonym, "values": disclosures }));
    } else {
        say::out(format!(
            "erased: {pseudonym}, with {disclosures} values. Its entries stay, verify as before, and are nobody's"
        ));
    }
    Ok(())
}
