//! Builds plugins into components: cargo or a C compiler makes a core module, `wit-component` wraps
//! it. Nothing but what this machine has, or its package source gives, is used.

mod c;
mod component;
mod languages;
mod progress;
mod rust;
mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};

use crate::workspace::Workspace;
use component::Component;
use progress::Progress;

pub(crate) use languages::build as build_test_guests;

/// The shipped plugins: package names, and folders below `plugins`.
const RUST: [&str; 4] = ["path-guard", "tool-allow", "call-limit", "secret-redactor"];

/// Guests of the benchmarks, below `benches/guests`: built where they are named.
const MEASURED: [&str; 2] = ["scan-host", "scan-inside"];

/// The example in C: the name of its component.
const C: &str = "path-guard-c";

/// A component that was built.
#[derive(Debug)]
pub(crate) struct Built {
    /// Its name; the file is `<name>.wasm`.
    pub(crate) name: String,
    /// Its file.
    pub(crate) path: PathBuf,
    /// Its length in bytes.
    pub(crate) bytes: usize,
    /// The pages of 64 KiB that its memory begins with.
    pub(crate) pages: u64,
    /// The interfaces that it imports.
    pub(crate) imports: Vec<String>,
}

/// Builds the plugins of these names, or all, into a folder. The example in C is left out, with a
/// line that says so, where no compiler for it is found and it was not asked for by name.
pub(crate) fn build(out: &Path, names: &[String]) -> Result<Vec<Built>, String> {
    if let Some(name) = names
        .iter()
        .find(|n| !RUST.contains(&n.as_str()) && !MEASURED.contains(&n.as_str()) && *n != C)
    {
        let known = RUST.iter().chain(&MEASURED);
        let known = known.copied().collect::<Vec<_>>().join(", ");
        return Err(format!("no plugin `{name}`; there are {known}, {C}"));
    }
    let wanted = |name: &str| names.is_empty() || names.iter().any(|n| n == name);
    let progress = Progress::begin();
    let named = MEASURED
        .into_iter()
        .filter(|name| !names.is_empty() && wanted(name));
    let rust: Vec<&str> = RUST
        .into_iter()
        .filter(|name| wanted(name))
        .chain(named)
        .collect();
    let mut built = Vec::new();
    if !rust.is_empty() {
        let toolchain = toolchain::find(&progress)?;
        for (name, module) in rust::compile(&toolchain, &rust, &progress)? {
            let component = Component::encode(name, &read(&module)?)?;
            built.push(finish(out, name, component)?);
        }
    }
    if wanted(C) {
        match c::compile(&c::EXAMPLE, &progress) {
            Ok(module) => {
                let component = Component::encode(C, &read(&module)?)?;
                built.push(finish(out, C, component)?);
            }
            Err(c::Failure::NoCompiler(missing)) if names.is_empty() => {
                progress.say(&format!("{C} is left out: {missing}"));
            }
            Err(failure) => return Err(failure.to_string()),
        }
    }
    Ok(built)
}

/// Prints a table.
pub(crate) fn show(built: &[Built]) {
    for one in built {
        let pages = if one.pages == 1 { "page" } else { "pages" };
        println!(
            "{:<16} {:>7} bytes {:>2} {pages:<5}  {}  {}",
            one.name,
            one.bytes,
            one.pages,
            one.imports.join(" "),
            one.path.display(),
        );
    }
}

/// The root of the workspace. It was found before anything is built: see `main`.
fn root() -> PathBuf {
    Workspace::find()
        .map(|workspace| workspace.root)
        .unwrap_or_default()
}

/// Cargo's target folder.
fn target_folder() -> PathBuf {
    Workspace::find()
        .map(|workspace| workspace.target)
        .unwrap_or_default()
}

/// Writes a component, unless it is there already.
fn finish(out: &Path, name: &str, component: Component) -> Result<Built, String> {
    let path = out.join(format!("{name}.wasm"));
    if fs::read(&path).ok().as_deref() != Some(&component.bytes) {
        fs::create_dir_all(out).map_err(|error| format!("`{}`: {error}", out.display()))?;
        write(&path, &component.bytes)?;
    }
    Ok(Built {
        name: name.to_owned(),
        path,
        bytes: component.bytes.len(),
        pages: component.pages,
        imports: component.imports,
    })
}

/// Whether a file was made after all that it is made of.
fn is_current<'a>(made: &Path, mut inputs: impl Iterator<Item = &'a PathBuf>) -> bool {
    let time = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    let Some(made) = time(made) else {
        return false;
    };
    inputs.all(|input| time(input).is_some_and(|changed| changed < made))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("`{}`: {error}", path.display()))
}

/// Writes beside the place and renames, so that no reader meets half a file.
fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let beside = path.with_extension("part");
    fs::write(&beside, bytes)
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|error| format!("`{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests;
