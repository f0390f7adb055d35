//! Shadow rules: tried out on a call once its decision stands, and on its answer once that is
//! redacted. What comes out stands in the entry and goes nowhere else: nothing here gives back
//! anything but entries.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use wardlet_audit::{Difference, PluginRun, Role, Shadow, ShadowEffect, ShadowFault};
use wardlet_call::{
    BadEdit, Conclusion, Decision, Denial, Document, Edit, Effect, Enforced, Found, Json, Part,
    PluginName, PolicyOutcome, Reason, RuleName, RuleOutcome, Spans, Trial, Tried, try_out,
};
use wardlet_sandbox::Fault;

use super::ask::{allow_all, outcome_of};
use super::clean::{Of, Origin};
use super::facts::{Facts, micros, redactions};
use super::rules::{BoundRule, Policy};
use super::screen::Concluded;
use super::{Call, Gate, Rules};
use crate::plugins::Bound;

/// What the plugins of shadow rules said of one call or answer: each is asked once, and the checks
/// stand with the rule that needed them first.
#[derive(Default)]
struct Said {
    policies: BTreeMap<PluginName, PolicyOutcome>,
    edits: BTreeMap<(PluginName, Searched), Result<Vec<Edit>, Fault>>,
}

/// What is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Searched {
    Arguments,
    Beside,
    Answer,
}

/// A document to search.
struct Searchable<'a> {
    what: Searched,
    document: Arc<Document>,
    subject: (&'a str, &'a str),
}

/// What the entry says of one rule, as it grows.
struct Notes<'a> {
    rule: &'a RuleName,
    faults: Vec<ShadowFault>,
    plugins: Vec<PluginRun>,
    redactions: Vec<wardlet_audit::Redaction>,
}

impl<'a> Notes<'a> {
    fn new(rule: &'a RuleName) -> Self {
        Notes {
            rule,
            faults: Vec::new(),
            plugins: Vec::new(),
            redactions: Vec::new(),
        }
    }

    fn fault(&mut self, plugin: &PluginName, fault: &str) {
        let (fault, plugin) = (fault.to_owned(), plugin.to_string());
        let fault = ShadowFault { fault, plugin };
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn found(&mut self, found: &[Found]) {
        self.redactions.extend(redactions(found, self.rule));
    }

    fn into_entry(
        self,
        concluded: ShadowEffect,
        differs: Option<Difference>,
        reason: Option<&str>,
        redacts: bool,
    ) -> Shadow {
        Shadow {
            concluded,
            differs,
            faults: self.faults,
            plugins: self.plugins,
            reason: reason.map(str::to_owned),
            redactions: self.redactions,
            redacts,
            rule: self.rule.to_string(),
        }
    }
}

impl Gate {
    /// Tries out the shadow rules about a call whose decision stands.
    pub(super) async fn try_on_call(
        &self,
        call: &Call,
        all: &Rules,
        concluded: Result<&Concluded<'_>, &Denial>,
        facts: &mut Facts,
    ) {
        let rules = match (&call.tool, &call.listed) {
            (Some(tool), Some(_)) => all.shadows_for_tool(&self.server, tool),
            (Some(_), None) => return,
            (None, _) => all.shadows_for_method(&self.server, &call.method),
        };
        if rules.is_empty() {
            return;
        }
        let begun = Instant::now();
        let documents = searchable(call, &rules);
        let refused;
        let enforced = match concluded {
            Ok(concluded) => Enforced {
                decision: &concluded.decision,
                outcomes: concluded.outcomes.as_deref(),
            },
            Err(denial) => {
                refused = Decision::Deny(denial.clone());
                Enforced {
                    decision: &refused,
                    outcomes: None,
                }
            }
        };
        let mut said = Said::default();
        for outcome in enforced.outcomes.into_iter().flatten() {
            let asked = outcome.policies.iter();
            said.policies
                .extend(asked.map(|policy| (policy.plugin.clone(), policy.clone())));
        }
        for rule in rules {
            let mut notes = Notes::new(&rule.name);
            let (refused, spans) = self
                .search_call(rule, &documents, &mut said, &mut notes)
                .await;
            let outcome = match concluded.ok().filter(|_| refused.is_none()) {
                Some(of) => {
                    self.ask_shadow(rule, (call, of), &mut said, &mut notes)
                        .await
                }
                None => None,
            };
            let tried = Tried {
                rule: rule.name.clone(),
                refused,
                outcome,
            };
            let trial = try_out(enforced, &tried);
            let passed = concluded.ok().map(|concluded| &concluded.judged.spans);
            let redacts = !matches!(trial.would, Decision::Deny(_))
                && !matches!(enforced.decision, Decision::Deny(_))
                && passed.is_some_and(|passed| passed.changed_by(&spans));
            facts
                .shadow
                .push(entry_of(notes, &trial, enforced.decision, redacts));
        }
        facts.timings.shadow_us = Some(micros(begun.elapsed()));
    }

