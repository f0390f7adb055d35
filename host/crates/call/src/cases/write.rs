//! From cases and outcomes to the text of a file.

use super::place::range_of;
use super::{Answer, Case, DEFAULT_HTTP_REQUESTS, Expect, ExpectedLine, FoundText, Outcome};
use crate::has_duplicate;
use crate::json::Json;
use crate::verdict::{Obligation, Phase, Ruling};

/// Texts from this length on are written in two pieces where the file wrote texts in pieces: what makes
/// scanners of credentials take notice is longer.
const MIN_SPLIT: usize = 8;

/// A case as its file has it.
#[must_use]
pub fn case_json(case: &Case) -> Json {
    let subject = &case.subject;
    let phase = match subject.phase {
        Phase::Request => "request",
        Phase::Response => "response",
    };
    let texts = |texts: &[String]| Json::Array(texts.iter().map(|text| Json::text(text)).collect());
    let mut members = vec![
        ("name", Json::text(&case.name)),
        (
            "subject",
            Json::object([
                ("phase", Json::text(phase)),
                ("method", Json::text(&subject.method)),
                ("server", Json::text(&subject.server)),
                ("name", Json::text(&subject.name)),
            ]),
        ),
        ("settings", case.settings.clone()),
    ];
    members.extend(case.sees.as_ref().map(|sees| ("sees", texts(sees))));
    members.extend(case.grants.as_ref().map(|grants| ("grants", texts(grants))));
    if !case.limits.is_empty() {
        members.push(("limits", Json::Object(case.limits.clone())));
    }
    if case.now_ms != 0 {
        members.push(("now", Json::number(case.now_ms)));
    }
    if !case.findings.is_empty() {
        let finding = |found: &crate::Found| {
            Json::object([
                ("entity", Json::text(found.entity.as_str())),
                ("count", Json::number(found.count.into())),
            ])
        };
        members.push((
            "findings",
            Json::Array(case.findings.iter().map(finding).collect()),
        ));
    }
    for (name, document) in [
        ("definition", &case.definition),
        ("arguments", &case.arguments),
        ("result", &case.result),
    ] {
        members.extend(document.as_ref().map(|document| (name, document.clone())));
    }
    if !case.host_calls.is_empty() {
        let calls = case.host_calls.iter().map(crate::HostCall::to_json);
        members.push(("host_calls", Json::Array(calls.collect())));
    }
    if case.http_requests != DEFAULT_HTTP_REQUESTS {
        members.push(("http_requests", Json::number(case.http_requests.into())));
    }
    members.push(("expect", expectation_json(&case.expect)));
    Json::object(members)
}

/// What came out, as `expect` has it, with what `like` says of the log, the obligations and the limits: only
/// what a case compares is written.
#[must_use]
pub fn expect_json(outcome: &Outcome, like: &Expect) -> Json {
    let verdict = matches!(outcome.answer, Answer::Verdict(_));
    expectation_json(&Expect {
        answer: outcome.answer.clone(),
        obligations: (verdict && like.obligations.is_some()).then(|| outcome.obligations.clone()),
        log: like
            .log
            .as_ref()
            .map(|_| outcome.log.iter().map(ExpectedLine::from).collect()),
        struck: like.struck.as_ref().and(outcome.struck.clone()),
    })
}

fn expectation_json(expect: &Expect) -> Json {
    let Json::Object(mut members) = answer_json(&expect.answer) else {
        return Json::Null;
    };
    let mut add = |name: &str, list: Option<Vec<Json>>| {
        members.extend(list.map(|list| (name.to_owned(), Json::Array(list))));
    };
    let obligations = expect.obligations.as_ref();
    add(
        "obligations",
        obligations.map(|all| all.iter().map(obligation_json).collect()),
    );
    add(
        "log",
        expect
            .log
            .as_ref()
            .map(|lines| lines.iter().map(line_json).collect()),
    );
    let struck = expect.struck.as_ref();
    add(
        "struck",
        struck.map(|names| names.iter().map(|name| Json::text(name)).collect()),
    );
    Json::Object(members)
}

