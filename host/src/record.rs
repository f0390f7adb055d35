//! The `record` switch of a gateway in development: each check is written down as a case that can be tried
//! again without anything outside.
//!
//! What is written is what the plugin could see, in clear: the documents as far as its grant shows them, its
//! settings, what it asked of the host and was answered, what it said. The bytes of an operator's secret never
//! pass here, and a MAC under one is written as its stand-in ([`Tape`]).

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use wardlet_call::cases::{Answer, Case, Expect, ExpectedLine, Outcome, case_json};
use wardlet_call::{Document, Json, Part, Phase, PluginName, Subject, Tape};
use wardlet_keys::{KeyError, PrivateFolder};
use wardlet_sandbox::{Check, Fault, Limit, Plugin};

use crate::config;
use crate::lane::Ran;
use crate::plugins::Bound;
use crate::trial::{self, Judged, PublicMac, Searched};

/// The version of the form of a record, in it as `wardlet_record`.
pub const VERSION: u64 = 1;

/// Records of one folder: an afternoon of trying things out, and no archive.
pub const MAX_RECORDS: usize = 4096;

/// Bytes of the records of one folder. A gateway that was forgotten must not fill a disk.
pub const MAX_RECORDED_BYTES: u64 = 256 << 20;

/// How often another name is tried where a record of another gateway has it already.
const MAX_TRIES: u64 = 16;

/// What is written of each check, in a folder that only its owner reads.
#[derive(Debug)]
pub struct Recorder {
    folder: PrivateFolder,
    next: AtomicU64,
    kept: Mutex<Kept>,
}

/// What is in the folder.
#[derive(Debug, Default)]
struct Kept {
    files: usize,
    bytes: u64,
    full: bool,
}

impl Recorder {
    /// Opens the folder, or makes it with mode 0700. What is in it counts.
    ///
    /// # Errors
    /// Any [`KeyError`] about the folder.
    pub fn open(folder: &Path) -> Result<Self, KeyError> {
        let folder = PrivateFolder::open(folder)?;
        let files = folder.files()?;
        let kept = Kept {
            files: files.len(),
            bytes: files.iter().map(|file| file.size).sum(),
            full: false,
        };
        Ok(Recorder {
            folder,
            next: AtomicU64::new(0),
            kept: Mutex::new(kept),
        })
    }

    /// Writes a record. Whatever is wrong with it is told in the log, and is no reason to refuse a call.
    fn write(&self, (now_ms, plugin): (u64, &PluginName), record: &Json) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let text = format!("{}\n", record.to_text());
        let bytes = kept.bytes.saturating_add(text.len() as u64);
        if kept.files >= MAX_RECORDS || bytes > MAX_RECORDED_BYTES {
            if !kept.full {
                let folder = self.folder.path().display();
                tracing::warn!(%folder, "the folder of records is full: nothing more is recorded");
            }
            kept.full = true;
            return;
        }
        for _ in 0..MAX_TRIES {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let name = format!("{now_ms:013}-{number:04}-{plugin}.json");
            match self.folder.create_new(&name, text.as_bytes()) {
                Ok(true) => {
                    kept.files += 1;
                    kept.bytes = bytes;
                    return;
                }
                Ok(false) => {}
                Err(error) => return tracing::warn!("a check is not recorded: {error}"),
            }
        }
        tracing::warn!("a check is not recorded: its names are taken");
    }
}

/// A plugin whose checks are recorded.
#[derive(Clone, Debug)]
pub struct Recorded {
    recorder: Arc<Recorder>,
    name: PluginName,
    digest: String,
    settings: Json,
}

impl Recorded {
    /// Takes what of the plugin stands in its records.
    #[must_use]
    pub fn new(recorder: &Arc<Recorder>, bound: &Bound) -> Self {
        Recorded {
            recorder: Arc::clone(recorder),
            name: bound.name.clone(),
            digest: bound.digest.clone(),
            settings: bound.config.settings.clone(),
        }
    }

    /// Judges one call and writes the check down.
    pub fn evaluate(
        &self,
        plugin: &Plugin,
        subject: &Subject,
        check: &Check,
    ) -> Ran<(wardlet_call::Verdict, wardlet_sandbox::Sentence)> {
        let (tape, taped) = taped(plugin, check);
        let ran: (Judged, _) = plugin.evaluate(subject, &taped);
        let fault = ran.0.as_ref().err().copied();
        if !is_tried_again(check, fault) {
            let outcome = trial::outcome(trial::verdict(&ran.0), fault, &ran.1, &tape);
            self.write((plugin, subject, check), &tape, outcome);
        }
        ran
    }

