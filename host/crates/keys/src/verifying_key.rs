//! Public keys with a name, as C2SP signed-note writes them.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::digest::sha256;
use crate::entry_key::{PUBLIC_KEY_BYTES, verify_ed25519};
use crate::error::KeyError;

/// The signature type of Ed25519 over the text of a note (C2SP signed-note).
const ED25519_TYPE: u8 = 0x01;

/// The signature type of a witness's cosignature, Ed25519 with a time (C2SP tlog-cosignature).
const COSIGNATURE_TYPE: u8 = 0x04;

/// Longer names are refused: the name stands in every entry and every checkpoint.
const MAX_NAME_BYTES: usize = 256;

/// The key of whoever signs notes and entries: of a log, its name is the origin.
pub type VerifyingKey = NamedKey<ED25519_TYPE>;

/// The key of a witness, which cosigns the checkpoints of logs. What it signs holds the time and
/// begins with a line of its own, so that no cosignature can pass for the signature of a log.
pub type CosignerKey = NamedKey<COSIGNATURE_TYPE>;

/// A public Ed25519 key, its name, and the type of signature that it is for.
///
/// Its text is the verifier key ("vkey") of C2SP signed-note:
/// `<name>+<key id, 8 hex digits>+<base64 of the type and the key>`.
///
/// ```
/// let text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
/// let key: wardlet_keys::VerifyingKey = text.parse()?;
/// assert_eq!(key.name(), "sum.golang.org");
/// assert_eq!(key.to_string(), text);
/// # Ok::<(), wardlet_keys::KeyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedKey<const TYPE: u8> {
    name: String,
    public: [u8; PUBLIC_KEY_BYTES],
}

impl<const TYPE: u8> NamedKey<TYPE> {
    /// Names a public key.
    ///
    /// # Errors
    /// [`KeyError::Name`] where the name is empty, over 256 bytes, or has a Unicode space, a
    /// control character or a `+`.
    pub fn new(name: &str, public: [u8; PUBLIC_KEY_BYTES]) -> Result<Self, KeyError> {
        let bad = |c: char| c == '+' || c.is_whitespace() || c.is_control();
        if name.is_empty() || name.len() > MAX_NAME_BYTES || name.contains(bad) {
            let name = name
                .chars()
                .take(MAX_NAME_BYTES)
                .flat_map(char::escape_default)
                .collect();
            return Err(KeyError::Name { name });
        }
        Ok(NamedKey {
            name: name.to_owned(),
            public,
        })
    }

    /// The name; for a log it is the origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        &self.public
    }

    /// The first four bytes of SHA-256(name, 0x0A, type, public key), which tell a signature's key
    /// in a signed note.
    #[must_use]
    pub fn key_id(&self) -> [u8; 4] {
        let hashed = [self.name.as_bytes(), &[b'\n', TYPE], &self.public].concat();
        let [a, b, c, d, ..] = sha256(&hashed);
        [a, b, c, d]
    }

    /// Whether `signature` is that of `message` under this key.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        verify_ed25519(&self.public, message, signature)
    }
}

impl<const TYPE: u8> fmt::Display for NamedKey<TYPE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.key_id());
        let typed = [&[TYPE], &self.public[..]].concat();
        write!(f, "{}+{id:08x}+{}", self.name, STANDARD.encode(typed))
    }
}

impl<const TYPE: u8> FromStr for NamedKey<TYPE> {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let wrong = |why| KeyError::VerifyingKey { why };
        // A name has no `+`, base64 may: so the parts are split from the left.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("it has fewer than three parts"));
        };
        let typed = STANDARD
            .decode(key)
            .map_err(|_| wrong("its key is not base64"))?;
        let public = match typed.split_first() {
            Some((&found, public)) if found == TYPE => public,
            _ => return Err(wrong("its key is not of the type that belongs here")),
        };
        let public = public
            .try_into()
            .map_err(|_| wrong("its key does not have 32 bytes"))?;
        let key = NamedKey::new(name, public)?;
        if format!("{:08x}", u32::from_be_bytes(key.key_id())) != id {
            return Err(wrong("its key id does not belong to its name and key"));
        }
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::{CosignerKey, VerifyingKey};

    #[test]
    fn texts() {
        let long = format!("{}+00000000+AQ==", "n".repeat(300));
        for (text, expected) in [
            (
                "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
                None,
            ),
            (
                "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                None,
            ),
            (
                "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                Some("key id"),
            ),
            (
                "PeterNeumanx+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                Some("key id"),
            ),
            (
                "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                Some("type"),
            ),
            (
                "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
                Some("base64"),
            ),
            ("PeterNeumann+c74f20a3+AQ==", Some("32 bytes")),
            ("PeterNeumann+c74f20a3", Some("three parts")),
            (
                "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                Some("name"),
            ),
            (
                "a b+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                Some("name"),
            ),
            (
                "a\u{2003}b+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                Some("name"),
            ),
            (&long, Some("32 bytes")),
            ("", Some("three parts")),
            ("++", Some("type")),
        ] {
            match (text.parse::<VerifyingKey>(), expected) {
                (Ok(key), None) => assert_eq!(key.to_string(), text),
                (Err(error), Some(part)) => {
                    assert!(error.to_string().contains(part), "{text}: {error}");
                }
                (got, _) => panic!("{text}: {got:?}"),
            }
        }
        assert!(VerifyingKey::new(&"n".repeat(257), [0; 32]).is_err());
        let shown = VerifyingKey::new("a\nb", [0; 32]).unwrap_err().to_string();
        assert!(!shown.contains('\n'), "{shown}");
    }

    /// The key of the example in tlog-cosignature is not published; this one was made with another
    /// tool (`aics-tlog`) from the public key of RFC 8032, section 7.1, test 2.
    #[test]
    fn a_cosigner_is_no_log() {
        let public = "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=";
        let public = base64::Engine::decode(&super::STANDARD, public).unwrap();
        let public: [u8; 32] = public.try_into().unwrap();
        let cosigner = CosignerKey::new("witness.example/w1", public).unwrap();
        let text = "witness.example/w1+04d2d833+BD1AF8PoQ4lakrcKp00bfrycmCzPLsSWjMDNVfEq9GYM";
        assert_eq!(cosigner.to_string(), text);
        assert_eq!(text.parse::<CosignerKey>().unwrap(), cosigner);
        let log = VerifyingKey::new("witness.example/w1", public).unwrap();
        assert_ne!(log.key_id(), cosigner.key_id());
        for wrong in [
            text.parse::<VerifyingKey>().err(),
            log.to_string().parse::<CosignerKey>().err(),
        ] {
            assert!(wrong.unwrap().to_string().contains("type"));
        }
    }
}
