//! Who waits for what: the requests under way in either direction, by id.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::rc::Rc;

use tokio::time::Instant;
use wardlet_mcp::Id;

use crate::gate::Forwarded;

/// Requests of one side that may be under way at one time. Clients have some dozens.
const MAX_UNDER_WAY: usize = 4096;

/// Ids of requests that were given up and never answered: a session of days has some hundreds, and
/// so many of the longest take 16 MiB.
const MAX_GIVEN_UP: usize = 65_536;

/// Bytes of lines that may be kept for calls which wait for a list, a human or the disk: four
/// messages of the largest size.
const MAX_KEPT: usize = 4 * wardlet_mcp::MAX_LINE_BYTES;

/// A request of the agent that is not answered yet.
pub(crate) enum Stage {
    /// It passed without a decision; what it asked for decides how its answer is read.
    Passing(Passing),
    /// A tool call that waits for the list of tools; its line is parked.
    Parked,
    /// A call that is being judged, with its line. The agent may give it up meanwhile; it is refused
    /// then, whatever the verdict.
    Judging { line: Kept, cancelled: bool },
    /// A call that waits for a human, under the id that the human types.
    Held(String),
    /// A call on its way to the log: its decision is being written to disk. The agent may give it up
    /// meanwhile; it is not sent then.
    Committing { cancelled: bool },
    /// A call that the upstream has.
    Forwarded {
        forwarded: Forwarded,
        progress: Option<Id>,
        deadline: Instant,
    },
    /// The upstream has answered, and redactors are at work: the answer to a call, or to a request that
    /// passed. It is too late to give it up.
    Answering(Option<Box<Forwarded>>),
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
    /// Ids that the upstream was sent and that nobody waits for any more. None of them is taken
    /// again before the upstream has answered it: a late answer would be redacted by the rules of
    /// another call.
    pub(crate) given_up: HashSet<Id>,
    /// Lines of tool calls that wait for the list of tools, in their order.
    pub(crate) parked: Vec<(Id, Kept)>,
    /// Bytes of all lines that are kept.
    kept: Scale,
    /// When the gateway stops to wait for the list.
    pub(crate) list_deadline: Option<Instant>,
}

/// Adds up the bytes of what is kept.
#[derive(Default)]
pub(crate) struct Scale(Rc<Cell<usize>>);

/// Bytes that count for as long as this lives.
pub(crate) struct Weight {
    bytes: usize,
    total: Rc<Cell<usize>>,
}

/// A line that is kept for a call which waits. It counts for as long as it lives.
#[derive(Clone)]
pub(crate) struct Kept(Rc<(Vec<u8>, Weight)>);

impl Scale {
    /// Bytes of everything that is kept.
    pub(crate) fn bytes(&self) -> usize {
        self.0.get()
    }

    pub(crate) fn weigh(&self, bytes: usize) -> Weight {
        self.0.set(self.0.get() + bytes);
        Weight {
            bytes,
            total: Rc::clone(&self.0),
        }
    }

    pub(crate) fn keep(&self, line: &[u8]) -> Kept {
        Kept(Rc::new((line.to_vec(), self.weigh(line.len()))))
    }
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.total.set(self.total.get().saturating_sub(self.bytes));
    }
}

impl Deref for Kept {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0.0
    }
}

impl Calls {
    pub(crate) fn keep(&self, line: &[u8]) -> Kept {
        self.kept.keep(line)
    }

    /// Whether an id cannot be taken: its request is under way, or was given up and is not answered.
    pub(crate) fn in_use(&self, id: &Id) -> bool {
        self.of_agent.contains_key(id) || self.given_up.contains(id)
    }

    /// Whether the agent has too much under way for anything more.
    pub(crate) fn agent_is_full(&self) -> bool {
        self.of_agent.len() >= MAX_UNDER_WAY
            || self.given_up.len() >= MAX_GIVEN_UP
            || self.kept.bytes() >= MAX_KEPT
    }

    /// Whether the upstream has asked too much for anything more.
    pub(crate) fn server_is_full(&self) -> bool {
        self.of_server.len() >= MAX_UNDER_WAY
    }

    /// Whether the gateway itself has anything to do for a call.
    pub(crate) fn any_here(&self) -> bool {
        let here = |stage: &Stage| match stage {
            Stage::Judging { .. }
            | Stage::Held(_)
            | Stage::Committing { .. }
            | Stage::Answering(_) => true,
            Stage::Passing(_) | Stage::Parked | Stage::Forwarded { .. } => false,
        };
        self.of_agent.values().any(here)
    }

    /// Whether the upstream has anything to answer.
    pub(crate) fn any_with_upstream(&self) -> bool {
        let there = |stage: &Stage| matches!(stage, Stage::Forwarded { .. } | Stage::Passing(_));
        self.of_agent.values().any(there)
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
