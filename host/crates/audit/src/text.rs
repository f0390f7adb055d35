//! How the formats of C2SP write numbers and hashes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::merkle::Hash;

/// A number in ASCII decimal digits, without leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let leading_zero = text.len() > 1 && text.starts_with('0');
    // `parse` takes a plus sign.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    (digits && !leading_zero).then(|| text.parse().ok())?
}

/// Bytes in base64 (RFC 4648, section 4), with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of a base64 text; none where it has another form than [`base64`] would have written.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The hash of a base64 text.
pub(crate) fn hash(text: &str) -> Option<Hash> {
    from_base64(text)?.try_into().ok()
}

/// The hashes of lines, one each; else what is wrong with them.
pub(crate) fn hashes<'a>(
    lines: impl Iterator<Item = &'a str>,
    most: usize,
) -> Result<Vec<Hash>, &'static str> {
    let hashes: Option<Vec<Hash>> = lines.take(most.saturating_add(1)).map(hash).collect();
    match hashes {
        Some(hashes) if hashes.len() <= most => Ok(hashes),
        Some(_) => Err("it has too many hashes"),
        None => Err("one of its lines is no hash"),
    }
}

#[cfg(test)]
mod tests {
    use super::{base64, decimal, hash};

    #[test]
    fn numbers() {
        for (text, expected) in [
            ("0", Some(0)),
            ("7", Some(7)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("", None),
            ("00", None),
            ("07", None),
            ("+7", None),
            ("-7", None),
            (" 7", None),
            ("7 ", None),
            ("\u{0667}", None),
        ] {
            assert_eq!(decimal(text), expected, "{text}");
        }
    }

    #[test]
    fn hashes() {
        let text = base64(&[7; 32]);
        assert_eq!(hash(&text), Some([7; 32]));
        for wrong in [
            base64(&[7; 31]),
            base64(&[7; 33]),
            text.trim_end_matches('=').to_owned(),
            format!("{text}\n"),
            // The last character has bits beyond the last byte.
            text.replace("c=", "d="),
        ] {
            assert_ne!(wrong, text);
            assert_eq!(hash(&wrong), None, "{wrong}");
        }
    }
}
