//! Base64 with the URL-safe alphabet and without padding (RFC 4648, section 5), as JOSE writes it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Encodes.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes; none where the text has padding, white space, another alphabet, or bits after the last
/// byte that are not zero, so that each value has exactly one text.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn each_value_has_one_text() {
        for (text, bytes) in [
            ("", Some(&b""[..])),
            ("Zg", Some(b"f")),
            ("Zm8", Some(b"fo")),
            ("Zm9v", Some(b"foo")),
            ("-_8", Some(&[0xfb, 0xff])),
            ("Zg==", None),
            ("Zh", None), // the unused bits are not zero
            ("+/8", None),
            ("Zm9v\n", None),
            ("Z", None),
        ] {
            assert_eq!(decode(text).as_deref(), bytes, "{text}");
            if let Some(bytes) = bytes {
                assert_eq!(encode(bytes), text);
            }
        }
    }
}
