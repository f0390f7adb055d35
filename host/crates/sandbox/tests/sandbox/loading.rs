//! What is refused when it loads, and what the operator is told.

use wardlet_sandbox::{Capability, Grant, Limits, LoadError};

use crate::support::{Guest, everything, load, name, sandbox};

/// What it is, its bytes or the guest that they are made of, its grant, how the message begins, and
/// what the hint holds; an empty hint is none.
pub(crate) type Refused<'a> = (&'a str, Result<Vec<u8>, Guest>, Grant, &'a str, &'a str);

#[track_caller]
pub(crate) fn check(cases: Vec<Refused<'_>>) {
    let sandbox = sandbox();
    for (what, component, grant, message, hint) in cases {
        let bytes = component.unwrap_or_else(Guest::component);
        let error = sandbox.load(&name(), &bytes, grant).unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with(message), "{what}: {said}");
        assert!(
            !said.contains(char::is_control) && said.len() < 1_000,
            "{what}: {said:?}"
        );
        let hinted = error.hint(&name()).unwrap_or_default();
        assert!(
            hinted.contains(hint) && hinted.is_empty() == hint.is_empty(),
            "{what}: {hinted}"
        );
    }
}

#[test]
fn bytes_that_are_no_component() {
    let good = Guest::policy().component();
    let mut grown = good.clone();
    grown.extend([0xff; 8]);
    let mut later = good.clone();
    later[4] = 0x0e;
    let made = "`.wasm` file that `wardlet plugin build` makes";
    check(vec![
        (
            "nothing",
            Ok(Vec::new()),
            everything(),
            "not a component: no WebAssembly",
            made,
        ),
        (
            "a text",
            Ok(b"(component)".to_vec()),
            everything(),
            "not a component: no WebAssembly",
            made,
        ),
        (
            "ELF",
            Ok(b"\x7fELF\x02\x01\x01\0\0".to_vec()),
            everything(),
            "not a component: machine code",
            "never accepted",
        ),
        (
            "four bytes",
            Ok(good[..4].to_vec()),
            everything(),
            "not a component: no WebAssembly",
            made,
        ),
        (
            "a later encoding",
            Ok(later),
            everything(),
            "not a component: no WebAssembly",
            made,
        ),
        (
            "a core module",
            Ok(Guest::policy().module()),
            everything(),
            "not a component: a core module",
            "wasm-tools component new",
        ),
        (
            "its preamble alone",
            Ok(good[..8].to_vec()),
            everything(),
            "exports no `plugin`",
            "policy-plugin",
        ),
        (
            "all but its end",
            Ok(good[..good.len() - 1].to_vec()),
            everything(),
            "not a valid component: ",
            "",
        ),
        (
            "more than itself",
            Ok(grown),
            everything(),
            "not a valid component: ",
            "",
        ),
    ]);
}

#[test]
fn truncated_and_flipped_components_never_panic() {
    let good = Guest::policy().importing("document").component();
    let sandbox = sandbox();
    for end in (0..good.len()).step_by(7) {
        assert!(sandbox.load(&name(), &good[..end], everything()).is_err() || end == good.len());
    }
    for at in (8..good.len()).step_by(41) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x55;
        // A flipped byte of a text may well load; what counts is that it comes back.
        if let Err(error) = sandbox.load(&name(), &bytes, everything()) {
            assert!(!error.to_string().contains(char::is_control));
        }
    }
}

#[test]
fn imports_beyond_the_grant() {
    let log = |guest: Guest| {
        let [text, length] = [1024, 0];
        let allow = guest.evaluate.clone();
        guest.importing("log").evaluating(format!(
            "(call $log_write (i32.const 1) (i32.const {text}) (i32.const {length}) (i32.const 0) (i32.const 0)) {allow}"
        ))
    };
    let clock = |interface| Guest::policy().importing(interface);
    check(vec![
        (
            "log",
            Err(log(Guest::policy())),
            Grant::default(),
            "imports `log`, which is not granted",
            "add `\"log\"` to `grants` of `[plugin.guest]`",
        ),
        (
            "clock",
            Err(clock("clock")),
            Grant::default(),
            "imports `clock`, which is not granted",
            "`\"clock\"`",
        ),
        (
            "sockets of WASI",
            Err(clock("wasi:sockets/tcp@0.2.0")),
            everything(),
            "imports `wasi:sockets/tcp@0.2.0`, which Wardlet does not offer",
            "without the rest",
        ),
        (
            "what is not in the contract",
            Err(clock("network")),
            everything(),
            "imports `wardlet:plugin/network@0.1.0`, which Wardlet does not offer",
            "log, clock",
        ),
        (
            "an older contract",
            Err(Guest::policy().of_version("0.0.9")),
            everything(),
            "built for `wardlet:plugin/",
            "this version",
        ),
        (
            "a later contract",
            Err(Guest::policy().of_version("0.1.1")),
            everything(),
            "built for `wardlet:plugin/",
            "this version",
        ),
    ]);
    let granted = Grant {
        capabilities: vec![Capability::Log],
        ..Grant::default()
    };
    assert_eq!(
        load(log(Guest::policy()), granted).unwrap().capabilities(),
        [Capability::Log]
    );
    // What is granted and not imported is not had.
    assert!(
        load(Guest::policy(), everything())
            .unwrap()
            .capabilities()
            .is_empty()
    );
}

