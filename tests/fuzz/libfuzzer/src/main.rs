//! One target of `../targets.rs`, the one that `WARDLET_TARGET` names, under libFuzzer.
#![no_main]

#[path = "../../../../host/crates/sandbox/tests/sandbox/guest.rs"]
#[allow(dead_code, unreachable_pub, clippy::all)]
mod guest;
#[path = "../../loading.rs"]
#[allow(clippy::all)]
mod loading;
#[path = "../../targets.rs"]
#[allow(clippy::all)]
mod targets;

use std::sync::LazyLock;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    match std::env::var("WARDLET_TARGET").as_deref() {
        Ok("verdicts") => targets::verdict,
        Ok("edits") => targets::edits,
        Ok("spans") => targets::spans,
        Ok("projections") => targets::projection,
        Ok("pointers") => targets::pointer,
        Ok("json") => targets::json,
        Ok("components") => targets::component,
        Ok("descriptions") => loading::description,
        Ok("patterns") => loading::patterns,
        Ok("artifacts") => loading::artifact,
        other => panic!("WARDLET_TARGET names no target: {other:?}"),
    }
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| TARGET(input));
