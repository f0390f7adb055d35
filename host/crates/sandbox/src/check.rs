//! The state of one check: what the plugin may read, and what it has used.

mod clock;
mod counter;
mod document;
mod findings;
mod fs_read;
mod http_fetch;
mod key_value;
mod log;
mod random;
mod rate_limit;
mod scan;
mod secret_use;
pub(crate) mod wasi;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use wardlet_call::{
    Caller, Document, Documents, Found, Part, PatternSets, PluginName, Projection, Reach,
};

use crate::bindings::types;
use crate::limits::Limits;
use crate::meter::Meter;

/// What one check is given beside the plugin: the documents, what redactors found in the arguments,
/// who calls, and the time.
#[derive(Clone, Debug, Default)]
pub struct Check {
    /// The documents to judge.
    pub documents: Documents,
    /// What redactors found in the arguments.
    pub findings: Arc<[Found]>,
    /// Who calls what. None while a plugin is only being loaded, and then nothing that outlives the
    /// check is done on its behalf.
    pub caller: Option<Arc<Caller>>,
    /// When the check began, in milliseconds since 1970. The host reads the clock; plugins see this.
    pub now_ms: u64,
    /// How long this attempt may take, where that is less than the plugin's limits allow. For a thread
    /// that others wait for: what is given up there, as [`crate::Fault::Deadline`], is run again
    /// elsewhere. Plugins that wait are not held to it.
    pub patience: Option<Duration>,
    /// What the plugin reaches in this check in place of what it was loaded with, for whoever writes down
    /// what it asks, or answers from what was written down.
    pub reach: Option<Arc<Reach>>,
}

/// What of a plugin is the same in all its checks.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) name: PluginName,
    pub(crate) projection: Projection,
    pub(crate) settings: Arc<Document>,
    pub(crate) limits: Limits,
    pub(crate) reach: Reach,
    /// Its pattern sets, once it has declared them.
    pub(crate) patterns: OnceLock<Arc<PatternSets>>,
}

/// The data of a store. It lives as long as the check.
pub(crate) struct State {
    pub(crate) meter: Meter,
    standing: Arc<Standing>,
    check: Check,
    log: log::Budget,
    random_left: usize,
    search: scan::Search,
    wasi: wasi::Used,
    /// Requests sent.
    requests: u32,
    /// The secrets that the next request carries.
    attached: Vec<String>,
}

impl State {
    pub(crate) fn new(standing: &Arc<Standing>, check: &Check, until: Option<Instant>) -> Self {
        State {
            meter: Meter::new(&standing.limits, until),
            standing: Arc::clone(standing),
            check: check.clone(),
            log: log::Budget::new(standing.limits.log),
            random_left: random::MAX_PER_CHECK,
            search: scan::Search::default(),
            wasi: wasi::Used::default(),
            requests: 0,
            attached: Vec::new(),
        }
    }

    /// What is left to do when the plugin's code has run, however it ended.
    pub(crate) fn finish(&mut self) {
        self.end_lines();
    }

    /// What stands outside for this check.
    fn reach(&self) -> &Reach {
        self.check.reach.as_deref().unwrap_or(&self.standing.reach)
    }

    fn document(&self, part: Part) -> Option<&Arc<Document>> {
        match part {
            Part::Arguments => self.check.documents.arguments.as_ref(),
            Part::Result => self.check.documents.result.as_ref(),
            Part::Definition => self.check.documents.definition.as_ref(),
            Part::Settings => Some(&self.standing.settings),
        }
    }
}

impl types::Host for State {}

impl From<types::Part> for Part {
    fn from(part: types::Part) -> Self {
        match part {
            types::Part::Arguments => Part::Arguments,
            types::Part::Result => Part::Result,
            types::Part::Definition => Part::Definition,
            types::Part::Settings => Part::Settings,
        }
    }
}

impl From<Part> for types::Part {
    fn from(part: Part) -> Self {
        match part {
            Part::Arguments => types::Part::Arguments,
            Part::Result => types::Part::Result,
            Part::Definition => types::Part::Definition,
            Part::Settings => types::Part::Settings,
        }
    }
}
