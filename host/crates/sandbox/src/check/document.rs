//! Interface `document`: the host's documents, through the plugin's projection.

use std::sync::Arc;

use wardlet_call::{Document, Json, Part, Pointer};
use wasmtime::Result;

use super::State;
use crate::bindings::document::{Batch, Failure, Host, Leaf, Value};
use crate::bindings::types;

/// Text bytes of one batch of leaves: one page of a guest's memory.
const MAX_BATCH_BYTES: usize = 64 << 10;

/// Leaves of one batch: each costs the guest an allocation.
const MAX_BATCH_LEAVES: usize = 256;

/// Names of one call of `names`: each costs the guest an allocation.
const MAX_NAMES: usize = 256;

/// What the host looks at in one call of `strings` before it comes back with what it has, so that
/// a plugin that was granted one leaf of a million cannot make the host search on its behalf for
/// longer than a moment: deadlines act only between host calls.
const MAX_LEAVES_LOOKED_AT: u32 = 65_536;

/// What a function of the interface answers.
type Answer<T> = std::result::Result<T, Failure>;

impl Host for State {
    fn get(&mut self, part: types::Part, pointer: String) -> Result<Answer<Option<Value>>> {
        self.meter.host_call()?;
        Ok(self.value_at(part, &pointer))
    }

    fn names(
        &mut self,
        part: types::Part,
        pointer: String,
        skip: u32,
    ) -> Result<Answer<Vec<String>>> {
        self.meter.host_call()?;
        Ok(self.names_at(part, &pointer, skip))
    }

    fn strings(&mut self, part: types::Part, pointer: String, from: u32) -> Result<Answer<Batch>> {
        self.meter.host_call()?;
        Ok(self.strings_below(part.into(), &pointer, from))
    }

    fn locate(&mut self, part: types::Part, leaf: u32) -> Result<Answer<Option<String>>> {
        self.meter.host_call()?;
        Ok(self.pointer_of(part.into(), leaf))
    }

    fn text(&mut self, part: types::Part) -> Result<Answer<Option<String>>> {
        self.meter.host_call()?;
        Ok(self.whole(part.into()))
    }
}

impl State {
    fn value_at(&mut self, part: types::Part, pointer: &str) -> Answer<Option<Value>> {
        let (part, pointer) = self.place(part, pointer)?;
        let Some(document) = self.document(part).map(Arc::clone) else {
            return Ok(None);
        };
        let Some(value) = pointer.of(document.root()) else {
            return Ok(None);
        };
        self.spend(bytes_of(value))?;
        Ok(Some(lower(value)))
    }

    fn names_at(&mut self, part: types::Part, pointer: &str, skip: u32) -> Answer<Vec<String>> {
        let (part, pointer) = self.place(part, pointer)?;
        let Some(document) = self.document(part) else {
            return Ok(Vec::new());
        };
        let names: Vec<String> = match pointer.of(document.root()) {
            Some(Json::Object(members)) => {
                let rest = members.iter().skip(skip as usize).take(MAX_NAMES);
                rest.map(|(name, _)| name.clone()).collect()
            }
            _ => Vec::new(),
        };
        self.spend(names.iter().map(String::len).sum())?;
        Ok(names)
    }

    fn strings_below(&mut self, part: Part, pointer: &str, from: u32) -> Answer<Batch> {
        let pointer = Pointer::parse(pointer).map_err(|_| Failure::BadPointer)?;
        if !self.standing.projection.reaches(part, pointer) {
            return Err(Failure::NotGranted);
        }
        let Some(document) = self.document(part).map(Arc::clone) else {
            return Ok(Batch {
                leaves: Vec::new(),
                next: None,
            });
        };
        let (first, end) = document.leaves_below(pointer).unwrap_or((0, 0));
        let batch = self.batch(&document, part, from.max(first)..end);
        self.spend(batch.leaves.iter().map(|leaf| leaf.text.len()).sum())?;
        Ok(batch)
    }

    fn pointer_of(&mut self, part: Part, leaf: u32) -> Answer<Option<String>> {
        // Else the ids that are taken would tell how many texts a hidden part holds.
        if self.standing.projection.hides_all(part) {
            return Err(Failure::NotGranted);
        }
        let Some(document) = self.document(part).map(Arc::clone) else {
            return Ok(None);
        };
        if document
            .shown_leaf(leaf, part, &self.standing.projection)
            .is_none()
        {
            return if leaf < document.leaves().len() {
                Err(Failure::NotGranted)
            } else {
                Ok(None)
            };
        }
        let pointer = document.leaves().pointer(document.root(), leaf);
        self.spend(pointer.as_ref().map_or(0, String::len))?;
        Ok(pointer)
    }

    fn whole(&mut self, part: Part) -> Answer<Option<String>> {
        if !self.standing.projection.shows_all(part) {
            return Err(Failure::NotGranted);
        }
        let Some(document) = self.document(part) else {
            return Ok(None);
        };
        let text = document.root().canonical_or_literal();
        self.spend(text.len())?;
        Ok(Some(text))
    }

    /// A place that the projection shows.
    fn place<'a>(&self, part: types::Part, pointer: &'a str) -> Answer<(Part, Pointer<'a>)> {
        let part = Part::from(part);
        let pointer = Pointer::parse(pointer).map_err(|_| Failure::BadPointer)?;
        if !self.standing.projection.shows(part, pointer) {
            return Err(Failure::NotGranted);
        }
        Ok((part, pointer))
    }

    /// Takes bytes from the check's budget before they cross.
    fn spend(&mut self, bytes: usize) -> Answer<()> {
        if self.meter.cross(bytes) {
            Ok(())
        } else {
            Err(Failure::TooLarge)
        }
    }

    fn batch(&self, document: &Document, part: Part, ids: std::ops::Range<u32>) -> Batch {
        let mut leaves = Vec::new();
        let mut bytes = 0;
        let stop = ids.start.saturating_add(MAX_LEAVES_LOOKED_AT);
        for id in ids.clone() {
            if id == stop || leaves.len() == MAX_BATCH_LEAVES {
                return Batch {
                    leaves,
                    next: Some(id),
                };
            }
            let Some(leaf) = document.shown_leaf(id, part, &self.standing.projection) else {
                continue;
            };
            bytes += leaf.text.len();
            if bytes > MAX_BATCH_BYTES && !leaves.is_empty() {
                return Batch {
                    leaves,
                    next: Some(id),
                };
            }
            leaves.push(Leaf {
                id,
                name: leaf.name,
                text: leaf.text.to_owned(),
            });
        }
        Batch { leaves, next: None }
    }
}

/// The bytes of text that cross with a value. Known before anything is copied.
fn bytes_of(value: &Json) -> usize {
    match value {
        Json::Number(text) | Json::String(text) => text.len(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => 0,
    }
}

/// A value as the contract has it.
fn lower(value: &Json) -> Value {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    match value {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Boolean(*flag),
        Json::Number(literal) => Value::Number(literal.clone()),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::Items(count(items.len())),
        Json::Object(members) => Value::Members(count(members.len())),
    }
}
