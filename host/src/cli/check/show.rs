//! What `wardlet check` tells people and programs.

use std::collections::BTreeMap;

use serde_json::json;
use wardlet_call::{Code, PatternSets};
use wardlet_reach::Per;
use wardlet_sandbox::Capability;

use super::{Idle, Shown};
use crate::cli::outside;
use crate::cli::say::{self, visible};
use crate::config::{self, Config, PolicyRef};
use crate::plugins::{Bound, PluginSet};

pub(super) fn tell(
    config: &Config,
    plugins: &PluginSet,
    shown: &[Shown<'_>],
    idle: &[Idle<'_>],
    offline: bool,
) {
    if !config.warnings.is_empty() {
        say::out(config.warnings.render(false));
    }
    say::out("PLUGINS");
    for bound in plugins.iter() {
        tell_plugin(bound);
        if let Some(plugin) = config.plugins.get(&bound.name) {
            tell_reach(bound, plugin);
        }
    }
    if !shown.is_empty() {
        say::out("\nTOOLS");
    }
    let (covered, uncovered): (Vec<_>, Vec<_>) =
        shown.iter().partition(|shown| shown.all().next().is_some());
    covered.into_iter().for_each(tell_tool);
    tell_uncovered(&uncovered);
    idle.iter().for_each(|idle| tell_idle(idle));
    let tools = if offline {
        "; the servers were not asked".to_owned()
    } else {
        format!(", {}", counted(shown.len(), "tool"))
    };
    let shadows = match config.rules.iter().filter(|rule| !rule.enforces()).count() {
        0 => String::new(),
        count => format!(" ({count} in shadow mode)"),
    };
    say::out(format!(
        "\n{} {}: {}, {}{shadows}{tools}",
        config.source.display(),
        match idle.len() {
            0 => "is right".to_owned(),
            count => format!("would run, with {}", counted(count, "idle rule")),
        },
        counted(config.plugins.len(), "plugin"),
        counted(config.rules.len(), "rule")
    ));
}

/// A number of things, in words.
fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Tools that no rule is about, a server in a line: a server may list dozens.
fn tell_uncovered(tools: &[&Shown<'_>]) {
    if tools.is_empty() {
        return;
    }
    say::out("  refused always and hidden from agents, since no rule is about them:");
    let mut servers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for shown in tools {
        let names = servers.entry(&shown.server).or_default();
        names.push(visible(&shown.tool.name));
    }
    for (server, names) in servers {
        say::out(format!("    {server}: {}", names.join(", ")));
    }
}

fn tell_idle(idle: &Idle<'_>) {
    let rule = &idle.rule.name;
    say::out(format!(
        "\nwarning: rule `{rule}` matches no tool that the servers list today"
    ));
    for (pattern, near) in &idle.near {
        say::out(format!(
            "hint: `{pattern}` in its `tools`: did you mean `{}`?",
            visible(near)
        ));
    }
}

fn tell_plugin(bound: &Bound) {
    let plugin = &bound.plugin;
    let description = plugin.description();
    let roles = match (plugin.is_policy(), plugin.is_redactor()) {
        (true, true) => "policy and redactor",
        (true, false) => "policy",
        (false, _) => "redactor",
    };
    say::out(format!(
        "  {} ({roles}, {} {})",
        bound.name, description.name, description.version
    ));
    say::out(format!("    {}", description.summary));
    say::out(format!(
        "    sees      {}",
        or_nothing(&plugin.projection().to_string())
    ));
    let can: Vec<&str> = plugin.capabilities().iter().map(|c| c.meaning()).collect();
    say::out(format!("    can       {}", or_nothing(&can.join(", "))));
    let sets = plugin.patterns().into_iter().flat_map(PatternSets::iter);
    let sets: Vec<String> = sets
        .map(|set| format!("{} ({} patterns)", set.name(), set.ids().len()))
        .collect();
    if !sets.is_empty() {
        say::out(format!("    searches  {}", sets.join(", ")));
    }
    let limits = plugin.limits();
    say::out(format!(
        "    limits    {} ms, {} MiB of memory, {} MiB of documents",
        limits.deadline.as_millis(),
        limits.memory >> 20,
        limits.payload >> 20
    ));
}

/// What it reaches outside of its sandbox.
fn tell_reach(bound: &Bound, plugin: &config::Plugin) {
    if keeps(bound) {
        let quota = config::show_size(plugin.quota);
        say::out(format!("    keeps     at most {quota} between checks"));
    }
    if bound.plugin.capabilities().contains(&Capability::RateLimit) {
        for (name, terms) in &plugin.buckets {
            say::out(format!(
                "    takes     from bucket {name}: {}, at most {} at once, counted for {}",
                config::show_rate(terms.tokens.into(), terms.period),
                terms.burst,
                match terms.per {
                    Per::Principal => "each principal",
                    Per::Tool => "each tool",
                    Per::PrincipalAndTool => "each principal at each tool",
                    Per::Gateway => "the whole gateway",
                }
            ));
        }
    }
    for line in outside::lines(plugin, bound.plugin.capabilities()) {
        say::out(format!("    {line}"));
    }
}

/// Whether it keeps anything between checks.
fn keeps(bound: &Bound) -> bool {
    let capabilities = bound.plugin.capabilities();
    capabilities.contains(&Capability::KeyValue) || capabilities.contains(&Capability::Counter)
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}

fn tell_tool(shown: &Shown<'_>) {
    say::out(format!("  {}/{}", shown.server, visible(&shown.tool.name)));
    if !shown.reachable {
        say::out("    refused always: no rule with policies covers it (hidden from agents)");
    }
    for rule in shown.all() {
        let mut parts = Vec::new();
        for policy in &rule.policies {
            parts.push(match policy {
                PolicyRef::Plugin(name) => name.to_string(),
                PolicyRef::BuiltIn(built_in) => built_in.name().to_owned(),
            });
        }
        parts.extend(rule.redactors.iter().map(|name| format!("{name} redacts")));
        if let Some(expires) = rule.approval {
            parts.push(format!("a human agrees within {} s", expires.as_secs()));
        }
        let kind = if rule.enforces() {
            "rule"
        } else {
            "shadow rule"
        };
        say::out(format!("    {kind} `{}`: {}", rule.name, parts.join(", ")));
    }
    if !shown.shadow_plugins.is_empty() {
        let only = shown.shadow_plugins.join(", ");
        say::out(format!("    only in shadow: {only}"));
    }
    if !shown.unseen.is_empty() && shown.reachable {
        let unseen: Vec<String> = shown.unseen.iter().map(|name| visible(name)).collect();
        say::out(format!("    no policy sees: {}", unseen.join(", ")));
    }
}

pub(super) fn as_json(
    config: &Config,
    plugins: &PluginSet,
    shown: &[Shown<'_>],
    idle: &[Idle<'_>],
) -> serde_json::Value {
    let plugins = plugins.iter().map(|bound| {
        let plugin = &bound.plugin;
        let configured = config.plugins.get(&bound.name);
        let buckets = configured.into_iter().flat_map(|plugin| &plugin.buckets);
        let buckets = buckets.map(|(name, terms)| {
            json!({
                "name": name,
                "rate": config::show_rate(terms.tokens.into(), terms.period),
                "burst": terms.burst,
                "per": config::per_word(terms.per),
            })
        });
        json!({
            "name": bound.name.as_str(),
            "digest": bound.digest,
            "version": plugin.description().version,
            "summary": plugin.description().summary,
            "policy": plugin.is_policy(),
            "redactor": plugin.is_redactor(),
            "capabilities": plugin.capabilities().iter().map(|c| c.name()).collect::<Vec<_>>(),
            "sees": plugin.projection().to_string(),
            "patterns": plugin.patterns().into_iter().flat_map(PatternSets::iter).map(|set| json!({
                "set": set.name().as_str(),
                "ids": set.ids().iter().map(Code::as_str).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "quota": configured.filter(|_| keeps(bound)).map(|plugin| plugin.quota),
            "buckets": buckets.collect::<Vec<_>>(),
            "outside": configured.map(outside::as_json),
        })
    });
    let tools = shown.iter().map(|shown| {
        json!({
            "server": shown.server,
            "tool": shown.tool.name,
            "reachable": shown.reachable,
            "rules": shown.rules.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>(),
            "shadow_rules": shown.shadow_rules.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>(),
            "shadow_plugins": shown.shadow_plugins,
            "unseen": shown.unseen,
        })
    });
    json!({
        "ok": true,
        "file": config.source.display().to_string(),
        "warnings": config.warnings.to_json(),
        "plugins": plugins.collect::<Vec<_>>(),
        "tools": tools.collect::<Vec<_>>(),
        "idle_rules": idle.iter().map(|idle| idle.rule.name.as_str()).collect::<Vec<_>>(),
    })
}
