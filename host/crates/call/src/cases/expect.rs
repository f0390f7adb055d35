//! Reads `expect` of a case.

use super::at::{At, Read};
use super::read::code;
use super::{Answer, Expect, ExpectedLine, FoundText};
use crate::json::Json;
use crate::reach::LogLevel;
use crate::verdict::{Obligation, Ruling};

/// One of these says what is answered.
const ANSWERS: [&str; 4] = ["verdict", "edits", "configure", "fault"];

pub(super) fn read_expect(at: &At<'_>) -> Read<Expect> {
    at.only(&[
        "verdict",
        "code",
        "edits",
        "configure",
        "fault",
        "obligations",
        "log",
        "struck",
    ])?;
    let given: Vec<&str> = ANSWERS
        .into_iter()
        .filter(|a| at.member(a).is_some())
        .collect();
    let [one] = given.as_slice() else {
        let message = match given.as_slice() {
            [] => "nothing is expected".to_owned(),
            several => format!("`{}` stand beside each other", several.join("`, `")),
        };
        return Err(at
            .wrong(message)
            .hint("write one of `verdict`, `edits`, `configure` and `fault`"));
    };
    let value = at.required(one)?;
    let answer = match *one {
        "verdict" => Answer::Verdict(ruling(at, &value)?),
        "edits" => Answer::Edits(value.each(edit)?),
        "configure" => Answer::Configure(value.texts()?),
        _ => fault(&value)?,
    };
    if let Some(code) = at.member("code")
        && !matches!(
            answer,
            Answer::Verdict(Ruling::Deny(_) | Ruling::RequireApproval(_))
        )
    {
        return Err(code
            .wrong("a `code` stands beside no `deny` or `require-approval`")
            .hint("take it away"));
    }
    let obligations = at.member("obligations");
    if let Some(obligations) = &obligations
        && !matches!(answer, Answer::Verdict(_))
    {
        return Err(obligations.wrong("`obligations` belong to a `verdict`"));
    }
    Ok(Expect {
        answer,
        obligations: obligations.map(|at| at.each(obligation)).transpose()?,
        log: at.member("log").map(|at| at.each(line)).transpose()?,
        struck: at.member("struck").map(|at| at.texts()).transpose()?,
    })
}

fn ruling(expect: &At<'_>, verdict: &At<'_>) -> Read<Ruling> {
    let code_of = || code(&expect.required("code")?);
    Ok(match verdict.text()?.as_str() {
        "allow" => Ruling::Allow,
        "abstain" => Ruling::Abstain,
        "deny" => Ruling::Deny(code_of()?),
        "require-approval" => Ruling::RequireApproval(code_of()?),
        other => {
            return Err(verdict
                .wrong(format!("`{other}` is no verdict"))
                .hint("a verdict is `allow`, `abstain`, `deny` or `require-approval`"));
        }
    })
}

fn edit(at: &At<'_>) -> Read<FoundText> {
    at.only(&["pointer", "text", "entity"])?;
    Ok(FoundText {
        pointer: at.required("pointer")?.text()?,
        text: at.required("text")?.text()?,
        entity: at.required("entity")?.text()?,
    })
}

fn fault(at: &At<'_>) -> Read<Answer> {
    match at.value {
        Json::Bool(true) => Ok(Answer::Fault(None)),
        Json::String(word) => Ok(Answer::Fault(Some(word.clone()))),
        _ => Err(at
            .wrong("`fault` is neither `true` nor a word")
            .hint("`true` stands for any fault; a word for one, for example `\"trap\"`")),
    }
}

fn obligation(at: &At<'_>) -> Read<Obligation> {
    if let Some(must) = at.member("must_understand") {
        at.only(&["must_understand"])?;
        return match must.value {
            Json::Bool(must_understand) => Ok(Obligation::Unknown {
                must_understand: *must_understand,
            }),
            _ => Err(must.wrong("`must_understand` is `true` or `false`")),
        };
    }
    match at.value.as_str() {
        Some("durable") => Ok(Obligation::Durable),
        _ => Err(at.wrong("no such obligation").hint(
            "write `\"durable\"`, or `{\"must_understand\": …}` for a kind that the host does not know",
        )),
    }
}

fn line(at: &At<'_>) -> Read<ExpectedLine> {
    at.only(&["level", "message", "fields"])?;
    let level = at.member("level").map(|at| {
        let word = at.text()?;
        LogLevel::from_name(&word).ok_or_else(|| {
            at.wrong(format!("`{word}` is no level"))
                .hint("a level is `trace`, `debug`, `info`, `warn` or `error`")
        })
    });
    let fields = at.member("fields").map(|at| {
        let fields = at.members()?.iter();
        let fields = fields.map(|(key, _)| Ok((key.clone(), at.required(key)?.text()?)));
        fields.collect::<Read<_>>()
    });
    Ok(ExpectedLine {
        level: level.transpose()?,
        message: at.member("message").map(|at| at.text()).transpose()?,
        fields: fields.transpose()?,
    })
}
