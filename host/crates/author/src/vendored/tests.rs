use super::*;

#[test]
fn nothing_is_left_of_the_workspace() {
    let files = files().unwrap();
    let manifests: Vec<_> = files
        .iter()
        .filter(|(path, _)| path.ends_with("Cargo.toml"))
        .collect();
    assert_eq!(manifests.len(), PACKAGES.len());
    for (path, bytes) in manifests {
        let text = std::str::from_utf8(bytes).unwrap();
        assert!(!text.contains("workspace"), "{path}:\n{text}");
        let manifest = parse(text).unwrap();
        assert!(!manifest.contains_key("dev-dependencies"), "{path}");
        assert_eq!(manifest["package"]["version"].as_str(), Some("0.1.0"));
        let target = |table: &Table| table.get("target").cloned();
        if let Some(target) = target(&manifest) {
            let call =
                &target["cfg(not(target_arch = \"wasm32\"))"]["dependencies"]["wardlet-call"];
            assert_eq!(call["path"].as_str(), Some("../wardlet-call"));
        }
    }
    for wanted in [
        "wit/plugin.wit",
        "wardlet-sdk/src/lib.rs",
        "wardlet-call/src/lib.rs",
        "LICENSE",
    ] {
        let held = files.iter().find(|(path, _)| path == wanted);
        assert!(held.is_some_and(|(_, bytes)| !bytes.is_empty()), "{wanted}");
    }
}
