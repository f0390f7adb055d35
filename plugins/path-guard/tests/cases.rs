//! The cases as data, and what must hold for any path.

use std::path::{Component, Path, PathBuf};

use path_guard::{PathGuard, Setup, judge};
use proptest::prelude::*;
use wardlet_sdk::testing::cases::run_policy;

#[test]
fn the_cases_come_out_as_written() {
    let wrong = run_policy::<PathGuard>(include_str!("../cases/paths.json")).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where the standard library's steps lead, without looking at a disk; none above the root.
fn resolved(path: &str) -> Option<PathBuf> {
    let mut steps = PathBuf::from("/");
    for component in Path::new(path).components() {
        match component {
            Component::ParentDir => {
                steps.pop();
            }
            Component::Normal(step) => steps.push(step),
            Component::CurDir | Component::RootDir => {}
            Component::Prefix(_) => return None,
        }
    }
    Some(steps)
}

/// Percent-decodes every octet, again and again, as a careless server might.
fn decoded(text: &str) -> String {
    let mut now = text.to_owned();
    for _ in 0..4 {
        let mut out = Vec::new();
        let mut rest = now.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let octet = after.get(..2).filter(|_| *first == b'%');
            let octet = octet.and_then(|hex| std::str::from_utf8(hex).ok());
            match octet.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                Some(byte) => {
                    out.push(byte);
                    rest = after.get(2..).unwrap_or_default();
                }
                None => {
                    out.push(*first);
                    rest = after;
                }
            }
        }
        now = String::from_utf8_lossy(&out).into_owned();
    }
    now
}

/// The ways in which a server may read a path.
fn readings(text: &str) -> Vec<String> {
    let plain = match text.strip_prefix("file://") {
        Some(rest) => rest.strip_prefix("localhost").unwrap_or(rest).to_owned(),
        None => text.to_owned(),
    };
    let mut readings = vec![plain.clone(), decoded(&plain)];
    for reading in readings.clone() {
        readings.push(reading.replace('\\', "/"));
        readings.push(
            reading
                .replace(['\u{ff0f}', '\u{2215}'], "/")
                .replace('\u{2024}', "."),
        );
    }
    readings
}

fn hostile_path() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "/",
        "//",
        ".",
        "..",
        "...",
        "srv",
        "data",
        "data-evil",
        "a",
        "~",
        "%2e",
        "%2E%2e",
        "%2f",
        "%252e",
        "%5c",
        "%c0%af",
        "\\",
        "\u{2215}",
        "\u{ff0f}",
        "\u{2024}",
        " ",
        "\0",
        "C:",
        "é",
        "file://",
        "localhost",
        "/srv/data",
        "/srv/data/",
        "srv/data",
        "?",
        "#",
    ]);
    let tail = prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat());
    let head = prop::sample::select(vec![
        "",
        "/srv/data",
        "/srv/data/",
        "file:///srv/data/",
        "FILE://localhost/srv/data/",
        "/",
    ]);
    prop_oneof![
        (head, tail).prop_map(|(head, tail)| format!("{head}{tail}")),
        ".*"
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_some_reading_puts_outside_is_allowed(path in hostile_path(), relative: bool) {
        let setup = Setup {
            roots: vec!["/srv/data".to_owned()],
            base: relative.then(|| "/srv/data/base".to_owned()),
            ..Setup::default()
        };
        if judge(&setup, &path).is_ok() {
            for reading in readings(&path.replace("FILE:", "file:")) {
                let at_base = Path::new("/srv/data/base").join(&reading);
                let text = at_base.to_string_lossy();
                let leads_to = resolved(&text);
                prop_assert!(
                    leads_to.as_ref().is_some_and(|to| to.starts_with("/srv/data")),
                    "{path:?} read as {reading:?} leads to {leads_to:?}"
                );
            }
        }
    }
}
