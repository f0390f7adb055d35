//! Witnesses: others who keep the last checkpoint of a log and sign each that continues it, so that
//! a log cannot show two histories without being found out (C2SP tlog-witness, tlog-cosignature and
//! tlog-policy).
//!
//! [`Witnesses`] asks them on behalf of a log, [`Policy`] says which of them count and how many it
//! takes, and [`Witness`] is one. None of them speaks HTTP itself: the client posts through
//! [`Post`], and the witness takes the body of a request and gives that of the answer.

mod client;
mod cosignature;
mod policy;
mod request;
mod server;

pub use client::{
    MAX_REPLY_BYTES, Post, Posted, Round, SubmitError, WitnessReport, WitnessStatus, Witnesses,
};
pub use cosignature::cosign;
pub use policy::{
    MAX_POLICY_BYTES, MAX_POLICY_ITEMS, Policy, PolicyError, PolicyLog, PolicyWitness, Unwitnessed,
};
pub use request::{AddCheckpoint, MAX_PROOF_LINES, MAX_REQUEST_BYTES, RequestError};
pub use server::{Verdict, Witness, WitnessError};

/// Where a witness takes checkpoints, below its address.
pub const ADD_CHECKPOINT: &str = "/add-checkpoint";
