//! Case files: what a plugin is asked and what it must answer, as JSON, so that the native double
//! and the real sandbox run the same cases.
//!
//! A file is `{"cases": [...]}`; each case has `name`, `subject` (`phase`, `method`, `server`,
//! `name`) and `expect`, and may have `settings`, `sees`, `definition`, `arguments` and `result`.
//! `expect` is one of
//! - `{"verdict": "allow" | "abstain" | "deny" | "require-approval", "code": …}`,
//! - `{"edits": [{"pointer", "text", "entity"}]}`, in the order of the document,
//! - `{"configure": ["/pointer", …]}`: the settings are refused at these places,
//! - `{"fault": true}`: the plugin does not load, or its answer is a fault.
//!
//! Anywhere in the file `{"$join": ["gh", "p_x"]}` stands for the joined text, so that invented
//! credentials do not trip scanners that read the file.

use wardlet_call::Json;

use super::{Check, Checked, Fault, Find};
use crate::{Decision, Part, Phase, Policy, Redactor, Subject, Verdict};

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// What is judged.
    pub subject: Subject,
    /// JSON; `{}` where the case gives none.
    pub settings: String,
    /// The grants; none stands for everything.
    pub sees: Option<Vec<String>>,
    /// JSON.
    pub arguments: Option<String>,
    /// JSON.
    pub result: Option<String>,
    /// JSON.
    pub definition: Option<String>,
    /// What must come out.
    pub expect: Expect,
}

/// What must come out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// A verdict without obligations.
    Verdict(Decision),
    /// Finds: pointer, text, entity.
    Edits(Vec<(String, String, String)>),
    /// `configure` gives faults at exactly these pointers.
    Configure(Vec<String>),
    /// A fault of any other kind.
    Fault,
}

/// Reads a case file.
///
/// # Errors
/// What is wrong, with the name of the case: a member that is unknown is not passed over.
pub fn read(text: &str) -> Result<Vec<Case>, String> {
    let mut file = Json::parse(text).map_err(|error| error.to_string())?;
    join(&mut file);
    let Some(Json::Array(cases)) = file.member("cases") else {
        return Err("no list `cases`".to_owned());
    };
    cases
        .iter()
        .map(|case| {
            let name = case.member("name").and_then(Json::as_str);
            let name = name.ok_or("a case has no `name`")?;
            read_case(case, name).map_err(|error| format!("`{name}`: {error}"))
        })
        .collect()
}

/// Runs all cases of a file with a policy, and tells what came out otherwise than expected.
///
/// # Errors
/// As [`read`].
pub fn run_policy<P: Policy>(text: &str) -> Result<Vec<String>, String> {
    Ok(read(text)?
        .iter()
        .filter_map(|case| mismatch(case, &of_verdict(case.check().evaluate::<P>())))
        .collect())
}

/// Runs all cases of a file with a redactor, and tells what came out otherwise than expected.
///
/// # Errors
/// As [`read`].
pub fn run_redactor<P: Redactor>(text: &str) -> Result<Vec<String>, String> {
    Ok(read(text)?
        .iter()
        .filter_map(|case| mismatch(case, &of_finds(case.check().find::<P>(case.part()))))
        .collect())
}

impl Case {
    /// The part that a redactor is asked about: the result in the response phase, else the
    /// arguments.
    #[must_use]
    pub fn part(&self) -> Part {
        match self.subject.phase {
            Phase::Request => Part::Arguments,
            Phase::Response => Part::Result,
        }
    }

    /// The check of this case.
    #[must_use]
    pub fn check(&self) -> Check {
        let subject = &self.subject;
        let mut check = Check::new().settings(&self.settings).subject(
            subject.phase,
            &subject.method,
            &subject.server,
            &subject.name,
        );
        if let Some(sees) = &self.sees {
            let sees: Vec<&str> = sees.iter().map(String::as_str).collect();
            check = check.sees(&sees);
        }
        for (json, with) in [
            (
                &self.arguments,
                Check::arguments as fn(Check, &str) -> Check,
            ),
            (&self.result, Check::result),
            (&self.definition, Check::definition),
        ] {
            if let Some(json) = json {
                check = with(check, json);
            }
        }
        check
    }
}

fn mismatch(case: &Case, got: &Expect) -> Option<String> {
    (*got != case.expect).then(|| format!("{}: got {got:?}, expected {:?}", case.name, case.expect))
}

