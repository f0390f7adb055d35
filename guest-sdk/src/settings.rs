//! The plugin's own settings, read with their types. A fault names the place and what belongs
//! there, so that `configure` can hand it to the operator as it is.

use crate::document::{self, item};
use crate::{Part, SettingFault, Value};

/// The text at a pointer; none where nothing stands there.
///
/// # Errors
/// A fault where something else stands there.
pub fn text(pointer: &str) -> Result<Option<String>, SettingFault> {
    match get(pointer)? {
        None => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text)),
        Some(_) => Err(SettingFault::new(pointer, "give a text here")),
    }
}

/// The texts of the array at a pointer; none where nothing stands there.
///
/// # Errors
/// A fault where something else stands there, or in the array.
pub fn texts(pointer: &str) -> Result<Option<Vec<String>>, SettingFault> {
    match get(pointer)? {
        None => Ok(None),
        Some(Value::Items(count)) => (0..count)
            .map(|index| {
                let place = item(pointer, index);
                text(&place)?.ok_or_else(|| SettingFault::new(&place, "give a text here"))
            })
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err(SettingFault::new(pointer, "give a list of texts here")),
    }
}

/// The flag at a pointer; none where nothing stands there.
///
/// # Errors
/// A fault where something else stands there.
pub fn flag(pointer: &str) -> Result<Option<bool>, SettingFault> {
    match get(pointer)? {
        None => Ok(None),
        Some(Value::Boolean(flag)) => Ok(Some(flag)),
        Some(_) => Err(SettingFault::new(pointer, "give `true` or `false` here")),
    }
}

/// The whole number at a pointer; none where nothing stands there.
///
/// # Errors
/// A fault where something else stands there, or a number that is not whole or not within 64 bits.
pub fn number(pointer: &str) -> Result<Option<i64>, SettingFault> {
    let fault = || SettingFault::new(pointer, "give a whole number here");
    match get(pointer)? {
        None => Ok(None),
        Some(Value::Number(literal)) => literal.parse().map(Some).map_err(|_| fault()),
        Some(_) => Err(fault()),
    }
}

/// Faults for members of the object at `pointer` whose names are not among `known`: a setting that
/// is misspelt must not be passed over. A fault too where something else than an object stands
/// there; none where nothing does.
#[must_use]
pub fn unknown(pointer: &str, known: &[&str]) -> Vec<SettingFault> {
    let names = match get(pointer) {
        Ok(None) => return Vec::new(),
        Ok(Some(Value::Members(_))) => document::names(Part::Settings, pointer),
        Ok(Some(_)) => return vec![SettingFault::new(pointer, "give a table here")],
        Err(fault) => return vec![fault],
    };
    let Ok(names) = names else {
        return vec![SettingFault::new(pointer, UNREADABLE)];
    };
    names
        .iter()
        .filter(|name| !known.contains(&name.as_str()))
        .map(|name| {
            let message = ["no such setting; known are: ", &known.join(", ")].concat();
            SettingFault::new(&document::child(pointer, name), &message)
        })
        .collect()
}

/// Settings are always granted, so this is a size: texts of more than a check may read.
const UNREADABLE: &str = "cannot be read: too large";

fn get(pointer: &str) -> Result<Option<Value>, SettingFault> {
    document::get(Part::Settings, pointer).map_err(|_| SettingFault::new(pointer, UNREADABLE))
}
