//! What the plugins of a configuration reach outside of their sandbox.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wardlet_call::{self as call, Entropy, Entry, Folders, Http, Moment, PluginName, Reach, Store};
use wardlet_keys::digest::hmac_sha256;
use wardlet_keys::{KeyError, PrivateFolder};
use wardlet_reach::{
    Bucket, CaError, Disk, FolderError, FolderSet, Granted, HttpClient, OpenError, PluginSecrets,
    Secret, SecretError, SecretUse, SystemResolver, Terms,
};
use wardlet_sandbox::Capability;

use crate::config;

/// What plugins keep between checks, in the state folder.
pub const STORE: &str = "store";

/// The randomness of the operating system.
#[derive(Debug)]
struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> bool {
        wardlet_keys::fill(bytes).is_ok()
    }
}

/// The randomness that plugins draw from, for whoever runs one outside of a gateway.
#[must_use]
pub fn entropy() -> Arc<dyn Entropy> {
    Arc::new(SystemEntropy)
}

/// Why what plugins keep cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The state folder cannot be used.
    #[error(transparent)]
    Folder(#[from] KeyError),
    /// The file cannot be used.
    #[error("its store `{}` cannot be opened: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: OpenError,
    },
}

impl StoreError {
    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            StoreError::Folder(error) => error.hint(),
            StoreError::File { source, .. } => Some(source.hint().to_owned()),
        }
    }
}

/// Why a plugin does not get what it is to reach.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    /// What it keeps.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A secret.
    #[error("secret `{name}`: {source}")]
    Secret {
        /// Its name.
        name: String,
        /// Why.
        source: SecretError,
    },
    /// A secret that does not suit its use.
    #[error(transparent)]
    SecretUse(#[from] SecretError),
    /// The file of certificate authorities.
    #[error("`{}` {source}", .path.display())]
    Ca {
        /// The file.
        path: PathBuf,
        /// Why.
        source: CaError,
    },
}

impl ReachError {
    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            ReachError::Store(error) => error.hint(),
            ReachError::Folder(_) => {
                Some("paths in `folders` are relative to the configuration file".into())
            }
            ReachError::Secret { .. } | ReachError::SecretUse(_) => Some(
                "run the gateway where the secret can be had; it is fetched when the gateway starts and with each reload"
                    .into(),
            ),
            ReachError::Ca { .. } => Some(
                "`ca` is a file of certificates in PEM, relative to the configuration file".into(),
            ),
        }
    }
}

/// The buckets of one set of plugins, with what was taken from them. They are part of the set: a set that is
/// loaded and not taken leaves no trace in the buckets of the one in force.
#[derive(Debug, Default)]
pub(crate) struct BucketSet(Mutex<BTreeMap<String, Arc<Bucket>>>);

impl BucketSet {
    /// Those of the set that follows: at first the same ones. A bucket that no plugin has for a while is kept,
    /// so that it is as empty when one has it again.
    pub(crate) fn next(&self) -> Self {
        BucketSet(Mutex::new(self.lock().clone()))
    }

