//! Escapes of JSON, URLs, HTML and program text, taken off in one pass over a text.

use memchr::memchr3;

/// The named characters of HTML that stand for one of ASCII.
const ENTITIES: [(&[u8], u8); 36] = [
    (b"amp", b'&'),
    (b"lt", b'<'),
    (b"gt", b'>'),
    (b"quot", b'"'),
    (b"apos", b'\''),
    (b"Tab", b'\t'),
    (b"NewLine", b'\n'),
    (b"excl", b'!'),
    (b"num", b'#'),
    (b"dollar", b'$'),
    (b"percnt", b'%'),
    (b"lpar", b'('),
    (b"rpar", b')'),
    (b"ast", b'*'),
    (b"midast", b'*'),
    (b"plus", b'+'),
    (b"comma", b','),
    (b"period", b'.'),
    (b"sol", b'/'),
    (b"colon", b':'),
    (b"semi", b';'),
    (b"equals", b'='),
    (b"quest", b'?'),
    (b"commat", b'@'),
    (b"lsqb", b'['),
    (b"lbrack", b'['),
    (b"bsol", b'\\'),
    (b"rsqb", b']'),
    (b"rbrack", b']'),
    (b"Hat", b'^'),
    (b"lowbar", b'_'),
    (b"grave", b'`'),
    (b"lcub", b'{'),
    (b"verbar", b'|'),
    (b"vert", b'|'),
    (b"rcub", b'}'),
];

/// Digits of a number in an escape: with leading zeros, of the greatest code point.
const MAX_DIGITS: usize = 10;

/// What an escape stands for.
enum Code {
    Byte(u8),
    Char(char),
}

/// A text with one layer of escapes taken off; none where it has none.
pub(super) fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let mut rest = text;
    let mut changed = false;
    while let Some((before, here)) = next_sign(rest) {
        plain.extend_from_slice(before);
        let (code, used) = match escape(here) {
            Some(found) => {
                changed = true;
                found
            }
            None => (Code::Byte(here.first().copied()?), 1),
        };
        match code {
            Code::Byte(byte) => plain.push(byte),
            Code::Char(c) => plain.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = here.get(used..)?;
    }
    plain.extend_from_slice(rest);
    changed.then_some(plain)
}

/// A text up to the sign of an escape, and from there on.
fn next_sign(text: &[u8]) -> Option<(&[u8], &[u8])> {
    memchr3(b'\\', b'%', b'&', text).and_then(|at| text.split_at_checked(at))
}

/// The escape at the beginning of a text, with its length.
fn escape(text: &[u8]) -> Option<(Code, usize)> {
    match text {
        [b'\\', rest @ ..] => in_program(rest),
        [b'%', rest @ ..] => in_url(rest),
        [b'&', rest @ ..] => in_html(rest),
        _ => None,
    }
    .map(|(code, used)| (code, used + 1))
}

fn in_program(rest: &[u8]) -> Option<(Code, usize)> {
    let byte = |byte| Some((Code::Byte(byte), 1));
    match rest {
        [b'u', b'{', more @ ..] => {
            let (number, used) = number(more, 16)?;
            let closed = more.get(used) == Some(&b'}');
            closed.then_some((Code::Char(char::from_u32(number)?), used + 3))
        }
        [b'u', ..] => in_utf16(rest),
        [b'U', ..] => Some((Code::Char(char::from_u32(exactly(rest, 8)?)?), 9)),
        [b'x', ..] => Some((Code::Byte(u8::try_from(exactly(rest, 2)?).ok()?), 3)),
        [b'n', ..] => byte(b'\n'),
        [b'r', ..] => byte(b'\r'),
        [b't', ..] => byte(b'\t'),
        [b'b', ..] => byte(8),
        [b'f', ..] => byte(12),
        [sign, ..] if sign.is_ascii_punctuation() => byte(*sign),
        _ => None,
    }
}

/// After a backslash: `u0041`, or two of them that make a pair.
fn in_utf16(rest: &[u8]) -> Option<(Code, usize)> {
    let first = exactly(rest, 4)?;
    if let Some(c) = char::from_u32(first) {
        return Some((Code::Char(c), 5));
    }
    let [b'\\', second @ ..] = rest.get(5..)? else {
        return None;
    };
    let second = (second.first() == Some(&b'u')).then(|| exactly(second, 4))??;
    let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let c = char::decode_utf16(pair).next()?.ok()?;
    Some((Code::Char(c), 11))
}

fn in_url(rest: &[u8]) -> Option<(Code, usize)> {
    if rest.first() == Some(&b'u') {
        return Some((Code::Char(char::from_u32(exactly(rest, 4)?)?), 5));
    }
    let high = rest.first()?;
    let low = rest.get(1)?;
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
    Some((Code::Byte(byte), 2))
}

fn in_html(rest: &[u8]) -> Option<(Code, usize)> {
    let (digits, base, before) = match rest {
        [b'#', b'x' | b'X', digits @ ..] => (digits, 16, 2),
        [b'#', digits @ ..] => (digits, 10, 1),
        _ => {
            let named = |(name, byte): &(&[u8], u8)| {
                let ends = rest.starts_with(name) && rest.get(name.len()) == Some(&b';');
                ends.then_some((Code::Byte(*byte), name.len() + 1))
            };
            return ENTITIES.iter().find_map(named);
        }
    };
    let (number, used) = number(digits, base)?;
    let closed = usize::from(digits.get(used) == Some(&b';'));
    Some((Code::Char(char::from_u32(number)?), before + used + closed))
}

/// The number of `count` hexadecimal digits after the first byte.
fn exactly(text: &[u8], count: usize) -> Option<u32> {
    let (number, used) = number(text.get(1..=count)?, 16)?;
    (used == count).then_some(number)
}

/// The number at the beginning of a text, with the digits it has.
fn number(text: &[u8], base: u32) -> Option<(u32, usize)> {
    let digits = text.iter().take(MAX_DIGITS);
    let digits = digits.map_while(|byte| char::from(*byte).to_digit(base));
    let mut number: u32 = 0;
    let mut used = 0;
    for digit in digits {
        number = number.checked_mul(base)?.checked_add(digit)?;
        used += 1;
    }
    (used > 0).then_some((number, used))
}
