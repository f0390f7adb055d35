//! Redactors over one document: run, check, merge.

use std::sync::Arc;

use wardlet_audit::{PluginRun, Redaction, Role};
use wardlet_call::{Denial, Document, Documents, Found, Json, Part, Phase, Reason, Spans, Subject};
use wardlet_sandbox::{Check, Fault, Usage};

use super::Gate;
use super::facts::{Facts, redactions};
use super::rules::{BoundRedactor, BoundRule};
use crate::plugins::Bound;

/// What redactors found in one document.
pub(crate) struct Finding<'a> {
    pub(crate) spans: Spans,
    /// What each rule's redactors found.
    pub(crate) by_rule: Vec<(&'a BoundRule, Vec<Found>)>,
    pub(crate) runs: Vec<PluginRun>,
}

impl Finding<'_> {
    /// Nothing found, with the checks that ran.
    pub(crate) fn nothing(runs: Vec<PluginRun>) -> Self {
        Finding {
            spans: Spans::default(),
            by_rule: Vec::new(),
            runs,
        }
    }

    /// The findings as entries have them.
    pub(crate) fn entries(&self) -> Vec<Redaction> {
        self.by_rule
            .iter()
            .flat_map(|(rule, found)| redactions(found, &rule.name))
            .collect()
    }
}

/// Finding that ended in a fault: nothing of the document may pass.
pub(crate) struct Faulted {
    pub(crate) denial: Denial,
    pub(crate) runs: Vec<PluginRun>,
}

impl Faulted {
    /// A check that is not even run, after others that ran: its plugin holds who caused it in
    /// quarantine.
    pub(crate) fn quarantined(
        bound: &Bound,
        role: Role,
        rule: &BoundRule,
        mut runs: Vec<PluginRun>,
    ) -> Self {
        let plugin = bound.name.clone();
        let denial = Denial::by(&rule.name, Reason::Quarantined { plugin });
        let word = Some(denial.reason.code());
        runs.push(Facts::ran(bound, role, Usage::default(), None, word));
        Faulted { denial, runs }
    }
}

impl Gate {
    /// Runs each redactor once over a document, each in a sandbox of its own. `who`, if anybody, is to blame
    /// for the document: faults count against it, and a redactor for which it is in quarantine is not
    /// run, and then nothing of the document passes.
    pub(crate) async fn find<'a>(
        &self,
        redactors: &[BoundRedactor<'a>],
        (subject, who): ((&str, &str), Option<&str>),
        part: Part,
        document: &Arc<Document>,
    ) -> Result<Finding<'a>, Faulted> {
        let (subject, check) = self.question(subject, part, document);
        let mut finding = Finding::nothing(Vec::new());
        for (bound, rule) in redactors {
            // A redactor that is shown nothing of this part has nothing to say about it.
            if bound.plugin.projection().hides_all(part) {
                continue;
            }
            if who.is_some_and(|who| self.quarantine.holds(&bound.name, who)) {
                let runs = finding.runs;
                return Err(Faulted::quarantined(bound, Role::Redactor, rule, runs));
            }
            let asked = (&subject, part);
            let (edits, usage) = self.lanes.find(bound, asked, &check).await;
            let view = (part, bound.plugin.projection());
            let mut own = Spans::default();
            let added = edits.and_then(|edits| {
                own.add(document, view, edits, rule.replacement)
                    .map_err(|_| Fault::BadAnswer)
            });
            if let (Err(fault), Some(who)) = (&added, who) {
                self.count_fault(&bound.name, who, *fault);
            }
            let fault = added.err().map(Fault::word);
            finding
                .runs
                .push(Facts::ran(bound, Role::Redactor, usage, None, fault));
            if let Some(fault) = fault {
                let plugin = bound.name.clone();
                let denial = Denial::by(&rule.name, Reason::PluginFault { plugin, fault });
                return Err(Faulted {
                    denial,
                    runs: finding.runs,
                });
            }
            if !own.is_empty() {
                finding.by_rule.push((rule, own.found()));
                finding.spans.join(own);
            }
        }
        Ok(finding)
    }

    /// What a redactor is asked.
    pub(super) fn question(
        &self,
        (method, name): (&str, &str),
        part: Part,
        document: &Arc<Document>,
    ) -> (Arc<Subject>, Check) {
        let mut documents = Documents::default();
        let phase = if part == Part::Arguments {
            documents.arguments = Some(Arc::clone(document));
            Phase::Request
        } else {
            documents.result = Some(Arc::clone(document));
            Phase::Response
        };
        let subject = Arc::new(Subject {
            phase,
            method: method.to_owned(),
            server: self.server.to_string(),
            name: name.to_owned(),
        });
        let caller = self.caller(method, name);
        (
            subject,
            Check {
                documents,
                caller: Some(caller),
                now_ms: self.clock.now_ms(),
                ..Check::default()
            },
        )
    }

    /// The document with its findings replaced.
    pub(crate) fn replace(&self, spans: &Spans, document: &Document) -> Json {
        spans.apply(document, &|text| self.keyed_hash(text))
    }

    /// Sixteen characters: enough to tell texts apart, of no use without the key.
    fn keyed_hash(&self, text: &str) -> String {
        let code = self.keys.pseudonym(&format!("redacted:{text}"));
        code.chars().take(16).collect()
    }
}
