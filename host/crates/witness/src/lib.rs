//! Witnesses of the audit log over HTTP (C2SP tlog-witness).
//!
//! [`Witnessing`] has the checkpoints of a gateway's log cosigned by the witnesses of a policy,
//! through [`HttpPost`], and keeps the last one that enough of them cosigned in the file
//! [`WITNESSED`] of the log's folder; [`verify_witnessed`] checks that file. [`serve`] is the other
//! side: a witness that others may ask, best on another machine and by other hands than the log.
//!
//! What witnesses protect from is whoever has the log's keys: with them the log could be written
//! anew, or shown to two readers in two versions. A witness cosigns but one version, and remembers.
#![forbid(unsafe_code)]

mod patience;
mod post;
mod server;
mod status;
mod witnessed;
mod witnessing;

pub use post::{HttpPost, POST_WITHIN, RootsError};
pub use server::{
    CONNECTION_WITHIN, HEAD_WITHIN, MAX_CONNECTIONS, MAX_HEAD_BYTES, STOP_WITHIN, VKEY_PATH, serve,
};
pub use status::{Behind, Limits, WitnessingStatus};
pub use witnessed::{WITNESSED, Witnessed, WitnessedError, verify_witnessed};
pub use witnessing::{DEFAULT_CADENCE, StartError, Witnessing};
