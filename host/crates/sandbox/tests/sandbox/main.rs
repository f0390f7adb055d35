//! The sandbox against guests that mean harm, and against honest ones.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod answers;
mod deadlines;
mod documents;
mod faults;
mod isolation;
mod loading;
mod logging;
mod probe;
mod support;
