//! The compilers of C and C++ for WebAssembly: clang with a C library, or zig, which brings its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::rust::STACK;
use crate::build::Job;
use crate::component::{Component, Wasi};
use crate::failure::Failure;
use crate::files;
use crate::tools::{Pin, output};

/// Zig, whose compiler of C and C++ has the libraries for WebAssembly with it.
pub(crate) const ZIG: Pin = Pin {
    name: "ziglang",
    version: "0.17.1",
    size: "about 100 MB",
};

/// One of the two languages.
pub(super) struct Dialect {
    /// Its name, for people.
    pub(super) name: &'static str,
    /// Programs that compile it, where they have a library for WebAssembly.
    pub(super) compilers: &'static [&'static str],
    /// Zig's command for it.
    pub(super) zig: &'static str,
    /// Flags that are its own.
    pub(super) flags: &'static [&'static str],
    /// A file that shows whether a compiler has what a plugin needs: its name and text.
    pub(super) probe: (&'static str, &'static str),
    /// The endings of its sources.
    pub(super) sources: &'static [&'static str],
    /// Debian's packages of a compiler.
    pub(super) packages: &'static str,
}

/// A compiler: the program and its first arguments.
pub(super) struct Compiler {
    program: PathBuf,
    arguments: Vec<&'static str>,
    dialect: &'static Dialect,
}

impl Compiler {
    /// The first that works: clang with a library for WebAssembly, or zig.
    pub(super) fn find(dialect: &'static Dialect, job: &Job<'_>) -> Result<Self, Failure> {
        if let Some(clang) = Self::clang(dialect, job.work)? {
            return Ok(clang);
        }
        match job.tools.from_pypi(&ZIG, job.steps) {
            Ok(programs) => Ok(Self::zig(dialect, &programs)),
            Err(failure) => Err(Failure {
                text: format!("no compiler of {} for WebAssembly", dialect.name),
                hint: failure.hint.map(|hint| {
                    let packages = dialect.packages;
                    format!("{hint}; or on Debian `apt-get install {packages}`")
                }),
                ..failure
            }),
        }
    }

    fn clang(dialect: &'static Dialect, work: &Path) -> Result<Option<Self>, Failure> {
        let (name, text) = dialect.probe;
        let probe = work.join(name);
        files::update(&probe, text.as_bytes())?;
        for program in dialect.compilers {
            let compiler = Compiler {
                program: program.into(),
                arguments: Vec::new(),
                dialect,
            };
            let mut command = compiler.command();
            command.arg(&probe).arg("-o").arg(work.join("probe.wasm"));
            if output(&mut command).is_some() {
                return Ok(Some(compiler));
            }
        }
        Ok(None)
    }

    fn zig(dialect: &'static Dialect, programs: &Path) -> Self {
        Compiler {
            program: programs.join("python"),
            arguments: vec!["-m", "ziglang", dialect.zig],
            dialect,
        }
    }

    /// A command that makes a module without an entry point. The target's name is WASI's because
    /// the C library is; what needs nothing of it imports nothing of it.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .args(["--target=wasm32-wasi", "-mexec-model=reactor", "-Os"])
            .args(self.dialect.flags)
            .arg(format!("-Wl,-z,stack-size={STACK}"));
        command
    }

    /// Compiles the sources below `src` with the bindings, and encodes the module.
    pub(super) fn component(
        &self,
        job: &Job<'_>,
        generated: &Path,
        bindings: &[PathBuf],
    ) -> Result<Component, Failure> {
        let folder = job.project.folder.join("src");
        let sources = files::below(&folder, self.dialect.sources)?;
        let watched = files::below(&folder, &["h", "hpp"])?;
        let module = job.work.join("module.wasm");
        let inputs = || sources.iter().chain(bindings);
        if !files::is_current(&module, inputs().chain(&watched)) {
            let beside = module.with_added_extension("part");
            let mut command = self.command();
            command.arg("-I").arg(generated).args(inputs());
            command.arg("-o").arg(&beside);
            let what = format!("compiling {}", job.project.name);
            job.steps.run(&what, &mut command)?;
            files::rename(&beside, &module)?;
        }
        let wasi = job.project.capabilities.iter().any(|name| name == "wasi");
        let wasi = if wasi { Wasi::Adapted } else { Wasi::None };
        Component::encode(&files::read(&module)?, wasi)
    }
}
