//! Resolves `[[rule]]`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use wardlet_call::{Mode, PluginName, Replacement, RuleName};

use super::fault::Gathered;
use super::kind::{FaultKind, quoted};
use super::model::{BuiltIn, DEFAULT_APPROVAL, MethodRule, PolicyRef, Rule};
use super::nearest::nearest;
use super::pattern::{Pattern, matches};
use super::raw::{RawRule, Text};
use super::resolve::{bad_name, choice, duration};

/// Nobody reads and answers within less than a second; a call that has waited for a day has lost
/// its agent.
const EXPIRES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(24 * 60 * 60));

/// More patterns in one list are refused: each call is held against every one of them.
pub(super) const MAX_PATTERNS: usize = 256;

/// More policies or redactors are refused: each costs a sandbox per call.
const MAX_PLUGINS: usize = 16;

/// What a rule may refer to.
pub(super) struct Names<'a> {
    pub(super) servers: Vec<&'a String>,
    pub(super) plugins: Vec<&'a String>,
    pub(super) methods: &'a BTreeMap<String, MethodRule>,
}

/// The rules of a file.
#[derive(Default)]
pub(super) struct Rules {
    /// Those with a usable name.
    pub(super) rules: Vec<Rule>,
    /// The places of those with a fault: parts of them may be missing.
    pub(super) faulty: BTreeSet<usize>,
}

/// Resolves the rules; one without a usable name is left out, with a fault.
pub(super) fn resolve(raw: &[RawRule], names: &Names<'_>, gathered: &mut Gathered<'_>) -> Rules {
    let mut first_uses: BTreeMap<&str, &Text> = BTreeMap::new();
    for rule in raw {
        let Some(name) = &rule.name else { continue };
        match first_uses.get(name.get_ref().as_str()) {
            Some(first) => {
                let kind = FaultKind::RuleTwice {
                    name: name.get_ref().clone(),
                    line: gathered.line(&first.span()),
                };
                gathered.at(name.span(), kind);
            }
            None => {
                first_uses.insert(name.get_ref(), name);
            }
        }
    }
    let mut resolved = Rules::default();
    for raw in raw {
        let before = gathered.errors();
        if let Some(rule) = resolve_rule(raw, names, gathered) {
            if raw.faulty || gathered.errors() > before {
                resolved.faulty.insert(resolved.rules.len());
            }
            resolved.rules.push(rule);
        }
    }
    resolved
}

fn resolve_rule(raw: &RawRule, names: &Names<'_>, gathered: &mut Gathered<'_>) -> Option<Rule> {
    let name = name(raw, gathered);
    let modes = [("enforce", Mode::Enforce), ("shadow", Mode::Shadow)];
    let word = raw.mode.as_ref();
    let mode = word.and_then(|word| choice("mode", word, modes, gathered));
    let tools = patterns(raw.tools.as_deref(), "tools", names, gathered);
    let methods = patterns(raw.methods.as_deref(), "methods", names, gathered);
    for (text, pattern) in &methods {
        refuse_unjudged(text, pattern, names.methods, gathered);
    }
    let policies = policies(raw.policies.as_deref(), names, gathered);
    let redactors = redactors(raw.redactors.as_deref(), names, gathered);
    let risks = [("low", false), ("high", true)];
    let risk = raw.risk.as_ref();
    let high = risk.and_then(|word| choice("risk", word, risks, gathered)) == Some(true);
    let expires = raw.approval.as_ref().map(|expires| {
        let expires = expires.as_ref();
        let expires = expires.and_then(|text| duration("expires", text, EXPIRES, gathered));
        expires.unwrap_or(DEFAULT_APPROVAL)
    });
    let arguments = [("deny", false), ("mask", true)];
    let word = raw.arguments.as_ref();
    let mask = word.and_then(|word| choice("arguments", word, arguments, gathered));
    let replacements = [
        ("mask", Replacement::Mask),
        ("drop", Replacement::Drop),
        ("hash", Replacement::Hash),
    ];
    let word = raw.replacement.as_ref();
    let replacement = word.and_then(|word| choice("replacement", word, replacements, gathered));
    refuse_idle(raw, gathered);
    Some(Rule {
        name: name?,
        mode: mode.unwrap_or_default(),
        tools: tools.into_iter().map(|(_, pattern)| pattern).collect(),
        methods: methods.into_iter().map(|(_, pattern)| pattern).collect(),
        policies,
        redactors,
        approval: expires.or(high.then_some(DEFAULT_APPROVAL)),
        durable: high,
        mask_arguments: mask.unwrap_or(false),
        replacement: replacement.unwrap_or(Replacement::Mask),
    })
}

fn name(raw: &RawRule, gathered: &mut Gathered<'_>) -> Option<RuleName> {
    let text = raw.name.as_ref()?;
    let name = RuleName::parse(text.get_ref());
    if name.is_err() {
        gathered.at(text.span(), bad_name("rule", text));
    }
    name.ok()
}

