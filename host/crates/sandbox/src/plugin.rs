//! A loaded plugin, and one check of it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wardlet_call::{Edit, Part, PatternSets, Phase, Projection, Reach, Subject, Verdict};
use wasmtime::component::{Instance, InstancePre};
use wasmtime::{Store, Trap, UpdateDeadline};

use crate::answer::{self, BadAnswer};
use crate::bindings::{declares, judges, redacts, types};
use crate::check::{Check, Standing, State};
use crate::description::{Description, Sentence, shown};
use crate::fault::{Fault, Overrun};
use crate::limits::{DEADLINE_PER_MIB, Limit, Limits, Struck};
use crate::ticker::{TICK, Ticker};

/// Characters of a plugin's own text about a failure in the debug log.
const MAX_FAILURE: usize = 4 << 10;

/// Faults of settings that an operator is told at once: a screen full.
const MAX_SETTING_FAULTS: usize = 20;

/// What a check used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Wall time, from the making of the sandbox to its end.
    pub time: Duration,
    /// That part of it which the host waited for a disk or a network on the plugin's behalf.
    pub waited: Duration,
    /// Bytes of linear memory.
    pub memory: usize,
    /// Calls of host functions.
    pub host_calls: u32,
    /// The limits that struck, also those that end no check: a log that was cut, a payload that was
    /// not handed over.
    pub struck: Struck,
}

/// A component that was loaded with its grant. Cheap to clone.
#[derive(Clone)]
pub struct Plugin(pub(crate) Arc<Loaded>);

pub(crate) struct Loaded {
    pub(crate) linked: Linked,
    pub(crate) description: Description,
    pub(crate) capabilities: Vec<crate::Capability>,
    pub(crate) policy: Option<judges::JudgesIndices>,
    pub(crate) redactor: Option<redacts::RedactsIndices>,
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("name", &self.0.linked.standing.name)
            .finish_non_exhaustive()
    }
}

/// A component with everything that can be prepared before a check.
pub(crate) struct Linked {
    pub(crate) pre: InstancePre<State>,
    pub(crate) ticker: Arc<Ticker>,
    pub(crate) standing: Arc<Standing>,
    /// Whether it imports anything that waits.
    pub(crate) waits: bool,
}

impl Linked {
    /// Runs one function in a sandbox of its own: store, instance, call, drop.
    ///
    /// The deadline is set before anything of the plugin runs, so it covers the start function too.
    pub(crate) fn run<T>(
        &self,
        check: &Check,
        call: impl FnOnce(&mut Store<State>, &Instance) -> wasmtime::Result<T>,
    ) -> (Result<T, Fault>, Usage) {
        let begun = Instant::now();
        let _running = self.ticker.running();
        let limits = &self.standing.limits;
        let [deadline, cpu] = [limits.deadline, limits.cpu].map(|time| grown(time, check));
        let patience = deadline.min(check.patience.unwrap_or(deadline));
        let until = self.waits.then(|| begun + deadline);
        let mut store = Store::new(self.pre.engine(), State::new(&self.standing, check, until));
        store.limiter(|state| &mut state.meter);
        match until {
            // Its time is all its own, so one deadline in ticks holds both limits.
            None => store.set_epoch_deadline(ticks(patience.min(cpu))),
            Some(until) => hold_to(&mut store, begun, until, cpu),
        }
        store.set_hostcall_fuel(limits.result);
        let done = self
            .pre
            .instantiate(&mut store)
            .and_then(|instance| call(&mut store, &instance))
            .map_err(|error| Fault::of(&error, store.data().meter.struck()))
            .map_err(|fault| match fault {
                Fault::Deadline if until.is_none() && cpu < patience => Fault::Cpu,
                fault => fault,
            });
        store.data_mut().finish();
        let meter = &store.data().meter;
        let (memory, waited, mut struck) = (meter.used(), meter.waited(), meter.struck());
        let host_calls = meter.host_calls();
        if let Some(limit) = done.as_ref().err().and_then(|fault| fault.limit()) {
            struck.insert(limit);
        }
        drop(store);
        let time = begun.elapsed();
        (
            done,
            Usage {
                time,
                waited,
                memory,
                host_calls,
                struck,
            },
        )
    }
}

