//! The Ed25519 keys (RFC 8032) that sign the log: its entries, its checkpoints, cosignatures.

use std::fmt;
use std::path::Path;

use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::error::KeyError;
use crate::keys::load;
use crate::private::PrivateFolder;
use crate::verifying_key::{CosignerKey, VerifyingKey};

/// The file of the key that signs checkpoints, PKCS#8.
pub const CHECKPOINT_KEY_FILE: &str = "checkpoint-ed25519.pk8";

/// The file of the key that a witness cosigns with, PKCS#8.
pub const WITNESS_KEY_FILE: &str = "witness-ed25519.pk8";

/// The length of an Ed25519 public key.
pub const PUBLIC_KEY_BYTES: usize = 32;

/// The length of an Ed25519 signature, and of an ES256 one as JOSE writes it.
pub const SIGNATURE_BYTES: usize = 64;

/// A private key that signs entries, or checkpoints, or the checkpoints of others. Each of the
/// three has a key of its own.
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

    /// Loads the key in `file` of a folder of keys, and makes it where it is missing. Folder and
    /// file must be ours and closed to others (0700 and 0600).
    ///
    /// # Errors
    /// Any [`KeyError`] about the folder, the file, or missing randomness.
    pub fn open(folder: &Path, file: &str) -> Result<Self, KeyError> {
        Self::open_in(&PrivateFolder::open(folder)?, file)
    }

    pub(crate) fn open_in(folder: &PrivateFolder, file: &str) -> Result<Self, KeyError> {
        let (new, parse) = (Self::generate_pkcs8, Self::from_pkcs8);
        load(folder, file, "Ed25519", new, parse)
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

    /// The public key under the name of a witness.
    ///
    /// # Errors
    /// [`KeyError::Name`]
    pub fn cosigner_key(&self, name: &str) -> Result<CosignerKey, KeyError> {
        CosignerKey::new(name, self.public())
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
    use super::{CHECKPOINT_KEY_FILE, EntryKey, WITNESS_KEY_FILE, verify_ed25519};

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

    #[test]
    fn a_key_stays_in_its_file() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("keys");
        let made = EntryKey::open(&folder, CHECKPOINT_KEY_FILE).unwrap();
        let found = EntryKey::open(&folder, CHECKPOINT_KEY_FILE).unwrap();
        assert_eq!(made.public(), found.public());
        let other = EntryKey::open(&folder, WITNESS_KEY_FILE).unwrap();
        assert_ne!(made.public(), other.public());
        std::fs::write(folder.join(WITNESS_KEY_FILE), b"no key").unwrap();
        assert!(EntryKey::open(&folder, WITNESS_KEY_FILE).is_err());
    }
}
