//! Case files, run with the native double. Their format is that of `wardlet plugin test`, which runs them in
//! the real sandbox; it is documented in `CASES.md` beside this crate.
//!
//! What only a sandbox has is not compared here: limits that strike, words of faults, grants. A case with
//! host calls is not run here.

pub use wardlet_call::cases::{
    Answer, Case, CaseError, Expect, ExpectedLine, FoundText, Outcome, read,
};

use wardlet_call::{Code, LogLevel, LogLine, Obligation, Ruling};

use super::{Check, Checked, Fault, Find};
use crate::log::Level;
use crate::{Decision, Part, Phase, Policy, Redactor, Verdict};

/// Runs all cases of a file with a policy, and tells what came out otherwise than expected.
///
/// # Errors
/// What is wrong with the file, a line for each fault.
pub fn run_policy<P: Policy>(text: &str) -> Result<Vec<String>, String> {
    run(text, |case| of_verdict(check_of(case).evaluate::<P>()))
}

/// Runs all cases of a file with a redactor, and tells what came out otherwise than expected.
///
/// # Errors
/// As [`run_policy`].
pub fn run_redactor<P: Redactor>(text: &str) -> Result<Vec<String>, String> {
    run(text, |case| {
        of_finds(check_of(case).find::<P>(part_of(case)))
    })
}

fn run(text: &str, outcome: impl Fn(&Case) -> Outcome) -> Result<Vec<String>, String> {
    let cases = read(text).map_err(|errors| {
        let lines = errors.iter().map(ToString::to_string);
        lines.collect::<Vec<_>>().join("\n")
    })?;
    Ok(cases
        .iter()
        .flat_map(|case| {
            if !case.host_calls.is_empty() {
                let told =
                    "has host calls: keep it in a file that only `wardlet plugin test` reads";
                return vec![format!("{}: {told}", case.name)];
            }
            let differences = outcome(case).differences(&case.expect).into_iter();
            let told = |about: &str, expected: &str, got: &str| {
                format!("{}: {about}: got {got}, expected {expected}", case.name)
            };
            differences
                .map(|d| told(&d.about, &d.expected, &d.got))
                .collect()
        })
        .collect())
}

/// The part that a redactor is asked about.
fn part_of(case: &Case) -> Part {
    match case.part() {
        wardlet_call::Part::Result => Part::Result,
        _ => Part::Arguments,
    }
}

/// The check of a case.
#[must_use]
pub fn check_of(case: &Case) -> Check {
    let subject = &case.subject;
    let phase = match subject.phase {
        wardlet_call::Phase::Request => Phase::Request,
        wardlet_call::Phase::Response => Phase::Response,
    };
    let mut check = Check::new()
        .settings(&case.settings.to_text())
        .subject(phase, &subject.method, &subject.server, &subject.name)
        .now(case.now_ms);
    if let Some(sees) = &case.sees {
        let sees: Vec<&str> = sees.iter().map(String::as_str).collect();
        check = check.sees(&sees);
    }
    for found in &case.findings {
        check = check.finding(found.entity.as_str(), found.count);
    }
    for (json, with) in [
        (
            &case.arguments,
            Check::arguments as fn(Check, &str) -> Check,
        ),
        (&case.result, Check::result),
        (&case.definition, Check::definition),
    ] {
        if let Some(json) = json {
            check = with(check, &json.to_text());
        }
    }
    check
}

fn of_verdict(checked: Checked<Verdict>) -> Outcome {
    let mut obligations = Vec::new();
    let answer = checked.answer.map(|verdict| {
        obligations = verdict.obligations.iter().map(obligation).collect();
        // Whether a code is one and declared was looked at before.
        let code = |code: &str| Code::parse(code).ok();
        let ruling = match &verdict.decision {
            Decision::Abstain => Some(Ruling::Abstain),
            Decision::Allow => Some(Ruling::Allow),
            Decision::Deny(reason) => code(reason).map(Ruling::Deny),
            Decision::RequireApproval(reason) => code(reason).map(Ruling::RequireApproval),
        };
        ruling.map_or(Answer::Fault(None), Answer::Verdict)
    });
    Outcome {
        obligations,
        ..outcome(answer, checked.lines)
    }
}

fn of_finds(checked: Checked<Vec<Find>>) -> Outcome {
    let answer = checked.answer.map(|finds| {
        let finds = finds.into_iter().map(|find| FoundText {
            pointer: find.pointer,
            text: find.text,
            entity: find.entity,
        });
        Answer::Edits(finds.collect())
    });
    outcome(answer, checked.lines)
}

fn outcome(answer: Result<Answer, Fault>, lines: Vec<super::Line>) -> Outcome {
    let detail = answer.as_ref().err().map(ToString::to_string);
    let answer = answer.unwrap_or_else(|fault| match fault {
        Fault::BadSettings(faults) => {
            Answer::Configure(faults.into_iter().map(|fault| fault.pointer).collect())
        }
        _ => Answer::Fault(None),
    });
    let lines = lines.into_iter().map(|line| LogLine {
        level: match line.level {
            Level::Trace => LogLevel::Trace,
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        },
        message: line.message,
        fields: line.fields,
    });
    Outcome {
        answer,
        detail,
        obligations: Vec::new(),
        log: lines.collect(),
        struck: None,
        diverged: None,
    }
}

fn obligation(obligation: &crate::Obligation) -> Obligation {
    match obligation.kind.as_str() {
        "durable" => Obligation::Durable,
        _ => Obligation::Unknown {
            must_understand: obligation.must_understand,
        },
    }
}
