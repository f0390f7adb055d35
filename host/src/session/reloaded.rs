//! What a session does when its gateway has taken another configuration.

use std::sync::Arc;

use wardlet_mcp::{encode, name};

use super::Session;
use crate::gate::PolicySet;

impl Session {
    /// Tells the agent that the list of tools is another one, where the policy set now shows other
    /// tools than when the agent was last told, and the server is one that tells such changes.
    pub(super) fn reloaded(&self) {
        let set = self.gate.policy_set();
        let before = self.shown_by.replace(Arc::clone(&set));
        let listens = {
            let lifecycle = self.lifecycle.borrow();
            lifecycle.tells_changed_tools && lifecycle.listed
        };
        if listens && self.shows_others(&before, &set) {
            self.reply(encode::notification(name::TOOLS_CHANGED, None));
        }
    }

    /// Whether one set shows tools that the other hides. Of a list that is not known nobody can say,
    /// and an agent that asks once more than needed loses nothing.
    fn shows_others(&self, before: &Arc<PolicySet>, now: &Arc<PolicySet>) -> bool {
        let catalogue = self.catalogue.borrow();
        let Some(tools) = catalogue.known() else {
            return !Arc::ptr_eq(before, now);
        };
        let server = self.gate.server();
        let shown = |set: &PolicySet, tool: &str| set.rules().could_allow(server, tool);
        tools
            .keys()
            .any(|tool| shown(before, tool) != shown(now, tool))
    }
}
