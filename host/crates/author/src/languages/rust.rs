//! Rust: cargo makes a core module for a target without any imports of its own.

mod toolchain;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::build::Job;
use crate::component::{Component, Wasi};
use crate::failure::Failure;
use crate::files;
use crate::language::Recipe;
use crate::tools::output;

pub use toolchain::{TARGET, is_present};

/// The stack of a plugin in bytes. With it, stack, data and arena of a small plugin fit one page of
/// 64 KiB, and the size of the memory is what a fresh sandbox costs.
pub(crate) const STACK: usize = 16_384;

/// Cargo's profile where none is named.
const PROFILE: &str = "release";

/// Rust.
pub(crate) struct Rust;

impl Recipe for Rust {
    fn build(&self, job: &Job<'_>) -> Result<Component, Failure> {
        let toolchain = toolchain::find(job.tools, job.steps)?;
        let mut cargo = toolchain.cargo_build();
        cargo
            .args(["--lib", "--message-format=json-render-diagnostics"])
            .args(["--profile", job.profile.unwrap_or(PROFILE)])
            .current_dir(&job.project.folder)
            .env("CARGO_TARGET_DIR", files::absolute(job.work)?)
            .env(
                "CARGO_ENCODED_RUSTFLAGS",
                flags(&toolchain.rustc(), &job.project.folder).join("\x1f"),
            );
        let what = format!("compiling {}{}", job.project.name, toolchain.note());
        let said = job.steps.read(&what, &mut cargo)?;
        let module = module(&said).ok_or_else(|| {
            Failure::failed(
                "cargo made no module",
                "the library of `Cargo.toml` is of `crate-type = [\"cdylib\", \"rlib\"]`",
            )
        })?;
        Component::encode(&files::read(&module)?, Wasi::None)
    }
}

/// A line of cargo's: something that it made.
#[derive(Deserialize)]
struct Said {
    reason: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// The module among what cargo made: that of the package itself comes last.
fn module(said: &[String]) -> Option<PathBuf> {
    let made = said
        .iter()
        .filter_map(|line| serde_json::from_str::<Said>(line).ok());
    made.filter(|one| one.reason == "compiler-artifact")
        .flat_map(|one| one.filenames)
        .rfind(|file| file.extension().is_some_and(|ending| ending == "wasm"))
}

/// The flags of the compiler. Paths of this machine are written as others in the component, so
/// that it tells nothing of who built it and comes out the same elsewhere.
fn flags(rustc: &Path, folder: &Path) -> Vec<String> {
    let mut flags = vec![format!("-Clink-arg=-zstack-size={STACK}")];
    let sysroot = output(Command::new(rustc).args(["--print", "sysroot"]));
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| {
        let home = env::var_os("HOME")?;
        Some(PathBuf::from(home).join(".cargo"))
    });
    for (from, to) in [
        (repository(folder), "/plugin"),
        (home, "/cargo"),
        (sysroot.map(PathBuf::from), "/rust"),
    ] {
        if let Some(from) = from {
            flags.push(format!("--remap-path-prefix={}={to}", from.display()));
        }
    }
    flags
}

/// The repository that a folder is part of, since a package that the plugin is built from may lie beside
/// it. Where there is none, no path of the folder is told: cargo names the files of a workspace
/// by their paths within it.
fn repository(folder: &Path) -> Option<PathBuf> {
    let folder = folder.canonicalize().ok()?;
    let found = folder.ancestors().find(|above| above.join(".git").exists());
    found.map(Path::to_owned)
}
