//! `wardlet reload`: a running gateway takes its configuration again.

use serde_json::json;
use wardlet_sandbox::CAPABILITIES;

use super::Where;
use super::say::{self, Failure, UNREADABLE, WRONG};
use crate::config::Config;
use crate::control::{self, ControlError, Question, Reply};
use crate::reload::{Change, NotTaken};

/// Arguments of `wardlet reload`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Where,
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let folder = match &arguments.place.state {
        Some(folder) => folder.clone(),
        // Where the file is wrong the running gateway would say the same.
        None => match Config::load(&arguments.place.config, CAPABILITIES) {
            Ok(config) => config.gateway.state,
            Err(faults) => {
                let error = NotTaken::Config(faults);
                let (text, faults) = (error.render(say::colour()), error.to_json());
                return not_taken(arguments, text, faults, true);
            }
        },
    };
    let colour = say::colour();
    let reply = control::ask(&folder, &Question::Reload { colour }).map_err(|error| {
        let hint = match error {
            ControlError::NotRunning(_) => Some(
                "where `state` was changed in the file, name the folder of the running one with `--state`",
            ),
            _ => error.hint(),
        };
        Failure::new(UNREADABLE, &error).hint(hint)
    })?;
    match reply {
        Reply::Reloaded { change } => {
            tell(arguments, &change);
            Ok(())
        }
        Reply::NotReloaded {
            text,
            faults,
            wrong,
        } => not_taken(arguments, text, faults, wrong),
        _ => Err(Failure::new(UNREADABLE, ControlError::BadAnswer)),
    }
}

fn tell(arguments: &Arguments, change: &Change) {
    if arguments.json {
        return say::json(&json!({ "reloaded": true, "change": change }));
    }
    if change.is_nothing() {
        return say::out("reloaded: nothing has changed");
    }
    let lines = change.lines();
    if lines.is_empty() {
        return say::out("reloaded: the file has changed, and nothing of what it means");
    }
    say::out("reloaded:");
    for line in lines {
        say::out(format!("  {line}"));
    }
}

fn not_taken(
    arguments: &Arguments,
    text: String,
    faults: serde_json::Value,
    wrong: bool,
) -> Result<(), Failure> {
    if arguments.json {
        say::json(&json!({ "reloaded": false, "faults": faults }));
    }
    let code = if wrong { WRONG } else { UNREADABLE };
    let text = if arguments.json { String::new() } else { text };
    let hint = "the gateway goes on with the configuration that it had";
    Err(Failure::rendered(code, text).hint((!arguments.json).then_some(hint)))
}
