//! Writes what came out into the files of cases, where the author says that it is right.

use std::fs;

use wardlet_call::cases::{expect_json, replace_expect};

use super::round::Round;
use crate::cli::say::{Failure, UNREADABLE};

/// Writes `expect` of each case that failed anew. One whose plugin asked something else of the host than
/// the case has stays wrong: no `expect` would make it right.
pub(super) fn accept(round: &mut Round) -> Result<(), Failure> {
    for file in &mut round.files {
        let mut text = file.text.clone();
        // From the end on, so that the places before stay as they are.
        for ran in file.cases.iter_mut().rev() {
            let Ok(tried) = &ran.result else { continue };
            if ran.differences.is_empty() || tried.outcome.diverged.is_some() {
                continue;
            }
            let expect = expect_json(&tried.outcome, &ran.case.expect);
            text = replace_expect(&text, &ran.case, &expect);
            ran.accepted = true;
        }
        if text != file.text {
            fs::write(&file.path, &text).map_err(|error| {
                let path = file.path.display();
                Failure::new(UNREADABLE, format!("cannot write `{path}`: {error}"))
            })?;
        }
    }
    Ok(())
}
