//! What a plugin costs: compiled and loaded, in one check, by the size of what it judges, beside the floor of
//! the engine in the same run.
//!
//! Machines differ, and one machine differs from hour to hour: what can be compared is the ratio to the
//! floor. Rounds of both interleave, so that what disturbs one disturbs both.

mod bench;
mod payload;
mod spread;
mod world;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use wardlet_call::{Caller, Json, Phase, PluginName, Projection, Reach, Subject};
use wardlet_reach::OpenError;
use wardlet_sandbox::{Bare, Cache, Capability, Fault, Grant, LoadError, Plugin, Sandbox};

use crate::state::{State, StateError};

use bench::Bench;

pub use spread::{Middle, Spread, Times};

/// Sizes of arguments that are measured by default, in bytes: from a short call to a file.
pub const SIZES: [usize; 5] = [64, 1 << 10, 16 << 10, 256 << 10, 1 << 20];

/// The size of arguments where none are given.
const SMALL: usize = 64;

/// Checks of each side in a round: enough for a median, few enough that a disturbance meets both sides.
const ROUND: usize = 20;

/// Checks that nobody counts: the pool and the processor's caches are warm after them.
const WARM_UP: usize = 100;

/// Loads from the cache, of which the median counts.
const LOADS: usize = 3;

/// Sandboxes of which the mean of the written memory is taken.
const HELD: usize = 8;

/// The part of the time that goes to the arguments themselves; the rest is for the sizes.
const MAIN_PART: f64 = 0.6;

/// Checks whose times are kept: more make no percentile better, and each takes memory.
const MOST_CHECKS: usize = 200_000;

/// Components over this size are not compiled a second time to count instructions: it would take longer than
/// all the rest.
const MOST_COUNTED: usize = 4 << 20;

/// Steps of a measurement beside its sizes, each of which `step` is told.
pub const STEPS: usize = 5;

/// What is to be measured.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The plugin's name.
    pub name: &'a PluginName,
    /// The component.
    pub bytes: &'a [u8],
    /// Its settings: an object.
    pub settings: &'a Json,
    /// What it judges: an object. Where none is given, one text of 64 bytes.
    pub arguments: Option<&'a Json>,
    /// The sizes up to which arguments are filled.
    pub sizes: &'a [usize],
    /// How long checks are measured, compiling and loading apart.
    pub time: Duration,
    /// Whether instructions are counted.
    pub count: bool,
}

/// Why nothing can be measured.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// The plugin is not loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The folder of the measurement cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// Its store cannot be used.
    #[error("the store for the measurement: {0}")]
    Store(#[from] OpenError),
    /// A check gives no verdict.
    #[error("the plugin gives no verdict: {0}")]
    Fault(Fault),
}

/// What was measured. Times are in microseconds, sizes in bytes.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// What the plugin says to the arguments.
    pub outcome: String,
    /// Compiling, loading and asking for the declaration, with nothing kept.
    pub cold_load: f64,
    /// The same with the compiled component kept.
    pub load: f64,
    /// The first check after that.
    pub first: f64,
    /// Checks in fresh sandboxes.
    pub checks: Times,
    /// How many of them gave no verdict.
    pub faults: usize,
    /// The same of the bare engine; none where that does not run the component.
    pub floor: Option<Times>,
    /// Checks to floor: of the medians of each round.
    pub ratio: Option<Middle>,
    /// Instructions of WebAssembly in one check, without those of the host.
    pub instructions: Option<u64>,
    /// The processor time that one check may take.
    pub cpu_limit: f64,
    /// Linear memory that a check has at its end.
    pub memory: usize,
    /// What of it a check wrote, in pages of the system.
    pub written: Option<u64>,
    /// The memory that one check may have.
    pub memory_limit: usize,
    /// By the size of the arguments.
    pub sizes: Vec<Sized>,
    /// What capabilities answered other than in a gateway.
    pub notes: Vec<&'static str>,
}

/// The cost of arguments of one size.
#[derive(Debug, Serialize)]
pub struct Sized {
    /// Bytes of the arguments' JSON.
    pub bytes: usize,
    /// What the plugin says to them, or the fault.
    pub outcome: String,
    /// Checks in fresh sandboxes; none where the plugin gives no verdict.
    pub checks: Option<Times>,
    /// The same of the bare engine.
    pub floor: Option<Times>,
    /// Checks to floor.
    pub ratio: Option<Middle>,
}

