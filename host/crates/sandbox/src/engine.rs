//! The engine and its pool.

use std::sync::{Arc, OnceLock};

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Result,
};

use crate::artifact::Artifacts;
use crate::limits::{MAX_CONCURRENCY, MAX_INSTANCES, MAX_MEMORY, MAX_PARTS, MAX_TABLE};
use crate::ticker::Ticker;

/// Checks that can run at one time on one engine: a session runs one at a time on its own thread, and
/// each plugin that is slow or waits has a few threads beside it.
const MAX_RUNNING: u32 = 128;

/// Memories and tables of all of them, each reserved and not yet used: a component has one to three.
/// One plugin with as many as it may have, in as many checks as it may have under way, leaves at
/// least half to the others.
const POOL_PARTS: u32 = MAX_RUNNING * 4;

const _: () = assert!(2 * MAX_CONCURRENCY * MAX_PARTS <= POOL_PARTS);

/// Core instances of all of them, by the same measure. They are counted, and none is reserved.
const POOL_INSTANCES: u32 = 2 * MAX_CONCURRENCY * MAX_INSTANCES;

/// Memory of an instance that is wiped by hand after a check instead of being given back to the
/// kernel, which would be a system call and a page fault for each page. Plugins of the SDK fit one
/// page of 64 KiB; C and C++ plugins two.
const KEEP_RESIDENT: usize = 128 << 10;

/// The same for tables, in bytes: 1,024 elements.
const KEEP_TABLE_RESIDENT: usize = 8 << 10;

/// Stack of a plugin's code. The SDK gives a plugin 16 KiB of its own; this bounds recursion.
const MAX_STACK: usize = 256 << 10;

/// An engine that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The pool needs address space that the system does not give.
    #[error("the sandbox cannot be set up: {0}")]
    Engine(String),
    /// No thread for the clock of deadlines.
    #[error("no thread for deadlines: {0}")]
    Thread(#[from] std::io::Error),
}

impl SandboxError {
    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            SandboxError::Engine(_) => {
                "the sandbox reserves address space for its pool; lift `ulimit -v` for this process"
            }
            SandboxError::Thread(_) => "let this user have more threads, see `ulimit -u`",
        }
    }
}

/// Two engines, each with its pool and its clock of deadlines: one for plugins that only compute, one
/// for plugins that import what waits. Those that wait hold their sandboxes for as long as a network
/// takes, and must not use up the others' pool. The second is made when the first such plugin loads.
#[derive(Clone, Debug)]
pub struct Sandbox {
    computing: Chamber,
    waiting: Arc<OnceLock<Chamber>>,
    artifacts: Arc<Artifacts>,
}

/// One engine with its pool, and the clock of deadlines.
#[derive(Clone, Debug)]
pub(crate) struct Chamber {
    pub(crate) engine: Engine,
    pub(crate) ticker: Arc<Ticker>,
}

impl Chamber {
    fn new() -> Result<Self, SandboxError> {
        let engine = new_engine().map_err(|error| SandboxError::Engine(format!("{error:#}")))?;
        let ticker = Arc::new(Ticker::start(engine.clone())?);
        Ok(Chamber { engine, ticker })
    }
}

impl Sandbox {
    /// Makes the engine. There is no fallback: a pool that cannot be made is an error. Components are
    /// compiled in this process until [`Sandbox::with`] says otherwise.
    ///
    /// # Errors
    /// [`SandboxError`]
    pub fn new() -> Result<Self, SandboxError> {
        Ok(Sandbox {
            computing: Chamber::new()?,
            waiting: Arc::default(),
            artifacts: Arc::default(),
        })
    }

    /// The same sandbox, whose components are compiled and kept in this way.
    #[must_use]
    pub fn with(self, artifacts: Artifacts) -> Self {
        Sandbox {
            artifacts: Arc::new(artifacts),
            ..self
        }
    }

    /// Where components become machine code. It fits both engines, which have one configuration.
    pub(crate) fn artifacts(&self) -> &Artifacts {
        &self.artifacts
    }

    /// The engine for plugins that wait, or for those that do not.
    pub(crate) fn chamber(&self, waits: bool) -> Result<&Chamber, SandboxError> {
        if !waits {
            return Ok(&self.computing);
        }
        if let Some(chamber) = self.waiting.get() {
            return Ok(chamber);
        }
        let made = Chamber::new()?;
        // Whoever loads beside us may have been quicker; then ours is dropped.
        Ok(self.waiting.get_or_init(|| made))
    }
}

/// The engine by itself, without the clock of deadlines.
///
/// # Errors
/// wasmtime's, where the pool cannot be made.
pub(crate) fn new_engine() -> Result<Engine> {
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    Engine::new(&config)
}

/// An engine that counts the instructions of what it runs, which costs time on each: only for whoever
/// wants to know their number.
///
/// # Errors
/// wasmtime's, where the processor is none that it compiles for.
pub(crate) fn counting_engine() -> Result<Engine> {
    let mut config = config();
    config
        .consume_fuel(true)
        // What is counted are the plugin's instructions, whatever code they become.
        .cranelift_opt_level(OptLevel::None);
    Engine::new(&config)
}

/// An engine that compiles and runs nothing: it has no pool, whose address space a process with little
/// memory does not get.
///
/// # Errors
/// wasmtime's, where the processor is none that it compiles for.
pub(crate) fn compiling_engine() -> Result<Engine> {
    Engine::new(&config())
}

/// Everything that compiled code depends on, and what costs nothing where code is not run.
fn config() -> Config {
    let mut config = Config::new();
    config
        // Interrupts a loop at the cost of a comparison per loop iteration; fuel would count instructions.
        .epoch_interruption(true)
        // The machinery for concurrent calls makes every synchronous one dearer, and no plugin waits.
        .concurrency_support(false)
        .memory_init_cow(true)
        .memory_may_move(false)
        .max_wasm_stack(MAX_STACK)
        // A recorded decision judged again must come out the same on every machine.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        // What no guest toolchain of ours needs is not there.
        .wasm_memory64(false)
        .wasm_tail_call(false)
        // A trap is a denial; nobody reads its backtrace.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false);
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(MAX_RUNNING)
        .total_core_instances(POOL_INSTANCES)
        .total_memories(POOL_PARTS)
        .total_tables(POOL_PARTS)
        .max_core_instances_per_component(MAX_INSTANCES)
        .max_memories_per_component(MAX_PARTS)
        .max_tables_per_component(MAX_PARTS)
        .max_memory_size(MAX_MEMORY)
        .table_elements(MAX_TABLE as usize)
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(KEEP_TABLE_RESIDENT)
        // Asking the kernel which pages were touched would be a system call for each check.
        .pagemap_scan(Enabled::No);
    pool
}
