//! Adding up what entries say of shadow rules.

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;
use serde_json::Value;

use crate::cli::audit::{target, text};

/// What the log says of shadow rules, added up.
pub(super) struct Trials {
    /// The one rule that is asked about.
    only: Option<String>,
    since: Option<String>,
    keep: usize,
    /// The targets of allowed calls whose outcome is still to come.
    open: BTreeMap<u64, String>,
    /// All entries of the log.
    pub(super) entries: u64,
    pub(super) rules: BTreeMap<String, Tally>,
    /// The last of those that differ.
    pub(super) rows: VecDeque<Row>,
    /// How many differ.
    pub(super) differing: u64,
    /// Trials for whom their entries had no room.
    pub(super) omitted: u64,
}

/// What one rule would have done.
#[derive(Default)]
pub(super) struct Tally {
    /// Calls that it was tried out on.
    pub(super) calls: u64,
    /// Calls of which its policies were not asked.
    pub(super) unasked: u64,
    /// Answers that its redactors were tried out on.
    pub(super) answers: u64,
    pub(super) first: String,
    pub(super) last: String,
    /// By what was decided and what would have been, then by target and reason.
    pub(super) differs: BTreeMap<(String, String), BTreeMap<(String, String), u64>>,
    /// Calls and answers of which it would have replaced something that passed.
    pub(super) redacting: u64,
    /// What it found, by entity.
    pub(super) redactions: BTreeMap<String, u64>,
    /// By plugin and kind.
    pub(super) faults: BTreeMap<(String, String), u64>,
}

impl Tally {
    /// How many calls and answers would have come out otherwise.
    pub(super) fn differing(&self) -> u64 {
        self.differs.values().flat_map(BTreeMap::values).sum()
    }
}

/// One call or answer that would have come out otherwise.
pub(super) struct Row {
    pub(super) index: u64,
    pub(super) time: String,
    pub(super) rule: String,
    pub(super) target: String,
    pub(super) decided: String,
    pub(super) would: String,
    pub(super) reason: String,
}

/// A member of `shadow`, as `FORMAT.md` of the log has it.
#[derive(Deserialize)]
struct Trial {
    rule: String,
    concluded: String,
    differs: Option<Difference>,
    reason: Option<String>,
    #[serde(default)]
    redactions: Vec<Redaction>,
    #[serde(default)]
    redacts: bool,
    #[serde(default)]
    faults: Vec<Fault>,
}

#[derive(Deserialize)]
struct Difference {
    decided: String,
    would: String,
}

#[derive(Deserialize)]
struct Redaction {
    count: u64,
    entity: String,
}

#[derive(Deserialize)]
struct Fault {
    plugin: String,
    fault: String,
}

/// Where a trial stands.
struct Place<'a> {
    index: u64,
    time: &'a str,
    target: &'a str,
    /// The reason of the entry itself.
    reason: &'a str,
    is_answer: bool,
}

impl Trials {
    /// Of one rule or all, from a time on; so many of the calls that differ are kept, the last ones.
    pub(super) fn new(only: Option<String>, since: Option<String>, keep: usize) -> Self {
        Trials {
            only,
            since,
            keep,
            open: BTreeMap::new(),
            entries: 0,
            rules: BTreeMap::new(),
            rows: VecDeque::new(),
            differing: 0,
            omitted: 0,
        }
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// A sentence where what it says of shadow rules is not of the form that it has to be.
    pub(super) fn take(&mut self, index: u64, line: &str) -> Result<(), String> {
        self.entries += 1;
        let entry: Value = serde_json::from_str(line).unwrap_or_default();
        let body = entry.get("body").unwrap_or(&Value::Null);
        let is_answer = match text(&entry, "/kind") {
            "decision" => false,
            "outcome" => true,
            _ => return Ok(()),
        };
        let target = if is_answer {
            let decision = body.get("decision").and_then(Value::as_u64);
            let open = decision.and_then(|decision| self.open.remove(&decision));
            open.unwrap_or_default()
        } else {
            target(body)
        };
        let time = text(&entry, "/time");
        // Times in the log have one form and length, so that their order is that of their texts.
        if self.since.as_deref().is_none_or(|since| time >= since) {
            let place = Place {
                index,
                time,
                target: &target,
                reason: text(body, "/reason"),
                is_answer,
            };
            self.take_body(body, &place)?;
        }
        if text(body, "/effect") == "allow" {
            self.open.insert(index, target);
        }
        Ok(())
    }

    fn take_body(&mut self, body: &Value, place: &Place<'_>) -> Result<(), String> {
        let omitted = body.get("shadow_omitted").and_then(Value::as_u64);
        self.omitted += omitted.unwrap_or(0);
        let Some(listed) = body.get("shadow") else {
            return Ok(());
        };
        let trials = Vec::<Trial>::deserialize(listed)
            .map_err(|error| format!("`shadow` is not of its form: {error}"))?;
        for trial in trials {
            if self.only.as_ref().is_none_or(|only| *only == trial.rule) {
                self.add(trial, place);
            }
        }
        Ok(())
    }

    fn add(&mut self, trial: Trial, place: &Place<'_>) {
        let tally = self.rules.entry(trial.rule.clone()).or_default();
        if tally.first.is_empty() {
            place.time.clone_into(&mut tally.first);
        }
        place.time.clone_into(&mut tally.last);
        if place.is_answer {
            tally.answers += 1;
        } else {
            tally.calls += 1;
        }
        tally.unasked += u64::from(trial.concluded == "unasked");
        tally.redacting += u64::from(trial.redacts);
        for redaction in &trial.redactions {
            *tally
                .redactions
                .entry(redaction.entity.clone())
                .or_default() += redaction.count;
        }
        for fault in trial.faults {
            *tally.faults.entry((fault.plugin, fault.fault)).or_default() += 1;
        }
        let row = |decided: String, would: String, reason: String| Row {
            index: place.index,
            time: place.time.to_owned(),
            rule: trial.rule.clone(),
            target: place.target.to_owned(),
            decided,
            would,
            reason,
        };
        let mut rows = Vec::new();
        if let Some(Difference { decided, would }) = trial.differs {
            // What would have been allowed has the reason for which it was refused.
            let reason = match trial.reason {
                Some(reason) => reason,
                None if decided == "deny" => place.reason.to_owned(),
                None => String::new(),
            };
            let by = tally.differs.entry((decided.clone(), would.clone()));
            let by = by.or_default();
            let key = (place.target.to_owned(), reason.clone());
            *by.entry(key).or_default() += 1;
            rows.push(row(decided, would, reason));
        }
        if trial.redacts {
            let found = trial.redactions.iter();
            let found = found.map(|found| format!("{} {}", found.count, found.entity));
            let found = found.collect::<Vec<_>>().join(", ");
            rows.push(row("pass".to_owned(), "redact".to_owned(), found));
        }
        for row in rows {
            self.differing += 1;
            self.rows.push_back(row);
            if self.rows.len() > self.keep {
                self.rows.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests;
