//! A redactor: the numbers of employees, `EMP-` and six digits.
#![deny(unsafe_code)]

use std::ops::Range;

use wardlet_sdk::document;
use wardlet_sdk::log; // capability `log`
use wardlet_sdk::{Description, Edit, Part, Plugin, Redactor, SettingFault, Subject, settings};

/// The plugin's name.
const NAME: &str = "employee-numbers";

/// What is found.
const ENTITY: &str = "employee-number";

/// What a number begins with.
const PREFIX: &str = "EMP-";

/// The digits after it.
const DIGITS: usize = 6;

/// How sure it is of a find, in percent: the form says it all.
const CONFIDENCE: u8 = 100;

/// The plugin.
#[derive(Debug)]
pub struct EmployeeNumbers;

impl Plugin for EmployeeNumbers {
    fn describe() -> Description {
        Description::new(
            NAME,
            env!("CARGO_PKG_VERSION"),
            "Keeps the numbers of employees from passing.",
        )
        .entity(ENTITY, "The number of an employee.")
    }

    fn configure() -> Result<(), Vec<SettingFault>> {
        let faults = settings::unknown("", &[]);
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }
}

impl Redactor for EmployeeNumbers {
    fn find(_: &Subject, part: Part) -> Result<Vec<Edit>, String> {
        let mut edits = Vec::new();
        for leaf in document::strings(part, "") {
            let leaf = leaf?;
            for span in numbers(&leaf.text) {
                edits.push(Edit::new(leaf.id, span, ENTITY, CONFIDENCE));
            }
        }

        // For whoever reads the debug log (capability `log`).
        let count = edits.len().to_string();
        log::debug("looked for employee numbers", &[("found", &count)]);

        Ok(edits)
    }
}

/// The spans of the numbers in a text, in bytes. Between letters or digits there is none: that would
/// be part of another name.
fn numbers(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices(PREFIX).filter_map(|(start, _)| {
        let (before, rest) = text.split_at_checked(start)?;
        let digits = rest.get(PREFIX.len()..PREFIX.len() + DIGITS)?;
        let after = rest.get(PREFIX.len() + DIGITS..)?;
        let is_inner = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit())
            && !is_inner(before.bytes().next_back())
            && !is_inner(after.bytes().next());
        is_number.then(|| start..start + PREFIX.len() + DIGITS)
    })
}

wardlet_sdk::export_redactor!(EmployeeNumbers);
