//! The rules with their plugins, and which of them bear on a call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use wardlet_call::{Mode, Part, PluginName, Replacement, RuleName, ServerName};

use crate::config;
use crate::plugins::{Bound, PluginSet};

/// A policy of a rule.
#[derive(Clone, Debug)]
pub(crate) enum Policy {
    /// The built-in policy that allows whatever it is asked, with its name.
    AllowAll(PluginName),
    /// A plugin.
    Plugin(Arc<Bound>),
}

/// A rule with its plugins.
#[derive(Debug)]
pub(crate) struct BoundRule {
    pub(crate) name: RuleName,
    pub(crate) policies: Vec<Policy>,
    pub(crate) redactors: Vec<Arc<Bound>>,
    pub(crate) approval: Option<Duration>,
    pub(crate) durable: bool,
    pub(crate) mask_arguments: bool,
    pub(crate) replacement: Replacement,
    tools: Vec<config::Pattern>,
    methods: Vec<config::Pattern>,
}

impl BoundRule {
    /// Its plugins, policies and redactors alike.
    fn plugins(&self) -> impl Iterator<Item = &Arc<Bound>> {
        let policies = self.policies.iter().filter_map(|policy| match policy {
            Policy::AllowAll(_) => None,
            Policy::Plugin(bound) => Some(bound),
        });
        policies.chain(&self.redactors)
    }
}

/// All rules of a configuration.
#[derive(Debug)]
pub struct Rules {
    /// Those that enforce. Nothing but the trying out of shadow rules looks at others.
    rules: Vec<BoundRule>,
    shadows: Vec<BoundRule>,
    methods: BTreeMap<String, config::MethodRule>,
}

/// A redactor with the replacement that its strictest rule wants, and the rule's name.
pub(crate) type BoundRedactor<'a> = (&'a Arc<Bound>, &'a BoundRule);

impl Rules {
    /// Binds the rules of a configuration to its loaded plugins. A plugin in a role that it does
    /// not have is told by its name and the role.
    ///
    /// # Errors
    /// One sentence for each misuse.
    pub fn bind(config: &config::Config, plugins: &PluginSet) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        let (mut rules, mut shadows) = (Vec::new(), Vec::new());
        for rule in &config.rules {
            let bound = bind(rule, plugins, &mut wrong);
            match rule.mode {
                Mode::Enforce => rules.push(bound),
                Mode::Shadow => shadows.push(bound),
            }
        }
        wrong.extend(effects_of_shadows(&rules, &shadows));
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Rules {
            rules,
            shadows,
            methods: config.methods.clone(),
        })
    }

    /// What the configuration says of a method.
    #[must_use]
    pub fn method(&self, method: &str) -> Option<config::MethodRule> {
        self.methods.get(method).copied()
    }

    /// Whether the configuration names a method.
    #[must_use]
    pub fn names_method(&self, method: &str) -> bool {
        self.methods.contains_key(method)
    }

    /// Whether a tool could be allowed at all: an enforcing rule with policies covers it.
    #[must_use]
    pub fn could_allow(&self, server: &ServerName, tool: &str) -> bool {
        self.for_tool(server, tool)
            .iter()
            .any(|rule| !rule.policies.is_empty())
    }

    /// The enforcing rules about a tool.
    pub(crate) fn for_tool(&self, server: &ServerName, tool: &str) -> Vec<&BoundRule> {
        about(&self.rules, |rule| &rule.tools, (server, tool))
    }

    /// The enforcing rules about a method.
    pub(crate) fn for_method(&self, server: &ServerName, method: &str) -> Vec<&BoundRule> {
        about(&self.rules, |rule| &rule.methods, (server, method))
    }

    /// The shadow rules about a tool.
    pub(super) fn shadows_for_tool(&self, server: &ServerName, tool: &str) -> Vec<&BoundRule> {
        about(&self.shadows, |rule| &rule.tools, (server, tool))
    }

    /// The shadow rules about a method.
    pub(super) fn shadows_for_method(&self, server: &ServerName, method: &str) -> Vec<&BoundRule> {
        about(&self.shadows, |rule| &rule.methods, (server, method))
    }

    /// Every redactor of every enforcing rule: for what an upstream sends that belongs to no call.
    pub(crate) fn all_redactors(&self) -> Vec<BoundRedactor<'_>> {
        redactors(&self.rules.iter().collect::<Vec<_>>(), Part::Result)
    }
}

