//! C: bindings from the plugin's world, then a C compiler for WebAssembly.

use super::clang::{Compiler, Dialect};
use crate::bindings::{self, Bindings};
use crate::build::Job;
use crate::component::Component;
use crate::failure::Failure;
use crate::language::Recipe;

/// C.
pub(crate) struct C;

/// As the sources of all plugins in C are compiled: what a compiler warns of is an error, in the
/// generated code too.
const DIALECT: Dialect = Dialect {
    name: "C",
    compilers: &["clang-22", "clang"],
    zig: "cc",
    flags: &["-std=c11", "-Wall", "-Wextra", "-Werror"],
    probe: (
        "probe.c",
        "#include <stdlib.h>\nvoid *probe(void) { return malloc(1); }\n",
    ),
    sources: &["c"],
    support: ("support.c", ""),
    packages: "clang-22 lld-22 wasi-libc libclang-rt-22-dev-wasm32",
};

impl Recipe for C {
    fn build(&self, job: &Job<'_>) -> Result<Component, Failure> {
        let generated = job.work.join("bindings");
        let inputs = bindings::generate(Bindings::C, job.project, &generated)?;
        let compiler = Compiler::find(&DIALECT, job)?;
        compiler.component(job, &generated, inputs)
    }
}
