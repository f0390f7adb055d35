//! JSON as the gate judges it: parsed once, unambiguous, with every number as it was written.

use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::number;

/// Arrays and objects may be nested this deep, which is where `serde_json` stops to keep the stack
/// bounded. Real tool calls stay under ten.
pub const MAX_DEPTH: usize = 128;

/// `serde_json` hands over a number as a map with this one key (feature `arbitrary_precision`).
const NUMBER_TOKEN: &str = "$serde_json::private::Number";

/// Below this many members, comparing all pairs is cheaper than sorting.
const FEW_MEMBERS: usize = 8;

/// A JSON value. Objects keep the order of their members and never hold a name twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as the literal that was written (an exponent `E4` as `e+4`).
    Number(String),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, in the order of the text.
    Object(Vec<(String, Json)>),
}

/// Why a text is not taken. None of the messages quotes the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON (RFC 8259), a lone surrogate, or nested deeper than [`MAX_DEPTH`].
    #[error("not valid JSON at line {line} column {column}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// In bytes, counted from 1.
        column: usize,
    },
    /// An object holds the same member name twice, so that two readers may see two values.
    #[error("an object has the same member name twice, near column {column}")]
    Duplicate {
        /// In bytes, counted from 1.
        column: usize,
    },
    /// A number that RFC 8785 would merge with another one.
    #[error("a number has more digits than a double can tell apart")]
    Inexact,
}

impl Json {
    /// Parses a text. Duplicate member names are refused at every depth.
    ///
    /// # Errors
    /// [`JsonError::Syntax`] and [`JsonError::Duplicate`].
    pub fn parse(text: &str) -> Result<Self, JsonError> {
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
                column: error.column(),
            },
            _ => JsonError::Syntax {
                line: error.line(),
                column: error.column(),
            },
        })
    }

    /// The member `name` of an object.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().find(|(n, _)| n == name).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// Serialises without changing anything: order and number literals stay, white space goes.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        write(self, &mut out, &mut |literal, out| {
            out.push_str(literal);
            Ok(())
        })
        .unwrap_or_default(); // the closure above never fails
        out
    }

    /// The canonical form of RFC 8785.
    ///
    /// # Errors
    /// [`JsonError::Inexact`] where two different numbers would get the same form.
    pub fn canonical(&self) -> Result<String, JsonError> {
        let mut out = String::new();
        write_sorted(self, &mut out, &mut |literal, out| {
            out.push_str(&number::canonical(literal).ok_or(JsonError::Inexact)?);
            Ok(())
        })?;
        Ok(out)
    }

    /// As [`Json::canonical`], but a number that has no canonical form keeps its literal.
    #[must_use]
    pub fn canonical_or_literal(&self) -> String {
        let mut out = String::new();
        write_sorted(self, &mut out, &mut |literal, out| {
            match number::canonical(literal) {
                Some(form) => out.push_str(&form),
                None => out.push_str(literal),
            }
            Ok(())
        })
        .unwrap_or_default(); // the closure above never fails
        out
    }
}

type WriteNumber<'a> = &'a mut dyn FnMut(&str, &mut String) -> Result<(), JsonError>;

fn write(value: &Json, out: &mut String, number: WriteNumber<'_>) -> Result<(), JsonError> {
    match value {
        Json::Object(members) => {
            write_members(members.iter(), out, number, write)?;
        }
        other => write_other(other, out, number, write)?,
    }
    Ok(())
}

/// Members in the order of their names' UTF-16 code units (RFC 8785, section 3.2.3).
fn write_sorted(value: &Json, out: &mut String, number: WriteNumber<'_>) -> Result<(), JsonError> {
    match value {
        Json::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            write_members(sorted.into_iter(), out, number, write_sorted)?;
        }
        other => write_other(other, out, number, write_sorted)?,
    }
    Ok(())
}

type WriteValue = fn(&Json, &mut String, WriteNumber<'_>) -> Result<(), JsonError>;

fn write_members<'a>(
    members: impl Iterator<Item = &'a (String, Json)>,
    out: &mut String,
    number: WriteNumber<'_>,
    nested: WriteValue,
) -> Result<(), JsonError> {
    out.push('{');
    for (position, (name, value)) in members.enumerate() {
        if position > 0 {
            out.push(',');
        }
        write_string(name, out);
        out.push(':');
        nested(value, out, number)?;
    }
    out.push('}');
    Ok(())
}

fn write_other(
    value: &Json,
    out: &mut String,
    number: WriteNumber<'_>,
    nested: WriteValue,
) -> Result<(), JsonError> {
    match value {
        Json::Null | Json::Object(_) => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Number(literal) => number(literal, out)?,
        Json::String(text) => write_string(text, out),
        Json::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                nested(item, out, number)?;
            }
            out.push(']');
        }
    }
    Ok(())
}

