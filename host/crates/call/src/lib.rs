//! The words of one tool call, in the order in which a call meets them.
//!
//! This crate is pure: no clock, randomness, disk, network, sandbox or key. Whatever it decides is
//! a function of its arguments, so that a recorded call judged again comes out the same.
#![forbid(unsafe_code)]

mod json;
mod number;
mod pointer;

mod document;
mod leaves;
mod projection;

mod patterns;
mod scan;

mod denial;
mod name;
mod rule;
mod shadow;
mod text;
mod verdict;

mod redaction;

mod reach;

pub mod cases;
mod tape;

pub use denial::{Blame, Denial, Reason};
pub use document::{Document, Documents, Part};
pub use json::{Json, JsonError, MAX_DEPTH, has_duplicate};
pub use leaves::{Leaf, LeafIndex};
pub use name::{Code, NameError, PluginName, RuleName, ServerName};
pub use number::MAX_EXACT;
pub use patterns::{
    DeclaredSet, MAX_COMPILED, MAX_COMPILED_PATTERN, MAX_PATTERN_BYTES, MAX_PATTERNS, MAX_SETS,
    PatternSet, PatternSets, PatternsError, SPAN_GROUP,
};
pub use pointer::{BadPointer, MAX_POINTER_BYTES, Pointer};
pub use projection::{Projection, ProjectionError};
pub use reach::{
    Buckets, Caller, ENTRY_BYTES, Entropy, Entry, FileKind, FileStatus, FolderFailure, Folders,
    Http, HttpFailure, HttpMethod, HttpRequest, HttpResponse, Log, LogLevel, LogLine,
    MAX_KEY_BYTES, MAX_LIFETIME_MS, MAX_VALUE_BYTES, Moment, Reach, SecretFailure, Secrets, Store,
    StoreError, TakeError, Taken, is_key, is_lifetime,
};
pub use redaction::{BadEdit, Edit, Found, Replacement, Spans};
pub use rule::{Conclusion, Decision, PolicyOutcome, RuleOutcome, conclude, decide};
pub use scan::{MAX_BATCH_MATCHES, MAX_BATCH_TEXT, Match, Scan, excerpt};
pub use shadow::{Effect, Enforced, Mode, Trial, Tried, try_out};
pub use tape::{BadHostCall, Divergence, HostCall, StandIn, Tape};
pub use text::{steers, visible};
pub use verdict::{Obligation, Phase, Ruling, Subject, Verdict};
