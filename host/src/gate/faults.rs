//! Faults that are held against who caused them.

use wardlet_call::PluginName;
use wardlet_sandbox::Fault;

use super::Gate;
use crate::quarantine::{QuarantineError, Quarantined};

impl Gate {
    /// Counts a fault of a plugin against who caused it. That somebody is in quarantine from now on is an
    /// entry of its own.
    pub(super) fn count_fault(&self, plugin: &PluginName, who: &str, fault: Fault) {
        let Some(held) = self.quarantine.count(plugin, who, fault, self.now_s()) else {
            return;
        };
        if let Err(error) = self.log.record(&held.entry(None)) {
            // It holds all the same. The log that takes nothing refuses all calls.
            tracing::error!(%error, "a quarantine cannot be recorded");
        }
    }

    /// Lets a caller out of quarantine, or everyone that is held for a plugin, after the entry of each. `by`
    /// is the authenticated operator, who stands in it under a pseudonym.
    ///
    /// # Errors
    /// As [`crate::quarantine::Quarantine::lift`]
    pub fn lift(
        &self,
        plugin: &str,
        principal: Option<&str>,
        by: &str,
    ) -> Result<Vec<Quarantined>, QuarantineError> {
        let by = self.principals.pseudonym(by)?;
        self.quarantine.lift(plugin, principal, |caller| {
            self.log.record(&caller.entry(Some(&by)))?;
            self.log.flush()
        })
    }
}
