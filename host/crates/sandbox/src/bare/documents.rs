//! The documents of the floor, and the host functions that read them.

use serde_json::Value as Parsed;
use wasmtime::{Error, Result};

use super::Inside;
use crate::bindings::document::{Batch, Failure, Host as DocumentHost, Leaf, Value};
use crate::bindings::scan::{Batch as Matches, Excerpt, Failure as NotFound, Host as ScanHost};
use crate::bindings::types::{Host as TypesHost, Part};

/// What `names` gives in one call, by the contract.
const MAX_NAMES: usize = 256;

/// A document with its text leaves and their pointers.
struct Read {
    root: Parsed,
    leaves: Vec<(String, Leaf)>,
}

/// What a check reads.
pub(super) struct Documents {
    payload: Read,
    settings: Read,
}

impl Documents {
    pub(super) fn parse(payload: &str, settings: &str) -> Result<Self> {
        let read = |text| -> Result<Read> {
            let root = serde_json::from_str(text).map_err(Error::new)?;
            let mut found = Vec::new();
            leaves(&root, "", &mut found);
            Ok(Read {
                root,
                leaves: found,
            })
        };
        Ok(Documents {
            payload: read(payload)?,
            settings: read(settings)?,
        })
    }
}

/// The text leaves of a value, in its order.
fn leaves(value: &Parsed, at: &str, found: &mut Vec<(String, Leaf)>) {
    let leaf = |found: &mut Vec<(String, Leaf)>, at: &str, name, text: &str| {
        let id = u32::try_from(found.len()).unwrap_or(u32::MAX);
        let text = text.to_owned();
        found.push((at.to_owned(), Leaf { id, name, text }));
    };
    match value {
        Parsed::String(text) => leaf(found, at, false, text),
        Parsed::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                leaves(item, &format!("{at}/{number}"), found);
            }
        }
        Parsed::Object(members) => {
            for (name, member) in members {
                let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                leaf(found, &at, true, name);
                leaves(member, &at, found);
            }
        }
        Parsed::Null | Parsed::Bool(_) | Parsed::Number(_) => {}
    }
}

impl Inside {
    fn part(&self, part: Part) -> &Read {
        match part {
            Part::Settings => &self.given.documents.settings,
            Part::Arguments | Part::Result | Part::Definition => &self.given.documents.payload,
        }
    }
}

impl TypesHost for Inside {}

type Answer<T> = std::result::Result<T, Failure>;

impl DocumentHost for Inside {
    fn get(&mut self, part: Part, pointer: String) -> Result<Answer<Option<Value>>> {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let value = self.part(part).root.pointer(&pointer);
        Ok(Ok(value.map(|value| match value {
            Parsed::Null => Value::Null,
            Parsed::Bool(flag) => Value::Boolean(*flag),
            Parsed::Number(number) => Value::Number(number.to_string()),
            Parsed::String(text) => Value::Text(text.clone()),
            Parsed::Array(items) => Value::Items(count(items.len())),
            Parsed::Object(members) => Value::Members(count(members.len())),
        })))
    }

    fn names(&mut self, part: Part, pointer: String, skip: u32) -> Result<Answer<Vec<String>>> {
        let value = self.part(part).root.pointer(&pointer);
        let members = value.and_then(Parsed::as_object).into_iter();
        let names = members.flat_map(|members| members.keys());
        let names = names.skip(skip as usize).take(MAX_NAMES);
        Ok(Ok(names.cloned().collect()))
    }

    fn strings(&mut self, part: Part, pointer: String, _: u32) -> Result<Answer<Batch>> {
        let below = |at: &str| {
            let rest = at.strip_prefix(pointer.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let leaves = self.part(part).leaves.iter();
        let leaves = leaves.filter(|(at, _)| below(at));
        Ok(Ok(Batch {
            leaves: leaves.map(|(_, leaf)| leaf.clone()).collect(),
            next: None,
        }))
    }

    fn locate(&mut self, part: Part, leaf: u32) -> Result<Answer<Option<String>>> {
        let found = self.part(part).leaves.get(leaf as usize);
        Ok(Ok(found.map(|(at, _)| at.clone())))
    }

    fn text(&mut self, part: Part) -> Result<Answer<Option<String>>> {
        Ok(Ok(Some(self.part(part).root.to_string())))
    }
}

/// Finds nothing and takes no time for it.
impl ScanHost for Inside {
    fn run(
        &mut self,
        _: String,
        _: Part,
        _: String,
        _: u32,
    ) -> Result<std::result::Result<Matches, NotFound>> {
        Ok(Ok(Matches {
            matches: Vec::new(),
            next: None,
        }))
    }

    fn read(
        &mut self,
        _: Part,
        _: u32,
        _: u32,
        _: u32,
    ) -> Result<std::result::Result<Excerpt, NotFound>> {
        Ok(Err(NotFound::NotGranted))
    }
}
