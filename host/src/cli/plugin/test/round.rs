//! One round over all cases.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wardlet_call::cases::{Case, CaseError, Difference, read};
use wardlet_sandbox::Sandbox;

use super::Arguments;
use super::find::Found;
use crate::cli::say::{Failure, UNREADABLE, WRONG};
use crate::cli::setup;
use crate::trial::{Trials, Tried};

/// A case file larger than this is none that a person wrote.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// What became of one case.
pub(super) struct Ran {
    pub(super) case: Case,
    pub(super) result: Result<Tried, CaseError>,
    /// Where it is not what the case expects.
    pub(super) differences: Vec<Difference>,
    /// Whether what came out was written into its file.
    pub(super) accepted: bool,
}

impl Ran {
    pub(super) fn passed(&self) -> bool {
        self.accepted || self.result.is_ok() && self.differences.is_empty()
    }
}

/// One file with its cases.
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) cases: Vec<Ran>,
    /// What is wrong with the file: none of its cases is tried then.
    pub(super) errors: Vec<CaseError>,
}

/// What became of all of them.
pub(super) struct Round {
    pub(super) component: PathBuf,
    pub(super) digest: String,
    pub(super) files: Vec<File>,
    /// Cases that the filter left out.
    pub(super) left_out: usize,
    pub(super) took: Duration,
}

impl Round {
    pub(super) fn run(
        sandbox: &Arc<Sandbox>,
        found: &Found,
        arguments: &Arguments,
    ) -> Result<Self, Failure> {
        let begun = Instant::now();
        let sandbox = Arc::clone(sandbox);
        let trials = super::super::trials(sandbox, &found.name, &found.component)?;
        let mut round = Round {
            component: found.component.clone(),
            digest: trials.digest(),
            files: Vec::new(),
            left_out: 0,
            took: Duration::ZERO,
        };
        let mut queue = Vec::new();
        for path in &found.files {
            let (mut file, cases) = open(path)?;
            let wanted = |case: &Case| {
                let shown = path.to_string_lossy();
                let filter = arguments.filter.as_deref().unwrap_or_default();
                case.name.contains(filter) || shown.contains(filter)
            };
            let (cases, others): (Vec<_>, Vec<_>) = cases.into_iter().partition(wanted);
            round.left_out += others.len();
            file.cases.reserve(cases.len());
            queue.extend(cases.into_iter().map(|case| (round.files.len(), case)));
            round.files.push(file);
        }
        for (file, ran) in try_all(&trials, queue, arguments) {
            if let Some(file) = round.files.get_mut(file) {
                file.cases.push(ran);
            }
        }
        for file in &mut round.files {
            file.cases.sort_by_key(|ran| ran.case.line);
        }
        round.took = begun.elapsed();
        Ok(round)
    }

    fn all(&self) -> impl Iterator<Item = &Ran> {
        self.files.iter().flat_map(|file| &file.cases)
    }

    /// How many cases were tried.
    pub(super) fn tried(&self) -> usize {
        self.all().count()
    }

    /// How many of them are not right.
    pub(super) fn failed(&self) -> usize {
        self.all().filter(|ran| !ran.passed()).count()
    }

    /// How many of them are right because their files were written anew.
    pub(super) fn accepted(&self) -> usize {
        self.all().filter(|ran| ran.accepted).count()
    }

    /// What is wrong with the files.
    pub(super) fn errors(&self) -> usize {
        let unread = self.files.iter().map(|file| file.errors.len());
        unread.sum::<usize>() + self.all().filter(|ran| ran.result.is_err()).count()
    }

    /// Whether nothing is wrong with the files.
    pub(super) fn is_readable(&self) -> bool {
        self.errors() == 0
    }
}

fn open(path: &PathBuf) -> Result<(File, Vec<Case>), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(
            UNREADABLE,
            format!("cannot read `{}`: {error}", path.display()),
        )
        .hint(Some("`--cases` names case files, or folders of them"))
    };
    if fs::metadata(path).map_err(failed)?.len() > MAX_FILE_BYTES {
        return Err(Failure::new(
            WRONG,
            format!("`{}` is no case file: it is over 64 MiB", path.display()),
        ));
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let (cases, errors) = match read(&text) {
        Ok(cases) => (cases, Vec::new()),
        Err(errors) => (Vec::new(), errors),
    };
    let file = File {
        path: path.clone(),
        text,
        cases: Vec::new(),
        errors,
    };
    Ok((file, cases))
}

/// Tries cases on several threads, which end with this call.
fn try_all(trials: &Trials, queue: Vec<(usize, Case)>, arguments: &Arguments) -> Vec<(usize, Ran)> {
    let cores = thread::available_parallelism();
    let jobs = arguments.jobs.or(cores.ok()).map_or(1, usize::from);
    let jobs = jobs.min(queue.len());
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let bar = setup::bar(queue.len() as u64, "cases");
    let work = || {
        while let Some((file, case)) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = trials.run(case);
            let differences = match &result {
                Ok(tried) => tried.outcome.differences(&case.expect),
                Err(_) => Vec::new(),
            };
            let ran = Ran {
                case: case.clone(),
                result,
                differences,
                accepted: false,
            };
            bar.inc(1);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((*file, ran));
        }
    };
    thread::scope(|scope| {
        for _ in 1..jobs {
            // Where there is no thread to be had, this one does the work alone.
            let _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    bar.finish_and_clear();
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}
