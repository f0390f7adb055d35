//! Redactors over one document: run, check, merge.

use std::sync::Arc;

use wardlet_audit::{PluginRun, Redaction, Role};
use wardlet_call::{Denial, Document, Documents, Found, Json, Part, Phase, Reason, Spans, Subject};
use wardlet_sandbox::{Check, Fault};

use super::Gate;
use super::facts::{Facts, redactions};
use super::rules::{BoundRedactor, BoundRule};

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

impl Gate {
    /// Runs each redactor once over a document, each in a sandbox of its own.
    pub(crate) fn find<'a>(
        &self,
        redactors: &[BoundRedactor<'a>],
        subject: (&str, &str),
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
            let (edits, usage) = bound.plugin.find(&subject, part, &check);
            let view = (part, bound.plugin.projection());
            let mut own = Spans::default();
            let added = edits.and_then(|edits| {
                own.add(document, view, edits, rule.replacement)
                    .map_err(|_| Fault::BadAnswer)
            });
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
    ) -> (Subject, Check) {
        let mut documents = Documents::default();
        let phase = if part == Part::Arguments {
            documents.arguments = Some(Arc::clone(document));
            Phase::Request
        } else {
            documents.result = Some(Arc::clone(document));
            Phase::Response
        };
        let subject = Subject {
            phase,
            method: method.to_owned(),
            server: self.server.to_string(),
            name: name.to_owned(),
        };
        (
            subject,
            Check {
                documents,
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
