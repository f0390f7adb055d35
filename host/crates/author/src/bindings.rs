//! The code that stands between a plugin and the contract, generated from the plugin's world.

use std::path::{Path, PathBuf};

use wit_bindgen_c::Opts as C;
use wit_bindgen_cpp::Opts as Cpp;

use crate::failure::Failure;
use crate::files;
use crate::project::Project;
use crate::world;

/// The version of wit-bindgen with which a plugin's world was turned into code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bindings {
    C,
    Cpp,
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
    };
    generator
        .generate(&mut resolve, world, &mut generated)
        .map_err(|error| format!("the bindings of the world: {error:#}"))?;
    let mut inputs = Vec::new();
    for (name, bytes) in generated.iter() {
        let path = into.join(name);
        files::update(&path, bytes)?;
        let ending = path.extension().and_then(|ending| ending.to_str());
        if matches!(ending, Some("c" | "cpp" | "o")) {
            inputs.push(path);
        }
    }
    Ok(inputs)
}
