//! Puts the templates, the contract and the SDK's sources into the library, so that a program that
//! uses it works far from this repository.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What is embedded: the name under which it is found again, and its place in the repository.
const EMBEDDED: [(&str, &str); 8] = [
    ("examples", "plugins/examples"),
    ("wit", "wit"),
    ("sdk/Cargo.toml", "guest-sdk/Cargo.toml"),
    ("sdk/src", "guest-sdk/src"),
    ("call", "host/crates/call"),
    ("go", "host/crates/author/go"),
    ("Cargo.toml", "Cargo.toml"),
    ("LICENSE", "LICENSE"),
];

/// What stands in for WASI preview 1, as text.
const STUB: &str = "src/stub.wat";

/// What builds leave in a folder of sources, and `deps`, which is the contract once more.
const LEFT_OUT: [&str; 4] = ["build", "target", "node_modules", "deps"];

fn main() -> io::Result<()> {
    let crate_folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = crate_folder.ancestors().nth(3).unwrap_or(&crate_folder);
    let mut files = Vec::new();
    for (name, place) in EMBEDDED {
        let place = root.join(place);
        println!("cargo::rerun-if-changed={}", place.display());
        collect(name, &place, &mut files)?;
    }
    files.sort();
    let mut table = String::from("static FILES: &[(&str, &[u8])] = &[\n");
    for (name, path) in files {
        let path = path.canonicalize()?;
        let _ = writeln!(table, "    ({name:?}, include_bytes!({path:?})),");
    }
    table.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("embedded.rs"), table)?;
    let stub = crate_folder.join(STUB);
    println!("cargo::rerun-if-changed={}", stub.display());
    let module = wat::parse_file(&stub).map_err(io::Error::other)?;
    fs::write(out.join("stub.wasm"), module)
}

fn collect(name: &str, path: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    if !path.is_dir() {
        files.push((name.to_owned(), path.to_owned()));
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let file = entry.file_name().to_string_lossy().into_owned();
        if !LEFT_OUT.contains(&file.as_str()) {
            collect(&format!("{name}/{file}"), &entry.path(), files)?;
        }
    }
    Ok(())
}
