//! What a plugin said of one call, for people and for programs.

use serde_json::{Value, json};
use wardlet_call::cases::{Answer, Expect, Outcome, expect_json};
use wardlet_call::{Document, Documents, Edit, Ruling, excerpt};

use super::super::{log_text, micros, one_line};
use super::{Answered, searched};
use crate::cli::say::{self, visible};

/// Bytes that are shown before and behind what a redactor found.
const AROUND: u32 = 24;

/// Edits that a person is shown.
const MAX_EDITS: usize = 50;

pub(super) fn tell(documents: &Documents, answered: &Answered) {
    match &answered.answer {
        Answer::Verdict(ruling) => tell_verdict(ruling, answered),
        Answer::Edits(found) if found.is_empty() => say::out("edits     none"),
        Answer::Edits(_) => tell_edits(documents, answered),
        Answer::Configure(_) | Answer::Fault(_) => {
            let fault = answered.fault.as_deref().unwrap_or_default();
            say::out(format!("fault     {}", visible(fault)));
        }
    }
    for line in &answered.lines {
        say::out(format!("log       {}", log_text(line)));
    }
    for call in &answered.calls {
        say::out(format!("host      {}", visible(&call.to_json().to_text())));
    }
    let usage = &answered.usage;
    let own = usage.time.saturating_sub(usage.waited);
    say::out(format!(
        "used      {:.3} ms ({:.3} ms of its own), {} KiB of memory, {} host calls",
        usage.time.as_secs_f64() * 1000.0,
        own.as_secs_f64() * 1000.0,
        usage.memory >> 10,
        usage.host_calls
    ));
    let struck: Vec<&str> = usage.struck.iter().map(|limit| limit.name()).collect();
    if !struck.is_empty() {
        say::out(format!("struck    {}", struck.join(", ")));
    }
}

fn tell_verdict(ruling: &Ruling, answered: &Answered) {
    let mut line = format!("verdict   {}", ruling.word());
    if let Some(code) = ruling.code() {
        line.push_str(&format!(" `{code}`: {}", answered.sentence));
    }
    say::out(line);
    for obligation in &answered.obligations {
        say::out(format!("obliges   {obligation:?}"));
    }
}

fn tell_edits(documents: &Documents, answered: &Answered) {
    let document = searched(documents, answered.phase);
    for edit in answered.edits.iter().take(MAX_EDITS) {
        let Some((pointer, shown)) = document.and_then(|document| around(document, edit)) else {
            continue;
        };
        let (entity, sure) = (&edit.entity, edit.confidence);
        say::out(format!("edit      {pointer}  {entity} ({sure} %)  {shown}"));
    }
    if let Some(more) = answered
        .edits
        .len()
        .checked_sub(MAX_EDITS)
        .filter(|more| *more > 0)
    {
        say::out(format!("          and {more} more; `--json` has all"));
    }
}

/// The pointer of a find, and its text with a little of what stands around it.
fn around(document: &Document, edit: &Edit) -> Option<(String, String)> {
    let leaf = document.leaves().get(document.root(), edit.leaf)?;
    let pointer = document.leaves().pointer(document.root(), edit.leaf)?;
    let found = leaf.text.get(edit.start as usize..edit.end as usize)?;
    let (start, before) = excerpt(leaf.text, edit.start.saturating_sub(AROUND), edit.start);
    let end = edit.end.saturating_add(AROUND);
    let (_, behind) = excerpt(leaf.text, edit.end, end);
    let left = if start > 0 { "…" } else { "" };
    let right = if (end as usize) < leaf.text.len() {
        "…"
    } else {
        ""
    };
    let shown = format!("{left}{before}[{found}]{behind}{right}");
    Some((one_line(&pointer), one_line(&shown)))
}

pub(super) fn as_json(answered: &[Answered]) -> Value {
    let all = answered.iter().map(|answered| {
        let usage = &answered.usage;
        json!({
            "answer": answer_json(answered),
            "sentence": answered.sentence,
            "fault": answered.fault,
            "host_calls": answered.calls.iter().map(|call| value(&call.to_json())).collect::<Vec<_>>(),
            "usage": {
                "time_us": micros(usage.time),
                "waited_us": micros(usage.waited),
                "memory": usage.memory,
                "host_calls": usage.host_calls,
            },
        })
    });
    json!({ "answers": all.collect::<Vec<_>>() })
}

/// The answer, the log, the conditions and the limits, as `expect` of a case has them.
fn answer_json(answered: &Answered) -> Value {
    let struck = answered
        .usage
        .struck
        .iter()
        .map(|limit| limit.name().to_owned());
    let outcome = Outcome {
        answer: answered.answer.clone(),
        detail: None,
        obligations: answered.obligations.clone(),
        log: answered.lines.clone(),
        struck: Some(struck.collect()),
        diverged: None,
    };
    let all = Expect {
        answer: answered.answer.clone(),
        obligations: Some(Vec::new()),
        log: Some(Vec::new()),
        struck: Some(Vec::new()),
    };
    value(&expect_json(&outcome, &all))
}

fn value(json: &wardlet_call::Json) -> Value {
    serde_json::from_str(&json.to_text()).unwrap_or_default()
}
