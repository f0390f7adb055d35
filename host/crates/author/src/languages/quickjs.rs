//! QuickJS, in which plugins in JavaScript and TypeScript run. npm's `componentize-qjs` evaluates their
//! modules once, when the plugin is built, and puts the memory as it then is into the component.

use std::path::Path;
use std::process::Command;

use wasmparser::{CanonicalFunction, Parser, Payload, Validator, WasmFeatures};

use crate::build::Job;
use crate::component::Component;
use crate::failure::Failure;
use crate::tools::Pin;
use crate::{declarations, files, world};

/// Makes components of JavaScript.
const QUICKJS: Pin = Pin {
    name: "componentize-qjs",
    version: "0.4.5",
    size: "about 10 MB",
};

/// The module that exports the plugin.
pub(super) const ENTRY: &str = "plugin";

/// Opcodes of canonical functions in a component. Both take the index of a resource's type, and give
/// a number for a number.
const RESOURCE_NEW: u8 = 0x02;
const RESOURCE_REP: u8 = 0x04;

/// Writes what the plugin's world is to TypeScript and to editors into a folder for bindings.
pub(super) fn declare(job: &Job<'_>, into: &Path) -> Result<(), Failure> {
    let (resolve, world) = world::read(job.project)?;
    let text = declarations::text(&resolve, world)
        .map_err(|error| format!("the declarations of the world: {error}"))?;
    files::update(&into.join("plugin.d.ts"), text.as_bytes())
}

/// Makes a component of the module `entry` and of what it imports. Packages are looked for in
/// `node_modules` of the folder `root`, which holds the module too.
pub(super) fn componentize(job: &Job<'_>, entry: &Path, root: &Path) -> Result<Component, Failure> {
    let programs = job.tools.from_npm(&QUICKJS, job.steps)?;
    let wasi = job.project.capabilities.iter().any(|name| name == "wasi");
    let made = files::absolute(&job.work.join("component.wasm"))?;
    let mut command = Command::new(programs.join("componentize-qjs"));
    command
        // Without it the component asks for the asynchronous component model, which the sandbox
        // does not have.
        .arg("--sync")
        .arg("--wit")
        .arg(files::absolute(&job.project.folder.join("wit"))?)
        .arg("--js")
        .arg(entry)
        .args(["--module-root", ".", "--output"])
        .arg(&made)
        .current_dir(root);
    if !wasi {
        command.arg("--stub-wasi");
    }
    let what = format!("making a component of {}", job.project.name);
    job.steps.run(&what, &mut command)?;
    let mut bytes = files::read(&made)?;
    if !wasi {
        without_handles(&mut bytes)?;
    }
    Component::read(bytes)
}

/// Takes the making of handles out of the stubs of WASI. Each of their functions traps at once, so
/// that none ever makes one; but they ask for the means, and the sandbox refuses a component that
/// does. In its place stands the look at a handle, which has the same type and traps too, since there
/// is none.
fn without_handles(bytes: &mut [u8]) -> Result<(), String> {
    let wrong = |error: wasmparser::BinaryReaderError| error.to_string();
    let mut places = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let Payload::ComponentCanonicalSection(section) = payload.map_err(wrong)? else {
            continue;
        };
        for function in section.into_iter_with_offsets() {
            let (place, function) = function.map_err(wrong)?;
            if matches!(function, CanonicalFunction::ResourceNew { .. }) {
                places.push(place);
            }
        }
    }
    for place in places {
        match bytes.get_mut(place) {
            Some(opcode) if *opcode == RESOURCE_NEW => *opcode = RESOURCE_REP,
            _ => return Err("the component's handles are not where they should be".to_owned()),
        }
    }
    let valid = Validator::new_with_features(WasmFeatures::default()).validate_all(bytes);
    valid.map(drop).map_err(wrong)
}

#[cfg(test)]
mod tests;
