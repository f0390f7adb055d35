//! The audit log: what the gateway decided and what came of it, in signed entries of one
//! append-only file that is written before a call leaves. `FORMAT.md` beside this crate describes
//! the file for those who read it with other tools.
//!
//! The order of a call is held by types: [`Log::decision`] gives a [`WrittenDecision`], which
//! cannot be made otherwise, and [`Log::outcome`] takes it back by value.
//!
//! ```compile_fail,E0451
//! let forged = wardlet_audit::WrittenDecision { index: 7, log: 0 };
//! ```
//! ```compile_fail,E0599
//! fn copied(written: &wardlet_audit::WrittenDecision) -> wardlet_audit::WrittenDecision {
//!     written.clone()
//! }
//! ```
//! ```compile_fail,E0382
//! # use wardlet_audit::{Log, Outcome, WrittenDecision};
//! fn twice(log: &Log, written: WrittenDecision, outcome: &Outcome) {
//!     let _ = log.outcome(written, outcome);
//!     let _ = log.outcome(written, outcome);
//! }
//! ```
//! The same with one use compiles:
//! ```
//! # use wardlet_audit::{Log, Outcome, WrittenDecision};
//! fn once(log: &Log, written: WrittenDecision, outcome: &Outcome) -> bool {
//!     log.outcome(written, outcome).is_ok()
//! }
//! ```
#![forbid(unsafe_code)]

pub mod checkpoint;
pub mod merkle;
pub mod note;
pub mod proof;
pub mod signer;
pub mod witness;

mod clock;
mod commitment;
mod error;
mod field;
mod line;
mod lines;
mod lock;
mod log;
mod record;
mod recover;
mod show;
mod text;
mod time;
mod verify;

#[cfg(test)]
mod fixture;

pub use clock::{Clock, SystemClock};
pub use commitment::Commitment;
pub use error::{AuditError, Damage};
pub use field::{MAX_NAME_BYTES, MAX_URI_BYTES};
pub use line::{ENTRIES_FILE, MAX_ENTRY_BYTES, VERSION};
pub use log::{Durability, FLUSH_WITHIN, Log, WrittenDecision, WrittenOutcome, WrittenRefusal};
pub use record::{
    Approval, ApprovalRequest, ApprovalVote, Choice, Decision, Difference, Effect, Event, Gateway,
    Outcome, Payload, PluginPin, PluginRun, Quarantine, QuarantineChange, Redaction, Role, Shadow,
    ShadowEffect, ShadowFault, Status, Target, Timings, Token, Vote,
};
pub use recover::Recovered;
pub use show::{Entries, Entry, Select, show};
pub use time::format as rfc3339;
pub use time::parse as parse_time;
pub use verify::{Head, Options, Progress, Report, StepBack, VerifyError, verify};