/// A cache in the folder of a measurement, with nothing in it.
///
/// # Errors
/// [`StateError`]
pub fn empty_cache(folder: &Path) -> Result<Option<Cache>, StateError> {
    Ok(State::open(folder)?.cache())
}

/// Measures a plugin. `sandbox` keeps what it compiles and has kept nothing of this component;
/// `folder` is for what the plugin keeps; `step` is told what is done next.
///
/// # Errors
/// [`MeasureError`]
pub fn measure(
    (sandbox, folder): (&Sandbox, &Path),
    plan: &Plan<'_>,
    step: &dyn Fn(&str),
) -> Result<Measured, MeasureError> {
    let reach = world::reach(plan.name, folder)?;
    let (plugin, cold_load, load) = loads((sandbox, plan), &reach, step)?;
    let arguments = match plan.arguments {
        Some(arguments) => arguments.to_text(),
        None => payload::filled(&Json::Object(Vec::new()), SMALL).unwrap_or_default(),
    };
    let bench = Bench {
        plugin,
        subject: subject(),
        caller: Arc::new(Caller {
            server: SERVER.into(),
            tool: TOOL.into(),
            ..Caller::default()
        }),
        settings: plan.settings.to_text(),
        reach,
    };
    let check = bench.check(&arguments)?;
    let (outcome, usage) = bench.run(&check);
    let outcome = outcome.map_err(MeasureError::Fault)?;
    step("counting instructions and memory");
    let instructions = (plan.count && plan.bytes.len() <= MOST_COUNTED)
        .then(|| bench.instructions(plan.bytes, &arguments))
        .flatten();
    let bare = Bare::new(sandbox, plan.bytes, &bench.asked(&arguments)).ok();
    let written = bare
        .as_ref()
        .and_then(|bare| bare.written(HELD).ok())
        .flatten();
    step("checks");
    let sides = bench.sides(&check, bare.as_ref(), plan.time.mul_f64(MAIN_PART));
    let sizes = bench.by_size(sandbox, plan, step)?;
    step("done");
    let limits = bench.plugin.limits();
    let capabilities = bench.plugin.capabilities().iter();
    Ok(Measured {
        outcome,
        cold_load,
        load,
        first: micros(usage.time),
        checks: sides.ours.ok_or(MeasureError::Fault(Fault::Busy))?,
        faults: sides.faults,
        floor: sides.floor,
        ratio: sides.ratio,
        instructions,
        cpu_limit: micros(limits.cpu),
        memory: usage.memory,
        written,
        memory_limit: limits.memory,
        sizes,
        notes: capabilities.filter_map(|c| world::answers(*c)).collect(),
    })
}

/// The server and the tool of the call that is judged.
const SERVER: &str = "bench";
const TOOL: &str = "tool";

fn subject() -> Subject {
    Subject {
        phase: Phase::Request,
        method: "tools/call".into(),
        server: SERVER.into(),
        name: TOOL.into(),
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// What `sees` may name.
const EVERYTHING: [&str; 3] = ["/arguments", "/result", "/definition"];

/// The plugin, and how long it took to have it.
fn load(sandbox: &Sandbox, plan: &Plan<'_>, reach: &Reach) -> Result<(Plugin, f64), MeasureError> {
    let grant = Grant {
        capabilities: Capability::ALL.to_vec(),
        projection: Projection::parse(&EVERYTHING).unwrap_or_default(),
        settings: Some(plan.settings.clone()),
        reach: reach.clone(),
        ..Grant::default()
    };
    let begun = Instant::now();
    let plugin = sandbox.load(plan.name, plan.bytes, grant)?;
    Ok((plugin, micros(begun.elapsed())))
}

/// Loads it cold, and then from the cache: the plugin, and the microseconds of both.
fn loads(
    (sandbox, plan): (&Sandbox, &Plan<'_>),
    reach: &Reach,
    step: &dyn Fn(&str),
) -> Result<(Plugin, f64, f64), MeasureError> {
    step("compiling");
    let (mut plugin, cold) = load(sandbox, plan, reach)?;
    step("loading from the cache");
    let mut times = Vec::new();
    for _ in 0..LOADS {
        let (loaded, time) = load(sandbox, plan, reach)?;
        plugin = loaded;
        times.push(time);
    }
    Ok((plugin, cold, Spread::of(times).median))
}
