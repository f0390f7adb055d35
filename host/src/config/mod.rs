//! The configuration of a gateway: `wardlet.toml`, read in two steps.
//!
//! First the file's shape (`raw`): which keys stand where, with which types. Then its meaning
//! (`resolve`): units, names, and what refers to what. Both steps gather every fault they meet, so
//! that one run shows all of them, each with its place and a hint. A file with a fault is refused
//! as a whole: nothing falls back to a default because it could not be read.
//!
//! Nothing here reads more than the one file: whether components exist, load and match their
//! digests is seen when the plugins are loaded.

mod bucket;
mod case;
mod conceal;
mod fault;
mod hint;
mod kind;
mod limits;
mod log;
mod model;
mod nearest;
mod outside;
mod pattern;
mod plugin;
mod raw;
mod resolve;
mod rule;
mod scope;
mod secret;
mod settings;
mod starter;
mod table;
mod units;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use toml::de::DeTable;
use wardlet_keys::digest::{pin, sha256};

use fault::Gathered;
use kind::FaultKind;

pub(crate) use bucket::word as per_word;
pub use case::{LimitsError, limits_named, limits_of};
pub use fault::{Fault, Faults, Level};
pub use model::{
    BuiltIn, Config, DEFAULT_APPROVAL, DEFAULT_ENV, DEFAULT_GATEWAY, DEFAULT_STATE,
    DEFAULT_TIMEOUT, DEFAULT_WITNESS_LAG, EnvValue, Gateway, Http, Keep, Log, MethodRule, Plugin,
    PolicyRef, Rule, Secret, SecretGrant, Server, Signer, Witnesses,
};
pub use nearest::nearest;
pub use pattern::Pattern;
pub use starter::{Starter, StarterKind, StarterPlugin, StarterTool, starter};
pub(crate) use units::{show_rate, show_size};

/// A configuration above this size is refused: the largest real ones are some tens of KiB, and
/// whatever is megabytes long is the wrong file.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

impl Config {
    /// Reads and resolves the file at `path`.
    ///
    /// `capabilities` are the names that `grants` may hold.
    ///
    /// # Errors
    /// [`Faults`] where the file cannot be read, is above [`MAX_FILE_BYTES`], is not UTF-8, or has
    /// any fault that [`Config::parse`] finds.
    pub fn load(path: &Path, capabilities: &[&str]) -> Result<Self, Faults> {
        let refuse = |kind, text: &str, span| {
            let mut gathered = Gathered::new(text);
            gathered.push(span, kind);
            Err(gathered.into_faults(path))
        };
        let bytes = match read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return refuse(FaultKind::NoFile, "", None);
            }
            Err(error) => return refuse(FaultKind::Unreadable(error.kind()), "", None),
        };
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return refuse(FaultKind::TooLarge, "", None);
        }
        match str::from_utf8(&bytes) {
            Ok(text) => Self::parse(text, path, capabilities),
            Err(error) => {
                let at = error.valid_up_to();
                // The text before the bad byte comes out of the lossy reading unchanged, so that
                // the place is the same in both.
                let text = String::from_utf8_lossy(&bytes);
                refuse(FaultKind::NotUtf8, &text, Some(at..at))
            }
        }
    }

    /// Resolves a text. `path` is where it came from: paths in it are relative to its folder, and
    /// messages name it. The disk is not touched.
    ///
    /// # Errors
    /// [`Faults`] with everything that is wrong, in the order of the text.
    pub fn parse(text: &str, path: &Path, capabilities: &[&str]) -> Result<Self, Faults> {
        let (document, errors) = DeTable::parse_recoverable(text);
        let mut gathered = Gathered::new(text);
        for error in errors {
            gathered.push_syntax(error.span(), error.message());
        }
        let raw = raw::read(document.get_ref(), &mut gathered);
        let mut config = resolve::resolve(raw, path, capabilities, &mut gathered);
        let faults = gathered.into_faults(path);
        if faults.refuses() {
            return Err(faults);
        }
        config.digest = pin(&sha256(text.as_bytes()));
        config.warnings = faults;
        Ok(config)
    }
}

/// At most one byte more than is allowed, so that a device file that never ends is refused too.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The folder of a file, absolute where the current folder is known: a server that is started in
/// another folder must not change what a relative path means.
fn folder_of(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.parent().map(Path::to_owned).unwrap_or_default()
}

#[cfg(test)]
mod tests;
