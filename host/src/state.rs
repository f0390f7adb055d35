//! The state folder: keys, log and its index, compiled plugins, the socket of the running gateway. 0700, and one
//! gateway at a time.

use std::fs::File;
use std::path::{Path, PathBuf};

use wardlet_audit::{AuditError, Clock, Gateway, Log, SystemClock};
use wardlet_keys::{ArtifactKey, KeyError, Keys, PrivateFolder};
use wardlet_sandbox::Cache;

/// The file that the running gateway holds a lock on.
const LOCK: &str = "lock";

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

/// The socket of the running gateway.
pub const SOCKET: &str = "gateway.sock";

/// Bytes of a public file that are read back; they have some hundred.
const MAX_PUBLIC_FILE: usize = 64 << 10;

/// Why the state cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another gateway runs over the same folder.
    #[error("another gateway runs with the state folder `{}`", .0.display())]
    InUse(PathBuf),
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
}

impl StateError {
    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            StateError::InUse(_) => Some(
                "stop the other one, or give this one a `state` folder of its own in `[gateway]`"
                    .into(),
            ),
            StateError::Io { .. } => {
                Some("check that you own it and that the disk has room".into())
            }
            StateError::Key(error) => error.hint(),
            StateError::Audit(error) => error.hint(),
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

/// The state of a running gateway. The lock ends with it.
pub struct State {
    folder: PathBuf,
    _lock: File,
}

impl State {
    /// Opens the folder, or makes it, and takes its lock.
    ///
    /// # Errors
    /// [`StateError::InUse`], [`StateError::Io`] and [`StateError::Key`].
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let private = PrivateFolder::open(folder)?;
        let lock = private.append(LOCK)?;
        match lock.try_lock() {
            Ok(()) => Ok(State {
                folder: folder.to_owned(),
                _lock: lock,
            }),
            Err(std::fs::TryLockError::WouldBlock) => Err(StateError::InUse(folder.to_owned())),
            Err(std::fs::TryLockError::Error(source)) => Err(StateError::Io {
                path: folder.join(LOCK),
                source,
            }),
        }
    }

    /// The keys, made on first use. The public halves lie beside them for whoever verifies.
    ///
    /// # Errors
    /// [`StateError::Key`] and [`StateError::Io`]
    pub fn keys(&self, gateway: &str) -> Result<Keys, StateError> {
        let keys = Keys::open(&self.folder.join(KEYS))?;
        let private = PrivateFolder::open(&self.folder)?;
        let vkey = keys.entry().verifying_key(&origin(gateway))?.to_string();
        self.publish(&private, JWKS, &keys.token().jwks())?;
        self.publish(&private, VKEY, &vkey)?;
        Ok(keys)
    }

    /// The compiled plugins. None where the folder or its key cannot be used, which is told in the log.
    #[must_use]
    pub fn cache(&self) -> Option<Cache> {
        let key = ArtifactKey::open(&self.folder.join(KEYS));
        usable(key.and_then(|key| Cache::open(&self.folder.join(CACHE), key).map(Some)))
    }

    fn publish(&self, private: &PrivateFolder, name: &str, text: &str) -> Result<(), StateError> {
        let text = format!("{text}\n");
        if private.read(name, MAX_PUBLIC_FILE)?.as_deref() == Some(text.as_bytes()) {
            return Ok(());
        }
        let path = self.folder.join(name);
        if path.exists() {
            std::fs::remove_file(&path).map_err(|source| StateError::Io { path, source })?;
        }
        private.create_new(name, text.as_bytes())?;
        Ok(())
    }

    /// The log.
    ///
    /// # Errors
    /// [`StateError::Audit`]
    pub fn log(&self, gateway: &str, keys: &Keys) -> Result<Log, StateError> {
        let who = Gateway {
            build: build(),
            name: gateway.to_owned(),
        };
        let clock: Box<dyn Clock> = Box::new(SystemClock);
        let key = std::sync::Arc::clone(keys.entry());
        Ok(Log::open(
            &self.folder.join(LOG),
            &origin(gateway),
            &who,
            key,
            clock,
        )?)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// What stands as the build in every entry.
#[must_use]
pub fn build() -> String {
    concat!("wardlet ", env!("CARGO_PKG_VERSION")).to_owned()
}
