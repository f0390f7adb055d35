//! Plugins in C: bindings from the contract, then the first C compiler for WebAssembly that is found.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wit_parser::Resolve;

use super::progress::Progress;
use super::rust::STACK;
use super::toolchain::output;
use super::{is_current, read, root, target_folder, write};

/// A plugin in C. Paths are those of the repository.
pub(super) struct Source {
    /// What it is, for whoever waits for it.
    pub(super) what: &'static str,
    /// The folder of its files.
    pub(super) folder: &'static str,
    /// Its world, whose name is `plugin`.
    pub(super) world: &'static str,
    /// The folder below `target/guests` in which it is built.
    pub(super) built: &'static str,
}

/// The example.
pub(super) const EXAMPLE: Source = Source {
    what: "the example in C",
    folder: "plugins/examples/c",
    world: "plugins/examples/c/world.wit",
    built: "c",
};

/// A program that shows whether a compiler has what the example needs: a C library and a linker.
const PROBE: &str = "#include <stdlib.h>\nvoid *probe(void) { return malloc(1); }\n";

/// Why there is no module.
#[derive(Debug)]
pub(super) enum Failure {
    /// No compiler, and none could be installed.
    NoCompiler(String),
    /// Anything else.
    Other(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NoCompiler(text) | Failure::Other(text) => f.write_str(text),
        }
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Failure::Other(text)
    }
}

/// Compiles a plugin, and gives its core module.
pub(super) fn compile(source: &Source, progress: &Progress) -> Result<PathBuf, Failure> {
    let folder = target_folder().join("guests").join(source.built);
    fs::create_dir_all(&folder).map_err(|error| format!("`{}`: {error}", folder.display()))?;
    let bindings = generate(source, &folder)?;
    let module = folder.join("policy.wasm");
    let sources = sources(&root().join(source.folder))?;
    if is_current(&module, bindings.iter().chain(&sources)) {
        return Ok(module);
    }
    let compiler = Compiler::find(&folder, progress)?;
    let mut command = compiler.command();
    command
        .args(["-Wall", "-Wextra", "-Werror", "-I"])
        .arg(&folder);
    let inputs = sources.iter().chain(&bindings);
    command.args(inputs.filter(|input| !is_header(input)));
    command.arg("-o").arg(&module);
    progress.run(&format!("compiling {}", source.what), &mut command)?;
    Ok(module)
}

/// Writes the bindings, and gives the files to compile and link.
fn generate(source: &Source, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: &dyn fmt::Display| format!("the bindings for C: {error:#}");
    let mut resolve = Resolve::default();
    resolve
        .push_dir(root().join("wit"))
        .map_err(|error| failed(&error))?;
    let (package, _) = resolve
        .push_path(root().join(source.world))
        .map_err(|error| failed(&error))?;
    let world = resolve
        .select_world(&[package], None)
        .map_err(|error| failed(&error))?;
    let mut files = Default::default();
    wit_bindgen_c::Opts::default()
        .build()
        .generate(&mut resolve, world, &mut files)
        .map_err(|error| failed(&error))?;
    let mut inputs = Vec::new();
    for (name, bytes) in files.iter() {
        let path = folder.join(name);
        // An unchanged file keeps its time, by which the module is known to be current.
        if read(&path).ok().as_deref() != Some(bytes) {
            write(&path, bytes)?;
        }
        if matches!(path.extension().and_then(|e| e.to_str()), Some("c" | "o")) {
            inputs.push(path);
        }
    }
    Ok(inputs)
}

/// The plugin's own files, in the order of their names.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: std::io::Error| format!("`{}`: {error}", folder.display());
    let mut sources = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if matches!(path.extension().and_then(|e| e.to_str()), Some("c" | "h")) {
            sources.push(path);
        }
    }
    sources.sort();
    Ok(sources)
}

fn is_header(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "h")
}

/// A C compiler for WebAssembly: the program and its first arguments.
struct Compiler {
    program: PathBuf,
    arguments: &'static [&'static str],
}

impl Compiler {
    /// The first that works: clang with a C library for WebAssembly, or zig, which brings all it
    /// needs and comes as a package of Python.
    fn find(folder: &Path, progress: &Progress) -> Result<Self, Failure> {
        let probe = folder.join("probe.c");
        write(&probe, PROBE.as_bytes())?;
        for program in ["clang-22", "clang"] {
            let compiler = Compiler {
                program: program.into(),
                arguments: &[],
            };
            let mut command = compiler.command();
            command.arg(&probe).arg("-o").arg(folder.join("probe.wasm"));
            if output(&mut command).is_some() {
                return Ok(compiler);
            }
        }
        zig(progress).map_err(|error| {
            Failure::NoCompiler(format!(
                "no C compiler for WebAssembly; install clang-22, lld-22, wasi-libc and \
                 libclang-rt-22-dev-wasm32, or Python's venv and pip for zig ({error})"
            ))
        })
    }

    /// A command that makes a module without an entry point. The target's name is WASI's because
    /// the C library is; nothing that the example calls imports anything of it.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(self.arguments)
            .args([
                "--target=wasm32-wasi",
                "-mexec-model=reactor",
                "-std=c11",
                "-Os",
            ])
            .arg(format!("-Wl,-z,stack-size={STACK}"));
        command
    }
}

/// Zig's C compiler, in a Python environment of its own below the target folder.
fn zig(progress: &Progress) -> Result<Compiler, String> {
    let environment = target_folder().join("tools").join("zig");
    let python = environment.join("bin").join("python");
    let zig_is_there =
        || output(Command::new(&python).args(["-m", "ziglang", "version"])).is_some();
    if !zig_is_there() {
        progress.run(
            "making a Python environment for zig",
            Command::new("python3")
                .args(["-m", "venv"])
                .arg(&environment),
        )?;
        progress.run(
            "installing zig from PyPI (about 100 MB)",
            Command::new(&python).args(["-m", "pip", "install", "--quiet", "ziglang"]),
        )?;
    }
    Ok(Compiler {
        program: python,
        arguments: &["-m", "ziglang", "cc"],
    })
}
