//! `wardlet approvals`: the calls that wait for a human.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Subcommand;
use serde_json::json;
use wardlet_call::Json;

use super::Where;
use super::say::{self, Failure, REFUSED, UNREADABLE, visible};
use crate::control::{self, Peer, Question, Reply, WaitingCall};

/// Arguments of `wardlet approvals`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The calls that wait, the oldest first
    List(Options),
    /// All of one call: exactly what will run if it is approved
    Show(One),
    /// Let one call through
    Approve(One),
    /// Refuse one call
    Deny(One),
}

#[derive(Debug, clap::Args)]
struct Options {
    #[command(flatten)]
    place: Where,
    /// For programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct One {
    /// The id that `list` shows
    id: String,
    #[command(flatten)]
    options: Options,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.action {
        Action::List(options) => list(options),
        Action::Show(one) => show(one),
        Action::Approve(one) => vote(one, true),
        Action::Deny(one) => vote(one, false),
    }
}

fn list(options: &Options) -> Result<(), Failure> {
    let calls = waiting(&options.place.folder()?)?;
    let calls: Vec<WaitingCall> = calls.into_iter().map(|(_, call)| call).collect();
    if options.json {
        say::json(&json!({ "waiting": calls }));
        return Ok(());
    }
    if calls.is_empty() {
        say::out("no call is waiting");
        return Ok(());
    }
    say::out(format!("{:10} {:>6}  {:30} WHY", "ID", "LEFT", "CALL"));
    for call in &calls {
        let name = title(call);
        let why: Vec<String> = call.reasons.iter().map(why).collect();
        say::out(format!(
            "{:10} {:>5}s  {name:30} {}",
            call.id,
            left(call),
            why.join("; ")
        ));
    }
    Ok(())
}

fn show(one: &One) -> Result<(), Failure> {
    let (_, call) = find(&one.options.place.folder()?, &one.id)?;
    if one.options.json {
        say::json(&json!(call));
        return Ok(());
    }
    say::out(describe(&call));
    Ok(())
}

fn vote(one: &One, approve: bool) -> Result<(), Failure> {
    let folder = one.options.place.folder()?;
    let (peer, call) = find(&folder, &one.id)?;
    // The vote is on the statement that was fetched here: if the call is another one by now, the
    // gateway refuses the vote.
    let (id, statement) = (call.id.clone(), call.digest.clone());
    let vote = Question::Vote {
        id,
        statement,
        approve,
    };
    let reply = peer.ask(&vote).map_err(say::unanswered)?;
    let done = if approve { "approved" } else { "denied" };
    match reply {
        Reply::Counted if one.options.json => say::json(&json!({ "id": call.id, "vote": done })),
        Reply::Counted => {
            say::out(format!("{done}: {} ({})", title(&call), call.id));
        }
        Reply::Refused { why } => return Err(Failure::new(REFUSED, why)),
        _ => {
            return Err(Failure::new(UNREADABLE, control::ControlError::BadAnswer));
        }
    }
    Ok(())
}

fn describe(call: &WaitingCall) -> String {
    let mut text = format!(
        "call       {}\nid         {}\nleft       {} s\n",
        title(call),
        call.id,
        left(call)
    );
    for reason in &call.reasons {
        text.push_str(&format!("because    {}\n", why(reason)));
    }
    text.push_str(&format!(
        "statement  sha-256 {}\narguments, exactly as they will be sent:\n",
        call.digest
    ));
    // Not with serde_json's own values, which take an object with a member of a certain name for a
    // number or for JSON text: a person would be shown something else than what is sent.
    let shown = |text: &str| match Json::parse(text) {
        Ok(value) => pretty(&value, 0),
        Err(_) => text.to_owned(),
    };
    text.push_str(&visible(&shown(&call.arguments)));
    if let Some(beside) = &call.beside {
        text.push_str("\nand beside them:\n");
        text.push_str(&visible(&shown(beside)));
    }
    text
}

/// A value with each member and item on a line of its own.
fn pretty(value: &Json, depth: usize) -> String {
    let line = |text: String| format!("\n{}{text}", "  ".repeat(depth + 1));
    let (open, lines, close): (_, Vec<String>, _) = match value {
        Json::Object(members) if !members.is_empty() => {
            let member = |(name, value): &(String, Json)| {
                let name = Json::String(name.clone()).to_text();
                line(format!("{name}: {}", pretty(value, depth + 1)))
            };
            ('{', members.iter().map(member).collect(), '}')
        }
        Json::Array(items) if !items.is_empty() => {
            let item = |value| line(pretty(value, depth + 1));
            ('[', items.iter().map(item).collect(), ']')
        }
        other => return other.to_text(),
    };
    let end = "  ".repeat(depth);
    format!("{open}{}\n{end}{close}", lines.join(","))
}

/// The server and the tool, on one line whatever the server calls its tool.
fn title(call: &WaitingCall) -> String {
    format!("{}/{}", call.server, visible(&call.name)).replace('\n', "\\u{a}")
}

fn why((rule, sentence): &(String, Option<String>)) -> String {
    match sentence {
        Some(sentence) => format!("rule `{rule}`: {sentence}"),
        None => format!("rule `{rule}` asks a human"),
    }
}

fn left(call: &WaitingCall) -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    call.expires.saturating_sub(now)
}

/// A call that waits, and the gateway that holds it.
fn find(folder: &Path, id: &str) -> Result<(Peer, WaitingCall), Failure> {
    let found = waiting(folder)?.into_iter().find(|(_, call)| call.id == id);
    let (peer, call) = found.ok_or_else(|| {
        Failure::new(REFUSED, format!("no call `{id}` is waiting")).hint(Some(
            "it was decided, it expired, or it never was; see `wardlet approvals list`",
        ))
    })?;
    Ok((peer, call))
}

/// All calls that wait, whichever gateway holds them, the oldest first.
fn waiting(folder: &Path) -> Result<Vec<(Peer, WaitingCall)>, Failure> {
    let mut all = Vec::new();
    for (peer, reply) in control::ask_all(folder, &Question::List).map_err(say::unanswered)? {
        let Reply::Waiting { calls } = reply else {
            return Err(Failure::new(UNREADABLE, control::ControlError::BadAnswer));
        };
        all.extend(calls.into_iter().map(|call| (peer.clone(), call)));
    }
    all.sort_by_key(|(_, call)| call.created);
    Ok(all)
}
