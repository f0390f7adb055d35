//! Machine code that is kept from one start to the next.
//!
//! A file is a header, the code, and a tag over both under a key of the installation. The header says
//! which component it is of, for which engine and by which version of Wardlet; it is compared whole,
//! never read. What is not exactly right is compiled again and replaced.

use std::path::Path;
use std::sync::Mutex;

use wardlet_keys::digest::{hex, sha256};
use wardlet_keys::{ArtifactKey, KeyError, PrivateFolder, TAG_BYTES};

use super::budget::MAX_ARTIFACT;
use super::{Artifact, Source};

/// Bytes of all kept artifacts together: a dozen of CPython's, thousands of Rust's.
pub const MAX_CACHE_BYTES: u64 = 1 << 30;

/// Kept artifacts: far more than a gateway has plugins, so that old versions can come back.
pub const MAX_CACHE_FILES: usize = 1024;

/// What an artifact begins with. The number is that of the format.
const MAGIC: &[u8] = b"wardlet artifact 1\n";

/// The version of Wardlet, which may come to load the same code in another way.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Bytes of a file beside its code: magic, two digests, version and tag take 160.
const MAX_FRAME: usize = 1024;

/// Digits of the digest of a header in the name of its file, beside all 64 of the component's.
const NAME_DIGITS: usize = 16;

/// A folder of artifacts, which only its owner can read.
#[derive(Debug)]
pub struct Cache {
    folder: PrivateFolder,
    key: ArtifactKey,
    most: Most,
    /// Held while files are written and removed, so that one thread at a time counts.
    writing: Mutex<()>,
}

/// What a cache may hold.
#[derive(Clone, Copy, Debug)]
struct Most {
    files: usize,
    bytes: u64,
}

/// The name of an artifact's file, and what the file begins with.
struct Place {
    name: String,
    header: Vec<u8>,
}

impl Place {
    fn of(source: &Source) -> Self {
        let mut header = MAGIC.to_vec();
        header.extend(source.component);
        header.extend(source.engine);
        // Its length before it, so that no two headers are one the beginning of the other.
        header.extend((VERSION.len() as u64).to_le_bytes());
        header.extend(VERSION.as_bytes());
        let mut digits = hex(&sha256(&header));
        digits.truncate(NAME_DIGITS);
        let name = format!("{}-{digits}.artifact", hex(&source.component));
        Place { name, header }
    }
}

impl Cache {
    /// Opens the folder, or makes it with mode 0700. Several processes can share one.
    ///
    /// # Errors
    /// Any [`KeyError`] about the folder.
    pub fn open(folder: &Path, key: ArtifactKey) -> Result<Self, KeyError> {
        Ok(Cache {
            folder: PrivateFolder::open(folder)?,
            key,
            most: Most {
                files: MAX_CACHE_FILES,
                bytes: MAX_CACHE_BYTES,
            },
            writing: Mutex::new(()),
        })
    }

    /// The artifact of a source, if it is there and authentic.
    pub(super) fn get(&self, source: &Source) -> Option<Artifact> {
        let place = Place::of(source);
        let path = || self.folder.path().join(&place.name).display().to_string();
        let bytes = match self.folder.read(&place.name, MAX_ARTIFACT + MAX_FRAME) {
            Ok(bytes) => bytes?,
            Err(error) => {
                tracing::warn!("a kept artifact is not trusted and made again: {error}");
                return None;
            }
        };
        match authenticate(&self.key, &place, bytes) {
            Ok(artifact) => {
                // Where the time cannot be set it is forgotten earlier than it could be.
                let _ = self.folder.touch(&place.name);
                Some(artifact)
            }
            Err(why) => {
                tracing::warn!(
                    "a kept artifact is not trusted and made again: `{}` {why}",
                    path()
                );
                None
            }
        }
    }

    /// Keeps an artifact, and forgets those that were used longest ago where there are too many.
    pub(super) fn put(&self, source: &Source, artifact: &Artifact) {
        if let Err(error) = self.write(&Place::of(source), artifact) {
            tracing::warn!("a compiled plugin is not kept: {error}");
        }
    }

    fn write(&self, place: &Place, artifact: &Artifact) -> Result<(), KeyError> {
        let mut file = place.header.clone();
        file.extend_from_slice(artifact.code());
        let tag = self.key.tag(&file);
        file.extend(tag);
        let _writing = self.writing.lock();
        self.folder.replace(&place.name, &file)?;
        self.forget()
    }

    /// Removes what was used longest ago until the rest is within the limits.
    fn forget(&self) -> Result<(), KeyError> {
        let mut files = self.folder.files()?;
        files.sort_by(|a, b| b.written.cmp(&a.written).then(a.name.cmp(&b.name)));
        let mut bytes: u64 = 0;
        for (number, file) in files.iter().enumerate() {
            bytes = bytes.saturating_add(file.size);
            if number >= self.most.files || bytes > self.most.bytes {
                self.folder.remove(&file.name)?;
            }
        }
        Ok(())
    }
}

/// The tag first, over everything; then whether it is the artifact that was asked for.
fn authenticate(
    key: &ArtifactKey,
    place: &Place,
    bytes: Vec<u8>,
) -> Result<Artifact, &'static str> {
    let (message, tag) = bytes
        .split_last_chunk::<TAG_BYTES>()
        .ok_or("is too short")?;
    if !key.verify(message, tag) {
        return Err("was changed, or is of another installation");
    }
    if !message.starts_with(&place.header) {
        return Err("is of another component, engine or version");
    }
    let code = place.header.len()..message.len();
    Ok(Artifact { bytes, code })
}

#[cfg(test)]
mod tests;
