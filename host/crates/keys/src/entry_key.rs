//! The Ed25519 key (RFC 8032) that signs the entries of the log.

use std::fmt;

use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::error::KeyError;
use crate::verifying_key::VerifyingKey;

/// The length of an Ed25519 public key.
pub const PUBLIC_KEY_BYTES: usize = 32;

/// The length of an Ed25519 signature, and of an ES256 one as JOSE writes it.
pub const SIGNATURE_BYTES: usize = 64;

/// The private key that signs entries.
pub struct EntryKey(Ed25519KeyPair);

impl EntryKey {
    /// A new key that lives in memory alone.
    ///
    /// # Errors
    /// [`KeyError::Random`]
    pub fn generate() -> Result<Self, KeyError> {
        // What `ring` just made it also reads; the only failure is missing randomness.
        Self::from_pkcs8(&Self::generate_pkcs8()?).ok_or(KeyError::Random)
    }

    /// The PKCS#8 version 2 document (RFC 5958) of a new key.
    pub(crate) fn generate_pkcs8() -> Result<Vec<u8>, KeyError> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        Ok(document.map_err(|_| KeyError::Random)?.as_ref().to_vec())
    }

    pub(crate) fn from_pkcs8(document: &[u8]) -> Option<Self> {
        Ed25519KeyPair::from_pkcs8(document).ok().map(EntryKey)
    }

    /// Signs `message`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let mut signature = [0; SIGNATURE_BYTES];
        signature.copy_from_slice(self.0.sign(message).as_ref());
        signature
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> [u8; PUBLIC_KEY_BYTES] {
        let mut public = [0; PUBLIC_KEY_BYTES];
        public.copy_from_slice(self.0.public_key().as_ref());
        public
    }

    /// The public key under `name`, which for a log is its origin.
    ///
    /// # Errors
    /// [`KeyError::Name`]
    pub fn verifying_key(&self, name: &str) -> Result<VerifyingKey, KeyError> {
        VerifyingKey::new(name, self.public())
    }
}

impl fmt::Debug for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EntryKey(private)")
    }
}

/// Whether `signature` is that of `message` under the Ed25519 key `public`. A key or signature of
/// the wrong length is a signature that does not fit.
#[must_use]
pub fn verify_ed25519(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public)
        .verify(message, signature)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::{EntryKey, verify_ed25519};

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn signatures() {
        let key = EntryKey::generate().unwrap();
        let made = (
            key.public().to_vec(),
            b"entry".to_vec(),
            key.sign(b"entry").to_vec(),
        );
        // RFC 8032, section 7.1, test 2.
        let published = (
            unhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
            unhex("72"),
            unhex(
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                 085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
        );
        for (public, message, signature) in [made, published] {
            assert!(verify_ed25519(&public, &message, &signature));
            for bit in 0..signature.len() * 8 {
                let mut wrong = signature.clone();
                wrong[bit / 8] ^= 1 << (bit % 8);
                assert!(!verify_ed25519(&public, &message, &wrong), "bit {bit}");
            }
            assert!(!verify_ed25519(&public, b"other", &signature));
            assert!(!verify_ed25519(&public[1..], &message, &signature));
            assert!(!verify_ed25519(&[], &message, &signature));
            assert!(!verify_ed25519(&public, &message, &[]));
        }
        assert_eq!(format!("{key:?}"), "EntryKey(private)");
    }
}
