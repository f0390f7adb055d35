//! The virtual WASI, function by function.

use wardlet_sandbox::{Capability, DEFAULT_HANDLES, DEFAULT_LOG, Fault, Grant, Limit, LoadError};

use crate::logging::lines_while;
use crate::support::{Guest, RET, arguments, evaluate, everything, load, name};

/// Traps unless what the words of WebAssembly give is so.
fn must(condition: &str) -> String {
    format!("(if (i32.eqz {condition}) (then unreachable))")
}

/// Whether a word of what the host returned is this number.
fn returned(at: u32, is: u32) -> String {
    must(&format!(
        "(i32.eq (i32.load (i32.const {})) (i32.const {is}))",
        RET + at
    ))
}

/// Lets the host write over what was there before.
fn cleared() -> String {
    format!(
        "(i64.store (i32.const {RET}) (i64.const -1)) (i64.store (i32.const {}) (i64.const -1))",
        RET + 8
    )
}

/// A policy that imports these interfaces, does this and then allows.
fn doing(imports: &[&'static str], body: &str) -> Guest {
    let guest = imports.iter().fold(Guest::policy(), |guest, interface| {
        guest.importing(interface)
    });
    let allow = guest.evaluate.clone();
    let body = format!("{}{body}{allow}", cleared());
    guest.evaluating(body)
}

/// A call that lets the host return through memory.
fn call(function: &str, arguments: &str) -> String {
    format!(
        "{} (call ${function} {arguments} (i32.const {RET}))",
        cleared()
    )
}

#[test]
fn what_a_program_finds() {
    let nothing = |function: &str| call(function, "") + &returned(4, 0);
    let none = |function: &str| {
        let is_none = format!("(i32.eqz (i32.load8_u (i32.const {RET})))");
        call(function, "") + &must(&is_none)
    };
    let stdin = "(call $stdin_get-stdin)";
    let closed = must(&format!("(i32.load8_u (i32.const {RET}))"))
        + &must(&format!(
            "(i32.eq (i32.load8_u (i32.const {})) (i32.const 1))",
            RET + 4
        ));
    let read = call(
        "streams__method_input-stream_read",
        &format!("{stdin} (i64.const 9)"),
    ) + &closed;
    let wall = call("wall_now", "");
    // 1,700,000,000,000 ms, whichever way and how often it is asked.
    let wall =
        wall + &must(&format!(
            "(i64.eq (i64.load (i32.const {RET})) (i64.const 1700000000))"
        )) + &returned(8, 0);
    let tick = "(i64.eq (i64.sub (i64.sub (i64.const 0) (call $monotonic_now)) (i64.sub (i64.const 0) (call $monotonic_now))) (i64.const 1000))";
    let sleep = "(local.set $a (call $monotonic_subscribe-duration (i64.const 0x7fffffffffffffff)))
        (call $poll__method_pollable_block (local.get $a))
        (i32.store (i32.const 512) (local.get $a))";
    let sleep = sleep.to_owned()
        + &must("(call $poll__method_pollable_ready (local.get $a))")
        + &call("poll_poll", "(i32.const 512) (i32.const 1)")
        + &returned(4, 1);
    let counted = call("rand_get-random-bytes", "(i64.const 5)")
        + &returned(4, 5)
        + &must(&format!(
            "(i32.eq (i32.load8_u offset=3 (i32.load (i32.const {RET}))) (i32.const 3))"
        ));
    for (what, imports, body) in [
        (
            "no environment",
            &["environment"][..],
            nothing("environment_get-environment"),
        ),
        (
            "no arguments",
            &["environment"],
            nothing("environment_get-arguments"),
        ),
        (
            "no folder",
            &["environment"],
            none("environment_initial-cwd"),
        ),
        (
            "no terminal",
            &["terminal"],
            none("terminal_get-terminal-stdout"),
        ),
        (
            "no open folder",
            &["preopens"],
            nothing("preopens_get-directories"),
        ),
        ("a closed input", &["streams", "stdin"], read),
        ("the time of the check", &["wall"], wall),
        ("a clock that counts", &["monotonic"], must(tick)),
        ("sleep that is over at once", &["monotonic", "poll"], sleep),
        ("the capability's bytes", &["rand"], counted),
    ] {
        let plugin = load(doing(imports, &body), everything()).unwrap();
        let (answer, _) = evaluate(&plugin, &arguments("{}"));
        assert_eq!(answer.as_deref(), Ok("allow"), "{what}");
    }
}

#[test]
fn what_ends_a_check() {
    let stdout = "(call $stdout_get-stdout)";
    let draw = |count: u64| call("rand_get-random-bytes", &format!("(i64.const {count})"));
    let drawn = draw(16 << 10);
    let file = call("files__method_descriptor_sync", "(i32.const 1)");
    for (what, imports, body, fault, logged) in [
        (
            "exit",
            &["exit"][..],
            "(call $exit_exit (i32.const 0))".to_owned(),
            Fault::Trap,
            "ended: it exited with 0",
        ),
        (
            "exit with a failure",
            &["exit"],
            "(call $exit_exit (i32.const 1))".into(),
            Fault::Trap,
            "ended: it exited with 1",
        ),
        (
            "too much randomness at once",
            &["rand"],
            draw((16 << 10) + 1),
            Fault::Trap,
            "ended: it draws",
        ),
        (
            "no end of randomness",
            &["rand"],
            draw(u64::MAX >> 1),
            Fault::Trap,
            "ended: it draws",
        ),
        (
            "one byte more",
            &["rand"],
            drawn.clone() + &draw(1),
            Fault::Trap,
            "ended: it draws",
        ),
        (
            "a number more",
            &["rand"],
            drawn + "(drop (call $rand_get-random-u64))",
            Fault::Trap,
            "ended: it draws",
        ),
        (
            "to poll nothing",
            &["poll"],
            call("poll_poll", "(i32.const 0) (i32.const 0)"),
            Fault::Trap,
            "ended: it polls nothing",
        ),
        (
            "a file that nobody opened",
            &["files"],
            file,
            Fault::BadAnswer,
            "",
        ),
        (
            "a handle that was given back",
            &["streams", "stdout"],
            format!(
                "(local.set $a {stdout}) (call $streams__resource-drop_output-stream (local.get $a)) (call $streams__resource-drop_output-stream (local.get $a))"
            ),
            Fault::BadAnswer,
            "",
        ),
    ] {
        let plugin = load(doing(imports, &body), everything()).unwrap();
        let mut answer = Ok(String::new());
        let lines = lines_while(true, || answer = evaluate(&plugin, &arguments("{}")).0);
        assert_eq!(answer, Err(fault), "{what}");
        let last = lines.last().map_or("", String::as_str);
        assert!(last.starts_with(logged), "{what}: {lines:?}");
    }
}

/// Takes handles until there are none left, or gives each back before it takes the next.
fn handles(times: u32, give_back: bool) -> Guest {
    let give_back = if give_back {
        "(call $streams__resource-drop_output-stream (local.get $b))"
    } else {
        ""
    };
    let body = format!(
        "(local.set $a (i32.const {times}))
        (loop $again
            (local.set $b (call $stdout_get-stdout))
            {give_back}
            (br_if $again (local.tee $a (i32.sub (local.get $a) (i32.const 1)))))"
    );
    doing(&["stdout", "streams"], &body)
}

#[test]
fn handles_are_bounded_and_come_back() {
    for (times, give_back, expected) in [
        (DEFAULT_HANDLES, false, Ok("allow".to_owned())),
        (DEFAULT_HANDLES + 1, false, Err(Fault::Handles)),
        (10_000, true, Ok("allow".to_owned())),
    ] {
        let plugin = load(handles(times, give_back), everything()).unwrap();
        let (answer, usage) = evaluate(&plugin, &arguments("{}"));
        assert_eq!(answer, expected, "{times} handles");
        assert_eq!(usage.struck.contains(Limit::Handles), expected.is_err());
    }
}

/// Writes a text so many times to one of the outputs, and ends as `after` says.
fn writing(text: &[u8], times: u32, output: &'static str, after: &str) -> Guest {
    let mut guest = Guest::policy().importing("streams").importing(output);
    let [at, length] = guest.text(text);
    let allow = guest.evaluate.clone();
    guest.evaluating(format!(
        "(local.set $b (call ${output}_get-{output}))
        (loop $again
            (call $streams__method_output-stream_write (local.get $b) (i32.const {at}) (i32.const {length}) (i32.const {RET}))
            (local.set $a (i32.add (local.get $a) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $a) (i32.const {times}))))
        {after} {allow}"
    ))
}

