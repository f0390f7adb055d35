//! Shadow rules: what a rule would have changed, had it enforced. Nothing here takes part in a
//! decision: it is made before, and comes in as a value to compare with.

use crate::denial::Denial;
use crate::name::RuleName;
use crate::rule::{Conclusion, Decision, RuleOutcome, conclude, decide};

/// Whether a rule has an effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It takes part in decisions.
    #[default]
    Enforce,
    /// What it would have done is recorded, and nothing else.
    Shadow,
}

/// What a decision comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// The call may go on.
    Allow,
    /// A human must agree.
    RequireApproval,
    /// Refused.
    Deny,
}

impl Effect {
    /// The word for it in entries.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Effect::Allow => "allow",
            Effect::RequireApproval => "require-approval",
            Effect::Deny => "deny",
        }
    }
}

impl From<&Decision> for Effect {
    fn from(decision: &Decision) -> Self {
        match decision {
            Decision::Allow { .. } => Effect::Allow,
            Decision::RequireApproval { .. } => Effect::RequireApproval,
            Decision::Deny(_) => Effect::Deny,
        }
    }
}

/// What the enforcing rules decided, and from what.
#[derive(Clone, Copy, Debug)]
pub struct Enforced<'a> {
    /// The decision.
    pub decision: &'a Decision,
    /// What the policies of each enforcing rule said; none where no policy was asked, because
    /// redactors refused the call before, or because its method passes without being judged.
    pub outcomes: Option<&'a [RuleOutcome]>,
}

/// What the plugins of one shadow rule said of a call.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The rule.
    pub rule: RuleName,
    /// The refusal that its redactors would have made.
    pub refused: Option<Denial>,
    /// What its policies said; none where they were not asked.
    pub outcome: Option<RuleOutcome>,
}

/// A shadow rule beside the enforcing ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// What it concluded alone; none where its policies were not asked.
    pub concluded: Option<Conclusion>,
    /// What the enforcing rules and this one would have decided together.
    pub would: Decision,
}

impl Trial {
    /// What the two decisions come to, where they differ: what was decided, and what would have
    /// been. A refusal for another reason is no difference.
    #[must_use]
    pub fn difference(&self, decided: &Decision) -> Option<(Effect, Effect)> {
        let (decided, would) = (Effect::from(decided), Effect::from(&self.would));
        (decided != would).then_some((decided, would))
    }
}

/// Compares: would the decision have been another one, had this rule enforced too? Other shadow
/// rules play no part in it.
#[must_use]
pub fn try_out(enforced: Enforced<'_>, tried: &Tried) -> Trial {
    let concluded = match (&tried.refused, &tried.outcome) {
        (Some(denial), _) => Some(Conclusion::Deny(denial.clone())),
        (None, outcome) => outcome.as_ref().map(conclude),
    };
    let Enforced { decision, outcomes } = enforced;
    // Nothing undoes a refusal of redactors, and nothing makes another one stricter.
    let stands =
        matches!(decision, Decision::Deny(_)) && (outcomes.is_none() || tried.refused.is_some());
    let would = match (&tried.refused, outcomes, &tried.outcome) {
        _ if stands => decision.clone(),
        (Some(denial), ..) => Decision::Deny(denial.clone()),
        (None, Some(outcomes), Some(own)) => decide(outcomes.iter().chain([own])),
        (None, ..) => decision.clone(),
    };
    Trial { concluded, would }
}

#[cfg(test)]
mod tests;
