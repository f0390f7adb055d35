//! A component that is named on the command line, and what it is given.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use wardlet_call::{Json, PluginName};
use wardlet_sandbox::MAX_COMPONENT_BYTES;

use crate::cli::say::{Failure, UNREADABLE, WRONG, visible};

/// Bytes of a JSON text that is given: as large as a message of an agent may be.
const MAX_JSON: u64 = 16 << 20;

/// A component's file.
pub(super) struct Component {
    pub(super) path: PathBuf,
    /// The name that it gets in configurations that are shown: that of its file, where it can be one.
    pub(super) name: PluginName,
    pub(super) bytes: Vec<u8>,
}

impl Component {
    /// Reads no more of the file than a component may have, and one byte that shows that there is more:
    /// the path may be that of a device.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = bounded(path, MAX_COMPONENT_BYTES as u64 + 1)?;
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let name = stem.map_or_else(|| PluginName::parse(ANY), PluginName::parse);
        Ok(Component {
            path: path.to_owned(),
            name: name
                .or_else(|_| PluginName::parse(ANY))
                .map_err(|error| Failure::new(WRONG, error))?,
            bytes,
        })
    }
}

/// A plugin whose file has no name that a plugin could have.
const ANY: &str = "plugin";

/// JSON from the command line: the text itself, or `@` and the path of a file.
pub(super) fn json(option: &str, given: &str) -> Result<Json, Failure> {
    let text = match given.strip_prefix('@') {
        None => given.to_owned(),
        Some(path) => {
            let bytes = bounded(Path::new(path), MAX_JSON + 1)?;
            if bytes.len() as u64 > MAX_JSON {
                let most = MAX_JSON >> 20;
                let error = format!("`{}` is larger than {most} MiB", visible(path));
                return Err(Failure::new(WRONG, error));
            }
            String::from_utf8(bytes)
                .map_err(|_| Failure::new(WRONG, format!("`{}` is not UTF-8", visible(path))))?
        }
    };
    let parsed = Json::parse(&text).map_err(|error| {
        Failure::new(WRONG, format!("`{option}`: {error}")).hint(Some(
            "give a JSON object, in single quotes for the shell, or `@` and the path of a file",
        ))
    })?;
    match parsed {
        Json::Object(_) => Ok(parsed),
        _ => Err(Failure::new(WRONG, format!("`{option}` is no JSON object"))),
    }
}

fn bounded(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map_err(|error| {
        let path = visible(&path.display().to_string());
        Failure::new(UNREADABLE, format!("cannot read `{path}`: {error}"))
    })?;
    Ok(bytes)
}