fn about<'a>(
    rules: &'a [BoundRule],
    patterns: fn(&BoundRule) -> &[config::Pattern],
    (server, name): (&ServerName, &str),
) -> Vec<&'a BoundRule> {
    let covers = |p: &config::Pattern| p.matches(server, name);
    rules
        .iter()
        .filter(|rule| patterns(rule).iter().any(covers))
        .collect()
}

/// The redactors of some rules, each once, with the rule that is strictest about this part.
pub(crate) fn redactors<'a>(rules: &[&'a BoundRule], part: Part) -> Vec<BoundRedactor<'a>> {
    let mut chosen: Vec<BoundRedactor<'a>> = Vec::new();
    for rule in rules {
        for bound in &rule.redactors {
            match chosen
                .iter_mut()
                .find(|(other, _)| other.name == bound.name)
            {
                Some((_, strictest)) if rank(rule, part) > rank(strictest, part) => {
                    *strictest = rule
                }
                Some(_) => {}
                None => chosen.push((bound, rule)),
            }
        }
    }
    chosen
}

/// A rule that refuses what is found in arguments is stricter than any that replaces it.
fn rank(rule: &BoundRule, part: Part) -> (bool, u8) {
    let refuses = part == Part::Arguments && !rule.mask_arguments;
    (refuses, rule.replacement.strictness())
}

/// What a shadow rule would change all the same: a plugin that keeps or counts something, or takes from
/// a bucket, does so in shadow too, and must not share it with a rule that enforces.
fn effects_of_shadows(rules: &[BoundRule], shadows: &[BoundRule]) -> Vec<String> {
    let enforcing: Vec<&Arc<Bound>> = rules.iter().flat_map(BoundRule::plugins).collect();
    let mut wrong = Vec::new();
    for shadow in shadows {
        for tried in shadow.plugins().filter(|bound| bound.plugin.keeps()) {
            let shares = |bound: &&&Arc<Bound>| {
                let own = |name: &String| tried.config.buckets.contains_key(name);
                bound.name == tried.name || bound.config.buckets.keys().any(own)
            };
            if let Some(other) = enforcing.iter().find(shares) {
                wrong.push(format!(
                    "rule `{}` is in shadow, and its plugin `{}` would change what plugin `{}` enforces by: it keeps, counts or takes from a bucket; give it a name and buckets of its own",
                    shadow.name, tried.name, other.name
                ));
            }
        }
    }
    wrong
}

fn bind(rule: &config::Rule, plugins: &PluginSet, wrong: &mut Vec<String>) -> BoundRule {
    let mut policies = Vec::new();
    let mut redactors = Vec::new();
    let mut seen = BTreeSet::new();
    for policy in &rule.policies {
        let name = match policy {
            config::PolicyRef::BuiltIn(built_in) => {
                policies.extend(PluginName::parse(built_in.name()).map(Policy::AllowAll));
                continue;
            }
            config::PolicyRef::Plugin(name) => name,
        };
        match plugins.get(name) {
            Some(bound) if bound.plugin.is_policy() => {
                if seen.insert(name) {
                    policies.push(Policy::Plugin(Arc::clone(bound)));
                }
            }
            _ => wrong.push(format!(
                "rule `{}`: plugin `{name}` is not a policy; a redactor stands in `redactors`",
                rule.name
            )),
        }
    }
    for name in &rule.redactors {
        match plugins.get(name) {
            Some(bound) if bound.plugin.is_redactor() => redactors.push(Arc::clone(bound)),
            _ => wrong.push(format!(
                "rule `{}`: plugin `{name}` is not a redactor; a policy stands in `policies`",
                rule.name
            )),
        }
    }
    BoundRule {
        name: rule.name.clone(),
        policies,
        redactors,
        approval: rule.approval,
        durable: rule.durable,
        mask_arguments: rule.mask_arguments,
        replacement: rule.replacement,
        tools: rule.tools.clone(),
        methods: rule.methods.clone(),
    }
}
