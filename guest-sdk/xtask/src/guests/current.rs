//! Whether a component is newer than what it is made of.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use wardlet_author::{Built, Component, Language, Project};

use crate::workspace::Workspace;

/// Languages that bring a runtime with them. They take seconds to build, and come out otherwise each
/// time, so that the engine would compile 18 MB anew.
const WITH_RUNTIME: [Language; 3] = [Language::JavaScript, Language::TypeScript, Language::Python];

/// How a plugin is built, and with which versions of which tools.
const RECIPES: &str = "host/crates/author/src";

/// What is in a plugin's folder and not in its component.
const APART: [&str; 3] = ["cases", "build", "README.md"];

/// The component that is there already, where nothing changed since.
pub(super) fn built(workspace: &Workspace, project: &Project, path: &Path) -> Option<Built> {
    if !WITH_RUNTIME.contains(&project.language) {
        return None;
    }
    let recipes = newest(&workspace.root.join(RECIPES)).ok()?;
    let sources = newest(&project.folder).ok()?;
    let made = fs::metadata(path).and_then(|data| data.modified()).ok()?;
    if made <= recipes.max(sources) {
        return None;
    }
    let component = Component::read(fs::read(path).ok()?).ok()?;
    Some(Built {
        path: path.to_owned(),
        component,
    })
}

/// When anything in a folder changed last: a folder does where a file comes or goes.
fn newest(path: &Path) -> io::Result<SystemTime> {
    let data = fs::metadata(path)?;
    let mut newest = data.modified()?;
    if data.is_dir() {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if !APART.iter().any(|name| entry.file_name() == *name) {
                newest = newest.max(self::newest(&entry.path())?);
            }
        }
    }
    Ok(newest)
}
