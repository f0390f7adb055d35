//! From what a plugin gave to what a case compares.

use wardlet_call::cases::{Answer, FoundText, Outcome};
use wardlet_call::{Documents, Edit, Obligation, Part, PluginName, Replacement, Spans, Tape};
use wardlet_sandbox::{Fault, LoadError, Plugin, Usage};

use super::{Judged, Searched};

/// The word for a plugin that does not load, beside those of [`Fault::word`].
const LOAD: &str = "load";

/// The answer of a policy, and its conditions.
#[must_use]
pub fn verdict(judged: &Judged) -> (Answer, Vec<Obligation>) {
    match judged {
        Ok((verdict, _)) => (
            Answer::Verdict(verdict.ruling.clone()),
            verdict.obligations.clone(),
        ),
        Err(fault) => (of_fault(*fault), Vec::new()),
    }
}

/// The answer of a redactor, and its fault. Edits that the gate would not take are one.
#[must_use]
pub fn edits(
    plugin: &Plugin,
    part: Part,
    documents: &Documents,
    searched: Searched,
) -> (Answer, Option<Fault>) {
    let found =
        searched.and_then(|edits| texts(plugin, part, documents, &edits).ok_or(Fault::BadAnswer));
    match found {
        Ok(found) => (Answer::Edits(found), None),
        Err(fault) => (of_fault(fault), Some(fault)),
    }
}

fn texts(
    plugin: &Plugin,
    part: Part,
    documents: &Documents,
    edits: &[Edit],
) -> Option<Vec<FoundText>> {
    let document = match part {
        Part::Result => documents.result.as_ref(),
        _ => documents.arguments.as_ref(),
    };
    let Some(document) = document else {
        return edits.is_empty().then(Vec::new);
    };
    let view = (part, plugin.projection());
    let mut spans = Spans::default();
    spans
        .add(document, view, edits.to_vec(), Replacement::Mask)
        .ok()?;
    let text = |edit: &Edit| {
        let leaf = document.leaves().get(document.root(), edit.leaf)?;
        let span = edit.start as usize..edit.end as usize;
        Some(FoundText {
            pointer: document.leaves().pointer(document.root(), edit.leaf)?,
            text: leaf.text.get(span)?.to_owned(),
            entity: edit.entity.to_string(),
        })
    };
    edits.iter().map(text).collect()
}

/// What came out of a check.
#[must_use]
pub fn outcome(
    (answer, obligations): (Answer, Vec<Obligation>),
    fault: Option<Fault>,
    usage: &Usage,
    tape: &Tape,
) -> Outcome {
    let detail = fault.map(|fault| match tape.failed_with() {
        Some(text) => format!("{fault}: {text}"),
        None => fault.to_string(),
    });
    let struck = usage.struck.iter().map(|limit| limit.name().to_owned());
    Outcome {
        answer,
        detail,
        obligations,
        log: tape.lines(),
        struck: Some(struck.collect()),
        diverged: tape.diverged(),
    }
}

/// What comes out of a plugin that does not load.
pub(super) fn refused(error: &LoadError, name: &PluginName) -> Outcome {
    let answer = match error {
        LoadError::Settings(faults) => {
            Answer::Configure(faults.iter().map(|(pointer, _)| pointer.clone()).collect())
        }
        _ => Answer::Fault(Some(LOAD.to_owned())),
    };
    let detail = match error.hint(name) {
        Some(hint) if !matches!(error, LoadError::Settings(_)) => format!("{error} ({hint})"),
        _ => error.to_string(),
    };
    Outcome {
        answer,
        detail: Some(detail),
        obligations: Vec::new(),
        log: Vec::new(),
        struck: Some(Vec::new()),
        diverged: None,
    }
}

fn of_fault(fault: Fault) -> Answer {
    Answer::Fault(Some(fault.word().to_owned()))
}
