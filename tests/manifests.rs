//! What the documents promise about the code's shape, read from the manifests and the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::fixture::root;

/// Each package with the rooms that it may use.
const EDGES: [(&str, &[&str]); 11] = [
    ("host/crates/call", &[]),
    ("host/crates/keys", &[]),
    ("host/crates/mcp", &["wardlet-call"]),
    ("host/crates/sandbox", &["wardlet-call", "wardlet-keys"]),
    ("host/crates/reach", &["wardlet-call"]),
    ("host/crates/audit", &["wardlet-call", "wardlet-keys"]),
    (
        "host/crates/query",
        &["wardlet-audit", "wardlet-call", "wardlet-keys"],
    ),
    (
        "host/crates/vault",
        &["wardlet-audit", "wardlet-call", "wardlet-keys"],
    ),
    ("host/crates/witness", &["wardlet-audit", "wardlet-keys"]),
    ("host/crates/author", &[]),
    (
        "host",
        &[
            "wardlet-audit",
            "wardlet-author",
            "wardlet-call",
            "wardlet-keys",
            "wardlet-mcp",
            "wardlet-query",
            "wardlet-reach",
            "wardlet-sandbox",
            "wardlet-vault",
            "wardlet-witness",
        ],
    ),
];

/// A dependency that ships in these packages alone.
const ONLY: [(&str, &[&str]); 10] = [
    ("wasmtime", &["host/crates/sandbox"]),
    ("ring", &["host/crates/keys"]),
    (
        "rusqlite",
        &[
            "host/crates/reach",
            "host/crates/query",
            "host/crates/vault",
        ],
    ),
    ("rustls", &["host/crates/reach"]),
    ("cap-std", &["host/crates/reach"]),
    ("csv", &["host/crates/query"]),
    ("hyper", &["host/crates/witness"]),
    ("tokio", &["host", "host/crates/witness"]),
    ("ureq", &["host/crates/witness"]),
    ("clap", &["host"]),
];

/// What says nothing about a thing, or everything.
const EMPTY_NAMES: [&str; 6] = [
    "Manager", "Helper", "Util", "Handler", "Context", "Internal",
];

/// A file that is longer has more than one job.
const MOST_LINES: usize = 500;

/// The direct dependencies that ship with a package.
fn dependencies(package: &str) -> BTreeSet<String> {
    let path = root().join(package).join("Cargo.toml");
    let manifest: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
    let mut tables = vec![&manifest];
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    tables.extend(
        targets
            .into_iter()
            .flat_map(|targets| targets.values().filter_map(toml::Value::as_table)),
    );
    let sections = tables
        .iter()
        .flat_map(|table| ["dependencies", "build-dependencies"].map(|name| table.get(name)));
    let names = sections
        .flatten()
        .filter_map(toml::Value::as_table)
        .flat_map(|table| table.keys());
    names.cloned().collect()
}

#[test]
fn dependencies_go_one_way() {
    for (package, may) in EDGES {
        let used = dependencies(package);
        let rooms: Vec<&str> = used
            .iter()
            .map(String::as_str)
            .filter(|name| name.starts_with("wardlet-"))
            .collect();
        let beyond: Vec<_> = rooms.iter().filter(|room| !may.contains(room)).collect();
        assert!(beyond.is_empty(), "{package} uses {beyond:?}");
        for (dependency, only) in ONLY {
            assert!(
                only.contains(&package) || !used.contains(dependency),
                "{package} uses {dependency}, which is for {only:?} alone"
            );
        }
    }
    // That the reading works: what is known to be there is seen.
    assert!(dependencies("host/crates/sandbox").contains("wasmtime"));
    assert!(dependencies("host").contains("wardlet-sandbox"));
}

#[test]
fn every_member_is_known_here() {
    let listed: BTreeSet<&str> = EDGES.iter().map(|(package, _)| *package).collect();
    let folders = fs::read_dir(root().join("host/crates")).unwrap();
    for folder in folders {
        let name = folder.unwrap().file_name().into_string().unwrap();
        assert!(
            listed.contains(format!("host/crates/{name}").as_str()),
            "`{name}` has no edges in this test"
        );
    }
}

/// The one file of the host that may hold unsafe code: it loads machine code.
const UNSAFE: &str = "host/crates/sandbox/src/artifact/native.rs";

#[test]
fn one_file_of_the_host_has_unsafe_code() {
    for (package, _) in EDGES {
        let library = root().join(package).join("src/lib.rs");
        let text = fs::read_to_string(&library).unwrap();
        let lint = if UNSAFE.starts_with(&format!("{package}/src/")) {
            "#![deny(unsafe_code)]"
        } else {
            "#![forbid(unsafe_code)]"
        };
        assert!(text.contains(lint), "{}", library.display());
    }
    let mut sources = Vec::new();
    collect(&root().join("host"), &mut sources);
    let found = |what: &str| -> Vec<(PathBuf, usize)> {
        let counted = sources.iter().map(|path| {
            let text = fs::read_to_string(path).unwrap();
            (path.clone(), text.matches(what).count())
        });
        counted.filter(|(_, count)| *count > 0).collect()
    };
    assert_eq!(found("unsafe {"), [(root().join(UNSAFE), 1)]);
    // What the lint denies is allowed for that module, and nowhere else.
    let module = root().join("host/crates/sandbox/src/artifact.rs");
    assert_eq!(found("    unsafe_code,"), [(module, 1)]);
    assert_eq!(found("allow(unsafe_code"), []);
}

#[test]
fn files_are_short_and_names_say_something() {
    let mut sources = Vec::new();
    for folder in ["host", "guest-sdk", "plugins", "tests", "benches"] {
        collect(&root().join(folder), &mut sources);
    }
    assert!(sources.len() > 50, "{} sources", sources.len());
    let mut wrong = Vec::new();
    for path in sources {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        if lines > MOST_LINES {
            wrong.push(format!("{}: {lines} lines", path.display()));
        }
        for line in text.lines() {
            if let Some(name) = defined(line)
                && EMPTY_NAMES.iter().any(|empty| name.contains(empty))
            {
                wrong.push(format!("{}: `{name}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn collect(folder: &Path, sources: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(path);
        }
    }
}

/// The name of the type that a line defines.
fn defined(line: &str) -> Option<&str> {
    let words = line.trim_start();
    let words = words
        .strip_prefix("pub(crate) ")
        .or(words.strip_prefix("pub(super) "))
        .or(words.strip_prefix("pub "))
        .unwrap_or(words);
    let kinds = ["struct ", "enum ", "trait ", "type ", "union "];
    let name = kinds.iter().find_map(|kind| words.strip_prefix(kind))?;
    let end = name.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    Some(&name[..end.unwrap_or(name.len())])
}
