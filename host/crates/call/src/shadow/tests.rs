use proptest::prelude::*;

use super::{Effect, Enforced, Trial, Tried, try_out};
use crate::denial::{Denial, Reason};
use crate::name::{Code, RuleName};
use crate::rule::tests::{Says, outcome, rule};
use crate::rule::{Conclusion, Decision, RuleOutcome, decide};

/// A rule as the tests write it: whether it asks for a human, and what its policies say.
type Rule = (bool, Vec<Says>);

fn outcomes(rules: &[Rule]) -> Vec<RuleOutcome> {
    rules
        .iter()
        .enumerate()
        .map(|(position, (approval, says))| outcome(position, *approval, says))
        .collect()
}

fn sensitive(rule: &RuleName) -> Denial {
    let entity = Code::parse("api-key").unwrap();
    Denial::by(rule, Reason::SensitiveArguments { entity })
}

/// A shadow rule whose policies said this.
fn asked((approval, says): &Rule) -> Tried {
    let outcome = outcome(99, *approval, says);
    Tried {
        rule: outcome.rule.clone(),
        refused: None,
        outcome: Some(outcome),
    }
}

/// A shadow rule whose redactors would have refused.
fn refusing() -> Tried {
    let rule = RuleName::parse("finds").unwrap();
    Tried {
        refused: Some(sensitive(&rule)),
        rule,
        outcome: None,
    }
}

fn tried_beside(rules: &[Rule], tried: &Tried) -> (Decision, Trial) {
    let outcomes = outcomes(rules);
    let decision = decide(&outcomes);
    let enforced = Enforced {
        decision: &decision,
        outcomes: Some(&outcomes),
    };
    let trial = try_out(enforced, tried);
    (decision, trial)
}

#[test]
fn what_a_shadow_rule_would_have_changed() {
    use Effect::{Allow, Deny, RequireApproval};
    use Says::{Abstain, Allow as Allows, Ask, Deny as Denies, Fault};
    type Case = (
        &'static [(bool, &'static [Says])],
        bool,
        &'static [Says],
        Option<(Effect, Effect)>,
    );
    let cases: &[Case] = &[
        (&[(false, &[Allows])], false, &[Denies], Some((Allow, Deny))),
        (&[(false, &[Allows])], false, &[Fault], Some((Allow, Deny))),
        (
            &[(false, &[Allows])],
            false,
            &[Abstain],
            Some((Allow, Deny)),
        ),
        (&[(false, &[Allows])], false, &[Allows], None),
        (&[(false, &[Allows])], false, &[], None),
        (
            &[(false, &[Allows])],
            true,
            &[],
            Some((Allow, RequireApproval)),
        ),
        (
            &[(false, &[Allows])],
            false,
            &[Ask],
            Some((Allow, RequireApproval)),
        ),
        (&[(true, &[Allows])], true, &[], None),
        (
            &[(true, &[Allows])],
            false,
            &[Denies],
            Some((RequireApproval, Deny)),
        ),
        (&[], false, &[Allows], Some((Deny, Allow))),
        (&[], false, &[Ask], Some((Deny, RequireApproval))),
        (&[], false, &[Denies], None),
        (
            &[(true, &[])],
            false,
            &[Allows],
            Some((Deny, RequireApproval)),
        ),
        (&[(false, &[Denies])], false, &[Allows], None),
        (&[(false, &[Fault])], false, &[Denies], None),
    ];
    for (rules, approval, says, expected) in cases {
        let rules: Vec<Rule> = rules.iter().map(|(a, s)| (*a, s.to_vec())).collect();
        let (decision, trial) = tried_beside(&rules, &asked(&(*approval, says.to_vec())));
        assert_eq!(trial.difference(&decision), *expected, "{rules:?} {says:?}");
    }
}

#[test]
fn redactors_of_a_shadow_rule_refuse_what_was_not_refused() {
    let tried = refusing();
    let (decision, trial) = tried_beside(&[(false, vec![Says::Allow])], &tried);
    assert_eq!(
        trial.difference(&decision),
        Some((Effect::Allow, Effect::Deny))
    );
    assert_eq!(trial.would, Decision::Deny(sensitive(&tried.rule)));
    assert_eq!(
        trial.concluded,
        Some(Conclusion::Deny(sensitive(&tried.rule)))
    );
    let (decision, trial) = tried_beside(&[], &tried);
    assert_eq!(
        (trial.difference(&decision), &trial.would),
        (None, &decision)
    );
}

#[test]
fn where_no_policy_was_asked_only_redactors_change_anything() {
    let early = Decision::Deny(sensitive(&RuleName::parse("enforces").unwrap()));
    let passes = Decision::Allow { durable: false };
    let unasked = Tried {
        outcome: None,
        refused: None,
        ..refusing()
    };
    for (decision, tried, expected) in [
        (&early, &refusing(), None),
        (&early, &unasked, None),
        (&passes, &unasked, None),
        (&passes, &refusing(), Some((Effect::Allow, Effect::Deny))),
    ] {
        let enforced = Enforced {
            decision,
            outcomes: None,
        };
        let trial = try_out(enforced, tried);
        assert_eq!(trial.difference(decision), expected, "{decision:?}");
        assert_eq!(trial.concluded.is_some(), tried.refused.is_some());
    }
}

proptest! {
    /// What would have been is what is decided once the rule enforces, wherever it then stands.
    #[test]
    fn a_trial_foretells_the_decision(
        rules in prop::collection::vec(rule(), 0..4),
        shadow in rule(),
        at in 0_usize..5,
    ) {
        let (decision, trial) = tried_beside(&rules, &asked(&shadow));
        let mut all = rules;
        all.insert(at.min(all.len()), shadow);
        let enforced = decide(&outcomes(&all));
        prop_assert_eq!(Effect::from(&trial.would), Effect::from(&enforced));
        let differs = Effect::from(&decision) != Effect::from(&enforced);
        prop_assert_eq!(trial.difference(&decision).is_some(), differs);
    }
}
