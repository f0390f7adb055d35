//! The keys of one gateway, in its folder.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::base64url;
use crate::digest::hmac_sha256;
use crate::entry_key::EntryKey;
use crate::error::KeyError;
use crate::private::PrivateFolder;
use crate::random::random;
use crate::token_key::TokenKey;

/// The file of the key that signs entries, PKCS#8.
pub const ENTRY_KEY_FILE: &str = "entry-ed25519.pk8";

/// The file of the key that signs tokens, PKCS#8.
pub const TOKEN_KEY_FILE: &str = "token-es256.pk8";

/// The file of the key that makes pseudonyms, 32 raw bytes.
pub const PSEUDONYM_KEY_FILE: &str = "pseudonym.key";

/// A key file is shorter than 140 bytes; what is far over that is something else.
pub(crate) const MAX_KEY_FILE_BYTES: usize = 4096;

/// The length of the pseudonym key: that of the digest, as RFC 2104 advises.
const PSEUDONYM_KEY_BYTES: usize = 32;

/// The length of a pseudonym before its encoding: 128 bits never collide by chance.
const PSEUDONYM_BYTES: usize = 16;

/// The keys of one gateway.
pub struct Keys {
    entry: Arc<EntryKey>,
    token: Arc<TokenKey>,
    pseudonym: [u8; PSEUDONYM_KEY_BYTES],
}

impl Keys {
    /// Loads the keys in `folder` and makes those that are missing. Folder and files must be ours
    /// and closed to others (0700 and 0600). Two gateways that start at once agree on one set.
    ///
    /// # Errors
    /// Any [`KeyError`] about the folder, one of the files, or missing randomness.
    pub fn open(folder: &Path) -> Result<Self, KeyError> {
        let folder = PrivateFolder::open(folder)?;
        let entry = EntryKey::open_in(&folder, ENTRY_KEY_FILE)?;
        let token = load(
            &folder,
            TOKEN_KEY_FILE,
            "P-256",
            TokenKey::generate_pkcs8,
            TokenKey::from_pkcs8,
        )?;
        let new = || Ok(random::<PSEUDONYM_KEY_BYTES>()?.to_vec());
        let pseudonym = load(&folder, PSEUDONYM_KEY_FILE, "pseudonym", new, |bytes| {
            bytes.try_into().ok()
        })?;
        Ok(Keys {
            entry: Arc::new(entry),
            token: Arc::new(token),
            pseudonym,
        })
    }

    /// The key that signs entries.
    #[must_use]
    pub fn entry(&self) -> &Arc<EntryKey> {
        &self.entry
    }

    /// The key that signs tokens.
    #[must_use]
    pub fn token(&self) -> &Arc<TokenKey> {
        &self.token
    }

    /// The name under which `subject` stands in the log: 22 characters, the base64url of the first
    /// 16 bytes of HMAC-SHA256. Without the key nobody can tell whose it is, not even by guessing.
    #[must_use]
    pub fn pseudonym(&self, subject: &str) -> String {
        let code = hmac_sha256(&self.pseudonym, subject.as_bytes());
        base64url::encode(code.get(..PSEUDONYM_BYTES).unwrap_or(&code))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(private)")
    }
}

/// The key in a file, which is made where it is missing.
pub(crate) fn load<K>(
    folder: &PrivateFolder,
    name: &str,
    kind: &'static str,
    new: impl FnOnce() -> Result<Vec<u8>, KeyError>,
    parse: impl FnOnce(&[u8]) -> Option<K>,
) -> Result<K, KeyError> {
    let path = folder.path().join(name);
    let bytes = match folder.read(name, MAX_KEY_FILE_BYTES)? {
        Some(bytes) => bytes,
        None => {
            // Where another gateway was faster its key counts, so the file is read in any case.
            folder.create_new(name, &new()?)?;
            folder.read(name, MAX_KEY_FILE_BYTES)?.unwrap_or_default()
        }
    };
    parse(&bytes).ok_or(KeyError::Damaged { path, kind })
}

#[cfg(test)]
mod tests;
