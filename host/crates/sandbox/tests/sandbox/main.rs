//! The sandbox against guests that mean harm, and against honest ones.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]
#![allow(clippy::too_many_lines, reason = "cases are data")]

mod answers;
mod attack;
mod buckets;
mod deadlines;
mod declarations;
mod documents;
mod faults;
mod guest;
mod hostile;
mod isolation;
mod limits;
mod loading;
mod logging;
mod outside;
mod probe;
mod random;
mod scanning;
mod store;
mod support;
mod wasi;
