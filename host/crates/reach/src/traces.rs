//! What a secret looks like in an answer.
//!
//! A server that echoes what it was sent must not hand a secret to the plugin that could only attach it.
//! Found are the bytes as they are, in base64 of either alphabet at any place within a longer text (as
//! in `Basic`), in hexadecimal, in percent escapes and in JSON's escapes. Nothing can be done about a
//! server that means to give the secret away: split, turned around, encrypted or in another encoding
//! it passes. The operator names the servers that a secret is for, and those have it anyway.

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem;
use zeroize::Zeroizing;

/// The forms of one secret.
pub(crate) struct Traces(Vec<Zeroizing<Vec<u8>>>);

impl Traces {
    pub(crate) fn of(secret: &[u8]) -> Self {
        let mut forms = vec![Zeroizing::new(secret.to_vec())];
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            for before in 0..3 {
                forms.push(in_base64(&engine, secret, before));
            }
        }
        let hex = |upper: bool| escaped(secret, |_| true, b"", upper);
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        let percent = |upper: bool| escaped(secret, |b| !unreserved(b), b"%", upper);
        forms.extend([hex(false), hex(true), percent(false), percent(true)]);
        forms.extend([in_json(secret, b"\"\\"), in_json(secret, b"\"\\/")]);
        forms.sort_by(|a, b| a.as_slice().cmp(b));
        forms.dedup_by(|a, b| **a == **b);
        Traces(forms)
    }

    pub(crate) fn are_in(&self, text: &[u8]) -> bool {
        self.0.iter().any(|form| memmem::find(text, form).is_some())
    }
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
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::Traces;

    const SECRET: &str = "p/ss\"w+rd\\~1?";

    #[test]
    fn every_form_is_found_within_a_text() {
        let traces = Traces::of(SECRET.as_bytes());
        let mut texts = vec![
            SECRET.to_owned(),
            format!("Bearer {SECRET}."),
            "x702f7373\x22 702f737322772b72645c7e313fzz".to_owned(),
            "702F737322772B72645C7E313F".to_owned(),
            "a=p%2Fss%22w%2Brd%5C~1%3F&b".to_owned(),
            "a=p%2fss%22w%2brd%5c~1%3f".to_owned(),
            r#"{"a":"p/ss\"w+rd\\~1?"}"#.to_owned(),
            r#"{"a":"p\/ss\"w+rd\\~1?"}"#.to_owned(),
        ];
        for user in ["", "u", "us", "use", "user:", "a longer user:"] {
            for after in ["", "x", "xy", "xyz"] {
                let whole = format!("{user}{SECRET}{after}");
                texts.push(format!("Basic {}", STANDARD.encode(&whole)));
                texts.push(URL_SAFE.encode(&whole));
            }
        }
        for text in texts {
            assert!(traces.are_in(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_taken_for_it() {
        let traces = Traces::of(SECRET.as_bytes());
        for text in ["", "p/ss", "P/SS\"W+RD\\~1?", "Basic dXNlcjpwYXNzd29yZA=="] {
            assert!(!traces.are_in(text.as_bytes()), "{text}");
        }
        // What the module says cannot be found.
        let turned: String = SECRET.chars().rev().collect();
        assert!(!traces.are_in(turned.as_bytes()));
    }
}