/// Holds a plugin that waits to its deadline and, apart from what it waits for, to its CPU time. It
/// is looked at with each tick; a call that waits looks at the deadline itself.
fn hold_to(store: &mut Store<State>, begun: Instant, until: Instant, cpu: Duration) {
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |store| {
        let now = Instant::now();
        if now >= until {
            return Err(Trap::Interrupt.into());
        }
        let own = (now - begun).saturating_sub(store.data().meter.waited());
        if own > cpu {
            return Err(Overrun(Limit::Cpu).into());
        }
        Ok(UpdateDeadline::Continue(1))
    });
}

/// A time over small documents, with what is added for large ones.
fn grown(time: Duration, check: &Check) -> Duration {
    let mib = u32::try_from(check.documents.size() >> 20).unwrap_or(u32::MAX);
    time.saturating_add(DEADLINE_PER_MIB.saturating_mul(mib))
}

/// A time in ticks, one more than fits since the first one may be about to end.
fn ticks(time: Duration) -> u64 {
    let ticks = time.as_micros().div_ceil(TICK.as_micros()) + 1;
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

impl Plugin {
    /// What it says of itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.0.description
    }

    /// What it can do beside reading: the capabilities that it imports.
    #[must_use]
    pub fn capabilities(&self) -> &[crate::Capability] {
        &self.0.capabilities
    }

    /// What it is shown.
    #[must_use]
    pub fn projection(&self) -> &Projection {
        &self.0.linked.standing.projection
    }

    /// What it reaches outside.
    #[must_use]
    pub fn reach(&self) -> &Reach {
        &self.0.linked.standing.reach
    }

    /// Its limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.linked.standing.limits
    }

    /// Whether it imports a capability that may wait, so that a check of it may block its thread.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.0.linked.waits
    }

    /// Whether it imports a capability with effects that outlive a check, so that none may be run a
    /// second time in place of the first.
    #[must_use]
    pub fn has_effects(&self) -> bool {
        self.0.capabilities.iter().any(|c| c.has_effects())
    }

    /// What it has the host search for: its pattern sets. None where it has none.
    #[must_use]
    pub fn patterns(&self) -> Option<&PatternSets> {
        self.0.linked.standing.patterns.get().map(AsRef::as_ref)
    }

    /// Whether what it does in one check can change what the gateway does in another: it keeps, counts, or
    /// takes from a bucket.
    #[must_use]
    pub fn keeps(&self) -> bool {
        use crate::Capability::{Counter, KeyValue, RateLimit};
        let keeps = |c: &crate::Capability| matches!(c, KeyValue | Counter | RateLimit);
        self.0.capabilities.iter().any(keeps)
    }

    /// The longest that one check may take, over documents of this size.
    #[must_use]
    pub fn longest(&self, check: &Check) -> Duration {
        grown(self.limits().deadline, check)
    }

    /// Whether it judges.
    #[must_use]
    pub fn is_policy(&self) -> bool {
        self.0.policy.is_some()
    }

    /// Whether it redacts.
    #[must_use]
    pub fn is_redactor(&self) -> bool {
        self.0.redactor.is_some()
    }

    /// Judges one call in a sandbox of its own. The sentence is the one declared for the code that
    /// the verdict names, or empty.
    pub fn evaluate(
        &self,
        subject: &Subject,
        check: &Check,
    ) -> (Result<(Verdict, Sentence), Fault>, Usage) {
        let Some(indices) = &self.0.policy else {
            return (Err(Fault::NoRole), Usage::default());
        };
        let (answer, usage) = self.0.linked.run(check, |store, instance| {
            let policy = indices.load(&mut *store, instance)?;
            policy
                .wardlet_plugin_policy()
                .call_evaluate(store, &lower(subject))
        });
        let verdict = answer
            .and_then(|answer| answer.map_err(|text| self.failed(&text, check)))
            .and_then(|given| {
                let verdict = answer::verdict(&self.0.description, given);
                verdict.map_err(|bad| self.bad(&bad, check))
            });
        (verdict, usage)
    }

    /// Finds what must not pass in one part, in a sandbox of its own. Whether the edits fit the
    /// document is for [`wardlet_call::Spans`] to say.
    pub fn find(
        &self,
        subject: &Subject,
        part: Part,
        check: &Check,
    ) -> (Result<Vec<Edit>, Fault>, Usage) {
        let Some(indices) = &self.0.redactor else {
            return (Err(Fault::NoRole), Usage::default());
        };
        let (answer, mut usage) = self.0.linked.run(check, |store, instance| {
            let redactor = indices.load(&mut *store, instance)?;
            redactor
                .wardlet_plugin_redactor()
                .call_find(store, &lower(subject), part.into())
        });
        let edits = answer
            .and_then(|answer| answer.map_err(|text| self.failed(&text, check)))
            .and_then(|given| {
                if given.len() > self.limits().edits as usize {
                    usage.struck.insert(Limit::Edits);
                    return Err(Fault::Edits);
                }
                let edits = answer::edits(&self.0.description, given);
                edits.map_err(|bad| self.bad(&bad, check))
            });
        (edits, usage)
    }

    /// The text of a failure is a plugin's: it goes to the debug log, and to whoever reads its lines.
    fn failed(&self, text: &str, check: &Check) -> Fault {
        let shown: String = text.chars().take(MAX_FAILURE).collect();
        self.explain("failed", &shown, check);
        Fault::Failed
    }

    /// What is wrong with an answer quotes the plugin, so it goes nowhere else either.
    fn bad(&self, bad: &BadAnswer, check: &Check) -> Fault {
        self.explain("gave a bad answer", &bad.to_string(), check);
        Fault::BadAnswer
    }

    fn explain(&self, what: &str, why: &str, check: &Check) {
        let reach = check.reach.as_deref().unwrap_or(self.reach());
        if let Some(log) = &reach.log {
            log.failed(why);
        }
        tracing::debug!(
            target: "wardlet::plugin",
            plugin = %self.0.linked.standing.name,
            "{what}: {}", why.escape_debug()
        );
    }
}