fn written(guest: Guest, on: bool) -> Vec<String> {
    let plugin = load(guest, everything()).unwrap();
    lines_while(on, || {
        let _ = evaluate(&plugin, &arguments("{}"));
    })
}

#[test]
fn output_goes_to_the_debug_log_by_lines() {
    for (text, times, expected) in [
        (&b"one\ntwo\n"[..], 1, &["one", "two"][..]),
        (b"no end", 1, &["no end"]),
        (b"ab", 3, &["ababab"]),
        (b"a\nb", 2, &["a", "ba", "b"]),
        (b"\n", 2, &["", ""]),
        (b"\x1b[2J\rx\n", 1, &["\\u{1b}[2J\\rx"]),
        (b"\xff\xc3\n", 1, &["\u{fffd}\u{fffd}"]),
        (b"", 1, &[]),
    ] {
        for output in ["stdout", "stderr"] {
            assert_eq!(written(writing(text, times, output, ""), true), expected);
        }
        assert!(written(writing(text, times, "stdout", ""), false).is_empty());
    }
    // A character of two bytes, one in each call.
    let halves = writing(
        b"\xc3",
        1,
        "stderr",
        "(i32.store8 (i32.const 512) (i32.const 0xa9)) (call $streams__method_output-stream_write (local.get $b) (i32.const 512) (i32.const 1) (i32.const 16))",
    );
    assert_eq!(written(halves, true), ["é"]);
    // What a program says before it dies is what its author looks for.
    assert_eq!(
        written(writing(b"why", 1, "stderr", "unreachable"), true),
        ["why"]
    );
}