pub(super) fn answer_json(answer: &Answer) -> Json {
    match answer {
        Answer::Verdict(ruling) => {
            let mut members = vec![("verdict", Json::text(ruling.word()))];
            if let Ruling::Deny(code) | Ruling::RequireApproval(code) = ruling {
                members.push(("code", Json::text(code.as_str())));
            }
            Json::object(members)
        }
        Answer::Edits(edits) => {
            Json::object([("edits", Json::Array(edits.iter().map(edit_json).collect()))])
        }
        Answer::Configure(pointers) => {
            let pointers = pointers.iter().map(|pointer| Json::text(pointer));
            Json::object([("configure", Json::Array(pointers.collect()))])
        }
        Answer::Fault(None) => Json::object([("fault", Json::Bool(true))]),
        Answer::Fault(Some(word)) => Json::object([("fault", Json::text(word))]),
    }
}

pub(super) fn edit_json(edit: &FoundText) -> Json {
    Json::object([
        ("pointer", Json::text(&edit.pointer)),
        ("text", Json::text(&edit.text)),
        ("entity", Json::text(&edit.entity)),
    ])
}

pub(super) fn obligation_json(obligation: &Obligation) -> Json {
    match obligation {
        Obligation::Durable => Json::text("durable"),
        Obligation::Unknown { must_understand } => {
            Json::object([("must_understand", Json::Bool(*must_understand))])
        }
    }
}

pub(super) fn line_json(line: &ExpectedLine) -> Json {
    let mut members = Vec::new();
    members.extend(line.level.map(|level| ("level", Json::text(level.name()))));
    members.extend(
        line.message
            .as_ref()
            .map(|text| ("message", Json::text(text))),
    );
    // An object holds no name twice: fields that do are not compared.
    let fields = line
        .fields
        .as_ref()
        .filter(|fields| !has_duplicate(fields, |(key, _)| key));
    members.extend(fields.map(|fields| {
        let fields = fields
            .iter()
            .map(|(key, value)| (key.as_str(), Json::text(value)));
        ("fields", Json::object(fields))
    }));
    Json::object(members)
}

/// The text of a file with another value for `expect` of one case, and all else as it was. Where the old
/// value wrote texts in pieces (`$join`), the new one does too.
#[must_use]
pub fn replace_expect(text: &str, case: &Case, expect: &Json) -> String {
    let old = text.get(case.expect_at.clone()).unwrap_or_default();
    let mut expect = expect.clone();
    if old.contains("\"$join\"") {
        in_pieces(&mut expect);
    }
    let (before, behind) = (
        text.get(..case.expect_at.start),
        text.get(case.expect_at.end..),
    );
    let (before, behind) = (before.unwrap_or_default(), behind.unwrap_or_default());
    format!("{before}{}{behind}", expect.to_text())
}

fn in_pieces(value: &mut Json) {
    match value {
        Json::String(text) if text.len() >= MIN_SPLIT => {
            let mut middle = text.len() / 2;
            while !text.is_char_boundary(middle) {
                middle -= 1;
            }
            let (first, second) = text.split_at(middle);
            let pieces = Json::Array(vec![Json::text(first), Json::text(second)]);
            *value = Json::object([("$join", pieces)]);
        }
        Json::Array(items) => items.iter_mut().for_each(in_pieces),
        Json::Object(members) => members.iter_mut().for_each(|(_, member)| in_pieces(member)),
        _ => {}
    }
}

/// The text of a file with these cases, one in a line.
#[must_use]
pub fn file_of(cases: &[Json]) -> String {
    let cases: Vec<String> = cases.iter().map(Json::to_text).collect();
    format!("{{\"cases\": [\n{}\n]}}\n", cases.join(",\n"))
}

/// The text of a file with one more case at its end, and all else as it was. None where it has no list
/// `cases`.
#[must_use]
pub fn append(text: &str, case: &Json) -> Option<String> {
    let Json::Array(_) = Json::parse(text).ok()?.member("cases")? else {
        return None;
    };
    let end = range_of(text, "/cases").end - 1;
    let (before, behind) = (text.get(..end)?, text.get(end..)?);
    let kept = before.trim_end();
    let comma = if kept.ends_with('[') { "" } else { "," };
    Some(format!("{kept}{comma}\n{}\n{behind}", case.to_text()))
}