    /// Runs the redactors of a rule over the arguments and what stands beside them: the refusal they
    /// would have made, and the spans of the arguments that would have been replaced.
    async fn search_call(
        &self,
        rule: &BoundRule,
        documents: &[Searchable<'_>],
        said: &mut Said,
        notes: &mut Notes<'_>,
    ) -> (Option<Denial>, Spans) {
        let mut refused = None;
        let mut masked = Spans::default();
        for searchable in documents {
            let searched = self.search_as(rule, searchable, said, notes).await;
            let masks = searchable.what == Searched::Arguments && rule.mask_arguments;
            let reason = match (searched.fault, searched.spans.found().first()) {
                (Some(reason), _) => Some(reason),
                (None, Some(found)) if !masks || searched.spans.in_name() => {
                    let entity = found.entity.clone();
                    Some(Reason::SensitiveArguments { entity })
                }
                (None, _) => None,
            };
            let denial = reason.map(|reason| Denial::by(&rule.name, reason));
            refused = refused.or(denial);
            if masks {
                masked = searched.spans;
            }
        }
        (refused, masked)
    }

    /// Asks the policies of a rule, but for those that were asked already; none where the enforcing
    /// ones were not asked either.
    async fn ask_shadow(
        &self,
        rule: &BoundRule,
        (call, concluded): (&Call, &Concluded<'_>),
        said: &mut Said,
        notes: &mut Notes<'_>,
    ) -> Option<RuleOutcome> {
        concluded.outcomes.as_ref()?;
        let (subject, check) = self.case(call, &concluded.judged);
        let mut policies = Vec::with_capacity(rule.policies.len());
        for policy in &rule.policies {
            let bound = match policy {
                Policy::AllowAll(name) => {
                    policies.push(allow_all(name));
                    continue;
                }
                Policy::Plugin(bound) => bound,
            };
            let outcome = match said.policies.get(&bound.name) {
                Some(outcome) => outcome.clone(),
                None => {
                    let ran = self.shadow_lanes.evaluate(bound, &subject, &check).await;
                    let (outcome, run) = outcome_of(bound, ran);
                    notes.plugins.push(run);
                    said.policies.insert(bound.name.clone(), outcome.clone());
                    outcome
                }
            };
            if let Err(fault) = outcome.answer {
                notes.fault(&bound.name, fault);
            }
            policies.push(outcome);
        }
        Some(RuleOutcome {
            rule: rule.name.clone(),
            policies,
            approval: rule.approval.is_some(),
        })
    }

    /// The shadow rules that would search an answer: none for a message that answers no call.
    pub(super) fn shadows_of<'a>(&self, origin: &'a Origin) -> Vec<&'a BoundRule> {
        let all = origin.set.rules();
        let mut rules = match origin.of {
            Of::Nothing { .. } => Vec::new(),
            Of::Call { of_tool: true } => all.shadows_for_tool(&self.server, &origin.name),
            Of::Call { of_tool: false } => all.shadows_for_method(&self.server, &origin.method),
        };
        rules.retain(|rule| !rule.redactors.is_empty());
        rules
    }

    /// Tries out the shadow rules about a call on its answer, which is none where it cannot be read.
    /// `passes` is whether the enforcing rules let it through, `replaced` what they replaced. Gives
    /// what the entry says, and the microseconds that it took.
    pub(super) async fn try_on_answer(
        &self,
        origin: &Origin,
        document: Option<Arc<Document>>,
        (passes, replaced): (bool, &Spans),
    ) -> (Vec<Shadow>, u64) {
        let begun = Instant::now();
        let searchable = document.map(|document| Searchable {
            what: Searched::Answer,
            document,
            subject: (&origin.method, &origin.name),
        });
        let mut said = Said::default();
        let mut tried = Vec::new();
        for rule in self.shadows_of(origin) {
            let mut notes = Notes::new(&rule.name);
            let (reason, spans) = match &searchable {
                None => (Some(Reason::UpstreamMalformed), Spans::default()),
                Some(searchable) => {
                    let Search { fault, spans } = self
                        .search_as(rule, searchable, &mut said, &mut notes)
                        .await;
                    let withheld = spans.in_name().then_some(Reason::Withheld);
                    (fault.or(withheld), spans)
                }
            };
            let concluded = match reason {
                Some(_) => ShadowEffect::Withhold,
                None => ShadowEffect::Pass,
            };
            let differs = (passes && reason.is_some()).then_some(Difference {
                decided: ShadowEffect::Pass,
                would: ShadowEffect::Withhold,
            });
            let redacts = passes && reason.is_none() && replaced.changed_by(&spans);
            let code = reason.as_ref().map(Reason::code);
            tried.push(notes.into_entry(concluded, differs, code, redacts));
        }
        (tried, micros(begun.elapsed()))
    }

