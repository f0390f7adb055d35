//! From the text of a file to its cases.

use super::at::{At, Read, Wrong};
use super::expect::read_expect;
use super::place::{items_of, line_at, line_of, range_of};
use super::{Case, CaseError, DEFAULT_HTTP_REQUESTS};
use crate::json::{Json, JsonError};
use crate::name::Code;
use crate::pointer::push_step;
use crate::projection::Projection;
use crate::redaction::Found;
use crate::tape::HostCall;
use crate::verdict::{Phase, Subject};

/// What a file may say once for all of its cases.
const SHARED: [&str; 8] = [
    "subject",
    "settings",
    "sees",
    "grants",
    "limits",
    "now",
    "definition",
    "http_requests",
];

/// What only a case may say.
const OWN: [&str; 6] = [
    "name",
    "arguments",
    "result",
    "findings",
    "host_calls",
    "expect",
];

/// Reads a case file.
///
/// # Errors
/// What is wrong with it: of each case the first thing. A member that is unknown is not passed over.
pub fn read(text: &str) -> Result<Vec<Case>, Vec<CaseError>> {
    let mut file = Json::parse(text).map_err(|error| vec![unparsed(text, &error)])?;
    join(&mut file);
    let root = At {
        value: &file,
        pointer: String::new(),
    };
    let error = |wrong: Wrong, case: Option<String>| CaseError {
        line: line_of(text, &wrong.pointer),
        case,
        message: wrong.message,
        hint: wrong.hint,
    };
    let (shared, cases) = split(&root).map_err(|wrong| vec![error(wrong, None)])?;
    let places = items_of(text, "/cases");
    let mut read = Vec::new();
    let mut errors = Vec::new();
    for (case, place) in cases.iter().zip(places) {
        let name = case.value.member("name").and_then(Json::as_str);
        match read_case(&shared, case) {
            Ok(mut case) => {
                let inside = text.get(place.clone()).unwrap_or_default();
                let expect = range_of(inside, "/expect");
                case.expect_at = place.start + expect.start..place.start + expect.end;
                case.line = line_at(text, place.start);
                case.expect_line = line_at(text, case.expect_at.start);
                read.push(case);
            }
            Err(wrong) => errors.push(error(wrong, name.map(str::to_owned))),
        }
    }
    errors.extend(twice(&read));
    if errors.is_empty() {
        Ok(read)
    } else {
        errors.sort_by_key(|error| error.line);
        Err(errors)
    }
}

fn unparsed(text: &str, error: &JsonError) -> CaseError {
    let (line, hint) = match error {
        JsonError::Syntax { line, .. } => (*line, "a case file is JSON, without comments"),
        JsonError::Duplicate { line, .. } => {
            (*line, "each member of an object has a name of its own")
        }
        JsonError::Inexact => (1, "write fewer digits"),
    };
    let lines = text.lines().count().max(1);
    CaseError {
        line: line.clamp(1, lines),
        case: None,
        message: error.to_string(),
        hint: Some(hint.to_owned()),
    }
}

/// What the file says for all cases, and its cases.
fn split<'a>(root: &At<'a>) -> Read<(At<'a>, Vec<At<'a>>)> {
    let mut known = SHARED.to_vec();
    known.push("cases");
    root.only(&known)?;
    let cases = root.required("cases").map_err(|wrong| {
        wrong.hint("write `{\"cases\": [{\"name\": …, \"arguments\": …, \"expect\": …}]}`")
    })?;
    Ok((root.clone(), cases.items()?))
}

/// Two cases of one name could not be told apart in a report, nor chosen.
fn twice(cases: &[Case]) -> Vec<CaseError> {
    let mut seen = std::collections::BTreeMap::new();
    let mut errors = Vec::new();
    for case in cases {
        if let Some(line) = seen.insert(&case.name, case.line) {
            errors.push(CaseError {
                line: case.line,
                case: Some(case.name.clone()),
                message: format!("the case in line {line} has the same name"),
                hint: Some("give each case of a file a name of its own".to_owned()),
            });
        }
    }
    errors
}

