//! The state folder: keys, log and its index, compiled plugins, the sockets of the gateways that run over it. 0700.
//!
//! Several gateways may run over one folder: a client starts one for each of its servers. Each has a place of
//! its own in `gateways`, and they write one log.

use std::fs::File;
use std::path::{Path, PathBuf};

use wardlet_audit::signer::{
    CheckpointSigner as _, LocalSigner, SignError, SignerClient, in_thread,
};
use wardlet_audit::{AuditError, Gateway, SharedLog};
use wardlet_keys::{ArtifactKey, KeyError, Keys, PrivateFolder};
use wardlet_sandbox::Cache;
use wardlet_vault::VaultError;

use crate::config::{self, Signer};
use crate::principals::Principals;

/// The folder of the places of running gateways: `<n>.lock`, which the gateway holds a lock on, and `<n>.sock`.
pub const GATEWAYS: &str = "gateways";

/// Gateways over one folder: far above the servers that one person's client starts, and each costs a file.
pub const MAX_GATEWAYS: usize = 64;

/// The folder of the keys.
const KEYS: &str = "keys";

/// The folder of compiled plugins.
const CACHE: &str = "cache";

/// The folder of the log.
pub const LOG: &str = "log";

/// The public keys of tokens (RFC 7517), for servers that verify them.
pub const JWKS: &str = "jwks.json";

/// The log's public key as a C2SP verifier key, for whoever verifies the log.
pub const VKEY: &str = "vkey";

/// The folder of the checkpoints' key, with the checkpoint that was signed last.
const SIGNER: &str = "signer";

/// The public keys of checkpoints as C2SP verifier keys, one a line, for whoever verifies the log.
pub const CHECKPOINT_VKEYS: &str = "checkpoint-vkeys";

/// Bytes of a public file that are read back; they have some hundred.
const MAX_PUBLIC_FILE: usize = 64 << 10;

/// Why the state cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// As many gateways run over the same folder as may.
    #[error("{MAX_GATEWAYS} gateways run with the state folder `{}`, and no more may", .0.display())]
    Many(PathBuf),
    /// The folder cannot be read or written.
    #[error("the state folder `{}` cannot be used: {source}", .path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Keys or permissions.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The log.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// What is kept beside the log.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl StateError {
    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            StateError::Many(_) => Some(
                "stop some of them, or give this one a `state` folder of its own in `[gateway]`"
                    .into(),
            ),
            StateError::Io { .. } => {
                Some("check that you own it and that the disk has room".into())
            }
            StateError::Key(error) => error.hint(),
            StateError::Audit(error) => error.hint(),
            StateError::Vault(error) => error.hint(),
        }
    }
}

/// The origin of a gateway's log, which is the name of its key too.
#[must_use]
pub fn origin(gateway: &str) -> String {
    format!("wardlet.local/{gateway}")
}

/// The compiled plugins of a state folder, for a command that is not the gateway: no folder of state and
/// no key is made. None where there is no such state, or where it cannot be used, which is told in the
/// log: plugins are compiled anew then.
#[must_use]
pub fn existing_cache(folder: &Path) -> Option<Cache> {
    let key = ArtifactKey::existing(&folder.join(KEYS));
    usable(key.and_then(|key| {
        key.map(|key| Cache::open(&folder.join(CACHE), key))
            .transpose()
    }))
}

/// The compiled plugins of a person who writes some, for all folders: in `wardlet/compiled` below
/// `XDG_CACHE_HOME`, or below `.cache` at home. None where there is neither, or where it cannot be used.
#[must_use]
pub fn author_cache() -> Option<Cache> {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let caches = named("XDG_CACHE_HOME").map(PathBuf::from);
    let caches = caches.or_else(|| Some(PathBuf::from(named("HOME")?).join(".cache")))?;
    let folder = caches.join("wardlet").join("compiled");
    let key = ArtifactKey::open(&folder.join(KEYS));
    usable(key.and_then(|key| Cache::open(&folder.join(CACHE), key).map(Some)))
}

/// What is wrong with a cache costs time, and is no reason not to start.
fn usable(cache: Result<Option<Cache>, KeyError>) -> Option<Cache> {
    cache.unwrap_or_else(|error| {
        let hint = error.hint().unwrap_or_default();
        tracing::warn!(hint, "compiled plugins are not kept: {error}");
        None
    })
}

/// The state of a running gateway. Its place is free again when this ends.
pub struct State {
    folder: PathBuf,
    /// Which place it has.
    place: usize,
    _lock: File,
}

/// The socket of the gateway with a place, in [`GATEWAYS`].
#[must_use]
pub fn socket(place: usize) -> String {
    format!("{place}.sock")
}