    /// Runs the redactors of a rule over a document, but for those that ran over it already.
    async fn search_as(
        &self,
        rule: &BoundRule,
        searchable: &Searchable<'_>,
        said: &mut Said,
        notes: &mut Notes<'_>,
    ) -> Search {
        let part = match searchable.what {
            Searched::Arguments | Searched::Beside => Part::Arguments,
            Searched::Answer => Part::Result,
        };
        let mut search = Search::default();
        for bound in &rule.redactors {
            let view = bound.plugin.projection();
            if view.hides_all(part) {
                continue;
            }
            let key = (bound.name.clone(), searchable.what);
            let edits = match said.edits.get(&key) {
                Some(edits) => edits.clone(),
                None => {
                    let (edits, run) = self.search_with(bound, part, searchable).await;
                    notes.plugins.push(run);
                    said.edits.insert(key, edits.clone());
                    edits
                }
            };
            let mut own = Spans::default();
            let added = edits.and_then(|edits| {
                own.add(&searchable.document, (part, view), edits, rule.replacement)
                    .map_err(|_: BadEdit| Fault::BadAnswer)
            });
            match added {
                Ok(()) => {
                    notes.found(&own.found());
                    search.spans.join(own);
                }
                Err(fault) => {
                    let (plugin, fault) = (bound.name.clone(), fault.word());
                    notes.fault(&plugin, fault);
                    search
                        .fault
                        .get_or_insert(Reason::PluginFault { plugin, fault });
                }
            }
        }
        search
    }

    /// Runs one redactor over a document.
    async fn search_with(
        &self,
        bound: &Bound,
        part: Part,
        searchable: &Searchable<'_>,
    ) -> (Result<Vec<Edit>, Fault>, PluginRun) {
        let (subject, check) = self.question(searchable.subject, part, &searchable.document);
        let asked = (&subject, part);
        let (edits, usage) = self.shadow_lanes.find(bound, asked, &check).await;
        let fault = edits.as_ref().err().map(|fault| fault.word());
        let run = Facts::ran(bound, Role::Redactor, usage, None, fault);
        (edits, run)
    }
}

/// What redactors found in one document.
#[derive(Default)]
struct Search {
    spans: Spans,
    /// The first fault.
    fault: Option<Reason>,
}

/// What redactors of these rules would search of a call, as it came.
fn searchable<'a>(call: &'a Call, rules: &[&BoundRule]) -> Vec<Searchable<'a>> {
    if rules.iter().all(|rule| rule.redactors.is_empty()) {
        return Vec::new();
    }
    let name = call.tool.as_deref().unwrap_or_default();
    let of = |what, root: &Json| Searchable {
        what,
        document: Arc::new(Document::parsed(root.clone(), root.to_text().len())),
        subject: (&call.method, name),
    };
    // As for the enforcing rules, a call without arguments has empty ones.
    let empty = Json::Object(Vec::new());
    let arguments = call.arguments.as_ref().unwrap_or(&empty);
    let arguments = of(Searched::Arguments, arguments);
    let beside = call.beside.iter().map(|root| of(Searched::Beside, root));
    std::iter::once(arguments).chain(beside).collect()
}

/// What the entry says of a trial.
fn entry_of(notes: Notes<'_>, trial: &Trial, decided: &Decision, redacts: bool) -> Shadow {
    let effect = |effect| match effect {
        Effect::Allow => ShadowEffect::Allow,
        Effect::RequireApproval => ShadowEffect::RequireApproval,
        Effect::Deny => ShadowEffect::Deny,
    };
    let (concluded, reason) = match &trial.concluded {
        None => (ShadowEffect::Unasked, None),
        Some(Conclusion::Nothing) => (ShadowEffect::Nothing, None),
        Some(Conclusion::Allow { .. }) => (ShadowEffect::Allow, None),
        Some(Conclusion::Approval { asked, .. }) => {
            let code = asked.as_ref().map(|(code, _)| code.as_str());
            (ShadowEffect::RequireApproval, code)
        }
        Some(Conclusion::Deny(denial)) => (ShadowEffect::Deny, Some(denial.reason.code())),
    };
    let differs = trial
        .difference(decided)
        .map(|(decided, would)| Difference {
            decided: effect(decided),
            would: effect(would),
        });
    notes.into_entry(concluded, differs, reason, redacts)
}
