//! The audit log: what the gateway decided and what came of it, in signed entries of an append-only
//! log that is written before a call leaves, and published as C2SP tlog-tiles. `FORMAT.md` beside
//! this crate describes the files for those who read them with other tools.
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

mod backup;
mod clock;
mod commitment;
mod error;
mod field;
mod line;
mod lock;
mod log;
mod record;
mod recover;
mod shared;
mod show;
mod text;
mod time;
mod tree;
mod upgrade;
mod verify;

#[cfg(test)]
mod fixture;

pub use backup::{Backup, BackupError, backup};
pub use clock::{Clock, SystemClock};
pub use commitment::Commitment;
pub use error::{AuditError, Damage};
pub use field::{MAX_NAME_BYTES, MAX_URI_BYTES};
pub use line::{CheckedEntry, MAX_ENTRY_BYTES, VERSION, check_entry};
pub use log::{
    CHECKPOINT_ENTRIES, CHECKPOINT_EVERY, Durability, FLUSH_WITHIN, HEARTBEAT_EVERY, Log,
    Published, Room, WrittenDecision, WrittenOutcome, WrittenRefusal,
};
pub use record::{
    Access, Approval, ApprovalRequest, ApprovalVote, Choice, Decision, Difference, Effect, Erasure,
    Event, Gateway, Outcome, Payload, PluginPin, PluginRun, Quarantine, QuarantineChange,
    Redaction, Role, Shadow, ShadowEffect, ShadowFault, Status, Target, Timings, Token, Vote,
};
pub use recover::Recovered;
pub use shared::{Role as WriterRole, SharedLog, Signer as SignerFactory, WRITER_WITHIN};
pub use show::{Entries, Entry, Select, show};
pub use time::format as rfc3339;
pub use time::parse as parse_time;
pub use tree::BUNDLE_ENTRIES;
pub use verify::{
    Head, Options, Progress, RangeReport, Report, STEP_BACK_MS, StepBack, VerifyError, verify,
    verify_range,
};
