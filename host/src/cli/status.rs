//! `wardlet status`: what the running gateways tell of themselves.

use serde_json::json;

use super::Where;
use super::say::{self, Failure, UNREADABLE, visible};
use crate::control::{self, ControlError, Question, Reply};
use crate::status::Status;

/// Arguments of `wardlet status`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Where,
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let folder = arguments.place.folder()?;
    let replies = control::ask_all(&folder, &Question::Status).map_err(say::unanswered)?;
    let mut all = Vec::new();
    for (_, reply) in replies {
        let Reply::Status { status } = reply else {
            return Err(Failure::new(UNREADABLE, ControlError::BadAnswer));
        };
        all.push(status);
    }
    if arguments.json {
        say::json(&json!({ "gateways": all }));
    } else {
        let all: Vec<String> = all.iter().map(|status| describe(status)).collect();
        say::out(all.join("\n\n"));
    }
    Ok(())
}

fn describe(status: &Status) -> String {
    let Status {
        pid,
        build,
        since,
        gateway,
        server,
        config,
        watch,
        policy_set,
        plugins,
        rules,
        last_reload,
        calls_under_way,
        calls_waiting,
        ..
    } = status;
    let watch = if *watch { "watched" } else { "not watched" };
    let mut text = format!(
        "gateway     {gateway}, in front of {server}\n\
         process     {pid}, {build}, since {since}\n\
         config      {config}, {watch}\n\
         policy set  {policy_set}, {rules} rules\n"
    );
    for plugin in plugins {
        text.push_str(&format!("plugin      {} {}\n", plugin.name, plugin.digest));
    }
    text.push_str(&format!(
        "calls       {calls_under_way} under way, {calls_waiting} of them waiting for a human\n"
    ));
    text.push_str(&describe_log(status));
    match last_reload {
        None => text.push_str("reload      none so far"),
        Some(last) => {
            let taken = if last.taken { "taken" } else { "not taken" };
            text.push_str(&format!(
                "reload      {taken} at {}, by {}",
                last.time, last.trigger
            ));
            for line in &last.lines {
                text.push_str(&format!("\n            {line}"));
            }
        }
    }
    text
}

/// What it tells of its log, its witnesses and its vault.
fn describe_log(status: &Status) -> String {
    let mut text = String::new();
    let published = status.log_published.unwrap_or_default();
    let writer = if status.writes_log {
        "written by this one"
    } else {
        "written by another gateway"
    };
    text.push_str(&format!(
        "log         {published} entries are published, {writer}\n"
    ));
    if let Some(problem) = &status.log_problem {
        text.push_str(&format!("            NOT FURTHER: {}\n", visible(problem)));
    }
    if let Some(witnessed) = status.log_witnessed {
        text.push_str(&format!("            {witnessed} of them are witnessed\n"));
    }
    if let Some(problem) = &status.witness_problem {
        text.push_str(&format!(
            "            NOT WITNESSED: {}\n",
            visible(problem)
        ));
    }
    text.push_str(&format!(
        "vault       {} values kept, {} not\n",
        status.values_kept, status.values_not_kept
    ));
    if let Some(problem) = &status.vault_problem {
        text.push_str(&format!("            NO MORE: {}\n", visible(problem)));
    }
    text
}
