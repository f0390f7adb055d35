//! The imports: the host's, or outside of WebAssembly those of the native double.

#[cfg(target_arch = "wasm32")]
pub(crate) use crate::bindings::wardlet::plugin::{
    clock, counter, document, findings, fs_read, http_fetch, key_value, log, random, rate_limit,
    scan, secret_use,
};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing::host::{
    clock, counter, document, findings, fs_read, http_fetch, key_value, log, random, rate_limit,
    scan, secret_use,
};
