//! That the reference is current, and that what was released is as it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::signatures::{function, members, taken_from};
use super::{Contract, REFERENCE, reference};
use crate::workspace::Workspace;

/// Interfaces that the host calls: what is not in them, no plugin of an older contract has.
const EXPORTED: [&str; 4] = ["plugin", "policy", "redactor", "patterns"];

fn root() -> PathBuf {
    Workspace::find().unwrap().root
}

/// Each function and type by `interface name`, with all that it is made of but for the documentation.
fn parts(contract: &Contract) -> BTreeMap<String, String> {
    let resolve = &contract.resolve;
    let mut parts = BTreeMap::new();
    for (name, interface) in contract.interfaces() {
        for one in interface.functions.values() {
            parts.insert(format!("{name}/{}", one.name), function(resolve, one));
        }
        for (ty, id) in &interface.types {
            let definition = &resolve.types[*id];
            let text = match (
                members(resolve, definition),
                taken_from(resolve, definition),
            ) {
                (Some(all), _) => {
                    let members = all.members.iter();
                    let members = members.map(|(name, ty, _)| format!("{name}({ty})"));
                    format!("{} {}", all.kind, members.collect::<Vec<_>>().join(" "))
                }
                (None, Some(from)) => format!("use {from}"),
                (None, None) => panic!("{name}/{ty} is of a kind that nobody compares"),
            };
            parts.insert(format!("{name} type {ty}"), text);
        }
    }
    parts
}

fn released() -> Vec<Contract> {
    let folder = root().join("wit/released");
    let mut versions: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    versions.sort();
    let read = |path: &PathBuf| {
        let contract = Contract::read(path).unwrap();
        let version = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(contract.id(), format!("wardlet:plugin@{version}"));
        contract
    };
    versions.iter().map(read).collect()
}

#[test]
fn the_reference_is_current() {
    let expected = reference::of(&Contract::read(&root().join("wit")).unwrap());
    let found = fs::read_to_string(root().join(REFERENCE)).unwrap();
    assert!(found == expected, "run `cargo xtask reference`");
    // It tells all that the contract has.
    let contract = Contract::read(&root().join("wit")).unwrap();
    for (name, interface) in contract.interfaces() {
        for one in interface.functions.values() {
            let text = function(&contract.resolve, one);
            assert!(expected.contains(&text), "{name}: {text}");
        }
    }
    assert!(!expected.contains("func()("), "a type without words for it");
}

#[test]
fn what_was_released_is_as_it_was() {
    let current = Contract::read(&root().join("wit")).unwrap();
    let now = parts(&current);
    let all = released();
    assert!(!all.is_empty());
    for contract in all {
        let then = parts(&contract);
        assert!(then.len() > 70, "{} parts", then.len());
        for (name, text) in &then {
            assert_eq!(now.get(name), Some(text), "{name} of {}", contract.id());
        }
        let exported = |name: &&String| EXPORTED.iter().any(|one| name.starts_with(one));
        let more = now.keys().filter(|name| !then.contains_key(*name));
        let more: Vec<&String> = more
            .filter(|name| contract.id() == current.id() || exported(name))
            .collect();
        assert!(more.is_empty(), "new since {}: {more:?}", contract.id());
    }
}

#[test]
fn a_change_of_the_contract_is_seen() {
    let folder = std::env::temp_dir().join(format!("wardlet-contract-{}", std::process::id()));
    for (file, from, to) in [
        ("types.wit", "allow,", "allow, perhaps,"),
        ("types.wit", "confidence: u8", "confidence: u16"),
        ("clock.wit", "now: func() -> u64;", "now: func() -> s64;"),
        ("counter.wit", "window: option<u64>", "window: u64"),
    ] {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for entry in fs::read_dir(root().join("wit/released/0.1.0")).unwrap() {
            let path = entry.unwrap().path();
            let mut text = fs::read_to_string(&path).unwrap();
            if path.file_name().unwrap() == file {
                assert!(text.contains(from), "{file}: {from}");
                text = text.replacen(from, to, 1);
            }
            fs::write(folder.join(path.file_name().unwrap()), text).unwrap();
        }
        let changed = parts(&Contract::read(&folder).unwrap());
        assert_ne!(changed, parts(&released()[0]), "{to}");
    }
    fs::remove_dir_all(&folder).unwrap();
}
