//! Keys that seal what is kept: AES-256-GCM (NIST SP 800-38D).

use std::fmt;
use std::path::Path;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk};
use zeroize::Zeroizing;

use crate::error::KeyError;
use crate::keys::load;
use crate::private::PrivateFolder;
use crate::random::random;

/// The file of the key that seals the keys of subjects, 32 raw bytes.
pub const VAULT_KEY_FILE: &str = "vault.key";

/// The length of a key.
const KEY_BYTES: usize = 32;

/// Seals and opens under one key. What is sealed is a random nonce of 12 bytes, the ciphertext, and a tag of 16. At
/// a random nonce each, one key is good for 2^32 values (NIST SP 800-38D, section 8.3).
pub struct SealingKey {
    key: LessSafeKey,
    /// The key itself, from which others are derived.
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

impl SealingKey {
    /// A new key that lives in memory alone.
    ///
    /// # Errors
    /// [`KeyError::Random`]
    pub fn generate() -> Result<Self, KeyError> {
        Self::parse(&*Zeroizing::new(random::<KEY_BYTES>()?)).ok_or(KeyError::Random)
    }

    /// Loads the key of the vault in a folder of keys, and makes it where it is missing.
    ///
    /// # Errors
    /// Any [`KeyError`] about the folder, the file, or missing randomness.
    pub fn open(folder: &Path) -> Result<Self, KeyError> {
        let new = || Ok(random::<KEY_BYTES>()?.to_vec());
        let folder = PrivateFolder::open(folder)?;
        load(&folder, VAULT_KEY_FILE, "vault", new, Self::parse)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let key = UnboundKey::new(&AES_256_GCM, bytes).ok()?;
        Some(SealingKey {
            key: LessSafeKey::new(key),
            bytes: Zeroizing::new(bytes.try_into().ok()?),
        })
    }

    /// Seals a value. It opens under the same `context` alone, which is not part of what comes back.
    ///
    /// # Errors
    /// [`KeyError::Random`]
    pub fn seal(&self, context: &[u8], value: &[u8]) -> Result<Vec<u8>, KeyError> {
        let nonce = random::<NONCE_LEN>()?;
        let mut sealed = Vec::with_capacity(NONCE_LEN + value.len() + AES_256_GCM.tag_len());
        sealed.extend(nonce);
        sealed.extend(value);
        let text = sealed.get_mut(NONCE_LEN..).unwrap_or_default();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(context), text);
        // It refuses only what is over 64 GiB, which nobody holds in memory for this.
        sealed.extend(tag.map_err(|_| KeyError::Random)?.as_ref());
        Ok(sealed)
    }

    /// Opens what was sealed under this key and `context`; none where it was not, or was changed since.
    #[must_use]
    pub fn unseal(&self, context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = self
            .key
            .open_in_place(nonce, Aad::from(context), &mut text)
            .ok()?
            .len();
        text.truncate(length);
        Some(text)
    }

    /// Seals another key.
    ///
    /// # Errors
    /// [`KeyError::Random`]
    pub fn wrap(&self, context: &[u8], key: &SealingKey) -> Result<Vec<u8>, KeyError> {
        self.seal(context, &*key.bytes)
    }

    /// Opens a key that was sealed with [`SealingKey::wrap`].
    #[must_use]
    pub fn unwrap_key(&self, context: &[u8], sealed: &[u8]) -> Option<SealingKey> {
        Self::parse(&self.unseal(context, sealed)?)
    }

    /// Bytes for another purpose, which say nothing of the key: HKDF-Expand with SHA-256 (RFC 5869, section
    /// 2.3).
    #[must_use]
    pub fn derive<const N: usize>(&self, purpose: &[u8]) -> [u8; N] {
        let mut bytes = [0; N];
        let prk = Prk::new_less_safe(HKDF_SHA256, &*self.bytes);
        let purpose = [purpose];
        // Only 255 times the digest's length and more is refused.
        if let Ok(okm) = prk.expand(&purpose, Length(N)) {
            let _ = okm.fill(&mut bytes);
        }
        bytes
    }
}

/// How much is derived.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(private)")
    }
}

#[cfg(test)]
mod tests {
    use super::SealingKey;
    use crate::digest::hex;

    #[test]
    fn what_was_sealed_opens_in_its_context_and_unchanged() {
        let key = SealingKey::generate().unwrap();
        let other = SealingKey::generate().unwrap();
        let sealed = key.seal(b"here", b"a value").unwrap();
        assert_eq!(key.unseal(b"here", &sealed).unwrap().as_slice(), b"a value");
        assert!(key.unseal(b"there", &sealed).is_none());
        assert!(other.unseal(b"here", &sealed).is_none());
        assert_ne!(
            key.seal(b"here", b"a value").unwrap(),
            sealed,
            "never twice the same"
        );
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(key.unseal(b"here", &changed).is_none(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(key.unseal(b"here", &sealed[..length]).is_none(), "{length}");
        }
        let wrapped = other.wrap(b"key", &key).unwrap();
        let key = other.unwrap_key(b"key", &wrapped).unwrap();
        assert_eq!(key.unseal(b"here", &sealed).unwrap().as_slice(), b"a value");
        assert!(other.unwrap_key(b"other", &wrapped).is_none());
    }

    #[test]
    fn derived_as_rfc_5869_says() {
        // Test case 1: the PRK of the extract step is 32 bytes, which is what a key is here.
        let prk = [
            0x07, 0x77, 0x09, 0x36, 0x2c, 0x2e, 0x32, 0xdf, 0x0d, 0xdc, 0x3f, 0x0d, 0xc4, 0x7b,
            0xba, 0x63, 0x90, 0xb6, 0xc7, 0x3b, 0xb5, 0x0f, 0x9c, 0x31, 0x22, 0xec, 0x84, 0x4a,
            0xd7, 0xc2, 0xb3, 0xe5,
        ];
        let info = [0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9];
        let derived = SealingKey::parse(&prk).unwrap().derive::<42>(&info);
        assert_eq!(
            hex(&derived),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        );
    }
}
