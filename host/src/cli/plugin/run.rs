//! `wardlet plugin run`: one call, judged by one component as a gateway would.
//!
//! Host calls are real, as far as the configuration sets them up; what the plugin keeps is gone afterwards.

mod given;
mod report;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use wardlet_call::cases::Answer;
use wardlet_call::{Caller, Documents, HostCall, LogLine, Phase, Tape};
use wardlet_sandbox::{Capability, Check, Grant, Plugin, Usage};

use super::test::name_of;
use crate::cli::compile;
use crate::cli::say::{self, Failure, REFUSED, UNREADABLE, WRONG};
use crate::reach::{BucketSet, Outside};
use crate::state;
use crate::trial::{self, Judged, PublicMac, Searched};

/// Arguments of `wardlet plugin run`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The component
    #[arg(value_name = "COMPONENT")]
    component: PathBuf,
    /// What the agent sends: JSON, `@FILE`, or `-` for standard input
    #[arg(long, value_name = "JSON")]
    arguments: Option<String>,
    /// What the upstream answered, in the same way
    #[arg(long, value_name = "JSON")]
    result: Option<String>,
    /// The tool's definition, in the same way
    #[arg(long, value_name = "JSON")]
    definition: Option<String>,
    /// The plugin's settings, in the same way
    #[arg(long, value_name = "JSON")]
    settings: Option<String>,
    /// What is judged: `name=…`, `server=…`, `method=…`, `phase=request` or `phase=response`
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',')]
    subject: Vec<String>,
    /// A place that it is shown, for example `/arguments/to`; by default all of the call
    #[arg(long, value_name = "POINTER")]
    sees: Vec<String>,
    /// A capability; by default those that it imports
    #[arg(long = "grant", value_name = "NAME")]
    grants: Vec<String>,
    /// A limit, as the configuration has it: `memory=1MiB`, `edits=10`
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',')]
    limits: Vec<String>,
    /// When the check begins, in milliseconds since 1970; by default now
    #[arg(long, value_name = "MILLISECONDS")]
    now: Option<u64>,
    /// A configuration that sets up what it reaches and, unless given here, its settings, grants and limits
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The plugin's name in that configuration, where it has several
    #[arg(long, value_name = "NAME", requires = "config")]
    plugin: Option<String>,
    /// For programs
    #[arg(long)]
    json: bool,
}

/// What came out of one role.
struct Answered {
    answer: Answer,
    /// The sentence that the plugin declared for the code of its verdict.
    sentence: String,
    obligations: Vec<wardlet_call::Obligation>,
    /// Why there is none, in words.
    fault: Option<String>,
    edits: Vec<wardlet_call::Edit>,
    phase: Phase,
    usage: Usage,
    lines: Vec<LogLine>,
    calls: Vec<HostCall>,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let given = given::read(arguments)?;
    let sandbox = Arc::new(compile::sandbox(state::author_cache())?);
    let name = given.name.clone();
    let trials = super::trials(sandbox, &name, &arguments.component)?;
    let mut config = given.plugin.clone();
    if given.grants_imports {
        let imports = trials.inspected().capabilities.iter();
        config.grants = imports.map(|c| c.name().to_owned()).collect();
    }
    // What the plugin keeps lies there, and goes with it.
    let kept = tempfile::tempdir()
        .map_err(|error| Failure::new(UNREADABLE, format!("no temporary folder: {error}")))?;
    let outside = Outside::for_run(&kept.path().join("state"));
    let reach = outside.of(&name, &config, &BucketSet::default());
    let reach = reach.map_err(|error| {
        let hint = error.hint();
        Failure::new(UNREADABLE, error).hint(hint)
    })?;
    let granted = config.grants.iter();
    let loaded = trials.load(Grant {
        capabilities: granted.filter_map(|g| Capability::from_name(g)).collect(),
        projection: config.sees.clone(),
        settings: Some(config.settings.clone()),
        limits: config.limits,
        reach,
    });
    let plugin = loaded.map_err(|error| match arguments.config {
        Some(_) => {
            let hint = error.hint(&name);
            Failure::new(WRONG, format!("plugin `{name}` {error}")).hint(hint)
        }
        None => super::unloadable(WRONG, &error, &name),
    })?;
    let mut answered = Vec::new();
    if plugin.is_policy() {
        answered.push(evaluate(&plugin, &given, arguments));
    }
    if plugin.is_redactor() {
        answered.push(find(&plugin, &given, arguments));
    }
    if arguments.json {
        say::json(&report::as_json(&answered));
    } else {
        answered
            .iter()
            .for_each(|answered| report::tell(&given.documents, answered));
    }
    match answered.iter().find_map(|answered| answered.fault.as_ref()) {
        None => Ok(()),
        Some(fault) => Err(Failure::new(
            REFUSED,
            format!("{fault}: a gateway would refuse the call"),
        )),
    }
}

/// A check of what was given, with a tape before all that the plugin reaches.
fn check(plugin: &Plugin, given: &given::Given, arguments: &Arguments) -> (Arc<Tape>, Check) {
    let tape = Tape::recording(Box::new(PublicMac));
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
    let check = Check {
        documents: given.documents.clone(),
        caller: Some(Arc::new(Caller {
            server: given.subject.server.clone(),
            tool: given.subject.name.clone(),
            ..Caller::default()
        })),
        now_ms: arguments.now.unwrap_or(now),
        reach: Some(Arc::new(tape.reach(plugin.reach()))),
        ..Check::default()
    };
    (tape, check)
}

fn evaluate(plugin: &Plugin, given: &given::Given, arguments: &Arguments) -> Answered {
    let (tape, check) = check(plugin, given, arguments);
    let (judged, usage): (Judged, _) = plugin.evaluate(&given.subject, &check);
    let fault = judged.as_ref().err().copied();
    let outcome = trial::outcome(trial::verdict(&judged), fault, &usage, &tape);
    let sentence = judged.map_or_else(|_| String::new(), |(_, sentence)| sentence);
    Answered {
        answer: outcome.answer,
        sentence,
        obligations: outcome.obligations,
        fault: outcome.detail,
        edits: Vec::new(),
        phase: given.subject.phase,
        usage,
        lines: outcome.log,
        calls: tape.calls(),
    }
}

fn find(plugin: &Plugin, given: &given::Given, arguments: &Arguments) -> Answered {
    let (tape, check) = check(plugin, given, arguments);
    let part = given.part();
    let (searched, usage): (Searched, _) = plugin.find(&given.subject, part, &check);
    let edits = searched.clone().unwrap_or_default();
    let (answer, fault) = trial::edits(plugin, part, &check.documents, searched);
    let outcome = trial::outcome((answer, Vec::new()), fault, &usage, &tape);
    Answered {
        answer: outcome.answer,
        sentence: String::new(),
        obligations: Vec::new(),
        phase: given.subject.phase,
        edits: if fault.is_some() { Vec::new() } else { edits },
        fault: outcome.detail,
        usage,
        lines: outcome.log,
        calls: tape.calls(),
    }
}

/// The document that a redactor is asked about.
fn searched(documents: &Documents, phase: Phase) -> Option<&Arc<wardlet_call::Document>> {
    match phase {
        Phase::Request => documents.arguments.as_ref(),
        Phase::Response => documents.result.as_ref(),
    }
}
