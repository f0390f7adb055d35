//! How a round went, for people and for programs.

use std::io::IsTerminal as _;

use serde_json::{Value, json};
use wardlet_call::cases::CaseError;

use super::super::{log_text, micros, one_line};
use super::round::{File, Ran, Round};
use crate::cli::say::{self, visible};

/// Bytes of one side of a difference that are shown; the rest is counted.
const MAX_SHOWN: usize = 2000;

pub(super) fn tell(round: &Round) {
    for file in &round.files {
        if file.cases.is_empty() && file.errors.is_empty() {
            continue;
        }
        say::out(line_of(file));
    }
    for file in &round.files {
        for error in &file.errors {
            tell_error(file, error);
        }
        for ran in &file.cases {
            match &ran.result {
                Err(error) => tell_error(file, error),
                Ok(_) if ran.passed() => {}
                Ok(_) => tell_failed(file, ran),
            }
        }
    }
    if round.failed() == 0 && round.is_readable() {
        say::out(format!("\n{}", summary(round)));
    } else {
        say::out("");
    }
}

fn line_of(file: &File) -> String {
    let failed = file.cases.iter().filter(|ran| !ran.passed()).count();
    let mut parts = Vec::new();
    for (count, what) in [
        (file.cases.len() - failed, "passed"),
        (failed, "failed"),
        (
            file.errors.len(),
            "cannot be read, so none of the file is tried",
        ),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let word = if failed == 0 && file.errors.is_empty() {
        paint("ok  ", GREEN)
    } else {
        paint("FAIL", RED)
    };
    format!("{word} {}  {}", file.path.display(), parts.join(", "))
}

fn tell_error(file: &File, error: &CaseError) {
    let case = match &error.case {
        Some(case) => format!(" `{}`", visible(case)),
        None => String::new(),
    };
    let place = format!("{}:{}", file.path.display(), error.line);
    say::out(format!("\n{}{case} at {place}", paint("error:", RED)));
    say::out(format!("  {}", visible(&error.message)));
    if let Some(hint) = &error.hint {
        say::out(format!("  hint: {}", visible(hint)));
    }
}

fn tell_failed(file: &File, ran: &Ran) {
    let place = format!("{}:{}", file.path.display(), ran.case.expect_line);
    let name = visible(&ran.case.name);
    say::out(format!("\n{} `{name}` at {place}", paint("FAIL", RED)));
    for difference in &ran.differences {
        say::out(format!("  {}", difference.about));
        say::out(format!(
            "    expected  {}",
            paint(&cut(&difference.expected), GREEN)
        ));
        say::out(format!(
            "    got       {}",
            paint(&cut(&difference.got), RED)
        ));
        if difference.about.starts_with("host_calls/") {
            say::out(
                "    hint: host calls are answered by `host_calls` of the case, in their order; \
                 a gateway with `record` writes them",
            );
        }
    }
    let Ok(tried) = &ran.result else { return };
    for line in &tried.outcome.log {
        say::out(format!("  log         {}", cut(&log_text(line))));
    }
}

/// A text that fits a screen, on one line.
fn cut(text: &str) -> String {
    let shown = one_line(text);
    if shown.len() <= MAX_SHOWN {
        return shown;
    }
    let mut end = MAX_SHOWN;
    while !shown.is_char_boundary(end) {
        end -= 1;
    }
    let left = shown.len() - end;
    format!(
        "{}… ({left} bytes more)",
        shown.get(..end).unwrap_or_default()
    )
}

const GREEN: &str = "32";
const RED: &str = "31";

/// Colours a text where a person looks on who has not said otherwise.
fn paint(text: &str, colour: &str) -> String {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if plain || !std::io::stdout().is_terminal() {
        return text.to_owned();
    }
    format!("\u{1b}[{colour}m{text}\u{1b}[0m")
}

/// The last line.
pub(super) fn summary(round: &Round) -> String {
    let (tried, failed) = (round.tried(), round.failed());
    let mut parts = vec![format!("{} passed", tried - failed)];
    for (count, what) in [
        (failed, "failed"),
        (round.accepted(), "of them accepted as they came out"),
        (round.left_out, "left out"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    match round.errors() {
        0 => {}
        1 => parts.push("1 fault in the files".to_owned()),
        faults => parts.push(format!("{faults} faults in the files")),
    }
    format!("{} in {:.1} s", parts.join(", "), round.took.as_secs_f64())
}

pub(super) fn as_json(round: &Round) -> Value {
    let error = |file: &File, error: &CaseError| {
        json!({
            "file": file.path.display().to_string(),
            "line": error.line,
            "case": error.case,
            "message": error.message,
            "hint": error.hint,
        })
    };
    let mut errors = Vec::new();
    let mut cases = Vec::new();
    for file in &round.files {
        errors.extend(file.errors.iter().map(|found| error(file, found)));
        for ran in &file.cases {
            match &ran.result {
                Err(found) => errors.push(error(file, found)),
                Ok(tried) => cases.push(json!({
                    "file": file.path.display().to_string(),
                    "line": ran.case.line,
                    "name": ran.case.name,
                    "passed": ran.passed(),
                    "accepted": ran.accepted,
                    "differences": ran.differences.iter().map(|difference| json!({
                        "about": difference.about,
                        "expected": difference.expected,
                        "got": difference.got,
                    })).collect::<Vec<_>>(),
                    "time_us": micros(tried.usage.time),
                    "memory": tried.usage.memory,
                    "host_calls": tried.usage.host_calls,
                })),
            }
        }
    }
    json!({
        "ok": round.failed() == 0 && round.is_readable(),
        "component": round.component.display().to_string(),
        "digest": round.digest,
        "passed": round.tried() - round.failed(),
        "failed": round.failed(),
        "left_out": round.left_out,
        "errors": errors,
        "cases": cases,
    })
}
