//! What another configuration changes, for people, for programs and for the operator's log.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::gate::PolicySet;

/// A plugin by its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Its name in the configuration.
    pub name: String,
    /// `sha256:` and the digest of its component.
    pub digest: String,
}

/// A plugin with another component under the same name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// Its name in the configuration.
    pub name: String,
    /// The digest of the component that was.
    pub from: String,
    /// The digest of the component that is.
    pub to: String,
}

/// A policy set in the place of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swapped {
    /// The digest of the set that was.
    pub from: String,
    /// The digest of the set that is.
    pub to: String,
}

/// Names that came, went, or mean something else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// Those that came.
    pub added: Vec<String>,
    /// Those that went.
    pub removed: Vec<String>,
    /// Those that mean something else.
    pub changed: Vec<String>,
}

/// What a reload changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The policy sets, where they differ.
    pub policy_set: Option<Swapped>,
    /// Plugins that came.
    pub plugins_added: Vec<Pin>,
    /// Plugins that went.
    pub plugins_removed: Vec<Pin>,
    /// Plugins with another component.
    pub plugins_replaced: Vec<Replaced>,
    /// Plugins with the same component and other grants, settings or limits.
    pub plugins_changed: Vec<String>,
    /// Rules, by their names.
    pub rules: Names,
    /// Whether rules that stayed stand in another order, in which entries name them.
    pub rules_reordered: bool,
    /// Methods beside tool calls.
    pub methods: Names,
    /// How long a call may wait for the server, in seconds, where that is another time now.
    pub timeout_s: Option<u64>,
    /// The digest of the configuration file, where it is another one.
    pub config: Option<String>,
}

impl Change {
    /// Compares two configurations with their sets. `timeout_s` is that of the gateway's server.
    pub(super) fn between(
        (old, old_set): (&Config, &PolicySet),
        (new, new_set): (&Config, &PolicySet),
        timeout_s: Option<u64>,
    ) -> Self {
        let swapped = Swapped {
            from: old_set.digest().to_owned(),
            to: new_set.digest().to_owned(),
        };
        let rules = |config: &Config| -> Vec<_> {
            let named = config.rules.iter();
            named
                .map(|rule| (rule.name.to_string(), rule.clone()))
                .collect()
        };
        let methods = |config: &Config| -> Vec<_> {
            let named = config.methods.iter();
            named
                .map(|(method, rule)| (method.clone(), *rule))
                .collect()
        };
        let (old_rules, new_rules) = (rules(old), rules(new));
        let mut change = Change {
            policy_set: (swapped.from != swapped.to).then_some(swapped),
            rules_reordered: reordered(&old_rules, &new_rules),
            rules: names(old_rules, new_rules),
            methods: names(methods(old), methods(new)),
            timeout_s,
            config: (old.digest != new.digest).then(|| new.digest.clone()),
            ..Change::default()
        };
        change.compare_plugins(old_set, new_set);
        change
    }

    fn compare_plugins(&mut self, old: &PolicySet, new: &PolicySet) {
        let pin = |name: &wardlet_call::PluginName, digest: &str| Pin {
            name: name.to_string(),
            digest: digest.to_owned(),
        };
        for bound in new.plugins().iter() {
            match old.plugins().get(&bound.name) {
                None => self.plugins_added.push(pin(&bound.name, &bound.digest)),
                Some(before) if before.digest != bound.digest => {
                    self.plugins_replaced.push(Replaced {
                        name: bound.name.to_string(),
                        from: before.digest.clone(),
                        to: bound.digest.clone(),
                    });
                }
                Some(before) if !Arc::ptr_eq(before, bound) => {
                    self.plugins_changed.push(bound.name.to_string());
                }
                Some(_) => {}
            }
        }
        let gone = old.plugins().iter();
        let gone = gone.filter(|bound| new.plugins().get(&bound.name).is_none());
        self.plugins_removed = gone.map(|bound| pin(&bound.name, &bound.digest)).collect();
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Change::default()
    }

    /// For people, a line for each thing that changed.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for pin in &self.plugins_added {
            lines.push(format!("plugin `{}` added: {}", pin.name, pin.digest));
        }
        for pin in &self.plugins_removed {
            lines.push(format!("plugin `{}` removed: {}", pin.name, pin.digest));
        }
        for plugin in &self.plugins_replaced {
            let Replaced { name, from, to } = plugin;
            lines.push(format!("plugin `{name}` replaced: {from} -> {to}"));
        }
        for name in &self.plugins_changed {
            lines.push(format!(
                "plugin `{name}` has other grants, settings or limits, or what it reaches was opened anew"
            ));
        }
        for (what, names) in [("rule", &self.rules), ("method", &self.methods)] {
            let done = [
                ("added", &names.added),
                ("removed", &names.removed),
                ("changed", &names.changed),
            ];
            for (done, names) in done {
                lines.extend(names.iter().map(|name| format!("{what} `{name}` {done}")));
            }
        }
        if self.rules_reordered {
            lines.push("rules stand in another order".to_owned());
        }
        if let Some(seconds) = self.timeout_s {
            lines.push(format!("the server has {seconds} s for an answer"));
        }
        if let Some(Swapped { from, to }) = &self.policy_set {
            lines.push(format!("policy set {from} -> {to}"));
        }
        lines
    }
}

fn names<T: PartialEq>(old: Vec<(String, T)>, new: Vec<(String, T)>) -> Names {
    let mut old: BTreeMap<String, T> = old.into_iter().collect();
    let mut names = Names::default();
    for (name, value) in new {
        match old.remove(&name) {
            None => names.added.push(name),
            Some(before) if before != value => names.changed.push(name),
            Some(_) => {}
        }
    }
    names.removed = old.into_keys().collect();
    names
}

/// Whether what stands in both stands in another order.
fn reordered<T>(old: &[(String, T)], new: &[(String, T)]) -> bool {
    let both = |of: &[(String, T)], other: &[(String, T)]| -> Vec<String> {
        let stays = |name: &&String| other.iter().any(|(other, _)| other == *name);
        of.iter()
            .map(|(name, _)| name)
            .filter(stays)
            .cloned()
            .collect()
    };
    both(old, new) != both(new, old)
}

#[cfg(test)]
mod tests {
    use super::{Names, names, reordered};

    fn named(items: &[(&str, u8)]) -> Vec<(String, u8)> {
        let owned = items
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value));
        owned.collect()
    }

    #[test]
    fn names_that_came_went_or_changed() {
        let old = named(&[("stays", 1), ("goes", 1), ("changes", 1)]);
        let new = named(&[("changes", 2), ("comes", 1), ("stays", 1)]);
        let expected = Names {
            added: vec!["comes".to_owned()],
            removed: vec!["goes".to_owned()],
            changed: vec!["changes".to_owned()],
        };
        assert_eq!(names(old, new), expected);
    }

    #[test]
    fn only_what_stays_can_be_reordered() {
        for (old, new, other) in [
            (&[("a", 1), ("b", 1)][..], &[("b", 1), ("a", 1)][..], true),
            (&[("a", 1), ("b", 1)], &[("a", 2), ("b", 1)], false),
            (&[("a", 1), ("b", 1)], &[("c", 1), ("b", 1)], false),
            (
                &[("a", 1), ("b", 1)],
                &[("a", 1), ("c", 1), ("b", 1)],
                false,
            ),
        ] {
            assert_eq!(
                reordered(&named(old), &named(new)),
                other,
                "{old:?} {new:?}"
            );
        }
    }
}
