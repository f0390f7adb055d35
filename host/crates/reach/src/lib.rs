//! What plugins reach outside of their sandbox: the traits of [`wardlet_call`] with a disk, a network
//! or a clock behind them. One file for each dependency that could do harm.
//!
//! The sandbox does not know this crate, and this crate knows nothing of sandboxes.
#![forbid(unsafe_code)]
// Standard output carries the protocol; a library that wrote there would corrupt it.
#![deny(clippy::print_stdout)]

mod buckets;
mod store;

pub use buckets::{Bucket, Granted, MAX_TOKENS, Per, Terms};
pub use store::{DEFAULT_QUOTA, Disk, MAX_QUOTA, MIN_QUOTA, OpenError};
