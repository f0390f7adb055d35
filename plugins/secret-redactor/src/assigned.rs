//! Values that are assigned to a name like `password`: `name=value`, `name: value`, and members of
//! a document. What such a value must look like keeps prose and code out.

use crate::chance::{bits, classes, is_placeholder};
use crate::scan::{Hit, word};

/// How far back a name is looked for.
const MAX_NAME: usize = 64;
/// The shortest value that is taken for a secret.
const LEAST: usize = 8;
/// A value over this length in which nothing was found is not looked at again for each sign of
/// assignment within it: that keeps the scan linear.
const LONG: usize = 256;

/// Ends of names whose values are secret, without `_`, `-` and `.`, in small letters.
const SECRET: [&[u8]; 13] = [
    b"password",
    b"passwd",
    b"pwd",
    b"passphrase",
    b"secret",
    b"token",
    b"apikey",
    b"accesskey",
    b"secretkey",
    b"privatekey",
    b"authkey",
    b"credential",
    b"credentials",
];

/// Parts of names that end like a secret's, but are none.
const HARMLESS: [&[u8]; 5] = [b"page", b"next", b"cursor", b"continuation", b"sync"];

/// A secret that is the whole value of a member with this name.
pub(crate) fn whole(value: &[u8], name: &str) -> Option<Hit> {
    let name = Name::of(name.as_bytes())?;
    let hit = judge(value, 0..value.len(), &name)?;
    // A format of its own somewhere in the value says more.
    (hit.span == (0..value.len())).then_some(hit)
}

/// Whether a text that begins so may be a secret as a whole.
pub(crate) fn may_be_secret(begin: &[u8]) -> bool {
    !begin.is_empty() && !begin.iter().any(is_of_code)
}

/// What stands in prose and code, and in no secret.
fn is_of_code(byte: &u8) -> bool {
    matches!(byte, b'(' | b'{' | b'<' | b' ')
}

/// A secret after the sign of assignment at a place. `judged` is how far values have been looked
/// at in vain.
pub(crate) fn after(bytes: &[u8], at: usize, judged: &mut usize) -> Option<Hit> {
    if at < *judged {
        return None;
    }
    let name = Name::of(before(bytes, at))?;
    let (start, quote) = value_start(bytes, at + 1)?;
    let rest = bytes.get(start..)?;
    let ends = |byte: &u8| match quote {
        Some(quote) => *byte == quote || matches!(byte, b'\n' | b'\\'),
        None => {
            *byte <= b' '
                || matches!(
                    byte,
                    b',' | b';' | b'&' | b'"' | b'\'' | b'`' | b')' | b']' | b'}' | b'<' | b'\\'
                )
        }
    };
    let length = rest.iter().position(ends).unwrap_or(rest.len());
    // The cut falls on ASCII, or on the end of the text, and so on a character's boundary.
    let hit = judge(bytes, start..start + length, &name);
    if hit.is_none() && length > LONG {
        *judged = start + length;
    }
    hit
}

fn judge(bytes: &[u8], span: std::ops::Range<usize>, name: &Name) -> Option<Hit> {
    let value = bytes.get(span.clone())?;
    if is_placeholder(value) {
        return None;
    }
    if let Some(hit) = word(bytes, span.start) {
        return Some(hit);
    }
    let aws = name.is_aws && value.len() == 40 && value.iter().all(|b| is_base64(*b));
    if aws && bits(value) >= 896 {
        return Some(Hit {
            span,
            entity: "aws-secret-access-key",
            confidence: 98,
        });
    }
    is_secret(value).then_some(Hit {
        span,
        entity: "assigned-secret",
        confidence: 75,
    })
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// Whether a value looks chosen to be hard to guess: letters with digits, or three classes of
/// characters, and not a path, a call or a reference.
fn is_secret(value: &[u8]) -> bool {
    let code = value.iter().any(is_of_code);
    let path = value.starts_with(b"/")
        || value.starts_with(b"./")
        || value.windows(3).any(|w| w == b"://");
    if value.len() < LEAST || code || path {
        return false;
    }
    let [small, capital, digit, other] = classes(value);
    let letters = small + capital;
    let kinds = [small, capital, digit, other]
        .iter()
        .filter(|count| **count > 0)
        .count();
    // `config.token1` and `user_password2` are names; chance has more digits, capitals or signs.
    let is_name = capital == 0
        && digit <= 1
        && other > 0
        && other <= 3
        && value
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    letters > 0 && (digit > 0 || kinds >= 3) && !is_name && bits(value) >= 640
}

/// A name whose value is secret.
struct Name {
    is_aws: bool,
}

impl Name {
    fn of(name: &[u8]) -> Option<Self> {
        let tail = name.len().saturating_sub(MAX_NAME);
        let folded: Vec<u8> = name
            .get(tail..)?
            .iter()
            .filter(|byte| !matches!(byte, b'_' | b'-' | b'.'))
            .map(u8::to_ascii_lowercase)
            .collect();
        let has = |part: &[u8]| folded.windows(part.len()).any(|window| window == part);
        let secret = SECRET.iter().any(|end| folded.ends_with(end));
        if !secret || HARMLESS.iter().any(|part| has(part)) {
            return None;
        }
        Some(Name {
            is_aws: has(b"secretaccesskey") || has(b"awssecret"),
        })
    }
}

/// The name before a sign of assignment, behind quotes and blanks.
fn before(bytes: &[u8], at: usize) -> &[u8] {
    let from = at.saturating_sub(MAX_NAME);
    let near = bytes.get(from..at).unwrap_or_default();
    let blanks = |byte: &u8| matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'\\' | b':');
    let end = near
        .iter()
        .rposition(|byte| !blanks(byte))
        .map_or(0, |last| last + 1);
    let near = near.get(..end).unwrap_or_default();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let start = near
        .iter()
        .rposition(|byte| !is_name(byte))
        .map_or(0, |last| last + 1);
    near.get(start..).unwrap_or_default()
}

/// Where a value begins, and the quote that it is in. None where the sign is `==`, `=>` or `:=`'s
/// first half, or nothing follows on the line.
fn value_start(bytes: &[u8], from: usize) -> Option<(usize, Option<u8>)> {
    let mut at = from;
    loop {
        match bytes.get(at)? {
            b' ' | b'\t' | b'\\' => at += 1,
            quote @ (b'"' | b'\'' | b'`') => return Some((at + 1, Some(*quote))),
            b'=' | b'>' | b':' | b'~' | b'\n' => return None,
            _ => return Some((at, None)),
        }
    }
}
