//! What the list says of one tool.

use wardlet_sdk::document::{self, child, item};
use wardlet_sdk::{Part, Value, Verdict, settings};

use crate::condition;
use crate::glob;

/// The list, in the settings.
pub(crate) const TOOLS: &str = "/tools";

/// The entry of the list that covers a tool.
pub(crate) struct Rule {
    /// Its place in the settings.
    place: String,
}

/// The entry with the tool's own name, or else the first pattern that the name fits.
pub(crate) fn find(tool: &str) -> Result<Option<Rule>, String> {
    let own = child(TOOLS, tool);
    if document::get(Part::Settings, &own)?.is_some() {
        return Ok(Some(Rule { place: own }));
    }
    let names = document::names(Part::Settings, TOOLS)?;
    let pattern = names
        .iter()
        .find(|name| name.contains('*') && glob::matches(name, tool));
    Ok(pattern.map(|name| Rule {
        place: child(TOOLS, name),
    }))
}

impl Rule {
    /// Judges the arguments of the call.
    pub(crate) fn judge(&self) -> Result<Verdict, String> {
        let listed = child(&self.place, "arguments");
        let pointers = document::names(Part::Settings, &listed)?;
        for pointer in &pointers {
            if let Some(code) = condition::refusal(pointer, &child(&listed, pointer))? {
                return Ok(Verdict::deny(code));
            }
        }
        let others = settings::text(&child(&self.place, "other_arguments"))?;
        if others.as_deref() != Some("allow") && !all_listed(&pointers)? {
            return Ok(Verdict::deny("argument-not-listed"));
        }
        let approval = settings::flag(&child(&self.place, "approval"))?;
        Ok(if approval == Some(true) {
            Verdict::require_approval("needs-approval")
        } else {
            Verdict::allow()
        })
    }
}

/// Whether every argument is listed, or has parts of which every one is. The search goes down only
/// where a listed pointer leads, so the operator bounds its depth.
fn all_listed(pointers: &[String]) -> Result<bool, String> {
    let mut places = vec![String::new()];
    while let Some(place) = places.pop() {
        if pointers.contains(&place) {
            continue;
        }
        let leads_on = pointers.iter().any(|pointer| {
            let rest = pointer.strip_prefix(place.as_str());
            rest.is_some_and(|rest| rest.starts_with('/'))
        });
        if !leads_on && !place.is_empty() {
            return Ok(false);
        }
        match document::get(Part::Arguments, &place)? {
            Some(Value::Members(_)) => {
                let names = document::names(Part::Arguments, &place)?;
                places.extend(names.iter().map(|name| child(&place, name)));
            }
            Some(Value::Items(count)) => {
                for index in 0..count {
                    let place = item(&place, index);
                    // Told here, so that a long array ends at its first item that is not listed.
                    let known = |pointer: &String| pointer.starts_with(place.as_str());
                    if !pointers.iter().any(known) {
                        return Ok(false);
                    }
                    places.push(place);
                }
            }
            None => {}
            Some(_) => return Ok(false),
        }
    }
    Ok(true)
}
