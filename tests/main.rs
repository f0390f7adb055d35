//! The gateway as a process, with servers that misbehave and with real ones: one test binary.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected fails"
)]

#[allow(dead_code, reason = "the sandbox's own tests use the rest")]
#[path = "../host/crates/sandbox/tests/sandbox/attack.rs"]
mod attack;
mod fixture;
#[allow(dead_code, reason = "the sandbox's own tests use the rest")]
#[path = "../host/crates/sandbox/tests/sandbox/guest.rs"]
mod guest;

mod ambiguous;
mod approvals;
mod artifacts;
mod audit;
mod authoring;
mod authors;
mod bypass;
mod calls;
mod cases;
mod checked;
mod evidence;
mod hostile;
mod inspected;
mod lanes;
mod leaks;
mod manifests;
mod measured;
mod neighbours;
mod outside;
mod passing;
mod quarantine;
mod query;
mod reach;
mod real_peers;
mod released;
mod reload;
mod several;
mod shadow;
mod signer;
mod syscalls;
mod token;
mod upstreams;
mod vault;
mod wasi;
mod witness;
