//! Each limit of a check where it strikes, and what the check's usage says of it.

use std::time::Duration;

use wardlet_call::Part;
use wardlet_sandbox::{Fault, Grant, Limit, Limits};

use crate::support::{Guest, RET, arguments, evaluate, everything, load, subject};

const FOREVER: &str = "(loop $forever (br $forever)) unreachable";

/// Calls the host for ever.
fn asking() -> Guest {
    let mut guest = Guest::policy().importing("document");
    let [at, length] = guest.text("/a");
    guest.evaluating(format!(
        "(loop $forever
            (call $document_get (i32.const 0) (i32.const {at}) (i32.const {length}) (i32.const {RET}))
            (br $forever))
        unreachable"
    ))
}

/// Asks once for a text, whatever comes of it, and allows.
fn reading() -> Guest {
    let mut guest = Guest::policy().importing("document");
    let [at, length] = guest.text("/a");
    let allow = guest.evaluate.clone();
    guest.evaluating(format!(
        "(call $document_get (i32.const 0) (i32.const {at}) (i32.const {length}) (i32.const {RET}))
        {allow}"
    ))
}

/// Takes what `grow` gives until there is no more, and traps.
fn growing(grow: &str) -> Guest {
    Guest::policy()
        .with("(table $table 0 funcref)")
        .evaluating(format!(
            "(loop $more (br_if $more (i32.ne (i32.const -1) {grow}))) unreachable"
        ))
}

/// Denies with a code of a megabyte.
fn talking() -> Guest {
    let mut guest = Guest::policy().with_pages(32);
    let at = guest.words(&[0, 2, 4096, 1 << 20, 0, 0]);
    guest.evaluating(format!("(i32.const {at})"))
}

fn limits(set: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    set(&mut limits);
    limits
}

#[test]
fn each_limit_strikes_and_says_so() {
    let moment = Duration::from_millis(20);
    let memory = growing("(memory.grow (i32.const 1))");
    let table = growing("(table.grow $table (ref.null func) (i32.const 100))");
    let looping = || Guest::policy().evaluating(FOREVER);
    for (what, guest, limits, fault, limit) in [
        (
            "a loop",
            looping(),
            limits(|l| l.deadline = moment),
            Some(Fault::Deadline),
            Limit::Deadline,
        ),
        (
            "a loop with little CPU time",
            looping(),
            limits(|l| (l.deadline, l.cpu) = (Duration::from_secs(5), moment)),
            Some(Fault::Cpu),
            Limit::Cpu,
        ),
        (
            "memory",
            memory,
            Limits::default(),
            Some(Fault::Memory),
            Limit::Memory,
        ),
        (
            "a table",
            table,
            Limits::default(),
            Some(Fault::Table),
            Limit::Table,
        ),
        (
            "calls of the host",
            asking(),
            Limits::default(),
            Some(Fault::HostCalls),
            Limit::HostCalls,
        ),
        (
            "a long answer",
            talking(),
            limits(|l| l.result = 1 << 19),
            Some(Fault::Result),
            Limit::Result,
        ),
        (
            "a payload",
            reading(),
            limits(|l| l.payload = 8),
            None,
            Limit::Payload,
        ),
    ] {
        let grant = Grant {
            limits,
            ..everything()
        };
        let plugin = load(guest, grant).unwrap();
        let (answer, usage) = evaluate(&plugin, &arguments(r#"{"a":"nine bytes"}"#));
        assert_eq!(answer.err(), fault, "{what}");
        let struck: Vec<Limit> = usage.struck.iter().collect();
        assert_eq!(struck, [limit], "{what}");
        assert_eq!(usage.waited, Duration::ZERO, "{what}");
    }
}

#[test]
fn nothing_strikes_where_nothing_is_used() {
    let plugin = load(Guest::policy(), everything()).unwrap();
    let (answer, usage) = evaluate(&plugin, &arguments("{}"));
    assert_eq!(answer.as_deref(), Ok("allow"));
    assert_eq!(usage.struck.iter().count(), 0);
}

#[test]
fn more_edits_than_the_operator_allows_are_a_fault() {
    let mut guest = Guest::redactor();
    let [text, length] = guest.text("secret");
    let list = guest.words(&[0, 0, 1, text, length, 90].repeat(3));
    let guest = guest.finding_as(&[0, list, 3]);
    let grant = Grant {
        limits: limits(|l| l.edits = 2),
        ..everything()
    };
    let plugin = load(guest, grant).unwrap();
    let (edits, usage) = plugin.find(&subject("m", "s", "n"), Part::Arguments, &arguments("[]"));
    assert_eq!(edits, Err(Fault::Edits));
    assert!(usage.struck.contains(Limit::Edits));
}

/// The names of limits are keys of the configuration and words of entries.
#[test]
fn limits_have_names_of_their_own() {
    let mut names: Vec<&str> = Limit::ALL.map(Limit::name).to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Limit::ALL.len());
}
