//! What the built plugins can do and cost, where a toolchain is there to build them.

use std::path::PathBuf;

use super::{Built, build, target_folder, toolchain};

/// A component's imports are the list of what it can do, and its first memory what a fresh sandbox
/// costs: both are held here.
fn check(built: &Built, imports: &[&str], most_pages: u64) {
    assert_eq!(built.imports, imports, "{}", built.name);
    assert!(
        built.pages <= most_pages,
        "{}: {} pages",
        built.name,
        built.pages
    );
    let bytes = std::fs::read(&built.path).unwrap();
    assert_eq!(bytes.len(), built.bytes);
    let text = String::from_utf8_lossy(&bytes);
    let home = std::env::var("HOME").unwrap_or_default();
    for path in [super::root(), PathBuf::from(home)] {
        let path = format!("{}/", path.display());
        let held = path.len() > 1 && text.contains(&path);
        assert!(!held, "{} holds a path of the machine", built.name);
    }
}

#[test]
fn plugins_import_only_what_they_call_and_fit_a_page() {
    if toolchain::present().is_none() {
        eprintln!(
            "skipped: no toolchain for {} is installed",
            toolchain::TARGET
        );
        return;
    }
    let names = super::RUST.map(str::to_owned);
    let built = build(&target_folder().join("plugins"), &names).unwrap();
    assert_eq!(built.len(), names.len());
    for one in &built {
        let mut imports = vec!["wardlet:plugin/document@0.1.0"];
        match one.name.as_str() {
            "secret-redactor" => imports.push("wardlet:plugin/scan@0.1.0"),
            "call-limit" => imports.push("wardlet:plugin/rate-limit@0.1.0"),
            _ => {}
        }
        check(one, &imports, 1);
    }
}

#[test]
fn a_name_that_is_no_plugin_is_refused() {
    let error = build(&target_folder().join("plugins"), &["paths".to_owned()]).unwrap_err();
    assert!(error.contains("path-guard-c"), "{error}");
}
