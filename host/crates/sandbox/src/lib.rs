//! The sandbox: the only user of wasmtime.
//!
//! A [`Sandbox`] is one engine with its pool of instances. [`Sandbox::load`] compiles a component,
//! compares what it imports with what it was granted, links only that, and asks it to describe
//! itself. A [`Plugin`] then runs each check in a fresh store and instance, which are dropped with
//! the check: nothing of one call is readable in the next.
//!
//! Nothing here awaits, and a check makes no system call. Whatever goes wrong in a check is a
//! [`Fault`], told apart by type; the gate turns every one of them into a denial.
#![forbid(unsafe_code)]
// Standard output carries the protocol; a library that wrote there would corrupt it.
#![deny(clippy::print_stdout)]

mod bindings;
mod capability;
mod check;
mod description;
mod engine;
mod fault;
mod limits;
mod load;
mod plugin;
mod ticker;

pub use capability::{CAPABILITIES, Capability};
pub use check::Check;
pub use description::{Description, Sentence};
pub use engine::{Sandbox, SandboxError, new_engine};
pub use fault::Fault;
pub use limits::{
    DEADLINE_PER_MIB, DEFAULT_DEADLINE, DEFAULT_MEMORY, DEFAULT_PAYLOAD, Limits, MAX_DEADLINE,
    MAX_EDITS, MAX_LOG_BYTES, MAX_MEMORY, MAX_OBLIGATIONS, MAX_PAYLOAD,
};
pub use load::{Grant, Inspected, LoadError};
pub use plugin::{Plugin, Usage};
