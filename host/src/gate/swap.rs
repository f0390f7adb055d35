//! Another policy set takes the place of the current one.

use std::sync::{Arc, PoisonError, RwLock};

use wardlet_audit::{AuditError, Event};
use wardlet_call::Reason;

use super::{Approvals, Gate, PolicySet};

/// The current set.
pub(super) struct Current {
    /// Held for as long as a pointer is copied or replaced, never while anything is judged or
    /// written, so that a plain lock does: a copy takes nanoseconds, a call microseconds.
    set: RwLock<Arc<PolicySet>>,
    /// Held by decisions that are valid under the current set alone while they are written, and by
    /// a swap as a whole: in the log none of them comes after the entry of the next set.
    changing: RwLock<()>,
}

impl Current {
    pub(super) fn new(set: Arc<PolicySet>) -> Self {
        Current {
            set: RwLock::new(set),
            changing: RwLock::default(),
        }
    }

    fn get(&self) -> Arc<PolicySet> {
        Arc::clone(&self.set.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does something that is valid only while `set` is the current one; none where it is not.
    pub(super) fn only_under<T>(&self, set: &Arc<PolicySet>, act: impl FnOnce() -> T) -> Option<T> {
        let _unchanged = self.changing.read().unwrap_or_else(PoisonError::into_inner);
        Arc::ptr_eq(&self.get(), set).then(act)
    }
}

impl Gate {
    /// The set by which a call is judged that begins now. Who judges takes it once and keeps it to
    /// the end, so that nothing is judged by two.
    #[must_use]
    pub fn policy_set(&self) -> Arc<PolicySet> {
        self.current.get()
    }

    /// Whether nothing has taken the place of `set`.
    pub(super) fn is_current(&self, set: &Arc<PolicySet>) -> bool {
        Arc::ptr_eq(&self.current.get(), set)
    }

    /// Puts `set` in the place of the current set, once `config`, where there is one, and the entry
    /// of the set are in the log. Calls under way keep the set that they began with; what a human was asked about under
    /// another set is void. Blocks for the entries, not for calls.
    ///
    /// # Errors
    /// Those of [`wardlet_audit::Log::record`]: an entry cannot be written, and nothing is changed.
    pub fn swap(
        &self,
        config: Option<&Event>,
        set: Arc<PolicySet>,
        approvals: &Approvals,
    ) -> Result<(), AuditError> {
        {
            let changing = &self.current.changing;
            let _alone = changing.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(config) = config {
                self.log.record(config)?;
            }
            self.log.record(&set.entry())?;
            let mut current = self
                .current
                .set
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            *current = set;
        }
        approvals.withdraw_void(self, &Reason::PolicyChanged);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