#[test]
fn a_flood_of_output_is_cut() {
    let long = [b'x'; 3 * DEFAULT_LOG];
    let empty = [b'\n'; 3 * DEFAULT_LOG];
    let zeroes = "(call $streams__method_output-stream_write-zeroes (local.get $b) (i64.const -1) (i32.const 16))";
    for (what, guest) in [
        (
            "lines",
            writing(b"0123456789abcdef\n", 10_000, "stdout", ""),
        ),
        ("one line", writing(&long, 3, "stdout", "")),
        (
            "a line without end, bit by bit",
            writing(b"ab", 10_000, "stderr", ""),
        ),
        ("lines without text", writing(&empty, 3, "stderr", "")),
        ("zeroes", writing(b"", 1, "stdout", &zeroes.repeat(3))),
    ] {
        let plugin = load(guest, everything()).unwrap();
        let mut struck = false;
        let lines = lines_while(true, || {
            let (answer, usage) = evaluate(&plugin, &arguments("{}"));
            assert_eq!(answer.as_deref(), Ok("allow"), "{what}");
            struck = usage.struck.contains(Limit::Log);
        });
        assert!(struck, "{what}");
        assert!(
            lines.last().unwrap().ends_with(" [cut]"),
            "{what}: {}",
            lines.len()
        );
        // A zero is escaped as `\0`: two characters in the log for one that was written.
        let bytes: usize = lines.iter().map(|line| line.len() + 1).sum();
        assert!(
            bytes <= 2 * DEFAULT_LOG + " [cut]\n".len(),
            "{what}: {bytes} bytes"
        );
    }
}

#[test]
fn any_patch_of_its_version() {
    for (version, expected) in [
        ("0.2.0", None),
        ("0.2.3", None),
        ("0.2.99", None),
        ("0.3.0", Some("which Wardlet does not offer")),
        ("0.2.0-rc-2023-11-10", Some("which Wardlet does not offer")),
        ("0.2.1+x", Some("which Wardlet does not offer")),
    ] {
        let body = call("files_filesystem-error-code", "(i32.const 1)");
        let never = format!("(if (local.get $a) (then {body}))");
        let guest = doing(&["files", "preopens", "poll", "stdout", "seed"], &never);
        let loaded = load(guest.with_wasi(version), everything()).map_err(|e| e.to_string());
        match expected {
            None => assert_eq!(
                loaded.unwrap().capabilities(),
                [Capability::Wasi, Capability::Random],
                "{version}"
            ),
            Some(expected) => {
                let error = loaded.unwrap_err();
                assert!(error.contains(expected), "{version}: {error}");
            }
        }
    }
}

#[test]
fn each_part_has_its_grant() {
    use Capability::{Clock, Random, Wasi};
    for (imports, granted, missing) in [
        (&["stdout"][..], &[Wasi][..], None),
        (&["stdout"], &[], Some(Wasi)),
        (&["stdout"], &[Clock, Random], Some(Wasi)),
        (&["wall"], &[Wasi], Some(Clock)),
        (&["monotonic"], &[Wasi, Random], Some(Clock)),
        (&["wall"], &[Clock], Some(Wasi)),
        (&["wall"], &[Wasi, Clock], None),
        (&["rand"], &[Wasi, Clock], Some(Random)),
        (&["seed"], &[Wasi], Some(Random)),
        (&["seed"], &[Wasi, Random], None),
        // The filesystem brings the clock's types along, and nothing of the clock.
        (&["files", "preopens"], &[Wasi], None),
    ] {
        let grant = Grant {
            capabilities: granted.to_vec(),
            ..everything()
        };
        match (load(doing(imports, ""), grant), missing) {
            (Ok(plugin), None) => assert_eq!(plugin.capabilities(), granted, "{imports:?}"),
            (Err(LoadError::NotGranted(one)), Some(missing)) => {
                assert_eq!(one, missing, "{imports:?}");
                let hint = LoadError::NotGranted(one).hint(&name()).unwrap();
                assert!(hint.contains(&format!("add `\"{}\"` to `grants`", missing.name())));
            }
            (other, _) => panic!("{imports:?} with {granted:?}: {other:?}"),
        }
    }
}
