//! `wardlet reload`: a running gateway takes its configuration again.

use serde_json::{Value, json};
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
    let replies = control::ask_all(&folder, &Question::Reload { colour }).map_err(|error| {
        let hint = match error {
            ControlError::NotRunning(_) => Some(
                "where `state` was changed in the file, name the folder of the running one with `--state`",
            ),
            _ => error.hint(),
        };
        Failure::new(UNREADABLE, &error).hint(hint)
    })?;
    let mut sum = Sum::default();
    for (_, reply) in replies {
        sum.add(reply)?;
    }
    sum.tell(arguments)
}

/// What all gateways over the folder say.
#[derive(Default)]
struct Sum {
    gateways: Vec<Value>,
    /// What each server's gateway did.
    lines: Vec<(String, String)>,
    faults: Vec<Value>,
    /// What gateways refused, for people; whether a configuration is to blame.
    refused: Vec<(String, bool)>,
}

impl Sum {
    fn add(&mut self, reply: Reply) -> Result<(), Failure> {
        match reply {
            Reply::Reloaded { server, change } => {
                self.lines.push((server.clone(), told(&change)));
                let reply = json!({ "server": server, "reloaded": true, "change": change });
                self.gateways.push(reply);
            }
            Reply::NotReloaded {
                server,
                text,
                faults,
                wrong,
            } => {
                let reply = json!({ "server": server, "reloaded": false, "faults": &faults });
                self.gateways.push(reply);
                self.faults
                    .extend(faults.as_array().cloned().unwrap_or_default());
                self.lines.push((server, "not reloaded".to_owned()));
                self.refused.push((text, wrong));
            }
            _ => return Err(Failure::new(UNREADABLE, ControlError::BadAnswer)),
        }
        Ok(())
    }

    fn tell(mut self, arguments: &Arguments) -> Result<(), Failure> {
        let refused = !self.refused.is_empty();
        if arguments.json {
            let (all, faults) = (self.gateways, self.faults);
            say::json(&match refused.then_some(faults) {
                None => json!({ "reloaded": true, "gateways": all }),
                Some(faults) => json!({ "reloaded": false, "gateways": all, "faults": faults }),
            });
        } else if let [(_, told)] = self.lines.as_slice() {
            // What it refused is said below.
            if !refused {
                say::out(told);
            }
        } else {
            for (server, told) in &self.lines {
                say::out(format!("{server}: {told}"));
            }
        }
        // Gateways with the same file have the same faults.
        self.refused.dedup();
        let wrong = self.refused.iter().any(|(_, wrong)| *wrong);
        let texts: Vec<String> = self.refused.into_iter().map(|(text, _)| text).collect();
        if refused {
            return failure(arguments, texts.join("\n"), wrong);
        }
        Ok(())
    }
}

/// What a reload changed, for people.
fn told(change: &Change) -> String {
    if change.is_nothing() {
        return "reloaded: nothing has changed".to_owned();
    }
    let lines = change.lines();
    if lines.is_empty() {
        return "reloaded: the file has changed, and nothing of what it means".to_owned();
    }
    format!("reloaded:\n  {}", lines.join("\n  "))
}

fn not_taken(
    arguments: &Arguments,
    text: String,
    faults: Value,
    wrong: bool,
) -> Result<(), Failure> {
    if arguments.json {
        say::json(&json!({ "reloaded": false, "faults": faults }));
    }
    failure(arguments, text, wrong)
}

fn failure(arguments: &Arguments, text: String, wrong: bool) -> Result<(), Failure> {
    let code = if wrong { WRONG } else { UNREADABLE };
    let text = if arguments.json { String::new() } else { text };
    let hint = "the gateway goes on with the configuration that it had";
    Err(Failure::rendered(code, text).hint((!arguments.json).then_some(hint)))
}
