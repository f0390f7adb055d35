//! Asking the policies, each in a sandbox of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use wardlet_audit::{PluginRun, Role};
use wardlet_call::{
    Code, Denial, Documents, Phase, PluginName, PolicyOutcome, RuleOutcome, Ruling, Subject,
    Verdict,
};
use wardlet_sandbox::{Check, Fault, Usage};

use super::facts::Facts;
use super::find::Faulted;
use super::rules::{BoundRule, Policy};
use super::screen::Judged;
use super::{Call, Gate};
use crate::plugins::Bound;

impl Gate {
    /// Refuses a call that needs a plugin for which its caller is in quarantine: a policy, or a
    /// redactor of the arguments or of the answer.
    pub(super) fn refuse_quarantined(
        &self,
        rules: &[&BoundRule],
        facts: &mut Facts,
    ) -> Result<(), Denial> {
        for rule in rules {
            let policies = rule.policies.iter().filter_map(|policy| match policy {
                Policy::AllowAll(_) => None,
                Policy::Plugin(bound) => Some((bound, Role::Policy)),
            });
            let redactors = rule.redactors.iter().map(|bound| (bound, Role::Redactor));
            for (bound, role) in policies.chain(redactors) {
                if self.quarantine.holds(&bound.name, facts.principal()) {
                    let faulted = Faulted::quarantined(bound, role, rule, Vec::new());
                    facts.plugins.extend(faulted.runs);
                    return Err(faulted.denial);
                }
            }
        }
        Ok(())
    }

    /// Asks every policy of every matching rule; one that stands in several rules is asked once,
    /// since it would be asked the same.
    pub(super) async fn ask_policies(
        &self,
        call: &Call,
        rules: &[&BoundRule],
        judged: &Judged,
        facts: &mut Facts,
    ) -> Vec<RuleOutcome> {
        let (subject, check) = self.case(call, judged);
        let mut asked: BTreeMap<&PluginName, PolicyOutcome> = BTreeMap::new();
        let mut outcomes = Vec::with_capacity(rules.len());
        for rule in rules {
            let mut policies = Vec::with_capacity(rule.policies.len());
            for policy in &rule.policies {
                let bound = match policy {
                    Policy::AllowAll(name) => {
                        policies.push(allow_all(name));
                        continue;
                    }
                    Policy::Plugin(bound) => bound,
                };
                let outcome = match asked.get(&bound.name) {
                    Some(outcome) => outcome.clone(),
                    None => self.ask(bound, (&subject, &check), facts).await,
                };
                asked.insert(&bound.name, outcome.clone());
                policies.push(outcome);
            }
            outcomes.push(RuleOutcome {
                rule: rule.name.clone(),
                policies,
                approval: rule.approval.is_some(),
            });
        }
        outcomes
    }

    /// Asks one policy.
    async fn ask(
        &self,
        bound: &Bound,
        (subject, check): (&Arc<Subject>, &Check),
        facts: &mut Facts,
    ) -> PolicyOutcome {
        let (answer, usage) = self.lanes.evaluate(bound, subject, check).await;
        if let Err(fault) = answer {
            self.count_fault(&bound.name, self.principal().pseudonym(), fault);
        }
        let (outcome, run) = outcome_of(bound, (answer, usage));
        facts.plugins.push(run);
        outcome
    }

    /// What policies are asked.
    pub(super) fn case(&self, call: &Call, judged: &Judged) -> (Arc<Subject>, Check) {
        let subject = Subject {
            phase: Phase::Request,
            method: call.method.clone(),
            server: self.server.to_string(),
            name: call.tool.clone().unwrap_or_default(),
        };
        let check = Check {
            documents: Documents {
                arguments: Some(Arc::clone(&judged.document)),
                result: None,
                definition: call
                    .listed
                    .as_ref()
                    .map(|tool| Arc::clone(&tool.definition)),
            },
            findings: judged.spans.found().into(),
            caller: Some(self.caller(&subject.method, &subject.name)),
            now_ms: self.clock.now_ms(),
            patience: None,
            reach: None,
        };
        (Arc::new(subject), check)
    }
}

/// What a policy said, for its rules and for the entry.
pub(super) fn outcome_of(
    bound: &Bound,
    (answer, usage): (Result<(Verdict, String), Fault>, Usage),
) -> (PolicyOutcome, PluginRun) {
    let ruling = answer.as_ref().ok().map(|(verdict, _)| &verdict.ruling);
    let verdict = ruling.map(|ruling| (ruling.word(), ruling.code().map(Code::as_str)));
    let fault = answer.as_ref().err().map(|fault| fault.word());
    let run = Facts::ran(bound, Role::Policy, usage, verdict, fault);
    let outcome = PolicyOutcome {
        plugin: bound.name.clone(),
        answer: answer.map_err(Fault::word),
    };
    (outcome, run)
}

/// The built-in policy that has to be named to be had.
pub(super) fn allow_all(name: &PluginName) -> PolicyOutcome {
    let verdict = Verdict {
        ruling: Ruling::Allow,
        obligations: Vec::new(),
    };
    PolicyOutcome {
        plugin: name.clone(),
        answer: Ok((verdict, String::new())),
    }
}
