//! What is to be tried: a component and its case files.

use std::fs;
use std::path::{Path, PathBuf};

use toml::de::DeTable;
use wardlet_call::PluginName;

use super::Arguments;
use crate::cli::say::{Failure, UNREADABLE, WRONG};

/// What a plugin's folder is known by.
const MANIFEST: &str = "plugin.toml";

/// The folder of its case files.
pub(super) const CASES: &str = "cases";

/// The folder of what was built.
pub(super) const BUILD: &str = "build";

/// What is to be tried.
pub(super) struct Found {
    pub(super) name: PluginName,
    pub(super) component: PathBuf,
    /// Case files, in the order in which they are told of.
    pub(super) files: Vec<PathBuf>,
    /// Folders in which there may come to be more of them.
    pub(super) folders: Vec<PathBuf>,
    /// The plugin's own folder, where the component is what was built there.
    pub(super) sources: Option<PathBuf>,
}

pub(super) fn find(arguments: &Arguments) -> Result<Found, Failure> {
    let (name, component, cases, sources) = match &arguments.component {
        Some(component) => {
            if arguments.cases.is_empty() {
                return Err(Failure::new(WRONG, "no case files are named").hint(Some(
                    "name them with `--cases`, or leave the component out in the folder of a plugin",
                )));
            }
            (name_of(component)?, component.clone(), Vec::new(), None)
        }
        None => {
            // Places are told without the dot of this folder.
            let folder = arguments.path.strip_prefix(".").unwrap_or(&arguments.path);
            let name = plugin_in(folder)?;
            let built = folder.join(BUILD).join(format!("{name}.wasm"));
            let own = Some(folder.to_owned());
            (name, built, vec![folder.join(CASES)], own)
        }
    };
    let named = if arguments.cases.is_empty() {
        cases
    } else {
        arguments.cases.clone()
    };
    let mut found = Found {
        name,
        component,
        files: Vec::new(),
        folders: Vec::new(),
        sources,
    };
    for path in named {
        if path.is_dir() {
            found.files.extend(json_files(&path)?);
            found.folders.push(path);
        } else {
            found.files.push(path);
        }
    }
    Ok(found)
}

/// A name for a component that nobody has named: that of its file, if it may be one.
pub(in super::super) fn name_of(component: &Path) -> Result<PluginName, Failure> {
    let stem = component.file_stem().unwrap_or_default().to_string_lossy();
    let name = PluginName::parse(&stem.to_ascii_lowercase().replace(['_', '.'], "-"));
    name.or_else(|_| PluginName::parse("plugin"))
        .map_err(|error| Failure::new(WRONG, error))
}

/// The name of the plugin whose folder this is.
fn plugin_in(folder: &Path) -> Result<PluginName, Failure> {
    let path = folder.join(MANIFEST);
    let shown = path.display();
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(
                Failure::new(WRONG, format!("there is no `{shown}`")).hint(Some(
                    "run it in the folder of a plugin, or name the component and `--cases`",
                )),
            );
        }
        Err(error) => {
            return Err(Failure::new(
                UNREADABLE,
                format!("cannot read `{shown}`: {error}"),
            ));
        }
    };
    let parsed = DeTable::parse(&text)
        .map_err(|error| Failure::new(WRONG, format!("`{shown}`: {}", error.message())))?;
    let name = parsed.get_ref().get("name");
    let name = name.and_then(|name| name.get_ref().as_str().map(str::to_owned));
    let name = name.ok_or_else(|| {
        Failure::new(WRONG, format!("`{shown}` has no text `name`"))
            .hint(Some("write `name = \"…\"`, the name of the plugin"))
    })?;
    PluginName::parse(&name).map_err(|error| {
        Failure::new(WRONG, format!("`{shown}`: `{name}` is no name")).hint(Some(error))
    })
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(
            UNREADABLE,
            format!("cannot read `{}`: {error}", folder.display()),
        )
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
