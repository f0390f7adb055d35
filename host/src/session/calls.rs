//! Who waits for what: the requests under way in either direction, by id.

use std::collections::{HashMap, HashSet};

use tokio::time::Instant;
use wardlet_mcp::Id;

use crate::gate::Forwarded;

/// A request of the agent that is not answered yet.
pub(crate) enum Stage {
    /// It passed without a decision; what it asked for decides how its answer is read.
    Passing(Passing),
    /// A tool call that waits for the list of tools; its line is parked.
    Parked,
    /// A call that waits for a human, under the id that the human types.
    Held(String),
    /// A call on its way to the log: its decision is being written to disk.
    Committing,
    /// A call that the upstream has.
    Forwarded {
        forwarded: Forwarded,
        progress: Option<Id>,
        deadline: Instant,
    },
}

/// What a request that passed asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passing {
    /// `initialize`: the answer names the version.
    Initialize,
    /// The agent's own `tools/list`: the answer is filtered. Whether it asked for the first page.
    ToolList { first: bool },
    /// The gateway's own `tools/list`: the answer is not for the agent.
    OwnToolList,
    /// Anything else.
    Other,
}

/// The requests under way.
#[derive(Default)]
pub(crate) struct Calls {
    /// Of the agent and of the gateway itself, toward the upstream.
    pub(crate) of_agent: HashMap<Id, Stage>,
    /// Of the upstream, toward the agent.
    pub(crate) of_server: HashSet<Id>,
    /// Lines of tool calls that wait for the list of tools, in their order.
    pub(crate) parked: Vec<(Id, Vec<u8>)>,
    /// When the gateway stops to wait for the list.
    pub(crate) list_deadline: Option<Instant>,
}

impl Calls {
    pub(crate) fn any_held(&self) -> bool {
        let held = |stage: &Stage| matches!(stage, Stage::Held(_) | Stage::Committing);
        self.of_agent.values().any(held)
    }

    pub(crate) fn any_forwarded(&self) -> bool {
        self.of_agent
            .values()
            .any(|stage| matches!(stage, Stage::Forwarded { .. }))
    }

    /// Gives the calls that asked for progress under this token until `until`.
    pub(crate) fn postpone(&mut self, token: &Id, until: Instant) {
        for stage in self.of_agent.values_mut() {
            if let Stage::Forwarded {
                progress: Some(progress),
                deadline,
                ..
            } = stage
                && progress == token
            {
                *deadline = until;
            }
        }
    }
}
