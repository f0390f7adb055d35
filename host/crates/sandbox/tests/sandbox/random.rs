//! The capability `random`.

use wardlet_sandbox::{Grant, LoadError};

use crate::support::{Guest, RET, arguments, evaluate, everything, load};

/// Draws `count` bytes `times` times; allows where the last draw gave bytes that count up from 0, and
/// abstains where it failed.
fn drawing(count: u32, times: u32) -> Guest {
    let mut guest = Guest::policy().importing("random");
    let allow = guest.evaluate.clone();
    let abstain = guest.verdict(0, "", &[]);
    guest.evaluating(format!(
        "(local.set $a (i32.const {times}))
        (loop $again
            (call $random_bytes (i32.const {count}) (i32.const {RET}))
            (br_if $again (local.tee $a (i32.sub (local.get $a) (i32.const 1)))))
        (if (i32.load8_u (i32.const {RET})) (then (return (i32.const {abstain}))))
        (local.set $b (i32.load (i32.const {bytes})))
        (if (i32.ne (i32.load (i32.const {length})) (i32.const {count})) (then unreachable))
        (if (i32.ne (i32.load8_u (i32.add (local.get $b) (i32.const 3))) (i32.const 3)) (then unreachable))
        {allow}",
        bytes = RET + 4,
        length = RET + 8,
    ))
}

#[test]
fn draws_are_bounded() {
    for (count, times, expected) in [
        (4, 1, "allow"),
        (1024, 16, "allow"),
        (1024, 17, "abstain"),
        (1025, 1, "abstain"),
        (u32::MAX >> 1, 1, "abstain"),
    ] {
        let plugin = load(drawing(count, times), everything()).unwrap();
        let (answer, _) = evaluate(&plugin, &arguments("{}"));
        assert_eq!(
            answer.as_deref(),
            Ok(expected),
            "{count} bytes, {times} times"
        );
    }
}

#[test]
fn granted_and_not_set_up_is_refused_when_it_loads() {
    let grant = Grant {
        reach: wardlet_call::Reach::default(),
        ..everything()
    };
    let error = load(drawing(4, 1), grant).unwrap_err();
    assert!(matches!(error, LoadError::NotSetUp(_)), "{error}");
    let hint = error.hint(&crate::support::name()).unwrap();
    assert!(
        hint.contains("`random`") && hint.contains("[plugin.guest]"),
        "{hint}"
    );
}