impl State {
    /// Opens the folder, or makes it, and takes the first free place.
    ///
    /// # Errors
    /// [`StateError::Many`], [`StateError::Io`] and [`StateError::Key`].
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        PrivateFolder::open(folder)?;
        let places = PrivateFolder::open(&folder.join(GATEWAYS))?;
        for place in 0..MAX_GATEWAYS {
            let name = format!("{place}.lock");
            let lock = places.append(&name)?;
            match lock.try_lock() {
                Ok(()) => {
                    return Ok(State {
                        folder: folder.to_owned(),
                        place,
                        _lock: lock,
                    });
                }
                Err(std::fs::TryLockError::WouldBlock) => {}
                Err(std::fs::TryLockError::Error(source)) => {
                    let path = places.path().join(name);
                    return Err(StateError::Io { path, source });
                }
            }
        }
        Err(StateError::Many(folder.to_owned()))
    }

    /// The folder and the name of this gateway's socket.
    #[must_use]
    pub fn socket(&self) -> (PathBuf, String) {
        (self.folder.join(GATEWAYS), socket(self.place))
    }

    /// The keys, made on first use. The public halves lie beside them for whoever verifies.
    ///
    /// # Errors
    /// [`StateError::Key`] and [`StateError::Io`]
    pub fn keys(&self, gateway: &str) -> Result<Keys, StateError> {
        let keys = Keys::open(&self.folder.join(KEYS))?;
        let private = PrivateFolder::open(&self.folder)?;
        let vkey = keys.entry().verifying_key(&origin(gateway))?.to_string();
        publish(&private, JWKS, &keys.token().jwks())?;
        publish(&private, VKEY, &vkey)?;
        Ok(keys)
    }

    /// Who calls, and what is kept of them. `caller` is authenticated.
    ///
    /// # Errors
    /// [`StateError::Vault`]
    pub fn principals(&self, log: &config::Log, caller: &str) -> Result<Principals, StateError> {
        let places = (self.folder.as_path(), &*self.folder.join(KEYS));
        Ok(Principals::open(places, log.keep, caller)?)
    }

    /// The compiled plugins. None where the folder or its key cannot be used, which is told in the log.
    #[must_use]
    pub fn cache(&self) -> Option<Cache> {
        let key = ArtifactKey::open(&self.folder.join(KEYS));
        usable(key.and_then(|key| Cache::open(&self.folder.join(CACHE), key).map(Some)))
    }

    /// The log, which all gateways over the folder share. Whoever of them writes has the checkpoints signed by a thread of
    /// its own, or by the process that `log` names: then the key of the checkpoints is that process's alone. What is
    /// to be published then is before this returns: a log that does not continue what was signed, since its folder
    /// was put back to what it was earlier, is not written to.
    ///
    /// # Errors
    /// [`StateError::Audit`]
    pub fn log(
        &self,
        (gateway, log): (&str, &config::Log),
        keys: &Keys,
    ) -> Result<SharedLog, StateError> {
        let who = Gateway {
            build: build(),
            name: gateway.to_owned(),
        };
        let origin = origin(gateway);
        let key = std::sync::Arc::clone(keys.entry());
        let (state, name, by) = (self.folder.clone(), origin.clone(), log.signer.clone());
        let signer = move || {
            let mut signer = match &by {
                Some(Signer { socket, uid }) => SignerClient::new(socket, *uid),
                None => in_thread(Box::new(LocalSigner::open(&state.join(SIGNER), &name)?))
                    .map_err(|source| SignError::Unreachable { source })?,
            };
            publish_keys(&state, &mut signer)?;
            Ok(Box::new(signer) as _)
        };
        let folder = self.folder.join(LOG);
        let log = SharedLog::open(&folder, &origin, &who, key, Box::new(signer))?;
        Ok(log)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Writes a public file, unless it says the same already.
fn publish(private: &PrivateFolder, name: &str, text: &str) -> Result<(), KeyError> {
    let text = format!("{text}\n");
    if private.read(name, MAX_PUBLIC_FILE)?.as_deref() == Some(text.as_bytes()) {
        return Ok(());
    }
    private.replace(name, text.as_bytes())
}

/// Writes the public keys of checkpoints.
fn publish_keys(state: &Path, signer: &mut SignerClient) -> Result<(), SignError> {
    let keys: Vec<String> = signer.keys()?.iter().map(ToString::to_string).collect();
    let private = PrivateFolder::open(state)?;
    Ok(publish(&private, CHECKPOINT_VKEYS, &keys.join("\n"))?)
}

/// What stands as the build in every entry.
#[must_use]
pub fn build() -> String {
    concat!("wardlet ", env!("CARGO_PKG_VERSION")).to_owned()
}
