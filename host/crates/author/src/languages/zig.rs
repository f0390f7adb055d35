//! Zig: bindings for C from the plugin's world, made Zig by zig itself, then its compiler.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::clang::ZIG;
use super::rust::STACK;
use crate::bindings::{self, Bindings};
use crate::build::Job;
use crate::component::{Component, Wasi};
use crate::failure::Failure;
use crate::files;
use crate::language::Recipe;
use crate::tools::output;

/// Zig.
pub(crate) struct Zig;

/// The versions that build the template: before 1.0 the language changes with each.
const VERSION: &str = "0.17.";

/// The first file of a plugin.
const ROOT: &str = "src/plugin.zig";

/// The target's name is WASI's because the C library is, which the bindings use; what needs nothing
/// of it imports nothing of it.
const TARGET: [&str; 2] = ["-target", "wasm32-wasi"];

/// With the language's checks: what overflows or leaves its bounds traps, which denies. A guarded stack
/// would ask WASI for randomness.
const FLAGS: [&str; 6] = [
    "-mexec-model=reactor",
    "-OReleaseSafe",
    "-fstrip",
    "-fno-stack-protector",
    "-lc",
    "--dep",
];

impl Recipe for Zig {
    fn build(&self, job: &Job<'_>) -> Result<Component, Failure> {
        let compiler = Compiler::find(job)?;
        let generated = job.work.join("bindings");
        let linked = bindings::generate(Bindings::C, job.project, &generated)?;
        let translated = compiler.translated(job, &generated)?;
        let module = job.work.join("module.wasm");
        let mut command = compiler.command("build-exe", job.work);
        command
            .args(["-fno-entry", "-rdynamic", "--stack"])
            .arg(STACK.to_string())
            .arg(format!("-femit-bin={}", module.display()))
            .args(TARGET)
            .args(&linked)
            .args(FLAGS)
            .arg("bindings")
            .arg(format!(
                "-Mroot={}",
                job.project.folder.join(ROOT).display()
            ))
            .arg(format!("-Mbindings={}", translated.display()));
        let what = format!("compiling {}", job.project.name);
        job.steps.run(&what, &mut command)?;
        let wasi = job.project.capabilities.iter().any(|name| name == "wasi");
        let wasi = if wasi { Wasi::Adapted } else { Wasi::None };
        Component::encode(&files::read(&module)?, wasi)
    }
}

/// A zig: the program and its first arguments.
struct Compiler {
    program: PathBuf,
    arguments: &'static [&'static str],
}

impl Compiler {
    /// The machine's, where its version is right, or that of PyPI.
    fn find(job: &Job<'_>) -> Result<Self, Failure> {
        let version = output(Command::new("zig").arg("version"));
        if version.is_some_and(|version| version.starts_with(VERSION)) {
            return Ok(Compiler {
                program: "zig".into(),
                arguments: &[],
            });
        }
        let programs = job.tools.from_pypi(&ZIG, job.steps).map_err(|failure| {
            let other = "get it from https://ziglang.org/download, into a folder of `PATH`";
            failure.or_get(format!("no zig {VERSION}x"), other)
        })?;
        Ok(Compiler {
            program: programs.join("python"),
            arguments: &["-m", "ziglang"],
        })
    }

    /// A command of zig's, whose cache for this plugin is among what is made on the way.
    fn command(&self, name: &str, work: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(self.arguments)
            .arg(name)
            .env("ZIG_LOCAL_CACHE_DIR", work.join("zig-cache"));
        command
    }

    /// The header of the bindings in Zig.
    fn translated(&self, job: &Job<'_>, generated: &Path) -> Result<PathBuf, Failure> {
        let mut command = self.command("translate-c", job.work);
        command
            .args(TARGET)
            .arg("-lc")
            .arg(generated.join("plugin.h"));
        // The first time on a machine zig compiles its translator.
        let lines = job
            .steps
            .read("translating the bindings to Zig", &mut command)?;
        let path = generated.join("bindings.zig");
        files::update(&path, (lines.join("\n") + "\n").as_bytes())?;
        Ok(path)
    }
}
