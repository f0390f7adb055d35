//! What calls are judged by, as one value: whatever changes a verdict is in it, and its digest is
//! of all of that.

use std::path::Path;

use wardlet_audit::{Event, PluginPin};
use wardlet_call::{Json, Mode, Replacement};
use wardlet_keys::digest::{pin, sha256};
use wardlet_reach::{Attached, HttpGrant, Origin, SecretSource, Terms};
use wardlet_sandbox::{Limit, Limits};

use super::Rules;
use crate::config::{self, Config, MethodRule, Pattern, PolicyRef};
use crate::plugins::PluginSet;

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
    let plugins = plugins.iter().filter_map(|bound| {
        let plugin = config.plugins.get(&bound.name)?;
        Some((bound.name.as_str(), of_plugin(&bound.digest, plugin)))
    });
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

// Each struct is taken apart by its fields, so that a new one cannot be left out of the digest.

fn of_plugin(digest: &str, plugin: &config::Plugin) -> Json {
    let config::Plugin {
        component: _,
        // What the file has is what was loaded.
        digest: _,
        grants,
        sees,
        settings,
        limits,
        quota,
        buckets,
        http,
        folders,
        secrets,
    } = plugin;
    let folders = folders
        .iter()
        .map(|(name, path)| (name.as_str(), of_path(path)));
    let secrets = secrets
        .iter()
        .map(|(name, grant)| (name.as_str(), of_secret(grant)));
    let buckets = buckets
        .iter()
        .map(|(name, terms)| (name.as_str(), of_bucket(terms)));
    Json::object([
        ("digest", Json::text(digest)),
        ("grants", list(grants, |name| Json::text(name))),
        ("sees", Json::text(&sees.to_string())),
        ("settings", settings.clone()),
        ("limits", of_limits(limits)),
        ("quota", Json::number(*quota)),
        ("buckets", Json::object(buckets)),
        ("http", http.as_ref().map_or(Json::Null, of_http)),
        ("folders", Json::object(folders)),
        ("secrets", Json::object(secrets)),
    ])
}

fn of_http(http: &config::Http) -> Json {
    let config::Http { grant, ca } = http;
    let HttpGrant {
        allow,
        allow_private,
        max_response,
        requests,
    } = grant;
    Json::object([
        ("allow", list(allow, of_origin)),
        ("allow_private", list(allow_private, of_origin)),
        ("max_response", Json::number(*max_response as u64)),
        ("requests", Json::number((*requests).into())),
        ("ca", ca.as_deref().map_or(Json::Null, of_path)),
    ])
}

/// Where a secret comes from and what may be done with it; not what it is.
fn of_secret(grant: &config::SecretGrant) -> Json {
    let config::SecretGrant {
        secret: config::Secret {
            source,
            attach,
            raw,
        },
        hmac,
        attach: may_attach,
    } = grant;
    let source = match source {
        SecretSource::File(path) => ("file", of_path(path)),
        SecretSource::Env(name) => ("env", Json::text(name)),
        SecretSource::Command(words) => ("command", list(words, |word| Json::text(word))),
    };
    let attach = attach.as_ref().map_or(Json::Null, |attach| {
        let Attached {
            header,
            prefix,
            origins,
        } = attach;
        Json::object([
            ("header", Json::text(header)),
            ("prefix", Json::text(prefix)),
            ("origins", list(origins, of_origin)),
        ])
    });
    Json::object([
        source,
        ("attach", attach),
        ("raw", Json::Bool(*raw)),
        ("may_hmac", Json::Bool(*hmac)),
        ("may_attach", Json::Bool(*may_attach)),
    ])
}

fn of_origin(origin: &Origin) -> Json {
    Json::text(&origin.to_string())
}

fn of_path(path: &Path) -> Json {
    Json::text(&path.display().to_string())
}

fn of_bucket(terms: &Terms) -> Json {
    let Terms {
        tokens,
        period,
        burst,
        per,
    } = terms;
    Json::object([
        ("tokens", Json::number((*tokens).into())),
        ("period_us", micros(*period)),
        ("burst", Json::number((*burst).into())),
        ("per", Json::text(config::per_word(*per))),
    ])
}

fn of_limits(limits: &Limits) -> Json {
    let Limits {
        deadline,
        cpu,
        memory,
        table,
        payload,
        handles,
        log,
        result,
        edits,
        host_calls,
        concurrency,
    } = limits;
    let bytes = |bytes: usize| Json::number(bytes as u64);
    let count = |count: u32| Json::number(count.into());
    Json::object([
        (Limit::Deadline.name(), micros(*deadline)),
        (Limit::Cpu.name(), micros(*cpu)),
        (Limit::Memory.name(), bytes(*memory)),
        (Limit::Table.name(), count(*table)),
        (Limit::Payload.name(), bytes(*payload)),
        (Limit::Handles.name(), count(*handles)),
        (Limit::Log.name(), bytes(*log)),
        (Limit::Result.name(), bytes(*result)),
        (Limit::Edits.name(), count(*edits)),
        (Limit::HostCalls.name(), count(*host_calls)),
        (Limit::Concurrency.name(), count(*concurrency)),
    ])
}

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

fn list<T>(items: &[T], one: impl Fn(&T) -> Json) -> Json {
    Json::Array(items.iter().map(one).collect())
}

fn micros(time: std::time::Duration) -> Json {
    Json::number(super::facts::micros(time))
}

#[cfg(test)]
mod tests;
