//! Interface `findings`: what redactors found in the arguments, as codes and counts.

use super::State;
use crate::bindings::findings::{Finding, Host};

impl Host for State {
    fn list(&mut self) -> Vec<Finding> {
        let findings = self.check.findings.iter();
        findings
            .map(|found| Finding {
                entity: found.entity.to_string(),
                count: found.count,
            })
            .collect()
    }
}
