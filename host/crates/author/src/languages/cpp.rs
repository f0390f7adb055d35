//! C++: bindings from the plugin's world, then a C++ compiler for WebAssembly.

use super::clang::{Compiler, Dialect};
use crate::bindings::{self, Bindings};
use crate::build::Job;
use crate::component::Component;
use crate::failure::Failure;
use crate::language::Recipe;

/// C++.
pub(crate) struct Cpp;

/// What the library does where there is no way on: it has words for standard error, which would need
/// WASI. The library names this function as the one to replace.
const ABORT: &str = "#include <string>\n\
    void std::__libcpp_verbose_abort(char const *, ...) noexcept { __builtin_trap(); }\n";

/// Without exceptions and run-time types: they would be most of a small plugin, and what would be
/// thrown traps, which denies. Without `assert`, whose words would go to an output that is not there.
const DIALECT: Dialect = Dialect {
    name: "C++",
    compilers: &["clang++-22", "clang++"],
    zig: "c++",
    flags: &[
        "-std=c++23",
        "-fno-exceptions",
        "-fno-rtti",
        "-DNDEBUG",
        "-Wall",
        "-Wextra",
    ],
    probe: (
        "probe.cpp",
        "#include <expected>\n#include <string>\nstd::string probe(int n) { return std::string(n, 'x'); }\n",
    ),
    sources: &["cpp"],
    support: ("support.cpp", ABORT),
    packages: "clang-22 lld-22 wasi-libc libclang-rt-22-dev-wasm32 libc++-22-dev-wasm32 \
               libc++abi-22-dev-wasm32",
};

impl Recipe for Cpp {
    fn build(&self, job: &Job<'_>) -> Result<Component, Failure> {
        let generated = job.work.join("bindings");
        let inputs = bindings::generate(Bindings::Cpp, job.project, &generated)?;
        let compiler = Compiler::find(&DIALECT, job)?;
        compiler.component(job, &generated, inputs)
    }
}
