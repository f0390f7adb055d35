//! Notes, checkpoints, proofs, canonical form and disclosures against what others wrote:
//! `aics-tlog`, `rfc8785` and `sd-jwt` from PyPI, `canonicalize` from npm, and the note
//! package of Go's checksum database. They are looked for in the folder that
//! `WARDLET_VERIFIERS` names, where `cargo xtask test` puts them; a test whose verifier is not there
//! says so and is skipped, or fails where `WARDLET_REQUIRE_PEERS` is `1` and the file of allowed skips,
//! `tests/verifiers/allowed-skips`, does not name it.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected fails"
)]

#[path = "interop/canonical.rs"]
mod canonical;
#[path = "interop/disclosures.rs"]
mod disclosures;
#[path = "interop/folder.rs"]
mod folder;
#[path = "interop/installed.rs"]
mod installed;
#[path = "../../../../tests/fixture/skip.rs"]
mod skip;
#[path = "interop/sumdb.rs"]
mod sumdb;
#[allow(dead_code, reason = "other tests use the rest")]
mod support;
#[path = "interop/tlog.rs"]
mod tlog;
