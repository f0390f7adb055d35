//! The floor: what a check of a component costs without Wardlet. wasmtime alone, on the same engine, with
//! a fresh store and instance for each check, the memory and the bytes of host calls limited, and
//! documents that are a `serde_json::Value`. Nobody compares what is asked for with a grant, nobody holds a
//! deadline, and what is answered is not looked at.
//!
//! What else a component imports is linked as Wardlet has it, so that it finds the same answers; but `scan`
//! finds nothing and takes no time, so that all searching counts as Wardlet's.

mod documents;
mod written;

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use wardlet_call::{Caller, Document, Json, Part, PluginName, Projection, Reach, Subject};
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};
use wasmtime::{Engine, Error, Result, Store, StoreLimits, StoreLimitsBuilder};

use crate::bindings::types::{self, Decision};
use crate::bindings::{document, findings, judges, redacts, scan};
use crate::capability::Capability;
use crate::check::{Check, Standing, State};
use crate::engine::{Sandbox, counting_engine, new_engine};
use crate::limits::Limits;
use crate::plugin::lower;

use documents::Documents;

/// Ticks of an epoch that nobody advances: the check of it in the code is what costs.
const DEADLINE: u64 = 1_000;

/// Instructions after which counting gives up. A check may take some hundred million in its time.
const MOST_INSTRUCTIONS: u64 = 2_000_000_000;

/// What every check is asked.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// What is judged.
    pub subject: &'a Subject,
    /// In which part a redactor looks. The payload stands in each of them but the settings.
    pub part: Part,
    /// The document, as JSON.
    pub payload: &'a str,
    /// The settings, as JSON.
    pub settings: &'a str,
    /// What capabilities reach.
    pub reach: Reach,
    /// On whose behalf.
    pub caller: Option<Arc<Caller>>,
    /// Bytes of linear memory that a check may have.
    pub memory: usize,
}

/// What is the same in all checks.
struct Given {
    documents: Documents,
    /// For Wardlet's own host functions.
    standing: Arc<Standing>,
    check: Check,
}

/// What a store holds.
struct Inside {
    limits: StoreLimits,
    given: Arc<Given>,
    /// What Wardlet's own host functions work on, from the first call of one on.
    state: Option<Box<State>>,
}

impl Inside {
    fn state(&mut self) -> &mut State {
        let given = &self.given;
        self.state.get_or_insert_with(|| {
            let until = Instant::now() + given.standing.limits.deadline;
            Box::new(State::new(&given.standing, &given.check, Some(until)))
        })
    }
}

/// A component, ready to be instantiated.
pub struct Bare {
    engine: Engine,
    pre: InstancePre<Inside>,
    policy: Option<judges::JudgesIndices>,
    redactor: Option<redacts::RedactsIndices>,
    given: Arc<Given>,
    subject: types::Subject,
    part: types::Part,
}

impl Bare {
    /// Compiles a component as `sandbox` does it, or takes what that keeps, for an engine of its own.
    ///
    /// # Errors
    /// wasmtime's; and where the documents are no JSON.
    pub fn new(sandbox: &Sandbox, bytes: &[u8], asked: &Asked<'_>) -> Result<Self> {
        let engine = new_engine()?;
        let component = sandbox.artifacts().component(&engine, bytes);
        Self::linked(engine, &component.map_err(Error::new)?, asked)
    }

    /// Compiles a component so that its instructions are counted. That is done in this process and without
    /// limits: only for components that `sandbox` has compiled before.
    ///
    /// # Errors
    /// As [`Bare::new`].
    pub fn counting(bytes: &[u8], asked: &Asked<'_>) -> Result<Self> {
        let engine = counting_engine()?;
        let component = Component::from_binary(&engine, bytes)?;
        Self::linked(engine, &component, asked)
    }

