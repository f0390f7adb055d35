//! The sandbox against guests that mean harm, and against honest ones.

mod answers;
mod deadlines;
mod documents;
mod faults;
mod isolation;
mod loading;
mod logging;
mod probe;
mod support;
