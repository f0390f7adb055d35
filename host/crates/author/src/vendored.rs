//! The SDK's sources for a plugin in Rust: what lies in this repository, with manifests that stand
//! alone.

use toml::{Table, Value};

use crate::embedded;
use crate::failure::Failure;

/// The packages: what they are called, and the embedded folder of each.
const PACKAGES: [(&str, &str); 2] = [("wardlet-sdk", "sdk"), ("wardlet-call", "call")];

/// Above each manifest.
const NOTE: &str =
    "# A copy that `wardlet plugin new` wrote; its versions are those of that program.\n";

/// The files of a plugin's `sdk` folder: their paths within it and what they hold.
pub(crate) fn files() -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let workspace = parse(embedded::text("Cargo.toml"))?;
    let mut files = vec![(
        "LICENSE".to_owned(),
        embedded::text("LICENSE").as_bytes().to_vec(),
    )];
    for (path, bytes) in embedded::contract() {
        files.push((format!("wit/{path}"), bytes.to_vec()));
    }
    for (package, folder) in PACKAGES {
        for (path, bytes) in embedded::below(folder) {
            let bytes = if path == "Cargo.toml" {
                let manifest = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
                standalone(manifest, &workspace)?.into_bytes()
            } else {
                bytes.to_vec()
            };
            files.push((format!("{package}/{path}"), bytes));
        }
    }
    Ok(files)
}

fn parse(text: &str) -> Result<Table, String> {
    text.parse().map_err(|error| format!("{error}"))
}

/// A manifest that asks nothing of a workspace: what it took from there is written into it, and what
/// only tests and lints of this repository need is left out.
fn standalone(manifest: &str, workspace: &Table) -> Result<String, String> {
    let mut manifest = parse(manifest)?;
    let shared = |section: &str| {
        let table = workspace
            .get("workspace")
            .and_then(|table| table.get(section));
        table
            .and_then(Value::as_table)
            .ok_or("a workspace without a section")
    };
    manifest.remove("lints");
    manifest.remove("dev-dependencies");
    if let Some(Value::Table(package)) = manifest.get_mut("package") {
        inherit(package, shared("package")?);
    }
    let dependencies = shared("dependencies")?;
    if let Some(Value::Table(own)) = manifest.get_mut("dependencies") {
        inherit(own, dependencies);
    }
    if let Some(Value::Table(targets)) = manifest.get_mut("target") {
        for (_, target) in targets.iter_mut() {
            if let Some(Value::Table(own)) = target.get_mut("dependencies") {
                inherit(own, dependencies);
            }
        }
    }
    let text = toml::to_string(&manifest).map_err(|error| error.to_string())?;
    Ok(format!("{NOTE}{text}"))
}

/// Puts what stands in the workspace in the place of `{ workspace = true }`. Packages of this
/// repository lie beside each other.
fn inherit(own: &mut Table, shared: &Table) {
    for (name, value) in own.iter_mut() {
        let inherits = value.get("workspace").and_then(Value::as_bool) == Some(true);
        let Some(from) = shared.get(name).filter(|_| inherits) else {
            continue;
        };
        let mut merged = from.clone();
        if let (Some(merged), Some(extra)) = (merged.as_table_mut(), value.as_table()) {
            if merged.contains_key("path") {
                merged.insert("path".to_owned(), Value::String(format!("../{name}")));
            }
            let extra = extra.iter().filter(|(key, _)| *key != "workspace");
            merged.extend(extra.map(|(key, value)| (key.clone(), value.clone())));
        }
        *value = merged;
    }
}

#[cfg(test)]
mod tests;