#[test]
fn roles_and_types() {
    // A component that imports nothing and exports a policy of another type, or of another version.
    let exporting = |exports: &str| {
        let core = r#"(core module $m (func (export "f") (result i32) (i32.const 0)))
            (core instance $i (instantiate $m))
            (func $f (result u32) (canon lift (core func $i "f")))"#;
        wat::parse_str(format!("(component {core} {exports})")).unwrap()
    };
    check(vec![
        (
            "no role",
            Err(Guest::with_roles(Vec::new())),
            everything(),
            "exports no `policy or redactor`",
            "redactor-plugin",
        ),
        (
            "nothing",
            Ok(exporting("")),
            everything(),
            "exports no `plugin`",
            "policy-plugin",
        ),
        (
            "exports of an older contract and no import",
            Ok(exporting(
                r#"(instance $p (export "describe" (func $f))) (export "wardlet:plugin/plugin@0.0.1" (instance $p))"#,
            )),
            everything(),
            "built for `wardlet:plugin/plugin@0.0.1`",
            "this version",
        ),
        (
            "functions of other types",
            Ok(exporting(
                r#"(instance $p (export "describe" (func $f)) (export "configure" (func $f))) (export "wardlet:plugin/plugin@0.1.0" (instance $p))
                (instance $q (export "evaluate" (func $f))) (export "wardlet:plugin/policy@0.1.0" (instance $q))"#,
            )),
            everything(),
            "not a valid component: its `plugin` does not have the contract's types",
            "",
        ),
        (
            "no function at all",
            Ok(exporting(
                r#"(instance $p) (export "wardlet:plugin/plugin@0.1.0" (instance $p))"#,
            )),
            everything(),
            "exports no `plugin`",
            "policy-plugin",
        ),
    ]);
}

#[test]
fn resources_beyond_the_limits() {
    let limits = Limits {
        memory: 1 << 20,
        deadline: std::time::Duration::from_millis(20),
        ..Limits::default()
    };
    let small = || Grant {
        limits,
        ..everything()
    };
    let memory = "not a valid component: where it is instantiated: the plugin overran its memory";
    check(vec![
        (
            "initial memory over the limit",
            Err(Guest::policy().with_pages(17)),
            small(),
            memory,
            "",
        ),
        (
            "initial memory over what any plugin may have",
            Err(Guest::policy().with_pages(1025)),
            everything(),
            "not a valid component: ",
            "",
        ),
        (
            "a huge table",
            Err(Guest::policy().with("(table 1000000 funcref)")),
            everything(),
            "not a valid component: ",
            "",
        ),
        (
            "many tables",
            Err(Guest::policy().with(&"(table 1 funcref)".repeat(17))),
            everything(),
            "not a valid component: ",
            "",
        ),
        (
            "a loop in the start function",
            Err(Guest::policy().with("(func $s (loop $l (br $l))) (start $s)")),
            small(),
            "not a valid component: where it is instantiated: the plugin overran its deadline",
            "",
        ),
        (
            "a trap in the start function",
            Err(Guest::policy().with("(func $s unreachable) (start $s)")),
            small(),
            "not a valid component: where it is instantiated: the plugin trapped",
            "",
        ),
        (
            "a shared memory",
            Ok(wat::parse_str("(component (core module (memory 1 1 shared)))").unwrap()),
            everything(),
            "not a valid component: ",
            "",
        ),
        (
            "a memory of 64 bits",
            Ok(wat::parse_str("(component (core module (memory i64 1)))").unwrap()),
            everything(),
            "not a valid component: ",
            "",
        ),
    ]);
}

/// A component whose one type is a list that holds a list that holds …, which a parser without a limit
/// follows until its stack ends; and one whose types are small and many.
#[test]
fn types_that_would_take_the_gateway_with_them_are_refused() {
    let leb = |mut number: usize| {
        let mut bytes = Vec::new();
        loop {
            let low = u8::try_from(number & 0x7f).unwrap();
            number >>= 7;
            if number == 0 {
                bytes.push(low);
                return bytes;
            }
            bytes.push(low | 0x80);
        }
    };
    let component = |types: &[u8]| {
        let mut bytes = b"\0asm\x0d\0\x01\0\x07".to_vec();
        bytes.extend(leb(types.len()));
        bytes.extend(types);
        bytes
    };
    let mut nested = vec![1];
    nested.extend([0x42, 1, 1].repeat(300_000));
    nested.extend([0x42, 0]);
    let mut many = vec![1, 0x42];
    many.extend(leb(600_000));
    many.extend([1, 0x7f].repeat(600_000));
    for types in [nested, many] {
        let error = sandbox()
            .load(&name(), &component(&types), everything())
            .unwrap_err();
        assert!(matches!(error, LoadError::Invalid(_)), "{error}");
    }
}