/// A rule that is about nothing, or that changes nothing.
fn refuse_idle(raw: &RawRule, gathered: &mut Gathered<'_>) {
    let name = raw.name.as_ref().map_or("", |name| name.get_ref());
    // A misspelt key is the likelier reason, and has its fault already.
    if !raw.faulty && raw.tools.is_none() && raw.methods.is_none() {
        gathered.at(raw.span.clone(), FaultKind::NoScope(name.to_owned()));
    }
    let asks = raw.approval.is_some() || raw.risk.as_ref().is_some_and(|r| r.get_ref() != "low");
    if !raw.faulty && raw.policies.is_none() && raw.redactors.is_none() && !asks {
        gathered.at(raw.span.clone(), FaultKind::NoEffect(name.to_owned()));
    }
    for (key, word) in [
        ("arguments", &raw.arguments),
        ("replacement", &raw.replacement),
    ] {
        if let (Some(word), None) = (word, &raw.redactors) {
            gathered.at(word.span(), FaultKind::NothingRedacted(key));
        }
    }
}

fn patterns<'t>(
    listed: Option<&'t [Text]>,
    what: &'static str,
    names: &Names<'_>,
    gathered: &mut Gathered<'_>,
) -> Vec<(&'t Text, Pattern)> {
    let listed = at_most(listed.unwrap_or_default(), what, MAX_PATTERNS, gathered);
    let mut patterns = Vec::new();
    for text in listed {
        match Pattern::parse(text.get_ref()) {
            Err(why) => {
                let text_of = text.get_ref().clone();
                gathered.at(text.span(), FaultKind::Pattern { text: text_of, why });
            }
            Ok(pattern) => {
                if let Some(server) = pattern.server()
                    && !names.servers.iter().any(|name| *name == server.as_str())
                {
                    let known = names.servers.iter().map(|name| name.as_str());
                    let kind = FaultKind::UnknownServer {
                        name: server.to_string(),
                        near: nearest(server.as_str(), known.clone()).map(str::to_owned),
                        known: quoted(known),
                    };
                    gathered.at(text.span(), kind);
                }
                patterns.push((text, pattern));
            }
        }
    }
    patterns
}

fn at_most<'t>(
    listed: &'t [Text],
    what: &'static str,
    max: usize,
    gathered: &mut Gathered<'_>,
) -> &'t [Text] {
    if let Some(text) = listed.get(max) {
        gathered.at(text.span(), FaultKind::TooMany { what, max });
    }
    listed.get(..max).unwrap_or(listed)
}

/// A pattern of `methods` is about at least one method that is judged.
fn refuse_unjudged(
    text: &Text,
    pattern: &Pattern,
    methods: &BTreeMap<String, MethodRule>,
    gathered: &mut Gathered<'_>,
) {
    let mut named = methods
        .iter()
        .filter(|(method, _)| matches(pattern.name(), method))
        .peekable();
    let kind = if named.peek().is_none() {
        FaultKind::NotJudged(text.get_ref().clone())
    } else if named.all(|(_, rule)| *rule == MethodRule::Pass) {
        FaultKind::Passes(pattern.name().to_owned())
    } else {
        return;
    };
    gathered.at(text.span(), kind);
}

fn policies(
    listed: Option<&[Text]>,
    names: &Names<'_>,
    gathered: &mut Gathered<'_>,
) -> Vec<PolicyRef> {
    let listed = at_most(
        listed.unwrap_or_default(),
        "policies",
        MAX_PLUGINS,
        gathered,
    );
    let mut policies = Vec::new();
    for text in listed {
        match BuiltIn::from_name(text.get_ref()) {
            Some(built_in) => {
                if listed.len() > 1 {
                    gathered.at(text.span(), FaultKind::AllowAllBeside);
                }
                policies.push(PolicyRef::BuiltIn(built_in));
            }
            None => policies.extend(
                plugin(text, &[BuiltIn::AllowAll.name()], names, gathered).map(PolicyRef::Plugin),
            ),
        }
    }
    policies
}

fn redactors(
    listed: Option<&[Text]>,
    names: &Names<'_>,
    gathered: &mut Gathered<'_>,
) -> Vec<PluginName> {
    let listed = at_most(
        listed.unwrap_or_default(),
        "redactors",
        MAX_PLUGINS,
        gathered,
    );
    let mut redactors = Vec::new();
    for text in listed {
        if BuiltIn::from_name(text.get_ref()).is_some() {
            gathered.at(text.span(), FaultKind::AllowAllRedacts);
        } else {
            redactors.extend(plugin(text, &[], names, gathered));
        }
    }
    redactors
}

/// The plugin of this name; `built_in` are names that could have been meant as well.
fn plugin(
    text: &Text,
    built_in: &[&str],
    names: &Names<'_>,
    gathered: &mut Gathered<'_>,
) -> Option<PluginName> {
    if names.plugins.contains(&text.get_ref()) {
        return PluginName::parse(text.get_ref()).ok();
    }
    let known: Vec<&str> = names.plugins.iter().map(|name| name.as_str()).collect();
    let candidates = known.iter().copied().chain(built_in.iter().copied());
    let kind = FaultKind::UnknownPlugin {
        name: text.get_ref().clone(),
        near: nearest(text.get_ref(), candidates).map(str::to_owned),
        known: quoted(&known),
    };
    gathered.at(text.span(), kind);
    None
}
