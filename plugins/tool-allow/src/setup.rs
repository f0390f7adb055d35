//! Validates the settings.

use wardlet_sdk::document::{self, child};
use wardlet_sdk::{Part, SettingFault, Value, settings};

use crate::condition;
use crate::rule::TOOLS;

/// The longest pointer in bytes (contract, `document.failure`).
const MAX_POINTER: usize = 1024;

/// Checks every setting, and gives all faults.
pub(crate) fn check() -> Result<(), Vec<SettingFault>> {
    let mut faults = settings::unknown("", &["tools"]);
    match document::get(Part::Settings, TOOLS) {
        Ok(Some(Value::Members(count))) if count > 0 => {
            for name in names(TOOLS)? {
                faults.extend(check_rule(&child(TOOLS, &name)));
            }
        }
        _ => {
            let message = "list at least one tool, for example {\"read_file\": {}}";
            faults.push(SettingFault::new(TOOLS, message));
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}

fn check_rule(place: &str) -> Vec<SettingFault> {
    let mut faults = settings::unknown(place, &["arguments", "other_arguments", "approval"]);
    if !faults.is_empty() {
        return faults;
    }
    faults.extend(settings::flag(&child(place, "approval")).err());
    let others = child(place, "other_arguments");
    match settings::text(&others) {
        Ok(word) => {
            if !matches!(word.as_deref(), None | Some("allow" | "deny")) {
                faults.push(SettingFault::new(&others, "give \"allow\" or \"deny\""));
            }
        }
        Err(fault) => faults.push(fault),
    }
    let arguments = child(place, "arguments");
    match document::get(Part::Settings, &arguments) {
        Ok(None) => {}
        Ok(Some(Value::Members(_))) => match names(&arguments) {
            Ok(pointers) => {
                for pointer in pointers {
                    let place = child(&arguments, &pointer);
                    if !is_pointer(&pointer) {
                        let message = "name the argument by a JSON pointer, for example `/path`";
                        faults.push(SettingFault::new(&place, message));
                    }
                    faults.extend(condition::check(&place));
                }
            }
            Err(fault) => faults.push(fault),
        },
        _ => faults.push(SettingFault::new(
            &arguments,
            "give a table of JSON pointers and conditions",
        )),
    }
    faults
}

fn names(place: &str) -> Result<Vec<String>, SettingFault> {
    document::names(Part::Settings, place)
        .map_err(|_| SettingFault::new(place, "cannot be read: too large"))
}

/// RFC 6901, section 3; the whole of the arguments (`""`) is no argument.
fn is_pointer(text: &str) -> bool {
    let mut escapes = text.split('~').skip(1);
    text.len() <= MAX_POINTER
        && text.starts_with('/')
        && escapes.all(|rest| rest.starts_with(['0', '1']))
}
