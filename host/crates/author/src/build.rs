//! Builds a plugin.

use std::path::{Path, PathBuf};

use crate::component::Component;
use crate::failure::Failure;
use crate::files;
use crate::project::Project;
use crate::steps::Steps;
use crate::tools::Tools;

/// One build.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// What is built.
    pub project: &'a Project,
    /// Where what is made on the way goes; made where it is not there. For Rust it is cargo's target
    /// folder, which plugins may share if no two have the same name: cargo gives a module's file no other.
    pub work: &'a Path,
    /// The tools of its language that the machine does not bring.
    pub tools: &'a Tools,
    /// What is shown while it lasts.
    pub steps: &'a Steps,
    /// Cargo's profile for a plugin in Rust; else `release`.
    pub profile: Option<&'a str>,
}

/// A component that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// Its file.
    pub path: PathBuf,
    /// The component.
    pub component: Component,
}

/// Builds a plugin and writes its component to `out`, whole or not at all.
///
/// # Errors
/// A tool is missing, the sources do not compile, or the component imports what `plugin.toml` does not
/// name.
pub fn build(job: &Job<'_>, out: &Path) -> Result<Built, Failure> {
    files::create(job.work)?;
    let component = job.project.language.recipe().build(job)?;
    component.check(job.project)?;
    files::update(out, &component.bytes)?;
    Ok(Built {
        path: out.to_owned(),
        component,
    })
}
