//! `wardlet audit evidence` and `check-evidence`: answers that can be checked without the log, and by whom it
//! does not belong to.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wardlet_audit::note::Note;
use wardlet_audit::{Clock as _, SystemClock, rfc3339};
use wardlet_query::IndexError;
use wardlet_query::evidence::{
    MAX_PACK_BYTES, MakeError, Pack, Question, Refused, Report, check as check_pack,
};
use wardlet_query::table::table;
use wardlet_witness::WITNESSED;

use super::export::{create, unwritten};
use super::keys::KeyFiles;
use super::query::{Wanted, ask, failed, width};
use crate::cli::say::{self, Failure, REFUSED, UNREADABLE, WRONG, visible};
use crate::cli::{Where, setup};
use crate::state::LOG;

/// Arguments of `wardlet audit evidence`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    wanted: Wanted,
    /// This entry, and what became of the call if it is a decision, instead of all calls of a filter
    #[arg(long, value_name = "INDEX")]
    entry: Option<u64>,
    /// Write the pack to this new file instead of standard output, for its owner alone
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also write the proof of the entry for tools of C2SP tlog-proof, to this new file
    #[arg(long, value_name = "FILE", requires = "entry")]
    proof: Option<PathBuf>,
    #[command(flatten)]
    keys: KeyFiles,
}

/// Arguments of `wardlet audit check-evidence`.
#[derive(Debug, clap::Args)]
pub(super) struct CheckArguments {
    /// The pack
    #[arg(value_name = "FILE")]
    pack: PathBuf,
    #[command(flatten)]
    keys: KeyFiles,
    /// The witnesses of whom enough must have cosigned the checkpoint: a file with a C2SP tlog-policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let filter = arguments.wanted.filter()?;
    let question = match arguments.entry {
        Some(_) if !arguments.wanted.is_empty() => {
            return Err(
                Failure::new(WRONG, "`--entry` is one entry, and takes no filter")
                    .hint(Some("leave the filters out")),
            );
        }
        Some(index) => Question::Entry(index),
        None => Question::Filter(filter),
    };
    let state = arguments.place.folder()?;
    let keys = arguments.keys.beside(&state)?;
    let folder = state.join(LOG);
    let now_ms = SystemClock.now_ms();
    let made = ask(&state, |index| {
        match Pack::of(&folder, &keys.checkpoints, index, &question, now_ms) {
            // Made anew, it may give an answer.
            Err(MakeError::Index(IndexError::Damaged)) => Err(IndexError::Damaged),
            made => Ok(made),
        }
    })?;
    let mut pack = made.map_err(unmade)?;
    let cosigned = cosign(&folder, &mut pack);
    // What is handed out passes the check of whoever gets it.
    let text = pack.to_string();
    check_pack(text.as_bytes(), &keys.entries, &keys.checkpoints, None)
        .map_err(|refused| unmade(refused.into()))?;
    match &arguments.output {
        Some(path) => write(path, &text)?,
        None => say::out(text.trim_end()),
    }
    if let (Some(path), Some(index)) = (&arguments.proof, arguments.entry) {
        let proof = pack.proof_file(&folder, index);
        write(
            path,
            &proof.map_err(|error| unmade(error.into()))?.to_string(),
        )?;
    }
    if let Some(path) = &arguments.output {
        let (calls, range) = (pack.rows().len(), pack.range());
        let path = path.display();
        say::out(format!(
            "{calls} calls, and {} entries that show them and that there are no others, are in `{path}`",
            range.end.saturating_sub(range.first)
        ));
        say::out(match cosigned {
            None => "no witness has seen this log",
            Some(true) => "its checkpoint has the cosignatures of witnesses",
            Some(false) => {
                "its checkpoint is newer than what witnesses cosigned: ask again in some seconds for one that they have"
            }
        });
        say::out(
            "`wardlet audit check-evidence` checks it, with the keys of the log and nothing else",
        );
    }
    Ok(())
}

/// Adds the cosignatures of witnesses, where they have seen this checkpoint; none where they have seen none.
fn cosign(folder: &Path, pack: &mut Pack) -> Option<bool> {
    let note = std::fs::read(folder.join(WITNESSED)).ok()?;
    // One that is damaged is told by who asks the witnesses, and by `verify --policy`.
    let note = Note::parse(&note).ok()?;
    Some(pack.cosigned(&note))
}