    fn linked(engine: Engine, component: &Component, asked: &Asked<'_>) -> Result<Self> {
        let mut linker = Linker::new(&engine);
        document::add_to_linker::<_, HasSelf<Inside>>(&mut linker, |inside| inside)?;
        scan::add_to_linker::<_, HasSelf<Inside>>(&mut linker, |inside| inside)?;
        findings::add_to_linker::<_, HasSelf<State>>(&mut linker, Inside::state)?;
        for capability in Capability::ALL {
            if capability != Capability::Scan {
                capability.link(&mut linker, &Capability::ALL, Inside::state)?;
            }
        }
        let pre = linker.instantiate_pre(component)?;
        let settings = Json::parse(asked.settings).map_err(Error::new)?;
        let standing = Standing {
            name: PluginName::parse("bare").map_err(Error::new)?,
            projection: Projection::default(),
            settings: Arc::new(Document::new(settings)),
            limits: Limits {
                memory: asked.memory,
                ..Limits::default()
            },
            reach: asked.reach.clone(),
            patterns: OnceLock::new(),
        };
        Ok(Bare {
            policy: judges::JudgesIndices::new(&pre).ok(),
            redactor: redacts::RedactsIndices::new(&pre).ok(),
            engine,
            pre,
            given: Arc::new(Given {
                documents: Documents::parse(asked.payload, asked.settings)?,
                standing: Arc::new(standing),
                check: Check {
                    caller: asked.caller.clone(),
                    ..Check::default()
                },
            }),
            subject: lower(asked.subject),
            part: asked.part.into(),
        })
    }

    fn store(&self) -> Store<Inside> {
        let limits = &self.given.standing.limits;
        let inside = Inside {
            limits: StoreLimitsBuilder::new().memory_size(limits.memory).build(),
            given: Arc::clone(&self.given),
            state: None,
        };
        let mut store = Store::new(&self.engine, inside);
        store.limiter(|inside| &mut inside.limits);
        store.set_epoch_deadline(DEADLINE);
        store.set_hostcall_fuel(limits.result);
        store
    }

    /// One check: of the policy where it is one, else of the redactor. True where it allows or finds.
    fn run(&self, store: &mut Store<Inside>) -> Result<bool> {
        let instance = self.pre.instantiate(&mut *store)?;
        if let Some(indices) = &self.policy {
            let policy = indices.load(&mut *store, &instance)?;
            let policy = policy.wardlet_plugin_policy();
            let answer = policy.call_evaluate(store, &self.subject)?;
            return Ok(answer.is_ok_and(|verdict| matches!(verdict.decision, Decision::Allow)));
        }
        let Some(indices) = &self.redactor else {
            return Ok(false);
        };
        let redactor = indices.load(&mut *store, &instance)?;
        let redactor = redactor.wardlet_plugin_redactor();
        let answer = redactor.call_find(store, &self.subject, self.part)?;
        Ok(answer.is_ok())
    }

    /// One check in a sandbox of its own. True where a policy allows, and where a redactor does not fail.
    ///
    /// # Errors
    /// wasmtime's, such as traps. Nothing ends a loop: ask only what is known to come back.
    pub fn check(&self) -> Result<bool> {
        self.run(&mut self.store())
    }

    /// So many sandboxes, each after one check, which live until they are dropped.
    ///
    /// # Errors
    /// As [`Bare::check`]; and where the pool has no room for so many.
    pub fn hold(&self, count: usize) -> Result<Vec<impl Sized + use<>>> {
        let mut held = Vec::new();
        for _ in 0..count {
            let mut store = self.store();
            self.run(&mut store)?;
            held.push(store);
        }
        Ok(held)
    }

    /// The instructions of WebAssembly of one check, its start included, without those of host functions;
    /// none where the engine does not count: see [`Bare::counting`].
    ///
    /// # Errors
    /// As [`Bare::check`]; and where there are over two billion.
    pub fn instructions(&self) -> Result<Option<u64>> {
        let mut store = self.store();
        if store.set_fuel(MOST_INSTRUCTIONS).is_err() {
            return Ok(None);
        }
        self.run(&mut store)?;
        Ok(Some(MOST_INSTRUCTIONS.saturating_sub(store.get_fuel()?)))
    }

    /// The bytes of linear memory that one check wrote, in whole pages of the system: what the kernel counts
    /// for the mean of `count` sandboxes. None where there is no `/proc`. To be asked before any other check,
    /// since the engine uses places again, and what was written there before counts too.
    ///
    /// # Errors
    /// As [`Bare::hold`].
    pub fn written(&self, count: usize) -> Result<Option<u64>> {
        let Some(before) = written::Reserved::now() else {
            return Ok(None);
        };
        let held = self.hold(count)?;
        let bytes = before.written_since();
        drop(held);
        Ok(bytes.map(|bytes| bytes / count.max(1) as u64))
    }
}
