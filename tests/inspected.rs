//! `wardlet plugin inspect`: what an author and an operator are told of a component, and that no bytes of a
//! stranger's make it fail or reach a terminal.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use wardlet_sandbox::{Anatomy, Kind};

use crate::attack::{self, Attack};
use crate::fixture::plugin;
use crate::guest::Guest;

/// Runs it. Whatever it is given, it comes to an end of its own and prints no more than lines of text.
#[track_caller]
fn inspect(path: &Path, options: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_wardlet"))
        .args(["plugin", "inspect"])
        .arg(path)
        .args(options)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    for stream in [&output.stdout, &output.stderr] {
        let text = std::str::from_utf8(stream).unwrap();
        let steers = |c: char| c != '\n' && wardlet_call::steers(c);
        assert!(!text.contains(steers), "{}: {text:?}", path.display());
        assert!(!text.contains("panicked"), "{}: {text}", path.display());
    }
    assert!(
        output.status.code().is_some(),
        "{}: {output:?}",
        path.display()
    );
    output
}

/// A component, its options, the exit code, and what is said.
struct Case {
    what: &'static str,
    bytes: Vec<u8>,
    options: &'static [&'static str],
    code: i32,
    said: &'static [&'static str],
}

#[track_caller]
fn check(cases: Vec<Case>) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("guest.wasm");
    for case in cases {
        fs::write(&path, &case.bytes).unwrap();
        let output = inspect(&path, case.options);
        let all = [&output.stdout[..], &output.stderr[..]].concat();
        let all = String::from_utf8(all).unwrap();
        assert_eq!(
            output.status.code(),
            Some(case.code),
            "{}: {all}",
            case.what
        );
        for words in case.said {
            assert!(
                all.contains(words),
                "{}: `{words}` is not in\n{all}",
                case.what
            );
        }
    }
}

/// A custom section `producers` with one tool.
fn producers(field: &str, name: &str, version: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let content = [
        text("producers"),
        vec![1],
        text(field),
        vec![1],
        text(name),
        text(version),
    ]
    .concat();
    [vec![0, u8::try_from(content.len()).unwrap()], content].concat()
}

/// A component that imports an instance without anything in it, under any name.
fn importing(name: &str) -> Vec<u8> {
    let import = [
        // One import; the name in its plain form; an instance of type 0.
        &[1, 0, u8::try_from(name.len()).unwrap()],
        name.as_bytes(),
        &[5, 0],
    ]
    .concat();
    [
        b"\0asm\x0d\0\x01\0".as_slice(),
        // One type: an instance without declarations.
        &[7, 3, 1, 0x42, 0],
        &[10, u8::try_from(import.len()).unwrap()],
        &import,
    ]
    .concat()
}

#[test]
#[allow(clippy::too_many_lines, reason = "cases are data")]
fn what_is_told() {
    let good = || Guest::policy().importing("document").importing("log");
    check(vec![
        Case {
            what: "a policy",
            bytes: good().component(),
            options: &[],
            code: 0,
            said: &[
                "component, built for version 0.1.0 of the contract",
                "sha256:",
                "1 memory of 1 page (64 KiB)",
                "judges calls",
                "writes to the debug log; grant `log`",
                "reads what `sees` shows, and its own settings; needs no grant",
                "guest 1.2.3",
                "A guest.",
                "It is outside.",
                "loads      yes",
                "[plugin.guest]",
                "grants = [\"log\"]",
                "policies = [\"guest\"]",
                "host_calls                            100000",
            ],
        },
        Case {
            what: "a redactor",
            bytes: Guest::redactor().component(),
            options: &[],
            code: 0,
            said: &[
                "sees = [\"/arguments\", \"/result\"]",
                "[[rule]]",
                "redactors = [\"guest\"]",
            ],
        },
        Case {
            what: "what was not asked",
            bytes: good().component(),
            options: &["--no-load"],
            code: 0,
            said: &["loads      not tried", "grants = [\"log\"]"],
        },
        Case {
            what: "tools that name themselves",
            bytes: [good().component(), producers("language", "Rust", "2024")].concat(),
            options: &["--no-load"],
            code: 0,
            said: &["made with  Rust 2024"],
        },
        Case {
            what: "tools that steer a terminal",
            bytes: [
                good().component(),
                producers("sdk", "\u{1b}[2Jx", "\u{202e}1"),
            ]
            .concat(),
            options: &["--no-load"],
            code: 0,
            said: &["\u{fffd}[2Jx \u{fffd}1"],
        },
        Case {
            what: "a capability that has to be set up",
            bytes: Guest::policy().importing("http-fetch").component(),
            options: &[],
            code: 0,
            said: &[
                "sends HTTP requests; grant `http-fetch`",
                "http = { allow = ",
            ],
        },
        Case {
            what: "WASI, with what it is used for",
            bytes: Guest::policy().importing("poll").component(),
            options: &["--no-load"],
            code: 0,
            said: &["streams, for its output and a closed input; grant `wasi`"],
        },
        Case {
            what: "settings that it does not take",
            bytes: refusing_settings(),
            options: &["--settings", "{}"],
            code: 1,
            said: &[
                "plugin `guest` does not take its settings",
                "hint: give settings that it takes with `--settings`",
                "A guest.",
            ],
        },
        Case {
            what: "an older contract",
            bytes: Guest::policy()
                .importing("log")
                .of_version("0.0.9")
                .component(),
            options: &[],
            code: 1,
            said: &[
                "version 0.0.9 of the contract",
                "this host speaks `wardlet:plugin@0.1.0`",
            ],
        },
        Case {
            what: "an import that nobody offers",
            bytes: importing("\u{1b}]0;x\u{7}"),
            options: &[],
            code: 1,
            said: &["refused: it imports `\u{fffd}]0;x\u{fffd}`, which Wardlet does not offer"],
        },
        Case {
            what: "a core module",
            bytes: Guest::policy().module(),
            options: &[],
            code: 1,
            said: &[
                "core module",
                "1 memory of 1 page",
                "wasm-tools component new",
            ],
        },
        Case {
            what: "a text",
            bytes: b"(component)".to_vec(),
            options: &[],
            code: 1,
            said: &[
                "kind       unknown",
                "no WebAssembly",
                "hint: give a component, the `.wasm` file",
            ],
        },
    ]);
}

