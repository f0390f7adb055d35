//! `wardlet check`: is the configuration right, and who sees what of each tool?

mod show;

use std::collections::BTreeSet;
use std::path::PathBuf;

use wardlet_call::{Part, PluginName, Pointer};

use super::say::{self, Failure, UNREADABLE};
use super::{CONFIG, setup};
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
    setup::witnesses(&config)?;
    let (plugins, rules) = (set.plugins(), set.rules());
    let listed = if arguments.offline {
        Vec::new()
    } else {
        ask(&config)?
    };
    let shown: Vec<Shown<'_>> = listed
        .iter()
        .flat_map(|(server, tools)| tools.iter().map(move |tool| (server, tool)))
        .map(|(server, tool)| about(&config, plugins, rules, server, tool))
        .collect();
    let idle = if arguments.offline {
        Vec::new()
    } else {
        idle(&config, &shown)
    };
    if arguments.json {
        say::json(&show::as_json(&config, plugins, &shown, &idle));
    } else {
        show::tell(&config, plugins, &shown, &idle, arguments.offline);
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

fn about<'a>(
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

/// A rule about tools that matches none of today's.
struct Idle<'a> {
    rule: &'a Rule,
    /// Its patterns with the tool that each may have meant.
    near: Vec<(String, String)>,
}

fn idle<'a>(config: &'a Config, shown: &[Shown<'_>]) -> Vec<Idle<'a>> {
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
    let tools: Vec<String> = shown
        .iter()
        .map(|shown| format!("{}/{}", shown.server, shown.tool.name))
        .collect();
    let near = |pattern: String| {
        let near = config::nearest(&pattern, tools.iter().map(String::as_str))?;
        let near = near.to_owned();
        Some((pattern, near))
    };
    let idle = rules.filter(|rule| !used(rule)).map(|rule| Idle {
        near: rule
            .tools
            .iter()
            .map(ToString::to_string)
            .filter_map(near)
            .collect(),
        rule,
    });
    idle.collect()
}
