//! The only unsafe code of the host: machine code becomes a component.

use wasmtime::Engine;
use wasmtime::component::Component;

use super::Artifact;

/// Loads machine code from memory. It is not read from a file here, since between the check of a
/// file and its loading somebody could write to it.
pub(super) fn load(engine: &Engine, artifact: &Artifact) -> wasmtime::Result<Component> {
    // SAFETY: `Component::deserialize` asks that the bytes come from `Engine::precompile_component`,
    // unchanged. An `Artifact` cannot be made outside of the module above, and there are two places
    // that make one. One takes the answer of our own compiler: of this process, or of a child that
    // runs the same program and answers over a pipe that nobody else holds, whole and for the same
    // engine, else it is refused. The other takes bytes whose HMAC under a key that only this
    // installation has was good, and that tag was made over such an answer. The bytes are owned and
    // not mutable in between. wasmtime itself compares its version and settings once more.
    unsafe { Component::deserialize(engine, artifact.code()) }
}