fn unmade(error: MakeError) -> Failure {
    let code = match &error {
        MakeError::Index(_) => UNREADABLE,
        MakeError::Unsound(_) | MakeError::Prove(_) => REFUSED,
        MakeError::TooMany { .. } | MakeError::TooLong => WRONG,
    };
    match error {
        MakeError::Index(error) => failed(error),
        error => {
            let hint = error.hint();
            Failure::new(code, error).hint(hint)
        }
    }
}

/// Writes a new file, and puts it on disk.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = create(path).and_then(|mut file| {
        let done = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all());
        if done.is_err() {
            // Half of a pack is none, and would be in the way of the next.
            let _ = std::fs::remove_file(path);
        }
        done
    });
    written.map_err(|error| unwritten(path, &error))
}

pub(super) fn check(arguments: &CheckArguments) -> Result<(), Failure> {
    let keys = match arguments.keys.named()? {
        Some(keys) => keys,
        None => arguments.keys.beside(&arguments.place.folder()?)?,
    };
    let policy = arguments.policy.as_deref().map(setup::policy).transpose()?;
    let pack = setup::read(&arguments.pack, MAX_PACK_BYTES)?;
    match check_pack(&pack, &keys.entries, &keys.checkpoints, policy.as_ref()) {
        Ok(report) if arguments.json => say::json(&as_json(&report, policy.is_some())),
        Ok(report) => tell(&report, policy.is_some()),
        Err(refused) => return Err(bad(arguments, refused)),
    }
    Ok(())
}

fn bad(arguments: &CheckArguments, refused: Refused) -> Failure {
    if arguments.json {
        say::json(&json!({
            "ok": false,
            "checked": refused.is_bad(),
            "error": refused.word(),
            "message": refused.to_string(),
        }));
    }
    let code = if refused.is_bad() {
        REFUSED
    } else {
        UNREADABLE
    };
    let hint = refused.hint();
    Failure::new(code, visible(&refused.to_string())).hint(hint)
}

/// The question as the flags that ask it.
fn asked(question: &Question) -> String {
    let terms = match question {
        Question::Entry(index) => return format!("entry {index}"),
        Question::Filter(filter) => filter.terms(),
    };
    if terms.is_empty() {
        return "all calls".to_owned();
    }
    let terms = terms
        .iter()
        .map(|(name, value)| format!("{name} {}", visible(value)));
    terms.collect::<Vec<_>>().join(", ")
}

fn tell(report: &Report, witnessed: bool) {
    let size = report.checkpoint.size;
    let rows = report.rows.len();
    say::out(format!(
        "the pack is sound: {rows} calls, and no other that was asked for"
    ));
    say::out(format!("question   {}", asked(&report.question)));
    say::out(format!(
        "entries    {} to {} of `{}`, every signature checked",
        report.first,
        report.end.saturating_sub(1),
        visible(&report.checkpoint.origin)
    ));
    let by = if witnessed {
        "signed, and cosigned as the policy asks"
    } else {
        "signed; whether witnesses saw it was not asked (`--policy`)"
    };
    say::out(format!("checkpoint {size} entries, {by}"));
    if report.end == size {
        say::out(format!(
            "until      {}: calls after it are not part of the answer",
            rfc3339(report.last_ms)
        ));
    }
    if let Some(step) = report.step_back {
        say::out(format!(
            "clock      went back by {} ms before entry {}: calls with wrong times may be left out",
            step.by_ms, step.index
        ));
    }
    for entry in &report.approvals_outside {
        say::out(format!(
            "approval   the request and votes of the call of entry {entry} are not in the pack"
        ));
    }
    if rows > 0 {
        say::out("");
    }
    for line in table(&report.rows, width())
        .into_iter()
        .filter(|_| rows > 0)
    {
        say::out(line);
    }
}

fn as_json(report: &Report, witnessed: bool) -> Value {
    let question = match &report.question {
        Question::Entry(index) => json!({ "entry": index }),
        Question::Filter(filter) => json!({ "filter": filter.terms() }),
    };
    json!({
        "ok": true,
        "question": question,
        "calls": report.rows,
        "origin": report.checkpoint.origin,
        "checkpoint": report.checkpoint.size,
        "witnessed": witnessed,
        "first": report.first,
        "end": report.end,
        "last": rfc3339(report.last_ms),
        "made": rfc3339(report.made_ms),
        "step_back": report.step_back.map(|step| json!({ "index": step.index, "by_ms": step.by_ms })),
        "approvals_outside": report.approvals_outside,
    })
}
