//! Builds a plugin.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::component::Component;
use crate::failure::{Failure, FailureKind};
use crate::files;
use crate::project::{CAPABILITIES, MANIFEST, Project};
use crate::steps::Steps;
use crate::tools::Tools;
use crate::world::VERSION;

/// One build.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// What is built.
    pub project: &'a Project,
    /// Where what is made on the way goes; made where it is not there. One build works there at a time. For
    /// Rust it is cargo's target folder, which plugins may share if no two have the same name: cargo gives a
    /// module's file no other.
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
    let _alone = alone(job.work, job.steps)?;
    let made = job.project.language.recipe().build(job);
    let component = made.map_err(|failure| unnamed(failure, job.project))?;
    component.check(job.project)?;
    if let Some(folder) = out.parent() {
        files::create(folder)?;
    }
    // Also where it is the same as before: by its time it is known to be newer than its sources.
    files::write(out, &component.bytes)?;
    Ok(Built {
        path: out.to_owned(),
        component,
    })
}

/// The file in a work folder that a build holds a lock on.
const LOCK: &str = ".building";

/// Waits until no other build works in this folder, since two would take each other's files: an editor may
/// build while a watch does. The system lets go of the lock however the process ends.
fn alone(work: &Path, steps: &Steps) -> Result<File, Failure> {
    let path = work.join(LOCK);
    let failed = |error: std::io::Error| files::cannot("lock", &path, &error);
    let file = File::create(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            steps.say(&format!(
                "waiting for another build in `{}`",
                work.display()
            ));
            file.lock().map_err(failed)?;
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    Ok(file)
}

/// Where a toolchain fails over a capability that the plugin does not name, which each says in its own
/// words, the failure also says how to name it.
fn unnamed(failure: Failure, project: &Project) -> Failure {
    let is_named = |name: &str| project.capabilities.iter().any(|named| named == name);
    let missing = CAPABILITIES.iter().find(|name| {
        let snake = name.replace('-', "_");
        // As the contract, the bindings of C and those of C++ have it.
        let spelled = [
            format!("wardlet:plugin/{name}"),
            format!("wardlet_plugin_{snake}"),
            format!("wardlet::plugin::{snake}"),
        ];
        !is_named(name) && spelled.iter().any(|one| failure.text.contains(one))
    });
    match missing {
        Some(name) if failure.kind == FailureKind::Failed => Failure {
            hint: Some(format!(
                "if it may use `{name}`, add it to `capabilities` of `{MANIFEST}`, and \
                 `import wardlet:plugin/{name}@{VERSION};` to `wit/world.wit`"
            )),
            ..failure
        },
        _ => failure,
    }
}
