//! Which gateways over a log live: each holds a lock on a file of its own, which the system takes from it however it
//! ends.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use wardlet_keys::{KeyError, PrivateFolder, digest::hex, random};

use crate::lock;
use crate::tree::path;

/// Bytes of a name before its encoding: two gateways never have the same.
const NAME_BYTES: usize = 16;

/// A gateway's own mark that it lives.
pub(super) struct Alive {
    folder: PrivateFolder,
    name: String,
    _lock: File,
}

impl Alive {
    /// Marks this gateway as living, in the folder of a log.
    pub(super) fn new(log: &Path) -> Result<Self, KeyError> {
        let folder = PrivateFolder::open(&log.join(path::SESSIONS))?;
        loop {
            let name = hex(&random::<NAME_BYTES>()?);
            // None only where somebody looked in this moment whether it lives.
            if let Some(lock) = lock::take(&folder, &name)?
                // Somebody may have taken it for a dead one's before the lock was on it: that is done under the lock only.
                && lock.metadata().is_ok_and(|file| file.nlink() > 0)
            {
                return Ok(Alive {
                    folder,
                    name,
                    _lock: lock,
                });
            }
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The names of the others that live. The marks of those that do not are taken away.
    pub(super) fn others(&self) -> Result<BTreeSet<String>, KeyError> {
        let mut living = BTreeSet::new();
        for file in self.folder.files()? {
            if file.name != self.name && self.lives(&file.name)? {
                living.insert(file.name);
            }
        }
        Ok(living)
    }

    /// Whether the gateway with this name lives. Takes its mark away where it does not.
    pub(super) fn lives(&self, name: &str) -> Result<bool, KeyError> {
        if !is_name(name) || self.folder.read(name, 0)?.is_none() {
            return Ok(false);
        }
        let Some(_lock) = lock::take(&self.folder, name)? else {
            return Ok(true);
        };
        self.folder.remove(name)?;
        Ok(false)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        // What is left is taken away by the next who looks.
        let _ = self.folder.remove(&self.name);
    }
}

/// Whether a stranger's text is a name that [`Alive`] makes.
pub(super) fn is_name(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 2 * NAME_BYTES && text.bytes().all(digit)
}
