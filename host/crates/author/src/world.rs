//! The world of a plugin: what it exports, and the capabilities that it uses, and no others, since
//! some toolchains import everything that a world names.

use std::path::Path;

use wit_parser::{Resolve, WorldId};

use crate::failure::Failure;
use crate::project::{Kind, Project};

/// The version of the contract that plugins are built for.
pub(crate) const VERSION: &str = "0.1.0";

/// The name of the folder of the contract below a plugin's `wit/deps`.
pub(crate) const CONTRACT_FOLDER: &str = "wit/deps/wardlet-plugin";

/// The text of `wit/world.wit`.
pub(crate) fn text(kind: Kind, capabilities: &[String]) -> String {
    let mut world = format!(
        "package local:plugin;\n\n\
         /// What this plugin exports, and the capabilities that it uses.\n\
         world plugin {{\n    include wardlet:plugin/{}-plugin@{VERSION};\n",
        kind.name()
    );
    // `wasi` is no interface of the contract: a runtime brings its own imports of it.
    for capability in capabilities.iter().filter(|name| *name != "wasi") {
        world.push_str(&format!(
            "    import wardlet:plugin/{capability}@{VERSION};\n"
        ));
        if capability == "scan" {
            world.push_str(&format!("    export wardlet:plugin/patterns@{VERSION};\n"));
        }
    }
    world.push_str("}\n");
    world
}

/// Reads a plugin's world.
pub(crate) fn read(project: &Project) -> Result<(Resolve, WorldId), Failure> {
    resolve(&project.folder.join("wit"))
}

/// Reads the one world of a folder of WIT with `deps`.
pub(crate) fn resolve(folder: &Path) -> Result<(Resolve, WorldId), Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::wrong(
            format!("`{}`: {error:#}", folder.display()),
            format!("it holds `world.wit`, and the contract in `{CONTRACT_FOLDER}`"),
        )
    };
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(folder).map_err(|error| wrong(&error))?;
    let world = resolve
        .select_world(&[package], None)
        .map_err(|error| wrong(&error))?;
    Ok((resolve, world))
}
