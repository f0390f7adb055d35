//! Where in a text a value stands. [`Json`](crate::Json) keeps no places, and only who has made a mistake
//! asks for one: what leads there is read again then.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::pointer::Pointer;

/// The members of an object, each with its text.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reads;

        impl<'de> Visitor<'de> for Reads {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reads)
    }
}

/// The bytes of `text` that are the value at a pointer; of the deepest value on the way to it where the
/// text has none there.
pub(super) fn range_of(text: &str, pointer: &str) -> Range<usize> {
    let mut at = trimmed(text);
    if let Ok(pointer) = Pointer::parse(pointer) {
        for step in pointer.steps() {
            match child(at, &step) {
                Some(child) => at = child,
                None => break,
            }
        }
    }
    let start = at.as_ptr().addr() - text.as_ptr().addr();
    start..start + at.len()
}

/// The ranges of the items of the list at a pointer.
pub(super) fn items_of(text: &str, pointer: &str) -> Vec<Range<usize>> {
    let list = text.get(range_of(text, pointer)).unwrap_or_default();
    let items: Vec<&RawValue> = serde_json::from_str(list).unwrap_or_default();
    let range = |item: &&RawValue| {
        let start = item.get().as_ptr().addr() - text.as_ptr().addr();
        start..start + item.get().len()
    };
    items.iter().map(range).collect()
}

/// The line of a byte, counted from 1.
pub(super) fn line_at(text: &str, byte: usize) -> usize {
    let before = text.as_bytes().get(..byte).unwrap_or_default();
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

/// The line of the value at a pointer, counted from 1; of the deepest value on the way to it where the text
/// has none there.
pub(super) fn line_of(text: &str, pointer: &str) -> usize {
    line_at(text, range_of(text, pointer).start)
}

fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

fn child<'a>(text: &'a str, step: &str) -> Option<&'a str> {
    if text.starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
        return Some(items.get(step.parse::<usize>().ok()?)?.get());
    }
    let Members(members) = serde_json::from_str(text).ok()?;
    let found = members.iter().find(|(name, _)| name == step)?;
    Some(found.1.get())
}
