//! From verdicts to a decision: each matching rule concludes alone, and the strictest holds.

use crate::denial::{Denial, Reason};
use crate::name::{PluginName, RuleName};
use crate::verdict::{Obligation, Ruling, Verdict};

/// What became of one policy of a rule.
#[derive(Clone, Debug)]
pub struct PolicyOutcome {
    /// The policy.
    pub plugin: PluginName,
    /// Its verdict, with the sentence for the code it gave; or the kind of fault.
    pub answer: Result<(Verdict, String), &'static str>,
}

/// A matching rule with what its policies said.
#[derive(Clone, Debug)]
pub struct RuleOutcome {
    /// The rule.
    pub rule: RuleName,
    /// What each of its policies said; empty for a rule without policies.
    pub policies: Vec<PolicyOutcome>,
    /// Whether the rule itself asks for a human.
    pub approval: bool,
}

/// What one rule concludes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// A rule without policies and without approval: it neither allows nor refuses.
    Nothing,
    /// Allowed by at least one policy, refused by none.
    Allow {
        /// The entry must be on disk first.
        durable: bool,
    },
    /// Allowed if a human agrees. `allows` says whether the rule counts as allowing at all.
    Approval {
        /// Whether a policy of the rule allowed; a rule without policies only adds the question.
        allows: bool,
        /// The policy's code and sentence, where a policy asked.
        asked: Option<(String, String)>,
    },
    /// Refused.
    Deny(Denial),
}

/// What the gate concludes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The call may go on.
    Allow {
        /// The entry must be on disk first.
        durable: bool,
    },
    /// A human must agree. An approved call is always durable.
    RequireApproval {
        /// The rules that ask, with a policy's code and sentence where a policy asked.
        asked: Vec<(RuleName, Option<(String, String)>)>,
    },
    /// Refused.
    Deny(Denial),
}

/// Concludes one rule. A fault, a refusal or an obligation that is not understood denies; a rule
/// with policies needs at least one of them to allow.
#[must_use]
pub fn conclude(outcome: &RuleOutcome) -> Conclusion {
    let deny = |reason| Conclusion::Deny(Denial::by(&outcome.rule, reason));
    let mut allowed = false;
    let mut durable = false;
    let mut asked = None;
    for PolicyOutcome { plugin, answer } in &outcome.policies {
        let (verdict, sentence) = match answer {
            Err(fault) => {
                return deny(Reason::PluginFault {
                    plugin: plugin.clone(),
                    fault,
                });
            }
            Ok(answer) => answer,
        };
        for obligation in &verdict.obligations {
            match obligation {
                Obligation::Durable => durable = true,
                Obligation::Unknown {
                    must_understand: true,
                } => {
                    return deny(Reason::UnknownObligation);
                }
                Obligation::Unknown {
                    must_understand: false,
                } => {}
            }
        }
        match &verdict.ruling {
            Ruling::Abstain => {}
            Ruling::Allow => allowed = true,
            Ruling::RequireApproval(code) => {
                allowed = true;
                asked.get_or_insert((code.to_string(), sentence.clone()));
            }
            Ruling::Deny(code) => {
                return deny(Reason::Policy {
                    plugin: plugin.clone(),
                    code: code.clone(),
                    sentence: sentence.clone(),
                });
            }
        }
    }
    match (
        outcome.policies.is_empty(),
        allowed,
        outcome.approval || asked.is_some(),
    ) {
        (true, _, false) => Conclusion::Nothing,
        (true, _, true) => Conclusion::Approval {
            allows: false,
            asked: None,
        },
        (false, false, _) => deny(Reason::NoPolicyAllowed),
        (false, true, true) => Conclusion::Approval {
            allows: true,
            asked,
        },
        (false, true, false) => Conclusion::Allow { durable },
    }
}

/// Concludes all matching rules: deny over require approval over allow, and deny where no rule
/// with policies matches.
#[must_use]
pub fn decide<'a>(outcomes: impl IntoIterator<Item = &'a RuleOutcome>) -> Decision {
    let mut allows = false;
    let mut durable = false;
    let mut asking = Vec::new();
    for outcome in outcomes {
        match conclude(outcome) {
            Conclusion::Nothing => {}
            Conclusion::Deny(denial) => return Decision::Deny(denial),
            Conclusion::Allow {
                durable: needs_disk,
            } => {
                allows = true;
                durable |= needs_disk;
            }
            Conclusion::Approval {
                allows: rule_allows,
                asked,
            } => {
                allows |= rule_allows;
                asking.push((outcome.rule.clone(), asked));
            }
        }
    }
    match (allows, asking.is_empty()) {
        (false, _) => Decision::Deny(Denial::new(Reason::NoRule)),
        (true, true) => Decision::Allow { durable },
        (true, false) => Decision::RequireApproval { asked: asking },
    }
}

#[cfg(test)]
pub(crate) mod tests;
