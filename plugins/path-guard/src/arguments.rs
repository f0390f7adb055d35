//! Finds the paths of a call, at any depth.

use wardlet_sdk::document::{self, child, item};
use wardlet_sdk::{Part, Subject, Value, Verdict};

use crate::Setup;
use crate::path;

/// What one value says.
enum Seen {
    /// A path that may pass.
    Inside,
    /// No path.
    Nothing,
    /// The code of a refusal.
    Refused(&'static str),
}

/// What a place holds, as far as the search goes on there.
enum Holds {
    Members(Vec<String>),
    Items(u32),
    /// A text, a number, or nothing to search.
    Nothing,
}

/// An array, and where the search stands in it.
struct Row {
    place: String,
    next: u32,
    count: u32,
}

/// Judges all paths of the arguments. The first refusal in the order of the search concludes.
pub(crate) fn judge(setup: &Setup, subject: &Subject) -> Result<Verdict, String> {
    let mut found = false;
    // Lists of places instead of a function that calls itself: a stranger chooses the depth.
    let mut rows: Vec<Row> = Vec::new();
    let mut places = vec![String::new()];
    while let Some(place) = places.pop().or_else(|| next_item(&mut rows)) {
        match holds(&place)? {
            Holds::Nothing => {}
            Holds::Items(count) => rows.push(Row {
                place,
                next: 0,
                count,
            }),
            Holds::Members(names) => {
                for name in names {
                    let member = child(&place, &name);
                    if !setup.holds_paths(&name) {
                        places.push(member);
                        continue;
                    }
                    match judge_paths(setup, &member)? {
                        Seen::Inside => found = true,
                        Seen::Nothing => {}
                        Seen::Refused(code) => return Ok(Verdict::deny(code)),
                    }
                }
            }
        }
    }
    if found || setup.no_path_tools.contains(&subject.name) {
        Ok(Verdict::allow())
    } else {
        Ok(Verdict::deny("no-path-found"))
    }
}

/// The next item of the last array that has one.
fn next_item(rows: &mut Vec<Row>) -> Option<String> {
    loop {
        let row = rows.last_mut()?;
        if row.next < row.count {
            row.next += 1;
            return Some(item(&row.place, row.next - 1));
        }
        rows.pop();
    }
}

/// Looks into a place without reading a text there: `get` would bring a whole file's content into
/// the sandbox, only to say that it is a text.
fn holds(place: &str) -> Result<Holds, String> {
    let names = document::names(Part::Arguments, place)?;
    if !names.is_empty() {
        return Ok(Holds::Members(names));
    }
    // Only an array that is not empty has an item `0`, now that the place is no object with members.
    if document::get(Part::Arguments, &item(place, 0))?.is_none() {
        return Ok(Holds::Nothing);
    }
    Ok(match document::get(Part::Arguments, place)? {
        Some(Value::Items(count)) => Holds::Items(count),
        _ => Holds::Nothing,
    })
}

/// Judges the value of an argument that holds paths: a text, or a list of texts.
fn judge_paths(setup: &Setup, place: &str) -> Result<Seen, String> {
    let Some(Value::Items(count)) = document::get(Part::Arguments, place)? else {
        return judge_path(setup, place);
    };
    let mut seen = Seen::Nothing;
    for index in 0..count {
        seen = judge_path(setup, &item(place, index))?;
        if matches!(seen, Seen::Refused(_)) {
            break;
        }
    }
    Ok(seen)
}

fn judge_path(setup: &Setup, place: &str) -> Result<Seen, String> {
    let Some(path) = document::string(Part::Arguments, place)? else {
        return Ok(Seen::Refused("unreadable-path"));
    };
    Ok(match path::judge(setup, &path) {
        Ok(()) => Seen::Inside,
        Err(refusal) => Seen::Refused(refusal.code()),
    })
}
