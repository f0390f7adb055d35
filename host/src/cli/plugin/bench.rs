//! `wardlet plugin bench`: what a check of a component costs, beside the floor of the engine.

mod chart;
mod page;
mod show;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use wardlet_call::{Json, PluginName};
use wardlet_keys::digest::{pin, sha256};

use super::component::{self, Component};
use crate::cli::say::{self, Failure, REFUSED, UNREADABLE, visible};
use crate::cli::{compile, setup};
use crate::measure::{self, MeasureError, Measured, Plan, SIZES, STEPS};

/// Seconds for the checks where none are given: a shipped plugin is compiled, loaded and measured in well
/// under ten.
const SECONDS: u64 = 3;

/// The most that may be asked for.
const MAX_SECONDS: u64 = 600;

/// Arguments of `wardlet plugin bench`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The component
    #[arg(value_name = "COMPONENT")]
    component: PathBuf,
    /// Its settings: a JSON object, or `@` and the path of a file
    #[arg(long, value_name = "JSON", default_value = "{}")]
    settings: String,
    /// Arguments of the call that it judges, in the same form: those that it allows cost the most
    #[arg(long, value_name = "JSON")]
    arguments: Option<String>,
    /// How long checks are measured, compiling and loading apart
    #[arg(long, value_name = "N", default_value_t = SECONDS, value_parser = clap::value_parser!(u64).range(1..=MAX_SECONDS))]
    seconds: u64,
    /// For programs
    #[arg(long)]
    json: bool,
    /// Write a report with a chart into this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// What was measured of which component.
struct Benched {
    name: PluginName,
    path: String,
    digest: String,
    bytes: usize,
    /// Whether arguments were given.
    given: bool,
    measured: Measured,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let component = Component::read(&arguments.component)?;
    let settings = component::json("--settings", &arguments.settings)?;
    let given = arguments.arguments.as_deref();
    let given = given.map(|text| component::json("--arguments", text));
    let given = given.transpose()?;
    let time = Duration::from_secs(arguments.seconds);
    let measured = run(&component, (&settings, given.as_ref()), time)?;
    let benched = Benched {
        path: visible(&component.path.display().to_string()),
        digest: pin(&sha256(&component.bytes)),
        bytes: component.bytes.len(),
        name: component.name,
        given: given.is_some(),
        measured,
    };
    if let Some(path) = &arguments.html {
        write(path, &page::of(&benched))?;
    }
    if arguments.json {
        say::json(&json!({
            "path": benched.path,
            "digest": benched.digest,
            "bytes": benched.bytes,
            "measured": benched.measured,
        }));
    } else {
        say::out(visible(&show::as_text(&benched)));
    }
    Ok(())
}

fn run(
    component: &Component,
    (settings, arguments): (&Json, Option<&Json>),
    time: Duration,
) -> Result<Measured, Failure> {
    let folder = tempfile::Builder::new().prefix("wardlet-bench-").tempdir();
    let folder = folder.map_err(|error| {
        Failure::new(
            UNREADABLE,
            format!("no folder for the measurement: {error}"),
        )
        .hint(Some("`TMPDIR` names the folder for temporary files"))
    })?;
    // A folder within, which is made with the rights that keys need.
    let state = folder.path().join("state");
    let cache = measure::empty_cache(&state).map_err(|error| {
        let hint = error.hint();
        Failure::new(UNREADABLE, error).hint(hint)
    })?;
    let sandbox = compile::sandbox(cache)?;
    let plan = Plan {
        name: &component.name,
        bytes: &component.bytes,
        settings,
        arguments,
        sizes: &SIZES,
        time,
        count: true,
    };
    let bar = setup::bar((STEPS + SIZES.len()) as u64, "");
    let step = |what: &str| {
        bar.set_message(what.to_owned());
        bar.inc(1);
    };
    let measured = measure::measure((&sandbox, &state), &plan, &step);
    bar.finish_and_clear();
    measured.map_err(|error| failure(&error, &component.name))
}

fn failure(error: &MeasureError, name: &PluginName) -> Failure {
    let (code, hint) = match error {
        MeasureError::Load(error) => return super::unloadable(REFUSED, error, name),
        MeasureError::Fault(_) => (
            REFUSED,
            Some("give arguments that it judges with `--arguments`; `--log wardlet=debug` shows what it says".to_owned()),
        ),
        MeasureError::State(error) => (UNREADABLE, error.hint()),
        MeasureError::Store(error) => (UNREADABLE, Some(error.hint().to_owned())),
    };
    Failure::new(code, error).hint(hint)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| {
        let path = visible(&path.display().to_string());
        Failure::new(UNREADABLE, format!("cannot write `{path}`: {error}"))
    })
}
