//! The plugins of a configuration, loaded with what they were granted.

use std::collections::BTreeMap;
use std::sync::Arc;

use wardlet_call::PluginName;
use wardlet_keys::digest::{pin, sha256};
use wardlet_sandbox::{Capability, Grant, LoadError, Plugin, Sandbox};

use crate::config;
use crate::reach;

/// A loaded plugin under the operator's name for it.
#[derive(Debug)]
pub struct Bound {
    /// The operator's name.
    pub name: PluginName,
    /// `sha256:` and the digest of the component in hexadecimal.
    pub digest: String,
    /// The component, ready to judge.
    pub plugin: Plugin,
}

/// All plugins of a configuration.
#[derive(Debug, Default)]
pub struct PluginSet(BTreeMap<PluginName, Arc<Bound>>);

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
            PluginError::Load { name, source } => source.hint(name),
        }
    }
}

impl PluginSet {
    /// Loads every plugin; `each` is told the name before each.
    ///
    /// # Errors
    /// All that is wrong with any of them.
    pub fn load(
        sandbox: &Sandbox,
        plugins: &BTreeMap<PluginName, config::Plugin>,
        mut each: impl FnMut(&PluginName),
    ) -> Result<Self, Vec<PluginError>> {
        let mut set = BTreeMap::new();
        let mut errors = Vec::new();
        for (name, plugin) in plugins {
            each(name);
            match load(sandbox, name, plugin) {
                Ok(bound) => {
                    set.insert(name.clone(), Arc::new(bound));
                }
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() {
            Ok(PluginSet(set))
        } else {
            Err(errors)
        }
    }

    /// The plugin of this name.
    #[must_use]
    pub fn get(&self, name: &PluginName) -> Option<&Arc<Bound>> {
        self.0.get(name)
    }

    /// All of them, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Bound>> {
        self.0.values()
    }
}

fn load(
    sandbox: &Sandbox,
    name: &PluginName,
    plugin: &config::Plugin,
) -> Result<Bound, PluginError> {
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
    let grant = Grant {
        capabilities: plugin
            .grants
            .iter()
            .filter_map(|g| Capability::from_name(g))
            .collect(),
        projection: plugin.sees.clone(),
        settings: Some(plugin.settings.clone()),
        limits: plugin.limits,
        reach: reach::of(),
    };
    let plugin = sandbox
        .load(name, &bytes, grant)
        .map_err(|source| PluginError::Load {
            name: name.clone(),
            source,
        })?;
    Ok(Bound {
        name: name.clone(),
        digest: found,
        plugin,
    })
}
