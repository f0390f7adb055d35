//! What the contract asks of a declaration.

use wardlet_call::{Code, Projection, steers};

use super::{Fault, host};
use crate::Description;

/// The most reasons and needs of a plugin (contract, `plugin.description`).
const MAX_REASONS: usize = 64;
/// The most entities of a plugin (contract, `plugin.description`).
const MAX_ENTITIES: usize = 256;
/// The longest sentence in bytes (contract, `plugin.code`).
const MAX_SENTENCE: usize = 200;

/// Checks a declaration, that it came out the same twice, and that its needs are granted.
pub(super) fn check(
    description: &Description,
    again: &Description,
    granted: &Projection,
) -> Result<(), Fault> {
    let bad = |what: &str| Err(Fault::BadDescription(what.to_owned()));
    if description != again {
        return bad("differs between two calls");
    }
    if Code::parse(&description.name).is_err() {
        return bad("the name is not of `a-z 0-9 -`");
    }
    if !is_version(&description.version) {
        return bad("the version is not a semantic version");
    }
    if !is_sentence(&description.summary) {
        return bad("the summary is empty, over 200 bytes or not one plain line");
    }
    let (reasons, entities) = (&description.reasons, &description.entities);
    if reasons.len() > MAX_REASONS || description.needs.len() > MAX_REASONS {
        return bad("more than 64 reasons or needs");
    }
    if entities.len() > MAX_ENTITIES {
        return bad("more than 256 entities");
    }
    for code in reasons.iter().chain(entities) {
        if Code::parse(&code.code).is_err() {
            return bad("a code is not of `a-z 0-9 -`");
        }
        if !is_sentence(&code.sentence) {
            return bad("a sentence is empty, over 200 bytes or not one plain line");
        }
    }
    for codes in [reasons, entities] {
        let mut names: Vec<_> = codes.iter().map(|code| &code.code).collect();
        names.sort_unstable();
        if names.array_windows().any(|[a, b]| a == b) {
            return bad("a code is declared twice");
        }
    }
    for need in &description.needs {
        let needed = Projection::of(host::part_of(need.part), &need.pointer)
            .map_err(|error| Fault::BadDescription(error.to_string()))?;
        if !granted.includes(&needed) {
            return Err(Fault::NotShown(needed.to_string()));
        }
    }
    Ok(())
}

/// What people can be shown as it is.
fn is_sentence(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_SENTENCE && !text.contains(steers)
}

/// Three numbers, then perhaps a pre-release or build (semver.org, version 2.0.0).
fn is_version(version: &str) -> bool {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = core.split('.').collect();
    numbers.len() == 3
        && numbers
            .iter()
            .all(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}
