//! Request ids and progress tokens, which MCP gives the same type.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde_json::value::RawValue;

use crate::flaw::Flaw;
use crate::members::unescape;

/// Longest number literal, or longest unescaped text of a string. Clients count up or use UUIDs; an
/// id is kept for as long as its request is in flight, so that its length is memory.
pub const MAX_ID_BYTES: usize = 128;

/// A request id (MCP: string or integer) or progress token, which keeps the JSON text it came with.
///
/// Two ids are equal if a JSON reader sees the same value in them, so `"a"` equals `"\u0061"`, and
/// `"1"` differs from `1`. Not taken: null, fractions, exponents and `-0`, where readers differ.
#[derive(Clone, Debug)]
pub struct Id {
    raw: Box<str>,
    /// The text of a string that holds an escape; that of others stands in `raw`.
    unescaped: Option<Box<str>>,
}

impl Id {
    /// Reads an id.
    ///
    /// # Errors
    /// [`Flaw::BadId`], [`Flaw::LoneSurrogate`]
    pub fn parse(raw: &RawValue) -> Result<Self, Flaw> {
        let raw = raw.get();
        if !raw.starts_with('"') {
            return if is_integer(raw) {
                Ok(Id {
                    raw: raw.into(),
                    unescaped: None,
                })
            } else {
                Err(Flaw::BadId)
            };
        }
        let text = unescape(raw)?;
        if text.len() > MAX_ID_BYTES {
            return Err(Flaw::BadId);
        }
        let unescaped = match text {
            Cow::Borrowed(_) => None,
            Cow::Owned(text) => Some(text.into_boxed_str()),
        };
        Ok(Id {
            raw: raw.into(),
            unescaped,
        })
    }

    /// An id of the gate's own.
    #[must_use]
    pub fn number(number: u64) -> Self {
        Id {
            raw: number.to_string().into(),
            unescaped: None,
        }
    }

    /// The JSON text, as it was written.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// What tells ids apart: whether it is a string, and its value.
    fn value(&self) -> (bool, &str) {
        match (&self.unescaped, self.raw.strip_prefix('"')) {
            (Some(text), _) => (true, text),
            (None, Some(quoted)) => (true, quoted.strip_suffix('"').unwrap_or(quoted)),
            (None, None) => (false, &self.raw),
        }
    }
}

/// `0`, or digits that do not begin with zero, with a sign or without.
fn is_integer(raw: &str) -> bool {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    raw == "0"
        || raw.len() <= MAX_ID_BYTES
            && !digits.is_empty()
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit())
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

impl Eq for Id {}

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value().hash(state);
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.raw)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::value::RawValue;

    use super::{Id, MAX_ID_BYTES};
    use crate::flaw::Flaw;

    fn parse(raw: &str) -> Result<Id, Flaw> {
        Id::parse(&RawValue::from_string(raw.to_owned()).unwrap())
    }

    #[test]
    fn ids_that_are_taken_and_those_that_are_not() {
        let long = format!("\"{}\"", "x".repeat(MAX_ID_BYTES));
        let longer = format!("\"{}\"", "x".repeat(MAX_ID_BYTES + 1));
        let escaped = format!("\"{}\"", r"\u0078".repeat(MAX_ID_BYTES));
        let digits = "9".repeat(MAX_ID_BYTES);
        let more_digits = "9".repeat(MAX_ID_BYTES + 1);
        for (raw, expected) in [
            ("0", Ok(())),
            ("1", Ok(())),
            ("-7", Ok(())),
            ("9007199254740993", Ok(())),
            (&digits, Ok(())),
            (r#""""#, Ok(())),
            (r#""a\u0062""#, Ok(())),
            (&long, Ok(())),
            (&escaped, Ok(())),
            ("-0", Err(Flaw::BadId)),
            ("1.0", Err(Flaw::BadId)),
            ("1.5", Err(Flaw::BadId)),
            ("1e3", Err(Flaw::BadId)),
            ("null", Err(Flaw::BadId)),
            ("true", Err(Flaw::BadId)),
            ("{}", Err(Flaw::BadId)),
            ("[1]", Err(Flaw::BadId)),
            (&longer, Err(Flaw::BadId)),
            (&more_digits, Err(Flaw::BadId)),
            (r#""\ud800""#, Err(Flaw::LoneSurrogate)),
        ] {
            let id = parse(raw);
            assert_eq!(id.clone().map(drop), expected, "{raw}");
            if let Ok(id) = id {
                assert_eq!(id.to_string(), raw);
            }
        }
    }

    #[test]
    fn equality_is_that_of_values() {
        for (a, b, equal) in [
            ("1", "1", true),
            ("1", r#""1""#, false),
            (r#""a""#, r#""\u0061""#, true),
            (r#""a""#, r#""A""#, false),
            (r#""\"""#, r#""\u0022""#, true),
            (r#""\\u0061""#, r#""\u0061""#, false),
        ] {
            let (a, b) = (parse(a).unwrap(), parse(b).unwrap());
            assert_eq!(a == b, equal, "{a} {b}");
            assert_eq!(HashSet::from([a, b]).len() == 1, equal);
        }
        assert_eq!(Id::number(7), parse("7").unwrap());
    }
}
