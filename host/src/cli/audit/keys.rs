//! The keys that a log, or what was taken out of one, is checked with.

use std::path::{Path, PathBuf};

use wardlet_keys::VerifyingKey;

use crate::cli::say::{Failure, WRONG};
use crate::cli::setup::keys;
use crate::state::{CHECKPOINT_VKEYS, VKEY};

/// Files with keys.
#[derive(Debug, clap::Args)]
pub(super) struct KeyFiles {
    /// The key of the entries, if it is kept apart from the log: a file with a C2SP verifier key
    #[arg(long, value_name = "FILE")]
    pub(super) key: Option<PathBuf>,
    /// The keys of the checkpoints, in the same way, one a line
    #[arg(long, value_name = "FILE")]
    pub(super) checkpoint_keys: Option<PathBuf>,
}

/// What a log is checked with.
pub(super) struct Keys {
    pub(super) entries: VerifyingKey,
    pub(super) checkpoints: Vec<VerifyingKey>,
}

impl KeyFiles {
    /// The keys that were named; else those beside the log, which serve whoever trusts the folder.
    pub(super) fn beside(&self, state: &Path) -> Result<Keys, Failure> {
        let own = state.join(CHECKPOINT_VKEYS);
        let checkpoints = match &self.checkpoint_keys {
            Some(path) => keys(path)?,
            // A log of an earlier version has none, which the report says.
            None if self.key.is_none() && own.exists() => keys(&own)?,
            None => Vec::new(),
        };
        Ok(Keys {
            entries: one(&self.key.clone().unwrap_or_else(|| state.join(VKEY)))?,
            checkpoints,
        })
    }

    /// The keys that were named, where both were: then no state folder is needed.
    pub(super) fn named(&self) -> Result<Option<Keys>, Failure> {
        let (Some(entries), Some(checkpoints)) = (&self.key, &self.checkpoint_keys) else {
            return Ok(None);
        };
        Ok(Some(Keys {
            entries: one(entries)?,
            checkpoints: keys(checkpoints)?,
        }))
    }
}

fn one(path: &Path) -> Result<VerifyingKey, Failure> {
    let [key] = keys(path)?
        .try_into()
        .map_err(|_| Failure::new(WRONG, "the key of the entries is one, in one line"))?;
    Ok(key)
}
