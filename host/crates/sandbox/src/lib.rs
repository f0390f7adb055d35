//! The sandbox: the only user of wasmtime.
//!
//! A [`Sandbox`] is an engine with its pool of instances, and a second one for plugins that wait.
//! [`Sandbox::load`] compares what a component imports with what it was granted, compiles it, links
//! only that, and asks it to describe itself. A [`Plugin`] then runs each check in a fresh store and instance, which are dropped with
//! the check: nothing of one call is readable in the next.
//!
//! Nothing here awaits, and a check of a plugin that only computes makes no system call. Whatever goes wrong in a check is a
//! [`Fault`], told apart by type; the gate turns every one of them into a denial.
// Machine code has to be loaded somewhere: one small module of `artifact` may, and says why.
#![deny(unsafe_code)]
// Standard output carries the protocol; a library that wrote there would corrupt it.
#![deny(clippy::print_stdout)]

mod anatomy;
mod answer;
mod artifact;
mod bare;
mod bindings;
mod capability;
mod check;
mod description;
mod engine;
mod fault;
mod limits;
mod load;
mod meter;
mod patterns;
mod plugin;
mod structure;
mod ticker;

pub use anatomy::{Anatomy, Imported, Kind, MAX_LISTED, Producer};
pub use artifact::{
    Artifacts, Budget, Cache, Child, CompileError, Compiler, MAX_CACHE_BYTES, MAX_CACHE_FILES,
    compile_for_parent,
};
pub use bare::{Asked, Bare};
pub use capability::{CAPABILITIES, Capability};
pub use check::Check;
pub use description::{Description, Sentence};
pub use engine::{Sandbox, SandboxError};
pub use fault::Fault;
pub use limits::{
    DEADLINE_PER_MIB, DEFAULT_CONCURRENCY, DEFAULT_CPU, DEFAULT_DEADLINE, DEFAULT_EDITS,
    DEFAULT_HANDLES, DEFAULT_HOST_CALLS, DEFAULT_LOG, DEFAULT_MEMORY, DEFAULT_PAYLOAD,
    DEFAULT_RESULT, DEFAULT_TABLE, Limit, Limits, MAX_CONCURRENCY, MAX_DEADLINE, MAX_EDITS,
    MAX_HANDLES, MAX_HOST_CALLS, MAX_LOG, MAX_MEMORY, MAX_OBLIGATIONS, MAX_PAYLOAD, MAX_RESULT,
    MAX_TABLE, Struck,
};
pub use load::{Described, Grant, Inspected, LoadError, MAX_COMPONENT_BYTES, inspect};
pub use plugin::{Plugin, Usage};
