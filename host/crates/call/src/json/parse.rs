//! From a text to a value, with `serde_json` as the only reader of the grammar.

use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::{Json, JsonError, has_duplicate};

/// `serde_json` hands over a number as a map with this one key (feature `arbitrary_precision`).
const NUMBER_TOKEN: &str = "$serde_json::private::Number";

/// See [`Json::parse`].
pub(super) fn parse(text: &str) -> Result<Json, JsonError> {
    let bytes = text.as_bytes().as_ptr_range();
    let seed = Seed {
        input: bytes.start.addr()..bytes.end.addr(),
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let parsed = seed.deserialize(&mut deserializer).and_then(|value| {
        deserializer.end()?;
        Ok(value)
    });
    parsed.map_err(|error| match error.classify() {
        serde_json::error::Category::Data => JsonError::Duplicate {
            line: error.line(),
            column: error.column(),
        },
        _ => JsonError::Syntax {
            line: error.line(),
            column: error.column(),
        },
    })
}

/// Builds a [`Json`], knowing where the input lies in memory.
///
/// The address tells a number, which `serde_json` hands over as a map with a key of its own, from
/// an object in which a stranger wrote that very key: the stranger's key lies inside of the input
/// (or is an unescaped copy), the library's does not.
#[derive(Clone)]
struct Seed {
    input: Range<usize>,
}

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    /// An integer without sign or leading zeros: its digits are its literal.
    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self.clone())? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key_seed(KeySeed(&self.input))? {
            match key {
                Key::Number => return Ok(Json::Number(map.next_value()?)),
                Key::Name(name) => members.push((name, map.next_value_seed(self.clone())?)),
            }
        }
        if has_duplicate(&members, |(name, _)| name) {
            return Err(A::Error::custom("duplicate member name"));
        }
        Ok(Json::Object(members))
    }
}

enum Key {
    Number,
    Name(String),
}

struct KeySeed<'a>(&'a Range<usize>);

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for KeySeed<'_> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Key, E> {
        if name == NUMBER_TOKEN && !self.0.contains(&name.as_ptr().addr()) {
            return Ok(Key::Number);
        }
        Ok(Key::Name(name.to_owned()))
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        Ok(Key::Name(name.to_owned()))
    }
}
