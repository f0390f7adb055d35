//! Answers to auditors' questions about the calls in an audit log.
//!
//! [`Index`] is a SQLite file derived from the log: one row for each decision, joined with its
//! outcome, its votes, its rules and its plugins. It holds nothing that the log does not hold, can be
//! thrown away at any time, and is no evidence: signatures are checked by `wardlet_audit::verify` over
//! the log itself, or by [`evidence`] over the part of it that a question is about. [`Filter`] says
//! which calls are wanted; [`table`], [`sheet`] and [`ocsf`] write them down for people, spreadsheets
//! and other systems, and [`Call`] serialises itself for programs.
//!
//! ```no_run
//! use std::path::Path;
//! use wardlet_query::{Filter, Index, LogFolder, Order, Place};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let state = Path::new(".wardlet");
//! let log = LogFolder(&state.join("log"));
//! let (index, _) = Index::current(&Place::Beside(state), &log, &mut |_| {})?;
//! let refused = Filter::parse([("effect", "deny"), ("since", "24h")], 1_795_392_000_000)?;
//! for call in index.find(&refused, Order::NewestFirst, None, 50)?.calls {
//!     println!("{} {}", call.entry, call.reason);
//! }
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

pub mod evidence;
pub mod ocsf;
pub mod sheet;
pub mod table;

mod call;
mod entry;
mod error;
mod field;
mod filter;
mod index;
mod source;

#[cfg(test)]
#[path = "../examples/query_figures/generate.rs"]
mod generate;

pub use call::{Approval, Call, Outcome, Ran, Vote};
pub use error::IndexError;
pub use field::Field;
pub use filter::{BadFilter, Filter, MAX_VALUES, when};
pub use index::{
    Cursor, INDEX_FILE, Index, MAX_PAGE, Order, Page, Place, Progress, Rebuilt, Updated,
};
pub use source::{LogFolder, Numbered, Source};
