//! What a secret looks like in an answer.
//!
//! A server that echoes what it was sent must not hand a secret to the plugin that could only attach it.
//! Found are the bytes as they are; under escapes of JSON, URLs, HTML and program text, in any mixture and up to
//! four layers deep; in base64 of either alphabet at any place within a longer text (as in `Basic`), with
//! lines broken; in hexadecimal, with whatever signs between the digits. The work is linear in the text:
//! it is unescaped at most four times and copied twice, and each copy is searched.
//!
//! Nothing can be done about a server that means to give the secret away: split, turned around, encrypted,
//! compressed or in another encoding it passes. The operator names the servers that a secret is for, and
//! those have it anyway.

mod escapes;

use std::borrow::Cow;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem;
use zeroize::Zeroizing;

use self::escapes::unescape;

/// Layers of escapes that are taken off: a text in a script in a page that was put into JSON has four.
const MAX_LAYERS: usize = 4;

/// Bytes of a secret from which on it is searched for without its own escapes, and its digits and characters with
/// others between them: less would stand in dates, addresses and prose by chance.
const MIN_LONG: usize = 8;

type Forms = Vec<Zeroizing<Vec<u8>>>;

/// The forms of one secret.
pub(crate) struct Traces {
    /// In a text as it is.
    whole: Forms,
    /// In a text whose escapes were taken off.
    plain: Forms,
    /// In the characters of base64, without white space and in the usual alphabet.
    base64: Forms,
    /// In the digits of hexadecimal, without what stands between them.
    hex: Forms,
}

impl Traces {
    pub(crate) fn of(secret: &[u8]) -> Self {
        let base64 = |engine| (0..3).map(move |before| in_base64(&engine, secret, before));
        let hex = |upper: bool| escaped(secret, |_| true, b"", upper);
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        let percent = |upper: bool| escaped(secret, |b| !unreserved(b), b"%", upper);
        let long = |form: &Zeroizing<Vec<u8>>| form.len() >= MIN_LONG;
        let own = Zeroizing::new(secret.to_vec());
        let mut plain: Forms = vec![own.clone()];
        plain.extend(Some(unescaped(secret)).filter(long));
        // A form of a page writes a space so.
        let with_plus = |form: &Zeroizing<Vec<u8>>| {
            let written = |byte: &u8| if *byte == b' ' { b'+' } else { *byte };
            Zeroizing::new(form.iter().map(written).collect::<Vec<u8>>())
        };
        let written: Forms = plain.iter().map(with_plus).collect();
        plain.extend(written);
        let mut whole = plain.clone();
        whole.extend(base64(STANDARD_NO_PAD));
        whole.extend(base64(URL_SAFE_NO_PAD));
        whole.extend([hex(false), hex(true), percent(false), percent(true)]);
        whole.extend([in_json(secret, b"\"\\"), in_json(secret, b"\"\\/")]);
        let spread = |forms: Forms| if long(&own) { once(forms) } else { Vec::new() };
        Traces {
            base64: spread(base64(STANDARD_NO_PAD).collect()),
            hex: spread(vec![hex(false)]),
            whole: once(whole),
            plain: once(plain),
        }
    }
}

/// Each form once.
fn once(mut forms: Forms) -> Forms {
    forms.sort_by(|a, b| a.as_slice().cmp(b));
    forms.dedup_by(|a, b| **a == **b);
    forms
}

/// Whether a text shows any of the secrets with these traces.
pub(crate) fn shows<'a>(secrets: impl Iterator<Item = &'a Traces> + Clone, text: &[u8]) -> bool {
    let has = |forms: fn(&Traces) -> &Forms, text: &[u8]| {
        let mut forms = secrets.clone().flat_map(forms);
        forms.any(|form| memmem::find(text, form).is_some())
    };
    if has(|of| &of.whole, text) {
        return true;
    }
    let mut plain = Cow::Borrowed(text);
    for _ in 0..MAX_LAYERS {
        let Some(next) = unescape(&plain) else {
            break;
        };
        plain = Cow::Owned(next);
        if has(|of| &of.plain, &plain) {
            return true;
        }
    }
    has(|of| &of.base64, &base64_of(&plain)) || has(|of| &of.hex, &digits_of(&plain))
}

/// A secret with its own escapes, or what looks like some, taken off like those of a text.
fn unescaped(secret: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut plain = Zeroizing::new(secret.to_vec());
    for _ in 0..MAX_LAYERS {
        let Some(next) = unescape(&plain) else {
            break;
        };
        plain = Zeroizing::new(next);
    }
    plain
}

/// A text without white space, with the characters of the URL's alphabet of base64 in the usual one.
fn base64_of(text: &[u8]) -> Vec<u8> {
    let usual = |byte: &u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => *byte,
    };
    let dark = text.iter().filter(|byte| !byte.is_ascii_whitespace());
    dark.map(usual).collect()
}

/// The hexadecimal digits of a text, in lower case, with a full stop where a letter stands between two of
/// them. What stands before a byte in program text (`0x`) is none of its digits.
fn digits_of(text: &[u8]) -> Vec<u8> {
    let mut digits = Vec::with_capacity(text.len());
    let mut last = b' ';
    for byte in text {
        if byte.is_ascii_hexdigit() {
            digits.push(byte.to_ascii_lowercase());
        } else if matches!(byte, b'x' | b'X') && last == b'0' {
            digits.pop();
        } else if byte.is_ascii_alphabetic() {
            digits.push(b'.');
        }
        last = *byte;
    }
    digits
}

/// The characters that are the same whatever stands after the secret, where `before` bytes stand before it.
fn in_base64(engine: &impl base64::Engine, secret: &[u8], before: usize) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(Vec::with_capacity(before + secret.len()));
    padded.resize(before, 0);
    padded.extend_from_slice(secret);
    let text = Zeroizing::new(engine.encode(&*padded).into_bytes());
    let own = (before * 8).div_ceil(6)..padded.len() * 8 / 6;
    Zeroizing::new(text.get(own).unwrap_or_default().to_vec())
}

fn escaped(
    secret: &[u8],
    is_escaped: impl Fn(u8) -> bool,
    sign: &[u8],
    upper: bool,
) -> Zeroizing<Vec<u8>> {
    let digits = if upper {
        b"0123456789ABCDEF"
    } else {
        b"0123456789abcdef"
    };
    let digit = |nibble: u8| digits.get(usize::from(nibble)).copied().unwrap_or_default();
    let mut out = Zeroizing::new(Vec::with_capacity(secret.len() * 3));
    for byte in secret.iter().copied() {
        if is_escaped(byte) {
            out.extend_from_slice(sign);
            out.extend([digit(byte >> 4), digit(byte & 0xf)]);
        } else {
            out.push(byte);
        }
    }
    out
}

fn in_json(secret: &[u8], marked: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(secret.len() * 2));
    for byte in secret {
        if marked.contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out
}

#[cfg(test)]
mod tests;
