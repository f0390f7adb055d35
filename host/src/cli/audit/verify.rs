//! `wardlet audit verify`: is the log what was written?

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wardlet_audit::checkpoint::Checkpoint;
use wardlet_audit::note::MAX_NOTE_BYTES;
use wardlet_audit::witness::Policy;
use wardlet_audit::{
    Head, Options, Progress, RangeReport, Report, VerifyError, verify, verify_range,
};
use wardlet_keys::base64url;
use wardlet_witness::{WitnessedError, verify_witnessed};

use super::keys::{KeyFiles, Keys};
use crate::cli::say::{self, Failure, REFUSED, UNREADABLE, WRONG};
use crate::cli::{Where, setup};
use crate::state::LOG;

/// Arguments of `wardlet audit verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    keys: KeyFiles,
    /// An earlier head, as it was printed, or a file with an earlier checkpoint: finds a folder that was put
    /// back to what it was since
    #[arg(long, value_name = "SIZE:ROOT or FILE")]
    against: Option<String>,
    /// Also that enough witnesses cosigned the log: a file with a C2SP tlog-policy
    #[arg(long, value_name = "FILE", conflicts_with_all = ["range", "entry"])]
    policy: Option<PathBuf>,
    /// These entries alone, and that the checkpoint holds them: from the first to the last, for example
    /// `100..200`
    #[arg(long, value_name = "FIRST..LAST", conflicts_with = "against", value_parser = range)]
    range: Option<Range<u64>>,
    /// This entry alone, and that the checkpoint holds it
    #[arg(long, value_name = "INDEX", conflicts_with_all = ["against", "range"])]
    entry: Option<u64>,
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let state = arguments.place.folder()?;
    let keys = arguments.keys.beside(&state)?;
    let folder = state.join(LOG);
    let against = arguments.against.as_deref();
    let against = against.map(|text| head(text, &keys)).transpose()?;
    let one = arguments.entry.map(|index| index..index.saturating_add(1));
    let broken_log = |error: VerifyError| {
        let code = if error.is_broken() {
            REFUSED
        } else {
            UNREADABLE
        };
        if arguments.json {
            say::json(&broken(&error));
        }
        let hint = error.hint();
        Failure::new(code, error).hint(hint)
    };
    if let Some(range) = one.or_else(|| arguments.range.clone()) {
        let report = verify_range(&folder, &keys.entries, &keys.checkpoints, range);
        tell_some(&report.map_err(broken_log)?, arguments.json);
        return Ok(());
    }
    let policy = arguments.policy.as_deref().map(setup::policy).transpose()?;
    let report = all(&folder, &keys, against).map_err(broken_log)?;
    let witnessed = policy.map(|policy| witnessed(&folder, &keys, &policy, arguments.json));
    tell(&report, &keys, witnessed.transpose()?, arguments.json);
    Ok(())
}

/// The entries that enough witnesses of a policy have cosigned.
fn witnessed(folder: &Path, keys: &Keys, policy: &Policy, as_json: bool) -> Result<u64, Failure> {
    let witnessed = verify_witnessed(folder, &keys.checkpoints, policy);
    let witnessed = witnessed.map_err(|error| {
        let (code, is_broken) = match &error {
            WitnessedError::File(_) | WitnessedError::Log(_) => (UNREADABLE, false),
            WitnessedError::Forked { .. } | WitnessedError::RolledBack { .. } => (REFUSED, true),
            _ => (REFUSED, false),
        };
        if as_json {
            say::json(&json!({ "ok": false, "broken": is_broken, "error": error.to_string() }));
        }
        let hint = error.hint();
        Failure::new(code, error).hint(hint)
    })?;
    Ok(witnessed.checkpoint.size)
}

/// Checks the whole log.
fn all(folder: &Path, keys: &Keys, against: Option<Head>) -> Result<Report, VerifyError> {
    let bar = setup::bar(0, "bytes checked");
    let mut progress = |progress: Progress| {
        bar.set_length(progress.total_bytes);
        bar.set_position(progress.bytes);
    };
    let options = Options {
        against,
        checkpoint_keys: &keys.checkpoints,
        progress: Some(&mut progress),
    };
    let checked = verify(folder, &keys.entries, options);
    bar.finish_and_clear();
    checked
}

