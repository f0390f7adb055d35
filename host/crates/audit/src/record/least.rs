//! Entries with only what each of their kind has, to which is added what applies.

use super::{Decision, Effect, Outcome, Status, Target, Timings};

impl Decision {
    /// A decision with only what every decision has: `principal` is the pseudonym of who called, and
    /// `txn` the transaction id.
    #[must_use]
    pub fn new(effect: Effect, reason: &str, target: Target, principal: &str, txn: &str) -> Self {
        Decision {
            approval: None,
            arguments: None,
            blame: None,
            count: None,
            effect,
            plugins: Vec::new(),
            policy_set: None,
            principal: principal.to_owned(),
            protocol: None,
            reason: reason.to_owned(),
            redactions: Vec::new(),
            request: None,
            rules: Vec::new(),
            shadow: Vec::new(),
            shadow_omitted: None,
            target,
            timings: Timings::default(),
            token: None,
            txn: txn.to_owned(),
        }
    }
}

impl Outcome {
    /// An outcome with nothing but its status.
    #[must_use]
    pub fn new(status: Status) -> Self {
        Outcome {
            blame: None,
            is_error: None,
            plugins: Vec::new(),
            reason: None,
            redactions: Vec::new(),
            result: None,
            shadow: Vec::new(),
            status,
            timings: Timings::default(),
            token: None,
        }
    }
}
