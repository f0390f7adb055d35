//! The key that authenticates what this installation keeps for itself: compiled plugins.

use std::fmt;
use std::path::Path;

use ring::hmac;

use crate::error::KeyError;
use crate::keys::{MAX_KEY_FILE_BYTES, load};
use crate::private::PrivateFolder;
use crate::random::random;

/// The file of the key that authenticates compiled plugins, 32 raw bytes.
pub const ARTIFACT_KEY_FILE: &str = "artifact.key";

/// The length of a tag in bytes: that of HMAC-SHA256.
pub const TAG_BYTES: usize = 32;

/// The length of the key: that of the digest, as RFC 2104 advises.
const KEY_BYTES: usize = 32;

/// Makes and checks tags (HMAC-SHA256) under a key that never leaves the installation: what carries
/// a good tag was written by this gateway, or by somebody who could read its keys.
pub struct ArtifactKey(hmac::Key);

impl ArtifactKey {
    /// A new key that lives in memory alone.
    ///
    /// # Errors
    /// [`KeyError::Random`]
    pub fn generate() -> Result<Self, KeyError> {
        Ok(Self::new(&random::<KEY_BYTES>()?))
    }

    /// Loads the key in a folder of keys, and makes it where it is missing.
    ///
    /// # Errors
    /// Any [`KeyError`] about the folder, the file, or missing randomness.
    pub fn open(folder: &Path) -> Result<Self, KeyError> {
        let new = || Ok(random::<KEY_BYTES>()?.to_vec());
        load(
            &PrivateFolder::open(folder)?,
            ARTIFACT_KEY_FILE,
            "artifact",
            new,
            Self::parse,
        )
    }

    /// Loads the key in a folder of keys, and makes nothing: none where folder or file is missing.
    ///
    /// # Errors
    /// Any [`KeyError`] about the folder or the file.
    pub fn existing(folder: &Path) -> Result<Option<Self>, KeyError> {
        let Some(private) = PrivateFolder::existing(folder)? else {
            return Ok(None);
        };
        let Some(bytes) = private.read(ARTIFACT_KEY_FILE, MAX_KEY_FILE_BYTES)? else {
            return Ok(None);
        };
        let damaged = || KeyError::Damaged {
            path: folder.join(ARTIFACT_KEY_FILE),
            kind: "artifact",
        };
        Self::parse(&bytes).map(Some).ok_or_else(damaged)
    }

    /// The tag of a message.
    #[must_use]
    pub fn tag(&self, message: &[u8]) -> [u8; TAG_BYTES] {
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(hmac::sign(&self.0, message).as_ref());
        tag
    }

    /// Whether a tag is that of the message. Takes the same time wherever a wrong one differs.
    #[must_use]
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.0, message, tag).is_ok()
    }

    fn new(key: &[u8; KEY_BYTES]) -> Self {
        ArtifactKey(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::new)
    }
}

impl fmt::Debug for ArtifactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ArtifactKey(private)")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{ARTIFACT_KEY_FILE, ArtifactKey};

    #[test]
    fn a_tag_fits_its_message_and_its_key_alone() {
        let key = ArtifactKey::generate().unwrap();
        let tag = key.tag(b"message");
        assert!(key.verify(b"message", &tag));
        assert!(!key.verify(b"massage", &tag));
        assert!(!key.verify(b"message", &tag[1..]));
        assert!(!key.verify(b"message", &[]));
        for bit in 0..tag.len() * 8 {
            let mut wrong = tag;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.verify(b"message", &wrong), "bit {bit}");
        }
        assert!(
            !ArtifactKey::generate()
                .unwrap()
                .verify(b"message", &key.tag(b"message"))
        );
        assert_eq!(format!("{key:?}"), "ArtifactKey(private)");
    }

    #[test]
    fn only_opening_makes_a_key() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("keys");
        assert!(ArtifactKey::existing(&folder).unwrap().is_none());
        assert!(!folder.exists(), "looking makes nothing");
        let made = ArtifactKey::open(&folder).unwrap();
        for found in [
            ArtifactKey::open(&folder).unwrap(),
            ArtifactKey::existing(&folder).unwrap().unwrap(),
        ] {
            assert!(found.verify(b"message", &made.tag(b"message")));
        }
        fs::write(folder.join(ARTIFACT_KEY_FILE), [7; 31]).unwrap();
        assert!(ArtifactKey::existing(&folder).is_err());
        assert!(ArtifactKey::open(&folder).is_err());
        fs::remove_file(folder.join(ARTIFACT_KEY_FILE)).unwrap();
        assert!(ArtifactKey::existing(&folder).unwrap().is_none());
    }
}
