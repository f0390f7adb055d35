//! Nothing of one check is readable in the next.

use crate::support::{Guest, arguments, evaluate, everything, loaded, name, sandbox};

/// A guest that denies where anything is not as a fresh instance has it, and then leaves a secret
/// wherever it can: in all its memory, static data included, in what it grows, in a global and in a
/// table. `seed` stands in its static data, so that each seed makes another component.
fn rememberer(pages: u32, grown: u32, seed: u32) -> Guest {
    let mut guest = Guest::policy().with_pages(pages);
    let [clean, dirty] = [guest.verdict(1, "", &[]), guest.verdict(2, "outside", &[])];
    let mark = guest.words(&[0x600d_600d, seed]);
    let guest = guest
        .with(
            "(global $secret (mut i64) (i64.const 0)) (table $t 64 funcref)
            (func $nothing) (elem declare func $nothing)
            (func $dirty (param $at i32) (param $end i32) (result i32)
                (loop $scan
                    (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (return (i32.const 1))))
                    (local.set $at (i32.add (local.get $at) (i32.const 8)))
                    (br_if $scan (i32.lt_u (local.get $at) (local.get $end))))
                (i32.const 0))",
        )
        .with(&format!(
            // What the host lowered for this very call stands at the start of the heap: 4 KiB are spared.
            "(func $look (result i32)
            (if (call $dirty (i32.const 0) (i32.const 1024)) (then (return (i32.const {dirty}))))
            (if (call $dirty (i32.const 8192) (i32.mul (memory.size) (i32.const 65536))) (then (return (i32.const {dirty}))))
            (if (i32.ne (i32.load (i32.const {mark})) (i32.const 0x600d600d)) (then (return (i32.const {dirty}))))
            (if (i64.ne (global.get $secret) (i64.const 0)) (then (return (i32.const {dirty}))))
            (if (i32.eqz (ref.is_null (table.get $t (i32.const 63)))) (then (return (i32.const {dirty}))))
            (if (i32.ne (memory.size) (i32.const {pages})) (then (return (i32.const {dirty}))))
            (drop (memory.grow (i32.const {grown})))
            (if (call $dirty (i32.const {first}) (i32.add (i32.const 8) (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8))))
                (then (return (i32.const {dirty}))))
            (global.set $secret (i64.const 0x5ec2e7))
            (table.fill $t (i32.const 0) (ref.func $nothing) (i32.const 64))
            (memory.fill (i32.const 0) (i32.const 0xa5) (i32.const 1024))
            (memory.fill (i32.const {after}) (i32.const 0xa5) (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const {after})))
            (i32.store (i32.const {mark}) (i32.const 0xa5a5a5a5))
            (i32.const {clean}))",
            first = if grown > 0 { pages * 65536 } else { 8192 },
            after = 8192,
        ));
    guest.evaluating("(call $look)")
}

#[test]
fn the_guest_of_these_tests_would_find_it() {
    for (pages, grown) in [(1, 0), (2, 0), (1, 1)] {
        let twice = rememberer(pages, grown, 0).evaluating("(drop (call $look)) (call $look)");
        let (answer, _) = evaluate(&loaded(twice), &arguments("{}"));
        assert_eq!(answer.as_deref(), Ok("deny outside: It is outside."));
    }
}

#[test]
fn a_secret_left_behind_is_not_found_by_the_next_check() {
    // One page and two are wiped by hand, the rest goes back to the kernel; 32 pages of growth are
    // beyond both.
    for (pages, grown, checks) in [
        (1, 0, 4_000),
        (2, 0, 4_000),
        (3, 0, 2_000),
        (1, 1, 2_000),
        (2, 32, 500),
    ] {
        let plugin = loaded(rememberer(pages, grown, 0));
        for round in 0..checks {
            let (answer, _) = evaluate(&plugin, &arguments("{}"));
            assert_eq!(
                answer.as_deref(),
                Ok("allow"),
                "{pages}+{grown} pages, check {round}"
            );
        }
    }
}

#[test]
fn nor_by_another_plugin_in_the_same_place() {
    // More plugins than the pool has places, so that each place passes from one to the other.
    let sandbox = sandbox();
    let plugins: Vec<_> = (0..160)
        .map(|seed| {
            let component = rememberer(1 + seed % 3, seed % 2, seed).component();
            sandbox.load(&name(), &component, everything()).unwrap()
        })
        .collect();
    for round in 0..3 {
        for (seed, plugin) in plugins.iter().enumerate() {
            let (answer, _) = evaluate(plugin, &arguments("{}"));
            assert_eq!(
                answer.as_deref(),
                Ok("allow"),
                "round {round}, plugin {seed}"
            );
        }
    }
}

#[test]
fn nor_after_a_fault() {
    // Fills its memory with the secret, and then traps, or loops until it is stopped.
    for end in ["unreachable", "(loop $forever (br $forever)) unreachable"] {
        let sandbox = sandbox();
        let leaves = Guest::policy().with_pages(3).evaluating(format!(
            "(memory.fill (i32.const 0) (i32.const 0xa5) (i32.const 196608)) {end}"
        ));
        let leaves = sandbox
            .load(&name(), &leaves.component(), everything())
            .unwrap();
        let looks = sandbox
            .load(&name(), &rememberer(3, 0, 1).component(), everything())
            .unwrap();
        for _ in 0..3 {
            assert!(evaluate(&leaves, &arguments("{}")).0.is_err());
            assert_eq!(evaluate(&looks, &arguments("{}")).0.as_deref(), Ok("allow"));
        }
    }
}