    /// Searches one part and writes the check down.
    pub fn find(
        &self,
        plugin: &Plugin,
        (subject, part): (&Subject, Part),
        check: &Check,
    ) -> Ran<Vec<wardlet_call::Edit>> {
        let (tape, taped) = taped(plugin, check);
        let ran: (Searched, _) = plugin.find(subject, part, &taped);
        let (answer, fault) = trial::edits(plugin, part, &check.documents, ran.0.clone());
        if !is_tried_again(check, fault) {
            let outcome = trial::outcome((answer, Vec::new()), fault, &ran.1, &tape);
            self.write((plugin, subject, check), &tape, outcome);
        }
        ran
    }

    fn write(
        &self,
        (plugin, subject, check): (&Plugin, &Subject, &Check),
        tape: &Tape,
        outcome: Outcome,
    ) {
        let case = self.case((plugin, subject, check), tape, outcome);
        let record = Json::object([
            ("wardlet_record", Json::number(VERSION)),
            ("plugin", Json::text(self.name.as_str())),
            ("digest", Json::text(&self.digest)),
            ("case", tape.concealed(&case_json(&case))),
        ]);
        self.recorder.write((check.now_ms, &self.name), &record);
    }

    fn case(
        &self,
        (plugin, subject, check): (&Plugin, &Subject, &Check),
        tape: &Tape,
        outcome: Outcome,
    ) -> Case {
        let projection = plugin.projection();
        let shown = |part: Part, document: &Option<Arc<Document>>| {
            projection.shown_of(part, document.as_ref()?.root())
        };
        let documents = &check.documents;
        let capabilities = plugin.capabilities().iter();
        let phase = match subject.phase {
            Phase::Request => "request",
            Phase::Response => "response",
        };
        let http = plugin.reach().http.as_ref();
        Case {
            name: format!("{} {phase} {} {}", self.name, subject.method, subject.name),
            line: 0,
            expect_line: 0,
            expect_at: 0..0,
            subject: subject.clone(),
            settings: self.settings.clone(),
            sees: Some(projection.grants()),
            grants: Some(capabilities.map(|c| c.name().to_owned()).collect()),
            limits: config::limits_named(plugin.limits()),
            now_ms: check.now_ms,
            findings: check.findings.to_vec(),
            arguments: shown(Part::Arguments, &documents.arguments),
            result: shown(Part::Result, &documents.result),
            definition: shown(Part::Definition, &documents.definition),
            host_calls: tape.calls(),
            http_requests: http.map_or(wardlet_call::cases::DEFAULT_HTTP_REQUESTS, |http| {
                http.requests_per_check()
            }),
            expect: expectation(outcome),
        }
    }
}

/// The check with a tape before all that the plugin reaches.
fn taped(plugin: &Plugin, check: &Check) -> (Arc<Tape>, Check) {
    let tape = Tape::recording(Box::new(PublicMac));
    let reach = Arc::new(tape.reach(plugin.reach()));
    let check = Check {
        reach: Some(reach),
        ..check.clone()
    };
    (tape, check)
}

/// Whether an attempt with little patience was given up, so that the same check runs again.
fn is_tried_again(check: &Check, fault: Option<Fault>) -> bool {
    check.patience.is_some() && matches!(fault, Some(Fault::Deadline | Fault::Cpu))
}

/// What came out, as what must come out again. Limits of time depend on the machine, and are not asked for.
fn expectation(outcome: Outcome) -> Expect {
    let times = [Limit::Deadline, Limit::Cpu, Limit::Concurrency].map(Limit::name);
    let verdict = matches!(outcome.answer, Answer::Verdict(_));
    let struck = outcome.struck.unwrap_or_default().into_iter();
    let struck: Vec<String> = struck
        .filter(|name| !times.contains(&name.as_str()))
        .collect();
    Expect {
        answer: outcome.answer,
        obligations: (verdict && !outcome.obligations.is_empty()).then_some(outcome.obligations),
        log: Some(outcome.log.iter().map(ExpectedLine::from).collect()),
        struck: (!struck.is_empty()).then_some(struck),
    }
}
