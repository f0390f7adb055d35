//! What an argument must be like.

use wardlet_sdk::document::{self, child, item};
use wardlet_sdk::{Failure, Part, SettingFault, Value, settings};

use crate::glob;

/// The tests that a condition may have; all that it has must hold.
const TESTS: [&str; 5] = ["equals", "one_of", "prefix", "suffix", "glob"];

/// The code of the refusal, if the argument at `pointer` does not fulfil the condition at `place`.
pub(crate) fn refusal(pointer: &str, place: &str) -> Result<Option<&'static str>, String> {
    let has_test = document::names(Part::Settings, place)?
        .iter()
        .any(|name| TESTS.contains(&name.as_str()));
    let required = settings::flag(&child(place, "required"))? == Some(true);
    if !has_test && !required {
        // Whatever stands there is not even read.
        return Ok(None);
    }
    let Some(value) = document::get(Part::Arguments, pointer)? else {
        return Ok(required.then_some("argument-missing"));
    };
    if !has_test {
        return Ok(None);
    }
    let fits = match value {
        Value::Items(count) => all_fit(pointer, count, place)?,
        single => fits(&single, place)?,
    };
    Ok((!fits).then_some("argument-mismatch"))
}

/// Whether each item of an array passes all tests of a condition.
fn all_fit(pointer: &str, count: u32, place: &str) -> Result<bool, String> {
    for index in 0..count {
        match document::get(Part::Arguments, &item(pointer, index))? {
            Some(value) if fits(&value, place)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Whether a single value passes all tests of a condition.
fn fits(value: &Value, place: &str) -> Result<bool, String> {
    if matches!(value, Value::Members(_) | Value::Items(_)) {
        return Ok(false);
    }
    if let Some(wanted) = document::get(Part::Settings, &child(place, "equals"))?
        && wanted != *value
    {
        return Ok(false);
    }
    let choices = child(place, "one_of");
    if let Some(Value::Items(count)) = document::get(Part::Settings, &choices)?
        && !is_one_of(value, &choices, count)?
    {
        return Ok(false);
    }
    let text = match value {
        Value::Text(text) => Some(text.as_str()),
        _ => None,
    };
    for test in ["prefix", "suffix", "glob"] {
        if let Some(wanted) = settings::text(&child(place, test))?
            && !text.is_some_and(|text| passes(test, &wanted, text))
        {
            return Ok(false);
        }
    }
    Ok(true)
}

fn passes(test: &str, wanted: &str, text: &str) -> bool {
    match test {
        "prefix" => text.starts_with(wanted),
        "suffix" => text.ends_with(wanted),
        _ => glob::matches(wanted, text),
    }
}

fn is_one_of(value: &Value, choices: &str, count: u32) -> Result<bool, Failure> {
    for index in 0..count {
        if document::get(Part::Settings, &item(choices, index))?.as_ref() == Some(value) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The faults of the condition at a place.
pub(crate) fn check(place: &str) -> Vec<SettingFault> {
    let mut known = TESTS.to_vec();
    known.push("required");
    let mut faults = settings::unknown(place, &known);
    if !faults.is_empty() {
        return faults;
    }
    faults.extend(settings::flag(&child(place, "required")).err());
    for name in ["prefix", "suffix", "glob"] {
        faults.extend(settings::text(&child(place, name)).err());
    }
    let scalar = |at: &str| match document::get(Part::Settings, at) {
        Ok(Some(Value::Members(_) | Value::Items(_))) | Err(_) => Some(SettingFault::new(
            at,
            "give a text, a number, `true`, `false` or `null` here",
        )),
        Ok(_) => None,
    };
    faults.extend(scalar(&child(place, "equals")));
    let choices = child(place, "one_of");
    match document::get(Part::Settings, &choices) {
        Ok(None) => {}
        Ok(Some(Value::Items(count))) if count > 0 => {
            faults.extend((0..count).filter_map(|index| scalar(&item(&choices, index))));
        }
        _ => faults.push(SettingFault::new(&choices, "give a list of values here")),
    }
    faults
}
