//! `wardlet plugin`: what authors and operators do with a plugin outside of a gateway.

mod bench;
mod build;
mod case;
mod component;
mod inspect;
mod new;
mod run;
mod test;

use std::sync::Arc;
use std::time::Duration;

use clap::Subcommand;
use wardlet_author::FailureKind;
use wardlet_call::{LogLine, PluginName};
use wardlet_sandbox::{LoadError, Sandbox};

use super::say::{Failure, REFUSED, UNREADABLE, WRONG, visible};
use crate::trial::{ComponentError, Trials};

/// Arguments of `wardlet plugin`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write a new plugin: sources that build, cases, and a README
    New(new::Arguments),
    /// Build a plugin's sources into a component
    Build(build::Arguments),
    /// Try a plugin on its cases, in the real sandbox
    Test(test::Arguments),
    /// Judge one call with a plugin, and show what it says and uses
    Run(run::Arguments),
    /// Make a case of a check that a gateway recorded
    Case(case::Arguments),
    /// Show what a component is made of, what it can do and what it says of itself
    Inspect(inspect::Arguments),
    /// Measure what a check of a component costs, beside the floor of the engine
    Bench(bench::Arguments),
}

/// Reads the component that a command is about.
fn trials(
    sandbox: Arc<Sandbox>,
    name: &PluginName,
    component: &std::path::Path,
) -> Result<Trials, Failure> {
    Trials::read(sandbox, name.clone(), component).map_err(|error| {
        let code = match error {
            ComponentError::Unreadable { .. } => UNREADABLE,
            ComponentError::Refused { .. } => WRONG,
        };
        let hint = error.hint(name);
        Failure::new(code, error).hint(hint)
    })
}

/// Why a component does not load that a command gave everything by its options: those mend it, and no file.
fn unloadable(code: u8, error: &LoadError, name: &PluginName) -> Failure {
    let hint = match error {
        LoadError::Settings(_) => Some("give settings that it takes with `--settings`".to_owned()),
        LoadError::NotGranted(capability) => {
            Some(format!("grant it with `--grant {}`", capability.name()))
        }
        LoadError::NotSetUp(_) => {
            Some("name with `--config` a configuration that sets up what it reaches".to_owned())
        }
        LoadError::NotShown(_) => Some("show it that with `--sees`".to_owned()),
        error => error.hint(name),
    };
    Failure::new(code, format!("plugin `{name}` {error}")).hint(hint)
}

/// A line of a plugin's log, on one line.
fn log_text(line: &LogLine) -> String {
    let fields = line.fields.iter();
    let fields: String = fields
        .map(|(key, value)| format!(" {key}={value}"))
        .collect();
    one_line(&format!("{} {}{fields}", line.level.name(), line.message))
}

/// A stranger's text with everything made visible, the ends of lines too.
fn one_line(text: &str) -> String {
    visible(text).replace('\n', "\\n")
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.action {
        Action::New(arguments) => new::main(arguments),
        Action::Build(arguments) => build::main(arguments),
        Action::Test(arguments) => test::main(arguments),
        Action::Run(arguments) => run::main(arguments),
        Action::Case(arguments) => case::main(arguments),
        Action::Inspect(arguments) => inspect::main(arguments),
        Action::Bench(arguments) => bench::main(arguments),
    }
}

/// A failure of an author's work, with the exit code that tells its kind.
fn told(failure: wardlet_author::Failure) -> Failure {
    let code = match failure.kind {
        FailureKind::Wrong => WRONG,
        FailureKind::Missing | FailureKind::Unreadable => UNREADABLE,
        FailureKind::Failed => REFUSED,
    };
    Failure::new(code, failure.text).hint(failure.hint)
}
