//! `wardlet plugin test`: the cases of a plugin, each in a sandbox of its own.

mod accept;
mod find;
mod report;
mod round;
mod sources;
mod watch;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use wardlet_sandbox::Sandbox;

use super::build;
use crate::cli::compile;
use crate::cli::say::{self, Failure, REFUSED, WRONG};
use crate::state;

pub(super) use find::name_of;
use round::Round;

/// Arguments of `wardlet plugin test`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Arguments {
    /// The component; without it, that of the plugin in this folder
    #[arg(value_name = "COMPONENT", conflicts_with = "path")]
    component: Option<PathBuf>,
    /// The folder of the plugin, with `plugin.toml`
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    path: PathBuf,
    /// Case files, or folders of them; without it, `cases/` of the plugin
    #[arg(long, value_name = "FILES", num_args = 1..)]
    cases: Vec<PathBuf>,
    /// Only the cases with this text in their name or in the path of their file
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Build the plugin first, as `wardlet plugin build` does
    #[arg(long, conflicts_with = "component")]
    build: bool,
    /// Try again whenever the component or a case file changes, with `--build` also a source, until Ctrl-C
    #[arg(long, conflicts_with_all = ["json", "accept"])]
    watch: bool,
    /// Write what came out into `expect` of each case that fails
    #[arg(long, visible_alias = "update")]
    accept: bool,
    /// Cases at one time; by default as many as there are processors
    #[arg(long, value_name = "COUNT")]
    jobs: Option<NonZeroUsize>,
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let sandbox = Arc::new(compile::sandbox(state::author_cache())?);
    if arguments.watch {
        return watch::watch(sandbox, arguments.clone());
    }
    once(&sandbox, arguments)
}

/// Tries all of it, and tells how it went.
fn once(sandbox: &Arc<Sandbox>, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.build {
        build::make(&arguments.path)?;
    }
    let found = find::find(arguments)?;
    let folder = found.sources.as_deref();
    if let Some(newer) = folder.and_then(|folder| sources::newer(folder, &found.component)) {
        say::warn(
            format!(
                "`{}` is older than `{}`",
                found.component.display(),
                newer.display()
            ),
            "`wardlet plugin build` builds it anew, and `--build` does so before the cases",
        );
    }
    let mut round = Round::run(sandbox, &found, arguments)?;
    if round.tried() == 0 && round.is_readable() {
        return Err(nothing(arguments));
    }
    if arguments.accept {
        accept::accept(&mut round)?;
    }
    if arguments.json {
        say::json(&report::as_json(&round));
    } else {
        report::tell(&round);
    }
    let told = Failure::rendered;
    if !round.is_readable() {
        return Err(told(WRONG, report::summary(&round)));
    }
    match round.failed() {
        0 => Ok(()),
        _ => Err(told(REFUSED, report::summary(&round))),
    }
}

fn nothing(arguments: &Arguments) -> Failure {
    match &arguments.filter {
        Some(filter) => Failure::new(WRONG, format!("no case has `{filter}` in its name"))
            .hint(Some("without `--filter` all cases are tried")),
        None => Failure::new(WRONG, "there are no cases").hint(Some(
            "write some to `cases/`, or name files with `--cases`; the format is in `guest-sdk/CASES.md`",
        )),
    }
}
