//! The plugins of a configuration, loaded with what they were granted.

pub(crate) mod given;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use wardlet_call::PluginName;
use wardlet_keys::digest::{pin, sha256};
use wardlet_sandbox::{Capability, Grant, LoadError, Plugin, Sandbox};

use self::given::Given;
use crate::config;
use crate::reach::{BucketSet, Outside, ReachError};

/// Plugins that are loaded at one time, on machines with as many cores. Each may be compiled by a process
/// of its own that takes hundreds of megabytes, so memory would be the next to run out.
const MAX_LOADERS: usize = 8;

/// A loaded plugin under the operator's name for it.
#[derive(Debug)]
pub struct Bound {
    /// The operator's name.
    pub name: PluginName,
    /// `sha256:` and the digest of the component in hexadecimal.
    pub digest: String,
    /// The component, ready to judge.
    pub plugin: Plugin,
    /// What it was loaded with.
    pub config: config::Plugin,
}

impl Bound {
    /// What it was loaded with, as one value.
    pub(crate) fn given(&self) -> Given {
        Given::of(&self.digest, &self.config)
    }
}

/// All plugins of a configuration.
#[derive(Debug, Default)]
pub struct PluginSet {
    plugins: BTreeMap<PluginName, Arc<Bound>>,
    buckets: BucketSet,
}

/// Why a plugin is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// Its file cannot be read.
    #[error("plugin `{name}`: cannot read `{path}`: {source}")]
    Unreadable {
        /// The plugin.
        name: PluginName,
        /// The component's file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Its file is not the one that was pinned.
    #[error("plugin `{name}`: the component is {found}, and the configuration pins {pinned}")]
    OtherDigest {
        /// The plugin.
        name: PluginName,
        /// What the file has.
        found: String,
        /// What the configuration says.
        pinned: String,
    },
    /// It is not pinned.
    #[error("plugin `{name}`: no digest pins its component")]
    NotPinned {
        /// The plugin.
        name: PluginName,
        /// What the file has.
        found: String,
    },
    /// What it is to reach outside of its sandbox cannot be had.
    #[error("plugin `{name}`: {source}")]
    Reach {
        /// The plugin.
        name: PluginName,
        /// Why.
        source: ReachError,
    },
    /// The sandbox refuses it.
    #[error("plugin `{name}`: {source}")]
    Load {
        /// The plugin.
        name: PluginName,
        /// Why.
        source: LoadError,
    },
}

impl PluginError {
    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            PluginError::Unreadable { .. } => {
                Some("`component` is relative to the configuration file".into())
            }
            PluginError::OtherDigest { name, found, .. } => Some(format!(
                "if this is the component that you vouch for, set `digest = \"{found}\"` in `[plugin.{name}]`"
            )),
            PluginError::NotPinned { name, found } => Some(format!(
                "if you vouch for this component, add `digest = \"{found}\"` to `[plugin.{name}]`"
            )),
            PluginError::Reach { source, .. } => source.hint(),
            PluginError::Load { name, source } => source.hint(name),
        }
    }
}

impl PluginSet {
    /// Loads every plugin, with what it reaches `outside`, several at a time on threads that end with
    /// this call; `each` is told a name after each, by whichever thread. Can be called from any thread
    /// at any time, also while another set of the same sandbox judges. One that is among `kept` with
    /// the same component, grants, settings and limits is not loaded again, but its file is compared
    /// with its digest like any other. Buckets of `kept` are taken over where their terms are the same;
    /// nothing of `kept` is changed.
    ///
    /// # Errors
    /// All that is wrong with any of them, in the order of their names.
    pub fn load(
        (sandbox, outside): (&Sandbox, &Outside),
        plugins: &BTreeMap<PluginName, config::Plugin>,
        kept: &PluginSet,
        each: &(dyn Fn(&PluginName) + Sync),
    ) -> Result<Self, Vec<PluginError>> {
        let all: Vec<_> = plugins.iter().collect();
        let next = AtomicUsize::new(0);
        let done = Mutex::new(BTreeMap::new());
        let buckets = kept.buckets.next();
        let work = || {
            while let Some((name, plugin)) = all.get(next.fetch_add(1, Ordering::SeqCst)) {
                let loaded = load((sandbox, outside, &buckets), name, plugin, kept);
                each(name);
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                done.insert((*name).clone(), loaded);
            }
        };
        thread::scope(|scope| {
            let cores = thread::available_parallelism().map_or(1, usize::from);
            for _ in 1..cores.min(MAX_LOADERS).min(all.len()) {
                // Where there is no thread to be had, this one does the work alone.
                let _ = thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        let mut plugins = BTreeMap::new();
        let mut errors = Vec::new();
        for (name, loaded) in done.into_inner().unwrap_or_else(PoisonError::into_inner) {
            match loaded {
                Ok(bound) => {
                    plugins.insert(name, bound);
                }
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() {
            Ok(PluginSet { plugins, buckets })
        } else {
            Err(errors)
        }
    }

    /// The plugin of this name.
    #[must_use]
    pub fn get(&self, name: &PluginName) -> Option<&Arc<Bound>> {
        self.plugins.get(name)
    }

    /// All of them, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Bound>> {
        self.plugins.values()
    }
}

fn load(
    (sandbox, outside, buckets): (&Sandbox, &Outside, &BucketSet),
    name: &PluginName,
    plugin: &config::Plugin,
    kept: &PluginSet,
) -> Result<Arc<Bound>, PluginError> {
    let bytes = std::fs::read(&plugin.component).map_err(|source| PluginError::Unreadable {
        name: name.clone(),
        path: plugin.component.display().to_string(),
        source,
    })?;
    let found = pin(&sha256(&bytes));
    let Some(pinned) = plugin.digest.map(|digest| pin(&digest)) else {
        return Err(PluginError::NotPinned {
            name: name.clone(),
            found,
        });
    };
    if found != pinned {
        return Err(PluginError::OtherDigest {
            name: name.clone(),
            found,
            pinned,
        });
    }
    let given = Given::of(&found, plugin);
    let same = |bound: &&Arc<Bound>| given.stays() && bound.given() == given;
    if let Some(kept) = kept.get(name).filter(same) {
        return Ok(Arc::clone(kept));
    }
    let reach = outside.of(name, plugin, buckets);
    let grant = Grant {
        capabilities: plugin
            .grants
            .iter()
            .filter_map(|g| Capability::from_name(g))
            .collect(),
        projection: plugin.sees.clone(),
        settings: Some(plugin.settings.clone()),
        limits: plugin.limits,
        reach: reach.map_err(|source| PluginError::Reach {
            name: name.clone(),
            source,
        })?,
    };
    let loaded = sandbox
        .load(name, &bytes, grant)
        .map_err(|source| PluginError::Load {
            name: name.clone(),
            source,
        })?;
    Ok(Arc::new(Bound {
        name: name.clone(),
        digest: found,
        plugin: loaded,
        config: plugin.clone(),
    }))
}
