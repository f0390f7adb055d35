//! What a plugin answered, held against what it declared.

use std::collections::BTreeMap;

use wardlet_call::{Code, Edit, Obligation, Ruling, Verdict};

use crate::bindings::types;
use crate::description::{Description, Sentence, shown};
use crate::limits::{MAX_OBLIGATION_BYTES, MAX_OBLIGATIONS};

/// Why an answer is none, for the plugin's author.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadAnswer {
    #[error(
        "it denies or asks for approval for `{0}`, which is not one of the reasons in its declaration"
    )]
    Reason(String),
    #[error("it found a `{0}`, which is not one of the entities in its declaration")]
    Entity(String),
    #[error("it attached {0} obligations, of {MAX_OBLIGATIONS} at most")]
    Obligations(usize),
    #[error("it attached an obligation of {0} bytes, of {MAX_OBLIGATION_BYTES} at most")]
    Obligation(usize),
}

/// The verdict, and the sentence that was declared for the code that it names, or an empty one.
pub(crate) fn verdict(
    description: &Description,
    given: types::Verdict,
) -> Result<(Verdict, Sentence), BadAnswer> {
    let reason = |code: &str| {
        let found = declared(&description.reasons, code);
        found.ok_or_else(|| BadAnswer::Reason(shown(code)))
    };
    let (ruling, sentence) = match given.decision {
        types::Decision::Abstain => (Ruling::Abstain, Sentence::new()),
        types::Decision::Allow => (Ruling::Allow, Sentence::new()),
        types::Decision::Deny(code) => {
            let (code, sentence) = reason(&code)?;
            (Ruling::Deny(code), sentence.clone())
        }
        types::Decision::RequireApproval(code) => {
            let (code, sentence) = reason(&code)?;
            (Ruling::RequireApproval(code), sentence.clone())
        }
    };
    let count = given.obligations.len();
    if count > MAX_OBLIGATIONS {
        return Err(BadAnswer::Obligations(count));
    }
    let obligations = given.obligations.into_iter().map(obligation);
    let verdict = Verdict {
        ruling,
        obligations: obligations.collect::<Result<_, _>>()?,
    };
    Ok((verdict, sentence))
}

/// The edits. Whether they fit the document is for [`wardlet_call::Spans`] to say.
pub(crate) fn edits(
    description: &Description,
    given: Vec<types::Edit>,
) -> Result<Vec<Edit>, BadAnswer> {
    let lifted = given.into_iter().map(|edit| {
        let (entity, _) = declared(&description.entities, &edit.entity)
            .ok_or_else(|| BadAnswer::Entity(shown(&edit.entity)))?;
        Ok(Edit {
            leaf: edit.leaf,
            start: edit.start,
            end: edit.end,
            entity,
            confidence: edit.confidence,
        })
    });
    lifted.collect()
}

fn declared<'a>(codes: &'a BTreeMap<Code, Sentence>, code: &str) -> Option<(Code, &'a Sentence)> {
    let code = Code::parse(code).ok()?;
    let sentence = codes.get(&code)?;
    Some((code, sentence))
}

fn obligation(given: types::Obligation) -> Result<Obligation, BadAnswer> {
    let bytes = given.kind.len() + given.parameters.len();
    if bytes > MAX_OBLIGATION_BYTES {
        return Err(BadAnswer::Obligation(bytes));
    }
    Ok(match given.kind.as_str() {
        "durable" => Obligation::Durable,
        _ => Obligation::Unknown {
            must_understand: given.must_understand,
        },
    })
}
