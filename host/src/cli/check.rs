//! `wardlet check`: is the configuration right, and who sees what of each tool?

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::json;
use wardlet_call::{Code, Part, PatternSets, PluginName, Pointer};
use wardlet_reach::Per;
use wardlet_sandbox::Capability;

use super::say::{self, Failure, UNREADABLE, visible};
use super::{CONFIG, outside, setup};
use crate::config::{self, Config, PolicyRef, Rule};
use crate::gate::Rules;
use crate::plugins::{Bound, PluginSet};
use crate::probe::{self, ListedTool};
use crate::reach::Outside;
use crate::state;

/// Arguments of `wardlet check`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration
    #[arg(long, env = "WARDLET_CONFIG", default_value = CONFIG, value_name = "FILE")]
    config: PathBuf,
    /// Do not start the servers to ask for their tools
    #[arg(long)]
    offline: bool,
    /// For programs
    #[arg(long)]
    json: bool,
}

/// What bears on one tool, or would bear on it.
struct Shown<'a> {
    server: String,
    tool: &'a ListedTool,
    /// Those that enforce.
    rules: Vec<&'a Rule>,
    /// Those that are only tried out.
    shadow_rules: Vec<&'a Rule>,
    /// Plugins that run for shadow rules alone.
    shadow_plugins: Vec<&'a str>,
    /// Arguments that no policy of an enforcing rule sees.
    unseen: Vec<String>,
    reachable: bool,
}

impl<'a> Shown<'a> {
    /// The rules about it, whatever their mode.
    fn all(&self) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().chain(&self.shadow_rules).copied()
    }
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let config = setup::load(&arguments.config, arguments.json)?;
    let state = &config.gateway.state;
    let outside = Outside::for_check(state);
    let (_, set) = setup::bind(&config, state::existing_cache(state), outside)?;
    let (plugins, rules) = (set.plugins(), set.rules());
    let listed = if arguments.offline {
        Vec::new()
    } else {
        ask(&config)?
    };
    let shown: Vec<Shown<'_>> = listed
        .iter()
        .flat_map(|(server, tools)| tools.iter().map(move |tool| (server, tool)))
        .map(|(server, tool)| show(&config, plugins, rules, server, tool))
        .collect();
    let idle = if arguments.offline {
        Vec::new()
    } else {
        idle(&config, &shown)
    };
    if arguments.json {
        say::json(&as_json(&config, plugins, &shown, &idle));
    } else {
        tell(&config, plugins, &shown, &idle, arguments.offline);
    }
    Ok(())
}

type Listed = (wardlet_call::ServerName, Vec<ListedTool>);

/// Asks every server that the configuration can start.
fn ask(config: &Config) -> Result<Vec<Listed>, Failure> {
    let runtime = setup::runtime()?;
    let mut listed = Vec::new();
    for (name, server) in &config.servers {
        if server.command.is_none() {
            continue;
        }
        let launch = setup::launch(server, &[])?;
        let tools = runtime.block_on(probe::tools(&launch)).map_err(|error| {
            let hint = error
                .hint()
                .unwrap_or("`--offline` checks without the servers");
            Failure::new(UNREADABLE, format!("server `{name}`: {error}")).hint(Some(hint))
        })?;
        listed.push((name.clone(), tools));
    }
    Ok(listed)
}

fn show<'a>(
    config: &'a Config,
    plugins: &PluginSet,
    rules: &Rules,
    server: &wardlet_call::ServerName,
    tool: &'a ListedTool,
) -> Shown<'a> {
    let matching = config.rules_for(server, &tool.name).into_iter();
    let (matching, shadows): (Vec<_>, Vec<_>) = matching.partition(|rule| rule.enforces());
    let policies: Vec<_> = matching
        .iter()
        .flat_map(|rule| policies(rule, plugins))
        .collect();
    let sees = |argument: &String| {
        let pointer = format!("/{}", argument.replace('~', "~0").replace('/', "~1"));
        Pointer::parse(&pointer).is_ok_and(|pointer| {
            policies
                .iter()
                .any(|bound| bound.plugin.projection().shows(Part::Arguments, pointer))
        })
    };
    Shown {
        server: server.to_string(),
        unseen: tool
            .arguments()
            .into_iter()
            .filter(|argument| !sees(argument))
            .collect(),
        reachable: rules.could_allow(server, &tool.name),
        shadow_plugins: shadow_plugins(&matching, &shadows),
        rules: matching,
        shadow_rules: shadows,
        tool,
    }
}

/// The plugins of some rules.
fn plugins_of<'a>(rules: &[&'a Rule]) -> BTreeSet<&'a PluginName> {
    let named = |rule: &&'a Rule| {
        let policies = rule.policies.iter().filter_map(|policy| match policy {
            PolicyRef::Plugin(name) => Some(name),
            PolicyRef::BuiltIn(_) => None,
        });
        policies.chain(&rule.redactors)
    };
    rules.iter().flat_map(named).collect()
}

/// The plugins that would not run at all without the shadow rules.
fn shadow_plugins<'a>(enforcing: &[&'a Rule], shadows: &[&'a Rule]) -> Vec<&'a str> {
    let enforcing = plugins_of(enforcing);
    let only = plugins_of(shadows).into_iter();
    only.filter(|name| !enforcing.contains(name))
        .map(PluginName::as_str)
        .collect()
}

fn policies<'a>(rule: &Rule, plugins: &'a PluginSet) -> Vec<&'a Bound> {
    let named = rule.policies.iter().filter_map(|policy| match policy {
        PolicyRef::Plugin(name) => plugins.get(name),
        PolicyRef::BuiltIn(_) => None,
    });
    named.map(AsRef::as_ref).collect()
}

/// Rules about tools that match none of today's.
fn idle<'a>(config: &'a Config, shown: &[Shown<'_>]) -> Vec<&'a str> {
    let used = |rule: &&Rule| {
        shown
            .iter()
            .any(|shown| shown.all().any(|other| other.name == rule.name))
    };
    let asked = !shown.is_empty();
    let rules = config
        .rules
        .iter()
        .filter(|rule| asked && !rule.tools.is_empty());
    rules
        .filter(|rule| !used(rule))
        .map(|rule| rule.name.as_str())
        .collect()
}

fn tell(config: &Config, plugins: &PluginSet, shown: &[Shown<'_>], idle: &[&str], offline: bool) {
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
    for shown in shown {
        tell_tool(shown);
    }
    for rule in idle {
        say::out(format!(
            "\nwarning: rule `{rule}` matches no tool that the servers list today"
        ));
    }
    let tools = if offline {
        "; the servers were not asked".to_owned()
    } else {
        format!(", {} tools", shown.len())
    };
    let shadows = match config.rules.iter().filter(|rule| !rule.enforces()).count() {
        0 => String::new(),
        count => format!(" ({count} in shadow mode)"),
    };
    say::out(format!(
        "\n{} is right: {} plugins, {} rules{shadows}{tools}",
        config.source.display(),
        config.plugins.len(),
        config.rules.len()
    ));
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

fn as_json(
    config: &Config,
    plugins: &PluginSet,
    shown: &[Shown<'_>],
    idle: &[&str],
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
        "idle_rules": idle,
    })
}
