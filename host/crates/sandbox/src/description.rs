//! What a plugin says of itself, checked.

use std::collections::BTreeMap;

use wardlet_call::{Code, MAX_POINTER_BYTES, Part, Projection, steers};

use crate::bindings::declares::exports::wardlet::plugin::plugin as contract;

/// A declared sentence, for people.
pub type Sentence = String;

/// Bytes of a sentence or summary: one line of a terminal or two.
const MAX_SENTENCE: usize = 200;

/// Bytes of a version: semantic versions with a pre-release and a build fit.
const MAX_VERSION: usize = 64;

/// Reasons of one plugin: more sentences than this nobody reviews.
const MAX_REASONS: usize = 64;

/// Entities of one plugin: the largest public sets of secret formats have some two hundred.
const MAX_ENTITIES: usize = 256;

/// Needs of one plugin: as many as a grant can show.
const MAX_NEEDS: usize = 64;

/// Bytes of a need: the longest pointer, after the longest name of a part.
const MAX_NEED: usize = MAX_POINTER_BYTES + "/definition".len();

/// Characters of a component's own text in an error: a few lines of a terminal.
const MAX_SHOWN: usize = 300;

/// A plugin's declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its own name, which need not be the operator's for it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it stops.
    pub summary: Sentence,
    /// Why it may deny or ask.
    pub reasons: BTreeMap<Code, Sentence>,
    /// What it may find.
    pub entities: BTreeMap<Code, Sentence>,
    /// What it reads.
    pub needs: Projection,
    /// The same, one text each as `sees` in the configuration has it.
    pub needed: Vec<String>,
}

impl Description {
    /// Checks a declaration. The error says what is wrong with it, for the plugin's author.
    pub(crate) fn check(raw: contract::Description) -> Result<Self, String> {
        Code::parse(&raw.name).map_err(|error| format!("its name: {error}"))?;
        if !is_line(&raw.version, MAX_VERSION) || raw.version.is_empty() {
            return Err(format!(
                "its version is empty or not one line of at most {MAX_VERSION} bytes"
            ));
        }
        if !is_line(&raw.summary, MAX_SENTENCE) {
            return Err(format!(
                "its summary is not one line of at most {MAX_SENTENCE} bytes"
            ));
        }
        if raw.needs.len() > MAX_NEEDS {
            return Err(format!("its needs: more than {MAX_NEEDS}"));
        }
        let needed: Vec<String> = raw.needs.iter().map(written).collect();
        if !needed.iter().all(|text| is_line(text, MAX_NEED)) {
            return Err(format!(
                "its needs: a pointer is not one line of at most {MAX_NEED} bytes"
            ));
        }
        let payload: Vec<&String> = needed
            .iter()
            .filter(|text| !text.starts_with("/settings"))
            .collect();
        let needs = Projection::parse(&payload).map_err(|error| format!("its needs: {error}"))?;
        Ok(Description {
            reasons: codes(raw.reasons, MAX_REASONS).map_err(|e| format!("its reasons: {e}"))?,
            entities: codes(raw.entities, MAX_ENTITIES)
                .map_err(|e| format!("its entities: {e}"))?,
            needed: payload.into_iter().cloned().collect(),
            name: raw.name,
            version: raw.version,
            summary: raw.summary,
            needs,
        })
    }
}

fn written(need: &contract::Need) -> String {
    format!("/{}{}", Part::from(need.part).name(), need.pointer)
}

fn codes(raw: Vec<contract::Code>, most: usize) -> Result<BTreeMap<Code, Sentence>, String> {
    if raw.len() > most {
        return Err(format!("more than {most}"));
    }
    let mut codes = BTreeMap::new();
    for contract::Code { code, sentence } in raw {
        let code = Code::parse(&code).map_err(|error| error.to_string())?;
        if !is_line(&sentence, MAX_SENTENCE) {
            return Err(format!(
                "a sentence is not one line of at most {MAX_SENTENCE} bytes"
            ));
        }
        if codes.insert(code, sentence).is_some() {
            return Err("a code stands twice".into());
        }
    }
    Ok(codes)
}

/// Sentences reach terminals and agents: one line, without characters that steer either.
fn is_line(text: &str, most: usize) -> bool {
    text.len() <= most && !text.contains(steers)
}

/// A stranger's text as an operator's terminal may have it: bounded, and without what would steer it.
pub(crate) fn shown(text: &str) -> String {
    text.chars()
        .take(MAX_SHOWN)
        .map(|c| {
            if steers(c) {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}