/// Appends `text` as a JSON string with the escapes of RFC 8785, section 3.2.2.2.
fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0x08 => "\\b",
            b'\t' => "\\t",
            b'\n' => "\\n",
            0x0c => "\\f",
            b'\r' => "\\r",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(text.get(start..at).unwrap_or_default());
        if short.is_empty() {
            out.push_str(&format!("\\u{byte:04x}"));
        } else {
            out.push_str(short);
        }
        start = at + 1;
    }
    out.push_str(text.get(start..).unwrap_or_default());
    out.push('"');
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
        if has_duplicate(&members) {
            return Err(A::Error::custom("duplicate member name"));
        }
        Ok(Json::Object(members))
    }
}

fn has_duplicate(members: &[(String, Json)]) -> bool {
    if members.len() <= FEW_MEMBERS {
        let mut rest = members;
        while let Some(((name, _), tail)) = rest.split_first() {
            if tail.iter().any(|(other, _)| other == name) {
                return true;
            }
            rest = tail;
        }
        return false;
    }
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.array_windows().any(|[a, b]| a == b)
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

#[cfg(test)]
mod tests {
    use super::{Json, JsonError};

    fn check(text: &str, expected: Result<&str, &str>) {
        let got = Json::parse(text).map(|value| value.to_text());
        match (got, expected) {
            (Ok(got), Ok(expected)) => assert_eq!(got, expected, "{text}"),
            (Err(JsonError::Duplicate { .. }), Err("duplicate"))
            | (Err(JsonError::Syntax { .. }), Err("syntax")) => {}
            (got, expected) => panic!("{text}: got {got:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn texts_as_they_are_taken() {
        let deep = format!("{}{}", "[".repeat(127), "]".repeat(127));
        let too_deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let many = format!(
            "{{{}}}",
            (0..50)
                .map(|i| format!("\"k{i}\":1"))
                .collect::<Vec<_>>()
                .join(",")
        );
        let many_twice = format!("{},\"k7\":2}}", many.trim_end_matches('}'));
        for (text, expected) in [
            ("null", Ok("null")),
            (
                " { \"b\" : 1.10 , \"a\" : [ true , false ] } ",
                Ok(r#"{"b":1.10,"a":[true,false]}"#),
            ),
            ("9007199254740993", Ok("9007199254740993")),
            ("-0", Ok("-0")),
            ("1E400", Ok("1e+400")),
            (r#""\u00e9\ud83d\ude00\/""#, Ok("\"é😀/\"")),
            (r#""\u0001\u001f\b\f""#, Ok(r#""\u0001\u001f\b\f""#)),
            (r#"{"a":1,"a":2}"#, Err("duplicate")),
            (r#"{"a":1,"\u0061":2}"#, Err("duplicate")),
            (r#"[{"x":{"a":1,"a":1}}]"#, Err("duplicate")),
            (r#"{"":0,"":0}"#, Err("duplicate")),
            (r#""\ud800""#, Err("syntax")),
            ("{} {}", Err("syntax")),
            ("{}x", Err("syntax")),
            ("01", Err("syntax")),
            ("[1,]", Err("syntax")),
            ("", Err("syntax")),
            ("\u{feff}{}", Err("syntax")),
            ("NaN", Err("syntax")),
            (&deep, Ok(&deep)),
            (&too_deep, Err("syntax")),
            (&many, Ok(&many)),
            (&many_twice, Err("duplicate")),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn the_parsers_own_number_key_is_an_ordinary_key_when_a_stranger_writes_it() {
        for text in [
            r#"{"$serde_json::private::Number":"1, \"x\": 2"}"#,
            r#"{"$serde_json::private::Number":"12"}"#,
            r#"[{"$serde_json::private::Number":{}}]"#,
            r#"{"$serde_json::private::RawValue":"{}"}"#,
        ] {
            check(text, Ok(text));
        }
        check(
            r#"{"\u0024serde_json::private::Number":"12"}"#,
            Ok(r#"{"$serde_json::private::Number":"12"}"#),
        );
    }

    #[test]
    fn canonical_forms() {
        for (text, expected) in [
            (r#"{"b":2,"a":1}"#, Some(r#"{"a":1,"b":2}"#)),
            // The example of RFC 8785, section 3.2.3: UTF-16 order differs from that of code points.
            (
                r#"{"\ufb33":"d","\ud83d\ude00":"e","\u20ac":"c"}"#,
                Some("{\"€\":\"c\",\"😀\":\"e\",\"\u{fb33}\":\"d\"}"),
            ),
            ("[1.0,1e2,-0]", Some("[1,100,0]")),
            ("[9007199254740993]", None),
            (r#""\u007f\u2028""#, Some("\"\u{7f}\u{2028}\"")),
        ] {
            let got = Json::parse(text).unwrap().canonical();
            assert_eq!(got.as_deref().ok(), expected, "{text}");
        }
    }
}
