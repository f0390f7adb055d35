//! `wardlet plugin inspect`: what a component is made of, what it can do, and what it says of itself.

mod show;
mod words;

use std::path::PathBuf;
use std::time::Duration;

use indicatif::ProgressBar;
use wardlet_call::Json;
use wardlet_keys::digest::{pin, sha256};
use wardlet_sandbox::{Anatomy, Capability, Described, Grant, Kind, LoadError};

use super::component::{self, Component};
use crate::cli::compile;
use crate::cli::say::{self, Failure, REFUSED};
use crate::reach;

/// How often the spinner turns: fast enough to look alive, slow enough to cost nothing.
const TURN: Duration = Duration::from_millis(120);

/// Arguments of `wardlet plugin inspect`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The component
    #[arg(value_name = "COMPONENT")]
    component: PathBuf,
    /// Settings that it is asked about: a JSON object, or `@` and the path of a file
    #[arg(long, value_name = "JSON")]
    settings: Option<String>,
    /// Read its bytes alone: it is not compiled and not asked what it says of itself
    #[arg(long, conflicts_with = "settings")]
    no_load: bool,
    /// For programs
    #[arg(long)]
    json: bool,
}

/// All that is known of a component.
struct Seen {
    component: Component,
    digest: String,
    anatomy: Anatomy,
    /// None where it was not asked.
    described: Option<Described>,
    /// Why it does not load.
    problem: Option<LoadError>,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let component = Component::read(&arguments.component)?;
    let settings = arguments.settings.as_deref();
    let settings = settings.map(|text| component::json("--settings", text));
    let seen = look(component, settings.transpose()?, arguments.no_load)?;
    if arguments.json {
        say::json(&show::as_json(&seen));
    } else {
        say::out(show::as_text(&seen));
    }
    match &seen.problem {
        None => Ok(()),
        Some(problem) => {
            let name = &seen.component.name;
            Err(super::unloadable(REFUSED, problem, name))
        }
    }
}

fn look(component: Component, settings: Option<Json>, no_load: bool) -> Result<Seen, Failure> {
    let mut anatomy = Anatomy::read(&component.bytes);
    let mut problem = anatomy.refusal.take();
    let mut described = None;
    if problem.is_none() && !no_load {
        match describe(&component, settings)? {
            Ok(mut said) => {
                problem = said.settings.take().and_then(Result::err);
                described = Some(said);
            }
            Err(error) => problem = Some(error),
        }
    }
    Ok(Seen {
        digest: pin(&sha256(&component.bytes)),
        component,
        anatomy,
        described,
        problem,
    })
}

/// Asks it in a sandbox with the default limits. What its capabilities reach is not there: it is only
/// asked for its declaration.
fn describe(
    component: &Component,
    settings: Option<Json>,
) -> Result<Result<Described, LoadError>, Failure> {
    let sandbox = compile::sandbox(None)?;
    let spinner = ProgressBar::new_spinner().with_message("compiling");
    spinner.enable_steady_tick(TURN);
    let mut grant = Grant {
        capabilities: Capability::ALL.to_vec(),
        settings,
        ..Grant::default()
    };
    grant.reach.entropy = Some(reach::entropy());
    let described = sandbox.describe(&component.name, &component.bytes, grant);
    spinner.finish_and_clear();
    Ok(described)
}

impl Seen {
    fn kind(&self) -> &'static str {
        match self.anatomy.kind {
            Kind::Component => "component",
            Kind::CoreModule => "core module",
            Kind::Other => "unknown",
        }
    }

    /// What it is to be shown, as `sees` in the configuration has it: what it says that it reads. A redactor
    /// that does not say searches all that an agent and a server send.
    fn sees(&self) -> Vec<&str> {
        let described = self.described.as_ref();
        let needed = described.map_or(&[][..], |said| &said.description.needed);
        if needed.is_empty() && self.anatomy.exports("redactor") {
            return vec!["/arguments", "/result"];
        }
        needed.iter().map(String::as_str).collect()
    }
}
