//! From a configuration to the policy set that it means, for a start, a check and a reload alike.

use wardlet_call::PluginName;
use wardlet_sandbox::Sandbox;

use crate::config::Config;
use crate::gate::PolicySet;
use crate::plugins::{PluginError, PluginSet};
use crate::reach::Outside;

/// Something wrong with what a configuration names, or with what it would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadFault {
    /// What is wrong, in lower case, without a full stop.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

impl LoadFault {
    /// Takes both.
    #[must_use]
    pub fn new(message: impl Into<String>, hint: Option<&str>) -> Self {
        LoadFault {
            message: message.into(),
            hint: hint.map(str::to_owned),
        }
    }
}

impl From<PluginError> for LoadFault {
    fn from(error: PluginError) -> Self {
        LoadFault {
            message: error.to_string(),
            hint: error.hint(),
        }
    }
}

/// Faults for people, each with its hint.
#[must_use]
pub fn render(faults: &[LoadFault]) -> String {
    let lines = faults.iter().map(|fault| match &fault.hint {
        Some(hint) => format!("error: {}\nhint: {hint}", fault.message),
        None => format!("error: {}", fault.message),
    });
    lines.collect::<Vec<_>>().join("\n\n")
}

/// What plugins are loaded into. It outlives the policy sets of a gateway.
#[derive(Debug)]
pub struct Grounds {
    /// Where their checks run.
    pub sandbox: Sandbox,
    /// What stands outside of it.
    pub outside: Outside,
}

/// Loads the plugins of a configuration and binds its rules to them. A plugin that is among `kept`
/// with the same component, grants, settings and limits is taken from there. `each` is told the
/// name of each plugin.
///
/// # Errors
/// All that is wrong with the plugins; where nothing is, all that is wrong with the rules.
pub fn policy_set(
    grounds: &Grounds,
    config: &Config,
    kept: &PluginSet,
    each: &(dyn Fn(&PluginName) + Sync),
) -> Result<PolicySet, Vec<LoadFault>> {
    let plugins = PluginSet::load(
        (&grounds.sandbox, &grounds.outside),
        &config.plugins,
        kept,
        each,
    )
    .map_err(|errors| errors.into_iter().map(LoadFault::from).collect::<Vec<_>>())?;
    let hint = Some("a plugin has the roles that `wardlet check` shows");
    PolicySet::bind(config, plugins).map_err(|wrong| {
        wrong
            .into_iter()
            .map(|text| LoadFault::new(text, hint))
            .collect()
    })
}