fn read_case(file: &At<'_>, case: &At<'_>) -> Read<Case> {
    case.only(&[&OWN[..], &SHARED[..]].concat())?;
    // What the case says comes before what its file says.
    let shared = |name: &str| case.member(name).or_else(|| file.member(name));
    let own = |name: &str| case.member(name).map(|at| at.value.clone());
    let name = case.required("name")?.text()?;
    let settings = shared("settings").map(|at| at.members().map(|_| at.value.clone()));
    Ok(Case {
        name,
        line: 0,
        expect_line: 0,
        expect_at: 0..0,
        subject: subject(file, case)?,
        settings: settings.unwrap_or(Ok(Json::Object(Vec::new())))?,
        sees: shared("sees").map(|at| sees(&at)).transpose()?,
        grants: shared("grants").map(|at| at.texts()).transpose()?,
        limits: match shared("limits") {
            Some(limits) => limits.members()?.to_vec(),
            None => Vec::new(),
        },
        now_ms: shared("now").map_or(Ok(0), |at| at.count())?,
        findings: case
            .member("findings")
            .map_or(Ok(Vec::new()), |at| at.each(finding))?,
        arguments: own("arguments"),
        result: own("result"),
        definition: shared("definition").map(|at| at.value.clone()),
        host_calls: case
            .member("host_calls")
            .map_or(Ok(Vec::new()), |at| at.each(host_call))?,
        http_requests: match shared("http_requests") {
            None => DEFAULT_HTTP_REQUESTS,
            Some(at) => u32::try_from(at.count()?)
                .map_err(|_| at.wrong("so many requests no check makes"))?,
        },
        expect: read_expect(&case.required("expect").map_err(|wrong| {
            wrong.hint("say what must come out, for example `\"expect\": {\"verdict\": \"allow\"}`")
        })?)?,
    })
}

/// Who is judged: member by member the case's, else the file's, else a call of the tool `tool` at the
/// server `server`.
fn subject(file: &At<'_>, case: &At<'_>) -> Read<Subject> {
    let mut subject = Subject {
        phase: Phase::Request,
        method: "tools/call".to_owned(),
        server: "server".to_owned(),
        name: "tool".to_owned(),
    };
    for of in [file, case] {
        let Some(at) = of.member("subject") else {
            continue;
        };
        at.only(&["phase", "method", "server", "name"])?;
        for (name, place) in [
            ("method", &mut subject.method),
            ("server", &mut subject.server),
            ("name", &mut subject.name),
        ] {
            if let Some(text) = at.member(name) {
                *place = text.text()?;
            }
        }
        if let Some(phase) = at.member("phase") {
            subject.phase = match phase.text()?.as_str() {
                "request" => Phase::Request,
                "response" => Phase::Response,
                other => {
                    return Err(phase
                        .wrong(format!("`{other}` is no phase"))
                        .hint("a phase is `request` or `response`"));
                }
            };
        }
    }
    Ok(subject)
}

fn sees(at: &At<'_>) -> Read<Vec<String>> {
    let sees = at.texts()?;
    match Projection::parse(&sees) {
        Ok(_) => Ok(sees),
        Err(error) => Err(at.wrong(error.to_string()).hint(error.hint())),
    }
}

fn finding(at: &At<'_>) -> Read<Found> {
    at.only(&["entity", "count"])?;
    let entity = at.required("entity")?;
    let count = at.required("count")?;
    Ok(Found {
        entity: code(&entity)?,
        count: u32::try_from(count.count()?)
            .map_err(|_| count.wrong("so many finds no document has"))?,
    })
}

/// A reason or an entity.
pub(super) fn code(at: &At<'_>) -> Read<Code> {
    let text = at.text()?;
    Code::parse(&text).map_err(|error| {
        at.wrong(format!("`{text}` is no code"))
            .hint(error.to_string())
    })
}

fn host_call(at: &At<'_>) -> Read<HostCall> {
    at.only(&["call", "with", "gives", "fails"])?;
    let call = at.required("call")?.text()?;
    let with = match at.member("with") {
        Some(with) => with.value.clone(),
        None => Json::Object(Vec::new()),
    };
    let answer = match (at.member("gives"), at.member("fails")) {
        (Some(gives), None) => Ok(gives.value.clone()),
        (None, Some(fails)) => Err(fails.text()?),
        _ => {
            return Err(at
                .wrong("a host call has either `gives` or `fails`")
                .hint("`gives` is what the plugin is answered, `fails` the word of the failure"));
        }
    };
    let host_call = HostCall { call, with, answer };
    host_call.check().map_err(|what| {
        let mut pointer = at.pointer.clone();
        push_step(&mut pointer, what.member);
        Wrong {
            pointer,
            message: what.message,
            hint: Some(what.hint),
        }
    })?;
    Ok(host_call)
}

/// Replaces `{"$join": [texts]}` by the joined text.
fn join(value: &mut Json) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(join),
        Json::Object(members) => {
            if let [(name, Json::Array(pieces))] = members.as_slice()
                && name == "$join"
            {
                let texts = pieces.iter().filter_map(Json::as_str);
                *value = Json::String(texts.collect());
                return;
            }
            members.iter_mut().for_each(|(_, member)| join(member));
        }
        _ => {}
    }
}
