//! What the built plugins can do and cost, where a toolchain is there to build them.

use std::fs;

use wardlet_author::rust;

use super::*;

/// The most bytes of a component in Rust or C whose logic is small.
const MOST_BYTES: usize = 64 * 1024;

/// Builds a plugin and checks it. A component's imports are the list of what it can do, and its
/// first memory what a fresh sandbox costs.
fn check(workspace: &Workspace, guest: &Guest, imports: &[&str], most_pages: u64) {
    let steps = Steps::new(1);
    let out = workspace.plugins();
    let Some(built) = build_guest(workspace, &out, guest, false, &steps).unwrap() else {
        return;
    };
    let (name, component) = (&guest.component, &built.component);
    let expected: Vec<_> = imports
        .iter()
        .map(|name| format!("wardlet:plugin/{name}@0.1.0"))
        .collect();
    assert_eq!(component.imports, expected, "{name}");
    assert!(
        component.pages <= most_pages,
        "{name}: {} pages",
        component.pages
    );
    assert!(
        component.bytes.len() < MOST_BYTES,
        "{name}: {} bytes",
        component.bytes.len()
    );
    assert_eq!(fs::read(&built.path).unwrap(), component.bytes);
    let text = String::from_utf8_lossy(&component.bytes);
    let home = std::env::var("HOME").unwrap_or_default();
    for path in [workspace.root.clone(), PathBuf::from(home)] {
        let path = format!("{}/", path.display());
        let held = path.len() > 1 && text.contains(&path);
        assert!(!held, "{name} holds a path of the machine");
    }
}

#[test]
fn plugins_import_only_what_they_call_and_are_small() {
    if !rust::is_present() {
        eprintln!("skipped: no toolchain for {} is installed", rust::TARGET);
        return;
    }
    let workspace = Workspace::find().unwrap();
    for folder in SHIPPED {
        let guest = Guest::of(folder);
        let imports: &[&str] = match guest.component.as_str() {
            "secret-redactor" => &["document", "scan"],
            "call-limit" => &["document", "rate-limit"],
            "path-guard-c" => &["document", "log"],
            _ => &["document"],
        };
        check(&workspace, &guest, imports, 2);
    }
    for language in [Language::Rust, Language::C, Language::Zig] {
        for kind in Kind::ALL {
            check(
                &workspace,
                &Guest::example(language, kind),
                &["document", "log"],
                2,
            );
        }
    }
}

#[test]
fn a_name_that_is_no_plugin_is_refused() {
    let workspace = Workspace::find().unwrap();
    let error = build_plugins(&workspace, &workspace.plugins(), &["paths".to_owned()]);
    let error = error.unwrap_err();
    assert!(error.contains("path-guard-c"), "{error}");
}