fn of_verdict(checked: Checked<Verdict>) -> Expect {
    match checked.answer {
        Ok(verdict) => Expect::Verdict(verdict.decision),
        Err(fault) => of_fault(fault),
    }
}

fn of_finds(checked: Checked<Vec<Find>>) -> Expect {
    match checked.answer {
        Ok(finds) => Expect::Edits(
            finds
                .into_iter()
                .map(|find| (find.pointer, find.text, find.entity))
                .collect(),
        ),
        Err(fault) => of_fault(fault),
    }
}

fn of_fault(fault: Fault) -> Expect {
    match fault {
        Fault::BadSettings(faults) => {
            Expect::Configure(faults.into_iter().map(|fault| fault.pointer).collect())
        }
        _ => Expect::Fault,
    }
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

fn read_case(case: &Json, name: &str) -> Result<Case, String> {
    const KNOWN: [&str; 8] = [
        "name",
        "subject",
        "settings",
        "sees",
        "arguments",
        "result",
        "definition",
        "expect",
    ];
    only(case, &KNOWN)?;
    let text = |member: &str| case.member(member).map(Json::to_text);
    Ok(Case {
        name: name.to_owned(),
        subject: read_subject(case.member("subject").ok_or("no `subject`")?)?,
        settings: text("settings").unwrap_or_else(|| "{}".to_owned()),
        sees: case.member("sees").map(texts).transpose()?,
        arguments: text("arguments"),
        result: text("result"),
        definition: text("definition"),
        expect: read_expect(case.member("expect").ok_or("no `expect`")?)?,
    })
}

fn read_subject(subject: &Json) -> Result<Subject, String> {
    only(subject, &["phase", "method", "server", "name"])?;
    Ok(Subject {
        phase: match member(subject, "phase")?.as_str() {
            "request" => Phase::Request,
            "response" => Phase::Response,
            other => return Err(format!("`{other}` is no phase")),
        },
        method: member(subject, "method")?,
        server: member(subject, "server")?,
        name: member(subject, "name")?,
    })
}

fn read_expect(expect: &Json) -> Result<Expect, String> {
    only(expect, &["verdict", "code", "edits", "configure", "fault"])?;
    if let Some(word) = expect.member("verdict").and_then(Json::as_str) {
        let code = || member(expect, "code");
        return Ok(Expect::Verdict(match word {
            "allow" => Decision::Allow,
            "abstain" => Decision::Abstain,
            "deny" => Decision::Deny(code()?),
            "require-approval" => Decision::RequireApproval(code()?),
            other => return Err(format!("`{other}` is no verdict")),
        }));
    }
    if let Some(Json::Array(edits)) = expect.member("edits") {
        return edits
            .iter()
            .map(read_edit)
            .collect::<Result<_, _>>()
            .map(Expect::Edits);
    }
    if let Some(pointers) = expect.member("configure") {
        return Ok(Expect::Configure(texts(pointers)?));
    }
    match expect.member("fault") {
        Some(Json::Bool(true)) => Ok(Expect::Fault),
        _ => Err("nothing is expected".to_owned()),
    }
}

fn read_edit(edit: &Json) -> Result<(String, String, String), String> {
    only(edit, &["pointer", "text", "entity"])?;
    Ok((
        member(edit, "pointer")?,
        member(edit, "text")?,
        member(edit, "entity")?,
    ))
}

fn member(value: &Json, name: &str) -> Result<String, String> {
    let text = value.member(name).and_then(Json::as_str);
    text.map(str::to_owned)
        .ok_or_else(|| format!("no text `{name}`"))
}

fn texts(value: &Json) -> Result<Vec<String>, String> {
    let Json::Array(items) = value else {
        return Err("no list of texts".to_owned());
    };
    items
        .iter()
        .map(|item| {
            item.as_str()
                .map(str::to_owned)
                .ok_or_else(|| "no list of texts".to_owned())
        })
        .collect()
}

fn only(value: &Json, known: &[&str]) -> Result<(), String> {
    let Json::Object(members) = value else {
        return Err("no object".to_owned());
    };
    match members
        .iter()
        .find(|(name, _)| !known.contains(&name.as_str()))
    {
        Some((name, _)) => Err(format!("`{name}` is unknown")),
        None => Ok(()),
    }
}
