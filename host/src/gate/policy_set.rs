//! What calls are judged by, as one value: whatever changes a verdict is in it, and its digest is
//! of all of that.

use wardlet_audit::{Event, PluginPin};
use wardlet_call::{Json, Mode, Replacement};
use wardlet_keys::digest::{pin, sha256};

use super::Rules;
use crate::config::{self, Config, MethodRule, Pattern, PolicyRef};
use crate::plugins::PluginSet;
use crate::plugins::given::{list, micros};

/// The version of the form that is digested, in it as `v`.
const VERSION: u64 = 1;

/// The rules with their plugins and methods. A call is judged by one set from its screening to the
/// redaction of its answer.
#[derive(Debug)]
pub struct PolicySet {
    rules: Rules,
    plugins: PluginSet,
    digest: String,
}

impl PolicySet {
    /// Binds a configuration to its loaded plugins.
    ///
    /// # Errors
    /// One sentence for each plugin in a role that it does not have.
    pub fn bind(config: &Config, plugins: PluginSet) -> Result<Self, Vec<String>> {
        Ok(PolicySet {
            rules: Rules::bind(config, &plugins)?,
            digest: digest(config, &plugins),
            plugins,
        })
    }

    /// Its rules and methods.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Its plugins, also those that no rule names.
    #[must_use]
    pub fn plugins(&self) -> &PluginSet {
        &self.plugins
    }

    /// `sha256:` and a digest of everything that can change a verdict: the plugins with their
    /// digests, grants, settings and limits; the rules in their order; the methods.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The entry that says that calls are judged by it from now on.
    #[must_use]
    pub fn entry(&self) -> Event {
        let pins = self.plugins.iter().map(|bound| PluginPin {
            digest: bound.digest.clone(),
            name: bound.name.to_string(),
        });
        Event::Policy {
            digest: self.digest.clone(),
            plugins: pins.collect(),
        }
    }
}

fn digest(config: &Config, plugins: &PluginSet) -> String {
    let plugins = plugins
        .iter()
        .map(|bound| (bound.name.as_str(), bound.given().into_json()));
    let methods = config.methods.iter().map(|(method, rule)| {
        let word = match rule {
            MethodRule::Judge => "judge",
            MethodRule::Pass => "pass",
        };
        (method.as_str(), Json::text(word))
    });
    let text = Json::object([
        ("v", Json::number(VERSION)),
        ("plugins", Json::object(plugins)),
        ("rules", list(&config.rules, of_rule)),
        ("methods", Json::object(methods)),
    ])
    .canonical_or_literal();
    pin(&sha256(text.as_bytes()))
}

// Taken apart by its fields, so that a new one cannot be left out of the digest.
fn of_rule(rule: &config::Rule) -> Json {
    let config::Rule {
        name,
        mode,
        tools,
        methods,
        policies,
        redactors,
        approval,
        durable,
        mask_arguments,
        replacement,
    } = rule;
    let pattern = |pattern: &Pattern| Json::text(&pattern.to_string());
    let policy = |policy: &PolicyRef| match policy {
        PolicyRef::BuiltIn(built_in) => Json::text(built_in.name()),
        PolicyRef::Plugin(name) => Json::text(name.as_str()),
    };
    let mode = match mode {
        Mode::Enforce => "enforce",
        Mode::Shadow => "shadow",
    };
    let replacement = match replacement {
        Replacement::Mask => "mask",
        Replacement::Drop => "drop",
        Replacement::Hash => "hash",
    };
    Json::object([
        ("name", Json::text(name.as_str())),
        ("mode", Json::text(mode)),
        ("tools", list(tools, pattern)),
        ("methods", list(methods, pattern)),
        ("policies", list(policies, policy)),
        (
            "redactors",
            list(redactors, |name| Json::text(name.as_str())),
        ),
        ("approval_us", approval.map_or(Json::Null, micros)),
        ("durable", Json::Bool(*durable)),
        ("mask_arguments", Json::Bool(*mask_arguments)),
        ("replacement", Json::text(replacement)),
    ])
}

#[cfg(test)]
mod tests;
