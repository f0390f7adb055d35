//! Machine code of components: compiled under limits, kept for the next start, and loaded.
//!
//! Machine code runs with all the rights of the gateway, so where it comes from is a matter of types:
//! an [`Artifact`] is made here alone, from what our own compiler has just given, or from a file
//! whose tag under a key of this installation is good. Nothing else can be loaded.

mod budget;
mod cache;
mod child;
mod compiler;
mod error;
mod exchange;
#[allow(
    unsafe_code,
    reason = "machine code can be loaded in no other way; the module says why it is sound"
)]
mod native;
mod serve;

use std::hash::{Hash as _, Hasher};

use wardlet_keys::digest::{DIGEST_BYTES, Sha256, sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::load::one_line;

pub use budget::Budget;
pub use cache::{Cache, MAX_CACHE_BYTES, MAX_CACHE_FILES};
pub use child::Child;
pub use compiler::Compiler;
pub use error::CompileError;
pub use serve::compile_for_parent;

/// Machine code that may be loaded. The fields are private to this module and those below it, which
/// make one from the answer of our compiler or from an authenticated file.
struct Artifact {
    bytes: Vec<u8>,
    /// Where in `bytes` the code stands.
    code: std::ops::Range<usize>,
}

impl Artifact {
    /// All of the bytes, which our compiler has given.
    fn compiled(bytes: Vec<u8>) -> Self {
        let code = 0..bytes.len();
        Artifact { bytes, code }
    }

    fn code(&self) -> &[u8] {
        self.bytes.get(self.code.clone()).unwrap_or_default()
    }
}

/// What a piece of machine code is of.
struct Source {
    /// The digest of the component.
    component: [u8; DIGEST_BYTES],
    /// The digest of everything about the engine that the code depends on.
    engine: [u8; DIGEST_BYTES],
}

/// Where components become machine code.
#[derive(Debug, Default)]
pub struct Artifacts {
    compiler: Compiler,
    cache: Option<Cache>,
}

impl Artifacts {
    /// Compiles with `compiler` what `cache` does not have.
    #[must_use]
    pub fn new(compiler: Compiler, cache: Option<Cache>) -> Self {
        Artifacts { compiler, cache }
    }

    /// The component, from the cache or compiled. Whatever is wrong with the cache costs time and
    /// leaves a line in the gateway's log, and that is all.
    pub(crate) fn component(
        &self,
        engine: &Engine,
        bytes: &[u8],
    ) -> Result<Component, CompileError> {
        let source = Source {
            component: sha256(bytes),
            engine: engine_digest(engine),
        };
        let kept = self.cache.as_ref().and_then(|cache| cache.get(&source));
        if let Some(artifact) = kept {
            match native::load(engine, &artifact) {
                Ok(component) => return Ok(component),
                Err(error) => tracing::warn!("a kept artifact does not load: {error:#}"),
            }
        }
        let artifact = self.compiler.compile(engine, &source.engine, bytes)?;
        // That it asks for more than a sandbox has is told here, and not kept.
        let component = native::load(engine, &artifact)
            .map_err(|error| CompileError::Refused(one_line(&error)))?;
        if let Some(cache) = &self.cache {
            cache.put(&source, &artifact);
        }
        Ok(component)
    }
}

/// A digest of all that code for this engine depends on: wasmtime's version, the processor, every
/// setting of the compiler.
fn engine_digest(engine: &Engine) -> [u8; DIGEST_BYTES] {
    /// Takes what is hashed as it is; [`Hasher`] has no way to give more than 64 bits.
    struct Digest(Sha256);

    impl Hasher for Digest {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        fn finish(&self) -> u64 {
            0
        }
    }

    let mut digest = Digest(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut digest);
    digest.0.finish()
}

#[cfg(test)]
mod tests;
