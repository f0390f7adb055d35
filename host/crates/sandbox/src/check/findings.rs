//! Interface `findings`: what redactors found in the arguments, as codes and counts.

use wasmtime::Result;

use super::State;
use crate::bindings::findings::{Finding, Host};

impl Host for State {
    fn list(&mut self) -> Result<Vec<Finding>> {
        self.meter.host_call()?;
        let findings = self.check.findings.iter();
        Ok(findings
            .map(|found| Finding {
                entity: found.entity.to_string(),
                count: found.count,
            })
            .collect())
    }
}
