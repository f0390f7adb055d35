use proptest::prelude::*;

use super::{Decision, PolicyOutcome, RuleOutcome, decide};
use crate::name::{Code, PluginName, RuleName};
use crate::verdict::{Obligation, Ruling, Verdict};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Says {
    Abstain,
    Allow,
    AllowDurably,
    AllowWithUnknown,
    AllowWithUnknownMust,
    Ask,
    Deny,
    Fault,
}

use Says::{
    Abstain, Allow, AllowDurably, AllowWithUnknown, AllowWithUnknownMust, Ask, Deny, Fault,
};

/// The outcome of the rule `rule-<position>`.
pub(crate) fn outcome(position: usize, approval: bool, says: &[Says]) -> RuleOutcome {
    let code = || Code::parse("because").unwrap();
    let policies = says.iter().map(|says| {
        let (ruling, obligations) = match says {
            Abstain => (Ruling::Abstain, vec![]),
            Allow => (Ruling::Allow, vec![]),
            AllowDurably => (Ruling::Allow, vec![Obligation::Durable]),
            AllowWithUnknown => (
                Ruling::Allow,
                vec![Obligation::Unknown {
                    must_understand: false,
                }],
            ),
            AllowWithUnknownMust => (
                Ruling::Allow,
                vec![Obligation::Unknown {
                    must_understand: true,
                }],
            ),
            Ask => (Ruling::RequireApproval(code()), vec![]),
            Deny | Fault => (Ruling::Deny(code()), vec![]),
        };
        let answer = match says {
            Fault => Err("trap"),
            _ => Ok((
                Verdict {
                    ruling,
                    obligations,
                },
                "because".to_owned(),
            )),
        };
        PolicyOutcome {
            plugin: PluginName::parse("p").unwrap(),
            answer,
        }
    });
    let rule = RuleName::parse(&format!("rule-{position}")).unwrap();
    RuleOutcome {
        rule,
        policies: policies.collect(),
        approval,
    }
}

fn word(decision: &Decision) -> &str {
    match decision {
        Decision::Allow { durable: false } => "allow",
        Decision::Allow { durable: true } => "allow durably",
        Decision::RequireApproval { .. } => "ask",
        Decision::Deny(denial) => denial.reason.code(),
    }
}

fn strictness(decision: &Decision) -> u8 {
    match decision {
        Decision::Allow { .. } => 0,
        Decision::RequireApproval { .. } => 1,
        Decision::Deny(_) => 2,
    }
}

/// Rules, each with whether it asks for a human, and what its policies say.
type Rules = &'static [(bool, &'static [Says])];

#[test]
fn what_rules_conclude_together() {
    let cases: &[(Rules, &str)] = &[
        (&[], "no-rule"),
        (&[(false, &[])], "no-rule"),
        (&[(true, &[])], "no-rule"),
        (&[(false, &[Allow])], "allow"),
        (&[(false, &[Abstain])], "no-policy-allowed"),
        (&[(false, &[Abstain, Allow])], "allow"),
        (&[(false, &[Allow, Deny])], "because"),
        (&[(false, &[Allow, Fault])], "plugin-fault"),
        (&[(false, &[Ask])], "ask"),
        (&[(false, &[Ask, Deny])], "because"),
        (&[(true, &[Allow])], "ask"),
        (&[(true, &[Abstain])], "no-policy-allowed"),
        (&[(false, &[Allow]), (true, &[])], "ask"),
        (&[(false, &[Allow]), (false, &[])], "allow"),
        (
            &[(false, &[Allow]), (false, &[Abstain])],
            "no-policy-allowed",
        ),
        (&[(false, &[Allow]), (false, &[Deny])], "because"),
        (&[(false, &[AllowDurably])], "allow durably"),
        (
            &[(false, &[AllowDurably]), (false, &[Allow])],
            "allow durably",
        ),
        (&[(false, &[AllowWithUnknown])], "allow"),
        (&[(false, &[AllowWithUnknownMust])], "unknown-obligation"),
    ];
    for (rules, expected) in cases {
        let outcomes: Vec<_> = rules
            .iter()
            .enumerate()
            .map(|(position, (approval, says))| outcome(position, *approval, says))
            .collect();
        assert_eq!(word(&decide(&outcomes)), *expected, "{rules:?}");
    }
}

fn says() -> impl Strategy<Value = Says> {
    prop::sample::select(vec![
        Abstain,
        Allow,
        AllowDurably,
        AllowWithUnknown,
        AllowWithUnknownMust,
        Ask,
        Deny,
        Fault,
    ])
}

/// Whether a rule asks for a human, and what its policies say.
pub(crate) fn rule() -> impl Strategy<Value = (bool, Vec<Says>)> {
    (any::<bool>(), prop::collection::vec(says(), 0..4))
}

proptest! {
    /// On a tool that a rule with policies already covers, no added rule can loosen.
    #[test]
    fn an_added_rule_never_loosens(
        covering in (any::<bool>(), prop::collection::vec(says(), 1..4)),
        others in prop::collection::vec(rule(), 0..4),
        added in rule(),
        at in 0_usize..5,
    ) {
        let mut rules: Vec<_> = std::iter::once(covering).chain(others).collect();
        let judge = |rules: &[(bool, Vec<Says>)]| {
            let outcomes: Vec<_> = rules
                .iter()
                .enumerate()
                .map(|(position, (approval, says))| outcome(position, *approval, says))
                .collect();
            strictness(&decide(&outcomes))
        };
        let before = judge(&rules);
        rules.insert(at.min(rules.len()), added);
        prop_assert!(judge(&rules) >= before);
    }
}
