//! Each way in which a check can go wrong, and the fault that it is.

use std::time::Duration;

use wardlet_call::Part;
use wardlet_sandbox::{Fault, Grant, Limits, MAX_HOST_CALLS};

use crate::support::{Guest, RET, arguments, evaluate, everything, load, subject};

/// Short, since the looping cases take this long each.
fn limited() -> Grant {
    let limits = Limits {
        deadline: Duration::from_millis(20),
        memory: 4 << 20,
        // Loops of host calls are to meet the deadline here.
        host_calls: MAX_HOST_CALLS,
        ..Limits::default()
    };
    Grant {
        limits,
        ..everything()
    }
}

#[track_caller]
fn check(cases: Vec<(&str, Guest, Result<&str, Fault>)>) {
    for (what, guest, expected) in cases {
        let plugin = load(guest, limited()).unwrap_or_else(|error| panic!("{what}: {error}"));
        // Twice: a fault must leave nothing behind that changes the next check.
        for _ in 0..2 {
            let (answer, usage) = evaluate(&plugin, &arguments(r#"{"a":"b"}"#));
            assert_eq!(answer.as_deref(), expected.as_ref().copied(), "{what}");
            assert!(
                usage.time < Duration::from_secs(30),
                "{what} was not stopped"
            );
            assert!(usage.memory <= 4 << 20, "{what} has {} bytes", usage.memory);
        }
    }
}

const LOOP: &str = "(loop $forever (br $forever)) unreachable";

#[test]
fn loops_and_recursion_are_stopped() {
    let mut in_realloc = Guest::policy();
    in_realloc.realloc = LOOP.into();
    check(vec![
        ("a loop", Guest::policy().evaluating(LOOP), Err(Fault::Deadline)),
        ("a loop in cabi_realloc", in_realloc, Err(Fault::Deadline)),
        (
            // The clock shows 0 while the plugin loads: only the check itself loops.
            "a loop in the start function",
            Guest::policy().importing("clock").with(
                "(func $start (loop $again (br_if $again (i64.ne (call $clock_now) (i64.const 0))))) (start $start)",
            ),
            Err(Fault::Deadline),
        ),
        (
            "a loop of host calls",
            Guest::policy().importing("document").evaluating(format!(
                "(loop $forever (call $document_get (i32.const 0) (i32.const 0) (i32.const 0) (i32.const {RET})) (br $forever)) unreachable"
            )),
            Err(Fault::Deadline),
        ),
        (
            "two functions that call each other for ever",
            Guest::policy()
                .with("(func $a (param i64) (result i64) (i64.add (i64.const 1) (call $b (local.get 0))))
                       (func $b (param i64) (result i64) (i64.add (i64.const 1) (call $a (local.get 0))))")
                .evaluating("(drop (call $a (i64.const 1))) unreachable"),
            Err(Fault::Stack),
        ),
    ]);
}

#[test]
fn memory_and_tables_are_bounded() {
    let grow_until_refused =
        "(loop $more (br_if $more (i32.ne (i32.const -1) (memory.grow (i32.const 1)))))";
    let allow = Guest::policy().evaluate;
    check(vec![
        (
            "a plugin that dies of a refused growth",
            Guest::policy().evaluating(format!("{grow_until_refused} unreachable")),
            Err(Fault::Memory),
        ),
        (
            "a plugin that lives with a refused growth",
            Guest::policy().evaluating(format!("{grow_until_refused} {allow}")),
            Ok("allow"),
        ),
        (
            "a growth to 4 GiB at once",
            Guest::policy().evaluating("(if (i32.eq (i32.const -1) (memory.grow (i32.const 65535))) (then unreachable)) unreachable"),
            Err(Fault::Memory),
        ),
        (
            "a table that grows",
            Guest::policy().with("(table $t 1 funcref)").evaluating(
                "(loop $more (br_if $more (i32.ne (i32.const -1) (table.grow $t (ref.null func) (i32.const 1000))))) unreachable",
            ),
            Err(Fault::Table),
        ),
        (
            "an allocator that cannot",
            Guest::policy().evaluating("(drop (memory.grow (i32.const 63))) (i32.const 4194300)"),
            Err(Fault::BadAnswer),
        ),
    ]);
}

#[test]
fn traps() {
    check(vec![
        (
            "unreachable",
            Guest::policy().evaluating("unreachable"),
            Err(Fault::Trap),
        ),
        (
            "division by zero",
            Guest::policy().evaluating("(i32.div_u (i32.const 1) (local.get $a))"),
            Err(Fault::Trap),
        ),
        (
            "a load out of bounds",
            Guest::policy().evaluating("(i32.load (i32.const -4))"),
            Err(Fault::Trap),
        ),
        (
            "a call through an empty table",
            Guest::policy()
                .with("(table $t 1 funcref) (type $f (func))")
                .evaluating("(call_indirect $t (type $f) (i32.const 0)) unreachable"),
            Err(Fault::Trap),
        ),
    ]);
}

#[test]
fn answers_that_are_no_answers() {
    let mut out_of_bounds = Guest::policy();
    out_of_bounds.realloc = "(i32.const -16)".into();
    let mut misaligned = Guest::policy();
    misaligned.realloc = "(i32.const 65535)".into();
    let mut leaving = Guest::policy().importing("clock");
    leaving.realloc = format!("(drop (call $clock_now)) {}", leaving.realloc);
    let huge = 200 << 20;
    check(vec![
        (
            "an undeclared code",
            Guest::policy().answering(2, "other", &[]),
            Err(Fault::BadAnswer),
        ),
        (
            "a code of approval that is undeclared",
            Guest::policy().answering(3, "other", &[]),
            Err(Fault::BadAnswer),
        ),
        (
            "an entity as a reason",
            Guest::policy().answering(2, "secret", &[]),
            Err(Fault::BadAnswer),
        ),
        (
            "no code",
            Guest::policy().answering(2, "", &[]),
            Err(Fault::BadAnswer),
        ),
        (
            "a sentence as a code",
            Guest::policy().answering(2, "the password is \n", &[]),
            Err(Fault::BadAnswer),
        ),
        (
            "a code that is no UTF-8",
            Guest::policy().answering(2, b"\xff\xfe", &[]),
            Err(Fault::BadAnswer),
        ),
        (
            "a decision that is not in the contract",
            Guest::policy().answering(4, "outside", &[]),
            Err(Fault::BadAnswer),
        ),
        (
            "a result that is neither",
            Guest::policy().evaluating_to(&[2, 0, 0, 0, 0, 0]),
            Err(Fault::BadAnswer),
        ),
        (
            "200 MiB of code",
            Guest::policy().evaluating_to(&[0, 2, 0, huge, 0, 0]),
            Err(Fault::BadAnswer),
        ),
        (
            "200 MiB of failure",
            Guest::policy().evaluating_to(&[1, 0, huge]),
            Err(Fault::BadAnswer),
        ),
        (
            "obligations out of bounds",
            Guest::policy().evaluating_to(&[0, 1, 0, 0, 65532, 1]),
            Err(Fault::BadAnswer),
        ),
        (
            "obligations whose length overflows",
            Guest::policy().evaluating_to(&[0, 1, 0, 0, 0, u32::MAX]),
            Err(Fault::BadAnswer),
        ),
        (
            "an answer out of bounds",
            Guest::policy().evaluating("(i32.const 65532)"),
            Err(Fault::BadAnswer),
        ),
        (
            "an answer that is not aligned",
            Guest::policy().evaluating("(i32.const 1025)"),
            Err(Fault::BadAnswer),
        ),
        (
            // The text itself goes to the debug log; 3 MiB of it is more than a call may carry.
            "a failure of 3 MiB that is really there",
            Guest::policy()
                .evaluating_to(&[1, 65536, 3 << 20])
                .with_pages(60),
            Err(Fault::Result),
        ),
        (
            "a failure",
            Guest::policy().evaluating_to(&[1, 1024, 0]),
            Err(Fault::Failed),
        ),
        (
            "cabi_realloc that points out of bounds",
            out_of_bounds,
            Err(Fault::BadAnswer),
        ),
        (
            "cabi_realloc that is not aligned",
            misaligned,
            Err(Fault::BadAnswer),
        ),
        ("a host call from cabi_realloc", leaving, Err(Fault::Trap)),
    ]);
}

#[test]
fn edits_that_are_no_answers() {
    let million = 1_000_000;
    for (what, guest) in [
        (
            "a million edits that are not there",
            Guest::redactor().finding_as(&[0, 0, million]),
        ),
        (
            "a million edits that are there",
            Guest::redactor()
                .finding_as(&[0, 65536, million])
                .with_pages(400),
        ),
        (
            "edits out of bounds",
            Guest::redactor().finding_as(&[0, 65528, 1]),
        ),
        (
            "edits whose length overflows",
            Guest::redactor().finding_as(&[0, 0, u32::MAX]),
        ),
        (
            "edits that are not aligned",
            Guest::redactor().finding_as(&[0, 1026, 1]),
        ),
    ] {
        let plugin = load(guest, everything_with_memory(32 << 20)).unwrap();
        let (found, _) = plugin.find(&subject("m", "s", "n"), Part::Arguments, &arguments("{}"));
        // Only what is really there is too much; the rest is no answer at all.
        let expected = if what == "a million edits that are there" {
            Fault::Result
        } else {
            Fault::BadAnswer
        };
        assert_eq!(found, Err(expected), "{what}");
    }
}

fn everything_with_memory(memory: usize) -> Grant {
    Grant {
        limits: Limits {
            memory,
            ..Limits::default()
        },
        ..everything()
    }
}

#[test]
fn every_fault_has_a_word_of_its_own() {
    let faults = [
        (Fault::Trap, "trap"),
        (Fault::Deadline, "deadline"),
        (Fault::Memory, "memory"),
        (Fault::Stack, "stack"),
        (Fault::BadAnswer, "bad-answer"),
        (Fault::Failed, "failed"),
        (Fault::Busy, "busy"),
        (Fault::NoRole, "no-role"),
    ];
    for (fault, word) in faults {
        assert_eq!(fault.word(), word);
    }
}
