//! From a plugin's sources to a component.
//!
//! [`scaffold::create`] writes a new plugin's folder; [`Project::open`] reads one; [`build`] drives its
//! language's toolchain and encodes what comes out. Templates, the contract and the SDK's sources are
//! inside of this library. Nothing here runs a plugin: there is no engine.
//!
//! A language is a file in `languages`, a line in [`Language`], and an example in
//! `plugins/examples/<language>`, which is its template.
#![forbid(unsafe_code)]

mod bindings;
mod build;
mod component;
mod declarations;
mod embedded;
mod failure;
mod files;
mod language;
mod languages;
mod project;
pub mod scaffold;
mod steps;
mod tools;
mod vendored;
mod world;

pub use build::{Built, Job, build};
pub use component::{Component, Wasi};
pub use failure::{Failure, FailureKind};
pub use language::Language;
pub use languages::rust;
pub use project::{CAPABILITIES, Kind, MANIFEST, Project};
pub use steps::Steps;
pub use tools::Tools;
