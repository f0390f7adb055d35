//! The imports: the host's, or outside of WebAssembly those of the native double.

#[cfg(target_arch = "wasm32")]
pub(crate) use crate::bindings::wardlet::plugin::{clock, document, findings, log, random, scan};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing::host::{clock, document, findings, log, random, scan};
