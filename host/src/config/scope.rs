//! What is only seen when everything is held together: rules that add nothing, and parts that no
//! rule is about.

use std::collections::BTreeSet;

use wardlet_call::{Part, PluginName};
use wardlet_sandbox::Capability;

use super::fault::Gathered;
use super::kind::FaultKind;
use super::model::{Config, MethodRule, PolicyRef, Rule};
use super::pattern::Pattern;
use super::raw::{RawConfig, RawPlugin, Text};

/// The capabilities behind which a plugin's store is.
const STORE: &[&str] = &[Capability::KeyValue.name(), Capability::Counter.name()];

/// The capability behind which buckets are.
const BUCKETS: &[&str] = &[Capability::RateLimit.name()];

/// The capabilities behind which `http`, `folders` and `secrets` are.
const OUTSIDE: [&[&str]; 3] = [
    &[Capability::HttpFetch.name()],
    &[Capability::FsRead.name()],
    &[Capability::SecretUse.name()],
];

/// Looks at the configuration as a whole. `faulty` are the places of rules with a fault: what such
/// a rule lacks may be what could not be read, so that nothing is concluded from it.
pub(super) fn look(
    config: &Config,
    raw: &RawConfig,
    faulty: &BTreeSet<usize>,
    gathered: &mut Gathered<'_>,
) {
    refuse_shadowed(config, raw, faulty, gathered);
    if raw.rules_faulty || !faulty.is_empty() || config.rules.len() < raw.rules.len() {
        return;
    }
    let mut judging = config.rules.iter().filter(|rule| !rule.policies.is_empty());
    if !judging.clone().any(Rule::enforces) {
        let kind = match judging.next() {
            Some(_) => FaultKind::OnlyShadowsJudge,
            None => FaultKind::NothingAllowed,
        };
        gathered.push(None, kind);
    } else {
        note_servers(config, raw, gathered);
    }
    note_plugins(config, raw, gathered);
    note_reach(config, raw, gathered);
    note_methods(config, raw, gathered);
}

/// Of two rules that do the same, the later one is named. A shadow rule does nothing for another
/// one, so that no enforcing rule is superfluous because of it.
fn refuse_shadowed(
    config: &Config,
    raw: &RawConfig,
    faulty: &BTreeSet<usize>,
    gathered: &mut Gathered<'_>,
) {
    let whole = config.rules.iter().enumerate();
    let whole = whole.filter(|(position, _)| !faulty.contains(position));
    for (position, rule) in whole.clone() {
        let by = whole.clone().find(|(other, by)| {
            *other != position
                && by.name != rule.name
                && shadows(by, rule)
                && (*other < position || !shadows(rule, by))
        });
        if let Some((_, by)) = by {
            let (name, by) = (rule.name.to_string(), by.name.to_string());
            let kind = if rule.enforces() {
                FaultKind::Shadowed { name, by }
            } else {
                FaultKind::TriesNothing { name, by }
            };
            let names = raw.rules.iter().filter_map(|raw| raw.name.as_ref());
            gathered.push(place(names, rule.name.as_str()), kind);
        }
    }
}

/// Whether whatever `rule` concludes about a call, `by` concludes it too, or something stricter.
///
/// The policies must be the same: with one more, `by` could be allowed by that one where `rule`
/// has only abstentions and refuses.
fn shadows(by: &Rule, rule: &Rule) -> bool {
    (by.enforces() || !rule.enforces())
        && does_as_much(by, rule)
        && all_covered(&by.tools, &rule.tools)
        && all_covered(&by.methods, &rule.methods)
}

fn does_as_much(by: &Rule, rule: &Rule) -> bool {
    let same_policies = by.policies.len() == rule.policies.len()
        && rule.policies.iter().all(|p| by.policies.contains(p));
    let same_redaction =
        by.mask_arguments == rule.mask_arguments && by.replacement == rule.replacement;
    (rule.policies.is_empty() || same_policies)
        && rule.redactors.iter().all(|r| by.redactors.contains(r))
        && (rule.redactors.is_empty() || same_redaction)
        && (rule.approval.is_none() || rule.approval == by.approval)
        && (by.durable || !rule.durable)
}

fn all_covered(by: &[Pattern], patterns: &[Pattern]) -> bool {
    patterns.iter().all(|p| by.iter().any(|one| one.covers(p)))
}

