//! Interface `document`: the host's documents, through the plugin's projection.

use std::sync::Arc;

use wardlet_call::{Document, Json, Part, Pointer};

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

impl Host for State {
    fn get(&mut self, part: types::Part, pointer: String) -> Result<Option<Value>, Failure> {
        let (part, pointer) = self.place(part, &pointer)?;
        let Some(document) = self.document(part) else {
            return Ok(None);
        };
        let Some(value) = pointer.of(document.root()) else {
            return Ok(None);
        };
        let left = after(self.payload_left, bytes_of(value))?;
        let value = lower(value);
        self.payload_left = left;
        Ok(Some(value))
    }

    fn names(
        &mut self,
        part: types::Part,
        pointer: String,
        skip: u32,
    ) -> Result<Vec<String>, Failure> {
        let (part, pointer) = self.place(part, &pointer)?;
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

    fn strings(&mut self, part: types::Part, pointer: String, from: u32) -> Result<Batch, Failure> {
        let part = Part::from(part);
        let pointer = Pointer::parse(&pointer).map_err(|_| Failure::BadPointer)?;
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

    fn locate(&mut self, part: types::Part, leaf: u32) -> Result<Option<String>, Failure> {
        let part = Part::from(part);
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

    fn text(&mut self, part: types::Part) -> Result<Option<String>, Failure> {
        let part = Part::from(part);
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
}

impl State {
    /// A place that the projection shows.
    fn place<'a>(
        &self,
        part: types::Part,
        pointer: &'a str,
    ) -> Result<(Part, Pointer<'a>), Failure> {
        let part = Part::from(part);
        let pointer = Pointer::parse(pointer).map_err(|_| Failure::BadPointer)?;
        if !self.standing.projection.shows(part, pointer) {
            return Err(Failure::NotGranted);
        }
        Ok((part, pointer))
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Failure> {
        self.payload_left = after(self.payload_left, bytes)?;
        Ok(())
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

/// What is left of a budget.
fn after(left: usize, bytes: usize) -> Result<usize, Failure> {
    left.checked_sub(bytes).ok_or(Failure::TooLarge)
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
