//! Witnesses over HTTP: our client with our server, with those of others, and with hostile ones.
//! `aics-witness` is looked for in the folder that `WARDLET_VERIFIERS` names.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected fails"
)]

#[path = "witness/clients.rs"]
mod clients;
#[path = "witness/gateway.rs"]
mod gateway;
#[allow(dead_code, reason = "the log's own tests use the rest")]
#[path = "../../audit/tests/interop/installed.rs"]
mod installed;
#[path = "witness/interop.rs"]
mod interop;
#[path = "witness/killed.rs"]
mod killed;
#[path = "witness/served.rs"]
mod served;
#[path = "witness/servers.rs"]
mod servers;
#[path = "../../../../tests/fixture/skip.rs"]
mod skip;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../../audit/tests/support/mod.rs"]
mod support;