pub(crate) fn lower(subject: &Subject) -> types::Subject {
    types::Subject {
        phase: match subject.phase {
            Phase::Request => types::Phase::Request,
            Phase::Response => types::Phase::Response,
        },
        method: subject.method.clone(),
        server: subject.server.clone(),
        name: subject.name.clone(),
    }
}

/// Compares the types of what a component exports with the contract, so that a plugin that can never
/// answer is refused when it loads, and not at every call.
pub(crate) fn check_types(
    linked: &Linked,
    indices: &declares::DeclaresIndices,
    (policy, redactor): (
        Option<&judges::JudgesIndices>,
        Option<&redacts::RedactsIndices>,
    ),
) -> Result<(), String> {
    let mut wrong = None;
    let (instantiated, _) = linked.run(&Check::default(), |store, instance| {
        let declares = indices.load(&mut *store, instance).map(drop);
        let judges = policy.map_or(Ok(()), |indices| {
            indices.load(&mut *store, instance).map(drop)
        });
        let redacts = redactor.map_or(Ok(()), |indices| indices.load(store, instance).map(drop));
        let all = [
            ("plugin", declares),
            ("policy", judges),
            ("redactor", redacts),
        ];
        wrong = all
            .into_iter()
            .find(|(_, loaded)| loaded.is_err())
            .map(|(role, _)| role);
        Ok(())
    });
    instantiated.map_err(|fault| format!("where it is instantiated: {fault}"))?;
    wrong.map_or(Ok(()), |role| {
        Err(format!("its `{role}` does not have the contract's types"))
    })
}

/// Asks a component for its declaration, and then whether it takes its settings.
pub(crate) fn declare(
    linked: &Linked,
    indices: &declares::DeclaresIndices,
) -> Result<Description, String> {
    let nothing = Check::default();
    let (described, _) = linked.run(&nothing, |store, instance| {
        indices
            .load(&mut *store, instance)?
            .wardlet_plugin_plugin()
            .call_describe(store)
    });
    Description::check(described.map_err(|fault| format!("in `describe`: {fault}"))?)
}

/// The faults of the settings, each with its pointer.
pub(crate) fn configure(
    linked: &Linked,
    indices: &declares::DeclaresIndices,
) -> Result<(), ConfigureError> {
    let nothing = Check::default();
    let (configured, _) = linked.run(&nothing, |store, instance| {
        indices
            .load(&mut *store, instance)?
            .wardlet_plugin_plugin()
            .call_configure(store)
    });
    let faults = match configured {
        Err(fault) => return Err(ConfigureError::Fault(fault)),
        Ok(Ok(())) => return Ok(()),
        Ok(Err(faults)) => faults,
    };
    Err(ConfigureError::Settings(
        faults
            .iter()
            .take(MAX_SETTING_FAULTS)
            .map(|f| (shown(&f.pointer), shown(&f.message)))
            .collect(),
    ))
}

pub(crate) enum ConfigureError {
    Fault(Fault),
    Settings(Vec<(String, String)>),
}
