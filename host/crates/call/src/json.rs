//! JSON as the gate judges it: parsed once, unambiguous, with every number as it was written.

mod parse;

use crate::number;

/// Arrays and objects may be nested this deep, which is where `serde_json` stops to keep the stack
/// bounded. Real tool calls stay under ten.
pub const MAX_DEPTH: usize = 128;

/// Below this many members, comparing all pairs is cheaper than sorting.
const FEW_MEMBERS: usize = 8;

/// A JSON value. Objects keep the order of their members and never hold a name twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Json {
    /// `null`
    #[default]
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
        /// The line in which the object ends, counted from 1.
        line: usize,
        /// In bytes, counted from 1.
        column: usize,
    },
    /// A number that RFC 8785 would merge with another one.
    #[error("a number has more digits than a double can tell apart")]
    Inexact,
}

impl Json {
    /// A string.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Json::String(text.to_owned())
    }

    /// A whole number.
    #[must_use]
    pub fn number(number: u64) -> Self {
        Json::Number(number.to_string())
    }

    /// An object with these members, whose names must differ.
    #[must_use]
    pub fn object<'a>(members: impl IntoIterator<Item = (&'a str, Json)>) -> Self {
        let members = members.into_iter();
        Json::Object(
            members
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }

    /// Parses a text. Duplicate member names are refused at every depth.
    ///
    /// # Errors
    /// [`JsonError::Syntax`] and [`JsonError::Duplicate`].
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        parse::parse(text)
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
#[allow(
    clippy::indexing_slicing,
    reason = "a byte always has its place in a table of 256"
)]
fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| ESCAPED[usize::from(byte)]) {
        let (plain, behind) = rest.split_at(at);
        out.push_str(plain);
        // Whatever is escaped is one byte long.
        let (escaped, behind) = behind.split_at(1);
        match escaped {
            "\"" => out.push_str("\\\""),
            "\\" => out.push_str("\\\\"),
            "\u{8}" => out.push_str("\\b"),
            "\t" => out.push_str("\\t"),
            "\n" => out.push_str("\\n"),
            "\u{c}" => out.push_str("\\f"),
            "\r" => out.push_str("\\r"),
            other => {
                let code = other.bytes().next().unwrap_or_default();
                out.push_str(&format!("\\u{code:04x}"));
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    out.push('"');
}

/// The bytes that stand escaped in a JSON string. A table, since most of a large message is text
/// and every byte of it is looked up.
#[allow(
    clippy::indexing_slicing,
    reason = "computed by the compiler, which checks it"
)]
static ESCAPED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

/// Whether a name stands twice in a list. No worse than sorting, also for names of a stranger's choice.
#[must_use]
pub fn has_duplicate<T>(list: &[T], name: impl Fn(&T) -> &str) -> bool {
    if list.len() <= FEW_MEMBERS {
        let mut rest = list;
        while let Some((first, tail)) = rest.split_first() {
            if tail.iter().any(|other| name(other) == name(first)) {
                return true;
            }
            rest = tail;
        }
        return false;
    }
    let mut names: Vec<&str> = list.iter().map(name).collect();
    names.sort_unstable();
    names.array_windows().any(|[a, b]| a == b)
}

#[cfg(test)]
mod tests;
