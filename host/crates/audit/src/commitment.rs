//! Commitments to values that must not stand in the log.

use wardlet_keys::{base64url, digest};

/// A salted digest of one named value, in the way of SD-JWT (RFC 9901, section 4.2.1).
///
/// The log holds the digest alone. Whoever holds the salt and the value can show that they belong
/// to it; nobody else can find the value by guessing, however few values there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// The base64url of SHA-256 over the disclosure: 43 characters.
    pub digest: String,
    /// The base64url of the 128-bit salt: 22 characters. It never goes into the log.
    pub salt: String,
    disclosure: String,
}

impl Commitment {
    /// Commits to `value`, a JSON text, under `name`. The bytes of the text count: what two sides are
    /// to agree on has to be in canonical form (RFC 8785). The salt must be unpredictable and used
    /// for one value.
    #[must_use]
    pub fn new(salt: [u8; 16], name: &str, value: &str) -> Self {
        Self::with_salt_text(base64url::encode(&salt), name, value)
    }

    fn with_salt_text(salt: String, name: &str, value: &str) -> Self {
        // `Json` writes the name's escapes, so that a name cannot change the array's shape.
        let name = wardlet_call::Json::String(name.to_owned()).to_text();
        let disclosure = format!(r#"["{salt}",{name},{value}]"#);
        let disclosure = base64url::encode(disclosure.as_bytes());
        let digest = base64url::encode(&digest::sha256(disclosure.as_bytes()));
        Commitment {
            digest,
            salt,
            disclosure,
        }
    }

    /// The base64url of `["<salt>","<name>",<value>]`, which proves the commitment. It holds the
    /// value.
    #[must_use]
    pub fn disclosure(&self) -> &str {
        &self.disclosure
    }
}

#[cfg(test)]
mod tests {
    use super::Commitment;

    #[test]
    fn the_disclosure_of_rfc_9901_without_white_space() {
        // Section 4.2.1 lists this encoding of its example among the valid ones. Its digest was
        // computed with another tool.
        let made = Commitment::with_salt_text(
            "_26bc4LT-ac6q2KI6cBW5es".to_owned(),
            "family_name",
            "\"Möbius\"",
        );
        assert_eq!(
            made.disclosure(),
            "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsImZhbWlseV9uYW1lIiwiTcO2Yml1cyJd"
        );
        assert_eq!(made.digest, "TZjouOTrBKEwUNjNDs9yeMzBoQn8FFLPaJjRRmAtwrM");
    }

    #[test]
    fn each_part_counts() {
        let base = Commitment::new([0; 16], "arguments", r#"{"a":1}"#);
        assert_eq!(base, Commitment::new([0; 16], "arguments", r#"{"a":1}"#));
        assert_eq!((base.salt.len(), base.digest.len()), (22, 43));
        for other in [
            Commitment::new([1; 16], "arguments", r#"{"a":1}"#),
            Commitment::new([0; 16], "argument", r#"{"a":1}"#),
            Commitment::new([0; 16], "arguments", r#"{"a":2}"#),
            Commitment::new([0; 16], r#"arguments",{"a":1}]"#, r#"{"a":1}"#),
        ] {
            assert_ne!(base.digest, other.digest);
        }
    }
}
