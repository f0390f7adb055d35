//! Who compiles.

use wasmtime::Engine;

use super::child::Child;
use super::error::CompileError;
use super::{Artifact, DIGEST_BYTES};
use crate::load::one_line;

/// Who compiles a component.
#[derive(Debug, Default)]
pub enum Compiler {
    /// This process, without limits: for tests and benchmarks, which compile their own components.
    #[default]
    InProcess,
    /// A child process that limits itself: for components of strangers.
    Child(Child),
}

impl Compiler {
    pub(super) fn compile(
        &self,
        engine: &Engine,
        digest: &[u8; DIGEST_BYTES],
        bytes: &[u8],
    ) -> Result<Artifact, CompileError> {
        match self {
            Compiler::InProcess => engine
                .precompile_component(bytes)
                .map(Artifact::compiled)
                .map_err(|error| CompileError::Refused(one_line(&error))),
            Compiler::Child(child) => child.compile(digest, bytes),
        }
    }
}
