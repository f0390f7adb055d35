//! The engine that compiles and the engine that runs.

use super::{Budget, engine_digest};
use crate::engine::{compiling_engine, new_engine};

#[test]
fn code_of_the_engine_without_a_pool_is_code_for_the_one_with_it() {
    let [one, same] = [(), ()].map(|()| compiling_engine().unwrap());
    assert_eq!(engine_digest(&one), engine_digest(&new_engine().unwrap()));
    assert_eq!(engine_digest(&one), engine_digest(&same));
    let other = wasmtime::Engine::new(wasmtime::Config::new().epoch_interruption(true)).unwrap();
    assert_ne!(engine_digest(&one), engine_digest(&other));
}

#[test]
fn a_budget_grows_with_the_component_and_never_overflows() {
    let [small, quickjs, cpython] = [50_000, 1_600_000, 18_000_000].map(Budget::of);
    assert_eq!(small.cpu_seconds, 18);
    assert!(quickjs.cpu_seconds > small.cpu_seconds && quickjs.memory > small.memory);
    // Measured: 28 s of processor time and 400 MiB.
    assert!(cpython.cpu_seconds > 5 * 28 && cpython.memory > 2 * (400 << 20));
    let most = Budget::of(usize::MAX);
    assert!(most.wall >= cpython.wall && most.artifact == super::budget::MAX_ARTIFACT);
}