fn tell(report: &Report, keys: &Keys, witnessed: Option<u64>, as_json: bool) {
    let root = base64url::encode(&report.head.root);
    if as_json {
        return say::json(&json!({
            "ok": true,
            "origin": keys.entries.name(),
            "size": report.head.size,
            "root": root,
            "checkpoint": report.checkpoint.map(|head| head.size),
            "checkpoint_signed": report.checkpoint_signed,
            "witnessed": witnessed,
            "kinds": report.kinds,
            "effects": report.effects,
            "open": report.open,
            "unfinished_bytes": report.unfinished_bytes,
            "step_back": report.step_back.map(|step| json!({ "index": step.index, "by_ms": step.by_ms })),
        }));
    }
    let counts = |counts: &BTreeMap<String, u64>| {
        let counts: Vec<String> = counts
            .iter()
            .map(|(name, n)| format!("{n} {name}"))
            .collect();
        counts.join(", ")
    };
    say::out(format!(
        "the log is whole: {} entries, every signature checked",
        report.head.size
    ));
    say::out(format!("origin     {}", keys.entries.name()));
    say::out(format!("entries    {}", counts(&report.kinds)));
    say::out(format!("decisions  {}", counts(&report.effects)));
    say::out(published(report.checkpoint, report.checkpoint_signed));
    if let Some(size) = witnessed {
        say::out(format!(
            "witnessed  {size} entries, by as many as the policy asks"
        ));
    }
    if !report.open.is_empty() {
        say::out(format!(
            "open       {} calls have no outcome yet",
            report.open.len()
        ));
    }
    if report.unfinished_bytes > 0 {
        let bytes = report.unfinished_bytes;
        say::out(format!(
            "unfinished {bytes} bytes behind the last entry: being written, or left by a crash"
        ));
    }
    if let Some(step) = report.step_back {
        say::out(format!(
            "clock      went back by {} ms before entry {}",
            step.by_ms, step.index
        ));
    }
    say::out(format!("head       {}:{root}", report.head.size));
    say::out("           keep it elsewhere: `--against` finds what was put back or cut off since");
}

fn tell_some(report: &RangeReport, as_json: bool) {
    if as_json {
        return say::json(&json!({
            "ok": true,
            "entries": report.entries,
            "proven": report.proven,
            "checkpoint": report.checkpoint.map(|head| head.size),
            "checkpoint_signed": report.checkpoint_signed,
        }));
    }
    say::out(format!(
        "{} entries are as they were signed, and the checkpoint holds {} of them",
        report.entries, report.proven
    ));
    say::out(published(report.checkpoint, report.checkpoint_signed));
}

/// What is published, for people.
fn published(checkpoint: Option<Head>, signed: bool) -> String {
    match (checkpoint, signed) {
        (None, _) => "published  nothing yet".to_owned(),
        (Some(head), true) => format!(
            "published  {} entries, under a checkpoint whose signature was checked",
            head.size
        ),
        (Some(head), false) => format!(
            "published  {} entries; NOT CHECKED: the checkpoint's signature, since there is no key for it",
            head.size
        ),
    }
}

fn broken(error: &VerifyError) -> Value {
    let (index, offset) = match error {
        VerifyError::Broken { index, offset, .. } => (Some(index), Some(offset)),
        VerifyError::Tile { index, .. } => (Some(index), None),
        _ => (None, None),
    };
    json!({
        "ok": false,
        "broken": error.is_broken(),
        "error": error.to_string(),
        "index": index,
        "offset": offset,
    })
}

/// An earlier head: as text, or in a checkpoint that the log's keys signed.
fn head(text: &str, keys: &Keys) -> Result<Head, Failure> {
    let parse = || {
        let (size, root) = text.split_once(':')?;
        let root = base64url::decode(root)?.try_into().ok()?;
        Some(Head {
            size: size.parse().ok()?,
            root,
        })
    };
    if let Some(head) = parse() {
        return Ok(head);
    }
    let none = |error: &dyn std::fmt::Display| {
        Failure::new(WRONG, format!("`{text}` is no earlier head: {error}")).hint(Some(
            "give what `wardlet audit verify` printed after `head`, or a file with a checkpoint of this log",
        ))
    };
    let file = File::open(text).map_err(|error| none(&error))?;
    let mut note = Vec::new();
    file.take(MAX_NOTE_BYTES as u64 + 1)
        .read_to_end(&mut note)
        .map_err(|error| none(&error))?;
    let (checkpoint, _) =
        Checkpoint::open(&note, &keys.checkpoints).map_err(|error| none(&error))?;
    Ok(Head {
        size: checkpoint.size,
        root: checkpoint.root,
    })
}

/// `FIRST..LAST`, both of them in it.
fn range(text: &str) -> Result<Range<u64>, String> {
    let parse = || {
        let (first, last) = text.split_once("..")?;
        let (first, last) = (first.parse::<u64>().ok()?, last.parse::<u64>().ok()?);
        (first <= last).then(|| first..last.saturating_add(1))
    };
    parse().ok_or_else(|| "give two indices with `..` between them, the lower one first".to_owned())
}
