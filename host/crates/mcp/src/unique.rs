//! Whether all readers see the same value in a JSON text.

use std::borrow::Cow;

use serde_json::value::RawValue;
use wardlet_call::{MAX_DEPTH, has_duplicate};

use crate::flaw::Flaw;
use crate::members::unescape;

/// Refuses what JSON readers understand differently, at every depth: a member name that an object
/// holds twice (escaped or not), a lone surrogate, and nesting of [`MAX_DEPTH`] levels and more.
///
/// It reads a text whose grammar was checked (that is what a [`RawValue`] is), so that it only has to
/// look at strings and brackets: numbers and string values cost no allocation.
///
/// # Errors
/// [`Flaw::Duplicate`], [`Flaw::LoneSurrogate`], [`Flaw::TooDeep`]
pub fn check_unique(value: &RawValue) -> Result<(), Flaw> {
    let text = value.get();
    let mut names = Vec::new();
    // For each open bracket: where the names of its object begin in `names`; none for an array.
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut name_is_next = false;
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'"' => {
                let end = string_end(text, at)?;
                if name_is_next {
                    names.push(unescape(text.get(at..end).unwrap_or_default())?);
                }
                at = end;
                continue;
            }
            b'{' | b'[' => {
                name_is_next = *byte == b'{';
                open.push(name_is_next.then_some(names.len()));
                if open.len() >= MAX_DEPTH {
                    return Err(Flaw::TooDeep);
                }
            }
            b'}' | b']' => close(open.pop().flatten(), &mut names)?,
            b',' => name_is_next = matches!(open.last(), Some(Some(_))),
            b':' => name_is_next = false,
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

fn close(first: Option<usize>, names: &mut Vec<Cow<'_, str>>) -> Result<(), Flaw> {
    let Some(first) = first else { return Ok(()) };
    if has_duplicate(names.get(first..).unwrap_or_default(), |name| name) {
        return Err(Flaw::Duplicate);
    }
    names.truncate(first);
    Ok(())
}

/// Where the string that begins at `start` ends, behind its closing quote.
fn string_end(text: &str, start: usize) -> Result<usize, Flaw> {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    while let Some(offset) = bytes
        .get(at..)
        .and_then(|rest| memchr::memchr2(b'"', b'\\', rest))
    {
        at += offset;
        if bytes.get(at) == Some(&b'"') {
            return Ok(at + 1);
        }
        at += match code_unit(bytes, at) {
            None => 2, // an escape of one letter
            Some(0xD800..0xDC00) => match code_unit(bytes, at + 6) {
                Some(0xDC00..0xE000) => 12,
                _ => return Err(Flaw::LoneSurrogate),
            },
            Some(0xDC00..0xE000) => return Err(Flaw::LoneSurrogate),
            Some(_) => 6,
        };
    }
    // Not reached for a text whose grammar was checked.
    Err(Flaw::NotJson)
}

/// The value of `\uXXXX`, if that stands there.
fn code_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;
    use wardlet_call::{Json, JsonError};

    use super::check_unique;
    use crate::flaw::Flaw;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn what_readers_understand_differently() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let many = (0..40)
            .map(|i| format!("\"k{i}\":{i}"))
            .collect::<Vec<_>>()
            .join(",");
        for (text, expected) in [
            ("1.50", Ok(())),
            (r#""a\"b""#, Ok(())),
            (r#"{"a":{"a":{"a":[{"a":1},{"a":1}]}},"b":"a"}"#, Ok(())),
            (r#"{"a":"a","b":["a","a",{"b":"a"}],"c":"b"}"#, Ok(())),
            (r#"{"\\":1,"\"":2,"\"}":3}"#, Ok(())),
            (r#"{"a":1,"A":2,"á":3,"a\u0301":4}"#, Ok(())),
            (r#""\ud83d\ude00\uD83D\uDE00\u00e9""#, Ok(())),
            (r#"{"a" : 1 , "a" : 1}"#, Err(Flaw::Duplicate)),
            (r#"{"a":1,"\u0061":1}"#, Err(Flaw::Duplicate)),
            (r#"{"":1,"":1}"#, Err(Flaw::Duplicate)),
            (r#"[[{"b":[{"x":{},"x":[]}]}]]"#, Err(Flaw::Duplicate)),
            (r#"{"a":{"z":1},"b":[{}],"a":2}"#, Err(Flaw::Duplicate)),
            (r#"{"\ud83d\ude00":1,"😀":2}"#, Err(Flaw::Duplicate)),
            (r#"{"\/":1,"/":2}"#, Err(Flaw::Duplicate)),
            (&format!("{{{many}}}"), Ok(())),
            (&format!("{{{many},\"\\u006b7\":1}}"), Err(Flaw::Duplicate)),
            (r#"{"$serde_json::private::Number":"1","x":1}"#, Ok(())),
            (r#""\ud800""#, Err(Flaw::LoneSurrogate)),
            (r#""\udc00\ud800""#, Err(Flaw::LoneSurrogate)),
            (r#""\ud800\u0041""#, Err(Flaw::LoneSurrogate)),
            (r#""\ud800\\dc00""#, Err(Flaw::LoneSurrogate)),
            (r#"{"\ud800":1}"#, Err(Flaw::LoneSurrogate)),
            (&nested(127), Ok(())),
            (&nested(128), Err(Flaw::TooDeep)),
            (&nested(100_000), Err(Flaw::TooDeep)),
            (
                &format!("{}1{}", r#"[{"a":"#.repeat(64), "}]".repeat(64)),
                Err(Flaw::TooDeep),
            ),
        ] {
            assert_eq!(
                check_unique(&raw(text)),
                expected,
                "{}",
                &text[..text.len().min(100)]
            );
        }
    }

    fn any_json() -> impl Strategy<Value = String> {
        let string = prop_oneof![
            "[ab]",
            r"\\u006[1-2]",
            r#"\\["\\nu]"#,
            "\\\\ud83d\\\\ude00",
            "\\\\ud[8-9]00"
        ]
        .prop_map(|inner| format!("\"{inner}\""));
        let leaf = prop_oneof!["-?[1-9]{1,3}(\\.[0-9])?".boxed(), string.clone().boxed()];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4)
                    .prop_map(|items| format!("[ {} ]", items.join(" , "))),
                proptest::collection::vec((string.clone(), inner), 0..4).prop_map(|members| {
                    let members: Vec<_> =
                        members.iter().map(|(n, v)| format!("{n} :{v}")).collect();
                    format!("{{{}}}", members.join(","))
                }),
            ]
        })
    }

    proptest! {
        /// The parser of judged values and this check refuse the same texts.
        #[test]
        fn agrees_with_the_parser(text in any_json()) {
            let Ok(raw) = RawValue::from_string(text.clone()) else { return Ok(()) };
            match (check_unique(&raw), Json::parse(&text)) {
                (Ok(()), Ok(_)) | (Err(Flaw::Duplicate), Err(JsonError::Duplicate { .. })) => {}
                // Which of two flaws is met first may differ.
                (Err(_), Err(_)) if text.contains("\\ud") => {}
                (a, b) => prop_assert!(false, "{a:?} {b:?} {text}"),
            }
        }
    }
}