fn note_servers(config: &Config, raw: &RawConfig, gathered: &mut Gathered<'_>) {
    for name in config.servers.keys() {
        let is_about = |rule: &&Rule| rule.tools.iter().any(|pattern| pattern.is_about(name));
        let mut about = config.rules.iter().filter(is_about);
        if !about.clone().any(Rule::enforces) {
            let kind = match about.next() {
                Some(_) => FaultKind::ShadowServer(name.to_string()),
                None => FaultKind::UnusedServer(name.to_string()),
            };
            let names = raw.servers.iter().map(|server| &server.name);
            gathered.push(place(names, name.as_str()), kind);
        }
    }
}

fn note_plugins(config: &Config, raw: &RawConfig, gathered: &mut Gathered<'_>) {
    for (name, plugin) in &config.plugins {
        let names = raw.plugins.iter().map(|plugin| &plugin.name);
        let redacts = |rule: &Rule| rule.redactors.contains(name);
        let redacts = config.rules.iter().any(redacts);
        let judges = config.rules.iter().any(|rule| judges(rule, name));
        let sees = &plugin.sees;
        if !redacts && !judges {
            let kind = FaultKind::UnusedPlugin(name.to_string());
            gathered.push(place(names, name.as_str()), kind);
        } else if redacts && sees.hides_all(Part::Arguments) && sees.hides_all(Part::Result) {
            let kind = FaultKind::BlindRedactor(name.to_string());
            gathered.push(place(names, name.as_str()), kind);
        }
    }
}

/// What plugins could reach, and nobody was granted.
fn note_reach(config: &Config, raw: &RawConfig, gathered: &mut Gathered<'_>) {
    for plugin in &raw.plugins {
        let name = plugin.name.get_ref();
        let resolved = config.plugins.iter().find(|(one, _)| one.as_str() == name);
        let Some((_, resolved)) = resolved else {
            continue;
        };
        let granted = |names: &[&str]| resolved.grants.iter().any(|g| names.contains(&g.as_str()));
        let keys = [
            (plugin.store.as_ref().map(|(at, _)| at), "store", STORE),
            (
                plugin.buckets.as_ref().map(|(at, _)| at),
                "buckets",
                BUCKETS,
            ),
        ];
        let outside = plugin.outside.keys().into_iter().zip(OUTSIDE);
        let outside = outside.map(|((at, key), grants)| (at, key, grants));
        for (at, key, grants) in keys.into_iter().chain(outside) {
            if let Some(at) = at
                && !granted(grants)
            {
                gathered.at(at.clone(), FaultKind::NotReached { key, grants });
            }
        }
    }
    for secret in &raw.secrets {
        let name = secret.name.get_ref();
        let uses = |plugin: &RawPlugin| {
            let mut named = plugin.outside.secrets().iter();
            named.any(|(one, _)| one.get_ref() == name)
        };
        if !raw.plugins.iter().any(uses) {
            let kind = FaultKind::UnusedSecret(name.clone());
            gathered.at(secret.name.span(), kind);
        }
    }
    for bucket in &raw.buckets {
        let name = bucket.name.get_ref();
        let mut plugins = raw.plugins.iter();
        if !plugins.any(|p| p.listed_buckets().iter().any(|one| one.get_ref() == name)) {
            let kind = FaultKind::UnusedBucket(name.clone());
            gathered.at(bucket.name.span(), kind);
        }
    }
}

fn judges(rule: &Rule, plugin: &PluginName) -> bool {
    let is_it = |policy: &PolicyRef| matches!(policy, PolicyRef::Plugin(name) if name == plugin);
    rule.policies.iter().any(is_it)
}

fn note_methods(config: &Config, raw: &RawConfig, gathered: &mut Gathered<'_>) {
    for (method, rule) in &config.methods {
        let judging = |server| config.rules_for_method(server, method).into_iter();
        let judging = config.servers.keys().flat_map(judging);
        let mut judging = judging.filter(|rule| !rule.policies.is_empty());
        if *rule == MethodRule::Judge && !judging.clone().any(Rule::enforces) {
            let kind = match judging.next() {
                Some(_) => FaultKind::OnlyShadowsJudgeMethod(method.clone()),
                None => FaultKind::NobodyJudges(method.clone()),
            };
            let names = raw.methods.iter().map(|(name, _)| name);
            gathered.push(place(names, method), kind);
        }
    }
}

/// Where a name stands.
fn place<'a>(mut names: impl Iterator<Item = &'a Text>, name: &str) -> Option<super::fault::Span> {
    names
        .find(|text| text.get_ref() == name)
        .map(toml::Spanned::span)
}