    /// The bucket of this name on these terms. On other terms than before it is another one, which is full.
    fn get(&self, name: &str, terms: &Terms) -> Arc<Bucket> {
        let mut buckets = self.lock();
        match buckets.get(name).filter(|bucket| bucket.terms() == terms) {
            Some(bucket) => Arc::clone(bucket),
            None => {
                let bucket = Arc::new(Bucket::new(terms.clone()));
                buckets.insert(name.to_owned(), Arc::clone(&bucket));
                bucket
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Bucket>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What stands outside of the sandboxes of a gateway, and outlives its policy sets.
#[derive(Debug)]
pub struct Outside {
    state: PathBuf,
    makes: bool,
    disk: Mutex<Option<Disk>>,
}

impl Outside {
    /// For a gateway that runs over this state folder. Whatever is missing is made once a plugin needs it.
    #[must_use]
    pub fn for_run(state: &Path) -> Self {
        Outside {
            state: state.to_owned(),
            makes: true,
            disk: Mutex::default(),
        }
    }

    /// For a look at a configuration. What is there is opened, so that its faults are seen; what is not
    /// there is not made.
    #[must_use]
    pub fn for_check(state: &Path) -> Self {
        Outside {
            makes: false,
            ..Outside::for_run(state)
        }
    }

    /// What one plugin may reach, so far as a capability is granted too; `buckets` are those of its set.
    ///
    /// # Errors
    /// [`ReachError`]: a store, folder, secret or file of authorities cannot be had.
    pub(crate) fn of(
        &self,
        name: &PluginName,
        plugin: &config::Plugin,
        buckets: &BucketSet,
    ) -> Result<Reach, ReachError> {
        let granted = |capability: Capability| plugin.grants.iter().any(|g| g == capability.name());
        let keeps = granted(Capability::KeyValue) || granted(Capability::Counter);
        let store = keeps.then(|| self.store(name, plugin.quota)).transpose()?;
        let own = plugin.buckets.iter();
        let own = own.map(|(name, terms)| (name.clone(), buckets.get(name, terms)));
        let own = Granted(own.collect());
        let secrets = secrets(name, plugin)?;
        Ok(Reach {
            log: None,
            entropy: Some(entropy()),
            store,
            // Who was granted no bucket is told so when it loads.
            buckets: (!own.0.is_empty()).then(|| Arc::new(own) as _),
            http: http(plugin, secrets.as_ref())?,
            folders: folders(plugin)?,
            secrets: secrets.map(|secrets| secrets as _),
        })
    }

    /// The store of one plugin. The file is opened once for all of them.
    fn store(&self, name: &PluginName, quota: u64) -> Result<Arc<dyn Store>, StoreError> {
        let mut disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(disk) = disk.as_ref() {
            return Ok(disk.of(name, quota));
        }
        let path = self.state.join(STORE);
        if !self.makes && !path.exists() {
            return Ok(Arc::new(NotMade));
        }
        // Where nobody else may write, the file cannot be anybody else's.
        PrivateFolder::open(&self.state)?;
        let opened = Disk::open(&path).map_err(|source| StoreError::File { path, source })?;
        Ok(disk.insert(opened).of(name, quota))
    }
}

/// The secrets of one plugin, fetched now.
fn secrets(
    name: &PluginName,
    plugin: &config::Plugin,
) -> Result<Option<Arc<PluginSecrets>>, ReachError> {
    if plugin.secrets.is_empty() {
        return Ok(None);
    }
    let mut uses = Vec::new();
    for (secret, grant) in &plugin.secrets {
        let fetched = Secret::fetch(&grant.secret.source).map_err(|source| ReachError::Secret {
            name: secret.clone(),
            source,
        })?;
        let attach = grant.secret.attach.clone().filter(|_| grant.attach);
        let granted = SecretUse {
            secret: fetched,
            hmac: grant.hmac,
            raw: grant.secret.raw,
            attach,
        };
        uses.push((secret.clone(), granted));
    }
    let secrets = PluginSecrets::new(name.clone(), uses, hmac_sha256)?;
    Ok(Some(Arc::new(secrets)))
}

/// The HTTP client of one plugin.
fn http(
    plugin: &config::Plugin,
    secrets: Option<&Arc<PluginSecrets>>,
) -> Result<Option<Arc<dyn Http>>, ReachError> {
    let Some(http) = &plugin.http else {
        return Ok(None);
    };
    let ca = http.ca.as_deref();
    let secrets = secrets.map(Arc::clone);
    let client = HttpClient::new(http.grant.clone(), ca, secrets, Arc::new(SystemResolver));
    let client = client.map_err(|source| ReachError::Ca {
        path: http.ca.clone().unwrap_or_default(),
        source,
    })?;
    Ok(Some(Arc::new(client)))
}

/// The folders of one plugin, opened now.
fn folders(plugin: &config::Plugin) -> Result<Option<Arc<dyn Folders>>, ReachError> {
    if plugin.folders.is_empty() {
        return Ok(None);
    }
    let named = plugin.folders.iter();
    let set = FolderSet::open(named.map(|(name, path)| (name.as_str(), path.as_path())))?;
    Ok(Some(Arc::new(set)))
}

/// A store that is not there. A look at a configuration judges no call, so that nobody asks it.
#[derive(Debug)]
struct NotMade;

impl Store for NotMade {
    fn get(&self, _: &str, _: Moment) -> Result<Option<Vec<u8>>, call::StoreError> {
        Err(call::StoreError::Unavailable)
    }

    fn set(&self, _: &str, _: Entry, _: Moment) -> Result<bool, call::StoreError> {
        Err(call::StoreError::Unavailable)
    }

    fn delete(&self, _: &str, _: Moment) -> Result<bool, call::StoreError> {
        Err(call::StoreError::Unavailable)
    }

    fn count(&self, _: &str, _: Moment) -> Result<i64, call::StoreError> {
        Err(call::StoreError::Unavailable)
    }

    fn add(&self, _: &str, _: i64, _: Option<u64>, _: Moment) -> Result<i64, call::StoreError> {
        Err(call::StoreError::Unavailable)
    }
}

#[cfg(test)]
mod tests;
