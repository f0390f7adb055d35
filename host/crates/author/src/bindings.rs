//! The code that stands between a plugin and the contract, generated from the plugin's world.

use std::path::{Path, PathBuf};

use wit_bindgen_c::Opts as C;
use wit_bindgen_cpp::Opts as Cpp;
use wit_bindgen_go::Opts as Go;

use crate::failure::Failure;
use crate::files;
use crate::project::Project;
use crate::world;

/// The version of wit-bindgen with which a plugin's world was turned into code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bindings {
    C,
    Cpp,
    Go,
}

/// Writes the bindings of a project's world into a folder, and gives what is to be compiled and
/// linked of it.
pub(crate) fn generate(
    bindings: Bindings,
    project: &Project,
    into: &Path,
) -> Result<Vec<PathBuf>, Failure> {
    let (mut resolve, world) = world::read(project)?;
    let mut generated = Default::default();
    let mut generator = match bindings {
        Bindings::C => C::default().build(),
        Bindings::Cpp => Cpp::default().build(None),
        Bindings::Go => go().build(),
    };
    generator
        .generate(&mut resolve, world, &mut generated)
        .map_err(|error| format!("the bindings of the world: {error:#}"))?;
    let mut inputs = Vec::new();
    for (name, bytes) in generated.iter() {
        let path = into.join(name);
        match bindings {
            Bindings::Go => files::update(&path, &with_own_types(bytes))?,
            Bindings::C | Bindings::Cpp => files::update(&path, bytes)?,
        }
        let ending = path.extension().and_then(|ending| ending.to_str());
        if matches!(ending, Some("c" | "cpp" | "o")) {
            inputs.push(path);
        }
    }
    Ok(inputs)
}

/// The module of the bindings for Go, which a plugin's `go.mod` finds in its folder.
pub(crate) const GO_MODULE: &str = "wardlet/bindings";

/// Where the generated code looks for its general types and its memory: a module of the Go proxy, most of
/// which is for asynchronous calls and needs a patched Go.
const GO_TYPES: &str = "go.bytecodealliance.org/pkg/wit/";

/// As a library: so a plugin is a program of its own that uses it.
fn go() -> Go {
    Go {
        // A build needs no formatter.
        format: wit_bindgen_go::Format::False,
        pkg_name: Some(GO_MODULE.to_owned()),
        ..Go::default()
    }
}

/// The general types of this crate, in `go`, in the place of that module.
fn with_own_types(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    text.replace(GO_TYPES, &format!("{GO_MODULE}/wit/"))
        .into_bytes()
}