/// A policy that finds a fault in whatever settings it gets.
fn refusing_settings() -> Vec<u8> {
    let mut guest = Guest::policy();
    let [pointer, pointer_length] = guest.text("/roots");
    let [message, message_length] = guest.text("must be a list");
    let fault = guest.words(&[pointer, pointer_length, message, message_length]);
    let answer = guest.words(&[1, fault, 1]);
    guest.configure = format!("(i32.const {answer})");
    guest.component()
}

#[test]
fn for_programs_the_same_is_json() {
    let (path, digest) = plugin("path-guard");
    let output = inspect(&path, &["--json"]);
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(seen["digest"], digest.as_str());
    assert_eq!(seen["problem"], Value::Null, "{seen}");
    assert_eq!(seen["declaration"]["name"], "path-guard");
    assert_eq!(seen["contract"], serde_json::json!(["0.1.0"]));
    assert_eq!(seen["bytes"], fs::metadata(&path).unwrap().len());
    assert!(seen["functions"].as_u64() > Some(10), "{seen}");
}

#[test]
fn no_attack_makes_it_fail() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("attack.wasm");
    let mut refused = 0;
    for file in attack::files() {
        let attack = Attack::read(&file);
        fs::write(&path, attack.component()).unwrap();
        let output = inspect(&path, &[]);
        let code = output.status.code();
        let expected = attack.word("expect").unwrap_or_default();
        if expected.starts_with("refused ") {
            assert_eq!(code, Some(1), "{}: {output:?}", file.display());
            refused += 1;
        } else {
            assert_eq!(code, Some(0), "{}: {output:?}", file.display());
        }
    }
    assert!(refused > 5, "{refused} are refused");
}

#[test]
fn files_that_are_none_are_told() {
    let folder = TempDir::new().unwrap();
    let steering = folder.path().join("a\u{1b}[2Jb.wasm");
    fs::write(&steering, Guest::policy().component()).unwrap();
    for (path, code) in [
        (steering.as_path(), 0),
        (Path::new("/dev/zero"), 1),
        (Path::new("/dev/null"), 1),
        (folder.path(), 3),
        (&folder.path().join("none\u{1b}"), 3),
    ] {
        for options in [&[][..], &["--json"]] {
            let output = inspect(path, options);
            assert_eq!(output.status.code(), Some(code), "{path:?}: {output:?}");
        }
    }
}

#[test]
fn broken_bytes_are_read_as_far_as_they_go() {
    let good = Guest::policy().importing("document").component();
    let whole = Anatomy::read(&good);
    assert!(whole.refusal.is_none() && whole.functions > 0);
    for end in 0..good.len() {
        let cut = Anatomy::read(&good[..end]);
        // Between its last sections nothing is missing that anybody reads.
        let all = cut.exports == whole.exports && cut.functions == whole.functions;
        assert!(
            cut.refusal.is_some() || all,
            "{end} of {} bytes",
            good.len()
        );
        assert!(cut.functions <= whole.functions && cut.imports.len() <= whole.imports.len());
    }
    // Knuth's generator: the same bytes in every run.
    let mut state: u64 = 1;
    let mut chance = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    for _ in 0..20_000 {
        let mut bytes = good.clone();
        for _ in 0..1 + chance() % 4 {
            let at = 8 + chance() % (bytes.len() - 8);
            bytes[at] = u8::try_from(chance() % 256).unwrap();
        }
        let seen = Anatomy::read(&bytes);
        let names = seen.imports.iter().map(|one| &one.name);
        for name in names.chain(&seen.exports) {
            assert!(!name.contains(wardlet_call::steers), "{name:?}");
        }
    }
    for length in 0..2_000 {
        let bytes: Vec<u8> = (0..length)
            .map(|_| u8::try_from(chance() % 256).unwrap())
            .collect();
        let as_component = [b"\0asm\x0d\0\x01\0".as_slice(), &bytes].concat();
        assert_ne!(Anatomy::read(&bytes).kind, Kind::Component);
        assert!(Anatomy::read(&as_component).refusal.is_some());
    }
}
