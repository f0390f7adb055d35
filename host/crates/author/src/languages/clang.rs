//! The compilers of C and C++ for WebAssembly: clang with a C library, or zig, which brings its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::rust::STACK;
use crate::build::Job;
use crate::component::{Component, Wasi};
use crate::failure::{Failure, FailureKind};
use crate::files;
use crate::tools::{Pin, output};

/// Zig, whose compiler of C and C++ has the libraries for WebAssembly with it.
pub(crate) const ZIG: Pin = Pin {
    name: "ziglang",
    version: "0.17.1",
    size: "about 100 MB",
};

/// What takes the place of `malloc` and its kin: where memory runs out it traps, which denies. Neither the
/// generated code nor most of what people write looks whether there was memory, and address 0 can be
/// written to in WebAssembly.
const MEMORY: &str = "#include <stddef.h>
#undef malloc
#undef calloc
#undef realloc
#ifdef __cplusplus
extern \"C\" {
#endif
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
static void *taken(void *block, size_t size) {
    if (block == NULL && size > 0) __builtin_trap();
    return block;
}
void *malloc_or_trap(size_t size) { return taken(malloc(size), size); }
void *calloc_or_trap(size_t count, size_t size) { return taken(calloc(count, size), count && size); }
void *realloc_or_trap(void *block, size_t size) { return taken(realloc(block, size), size); }
#ifdef __cplusplus
}
#endif
";

/// Puts it there. The names are replaced where the C library declares them too.
const OR_TRAP: [&str; 3] = [
    "-Dmalloc=malloc_or_trap",
    "-Dcalloc=calloc_or_trap",
    "-Drealloc=realloc_or_trap",
];

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
    /// A file that is linked to every plugin, with what the language needs beside [`MEMORY`]: its name and
    /// text.
    pub(super) support: (&'static str, &'static str),
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
            Err(failure) if failure.kind == FailureKind::Missing => Err(Failure {
                text: format!("no compiler of {} for WebAssembly", dialect.name),
                hint: failure.hint.map(|hint| {
                    let packages = dialect.packages;
                    format!("{hint}; or on Debian `apt-get install {packages}`")
                }),
                ..failure
            }),
            Err(failure) => Err(failure),
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
        mut linked: Vec<PathBuf>,
    ) -> Result<Component, Failure> {
        let folder = job.project.folder.join("src");
        let sources = files::below(&folder, self.dialect.sources)?;
        let (name, text) = self.dialect.support;
        let support = job.work.join(name);
        files::update(&support, format!("{text}{MEMORY}").as_bytes())?;
        linked.push(support);
        let module = job.work.join("module.wasm");
        let mut command = self.command();
        command
            .args(OR_TRAP)
            .arg("-I")
            .arg(files::absolute(generated)?);
        // Whole paths: what the compiler says then names the file wherever its reader is.
        for input in sources.iter().chain(&linked) {
            command.arg(files::absolute(input)?);
        }
        command.arg("-o").arg(&module);
        let what = format!("compiling {}", job.project.name);
        job.steps.run(&what, &mut command)?;
        let wasi = job.project.capabilities.iter().any(|name| name == "wasi");
        let wasi = if wasi { Wasi::Adapted } else { Wasi::None };
        Component::encode(&files::read(&module)?, wasi)
    }
}
