//! The one folder that is served. Every path is resolved, symbolic links included, before it is
//! compared with the folder: this server refuses by itself what lies outside.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A folder, resolved.
#[derive(Clone)]
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(crate) fn open(root: &Path) -> Result<Self, String> {
        let resolved = fs::canonicalize(root);
        let root =
            resolved.map_err(|error| format!("cannot open `{}`: {error}", root.display()))?;
        Ok(Folder { root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn read(&self, path: &str) -> Result<String, String> {
        let place = self.inside(fs::canonicalize(path), path)?;
        fs::read_to_string(place).map_err(|error| format!("cannot read `{path}`: {error}"))
    }

    pub(crate) fn write(&self, path: &str, content: &str) -> Result<String, String> {
        let named = Path::new(path);
        // What does not exist yet is judged by its parent; what exists by what it really is.
        let resolved = match fs::canonicalize(named) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => resolve_new(named),
            resolved => resolved,
        };
        let place = self.inside(resolved, path)?;
        let written = fs::write(place, content);
        written.map_err(|error| format!("cannot write `{path}`: {error}"))?;
        Ok(format!("Successfully wrote to {path}"))
    }

    pub(crate) fn list(&self, path: &str) -> Result<String, String> {
        let cannot = |error: io::Error| format!("cannot list `{path}`: {error}");
        let place = self.inside(fs::canonicalize(path), path)?;
        let mut lines = Vec::new();
        for entry in fs::read_dir(place).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            let kind = if entry.file_type().map_err(cannot)?.is_dir() {
                "DIR"
            } else {
                "FILE"
            };
            lines.push(format!("[{kind}] {}", entry.file_name().to_string_lossy()));
        }
        lines.sort();
        Ok(lines.join("\n"))
    }

    fn inside(&self, resolved: io::Result<PathBuf>, path: &str) -> Result<PathBuf, String> {
        let place = resolved.map_err(|error| format!("cannot open `{path}`: {error}"))?;
        if place.starts_with(&self.root) {
            Ok(place)
        } else {
            Err(format!("`{path}` lies outside of the folder"))
        }
    }
}

/// The resolved place of a file that does not exist, in a folder that does.
fn resolve_new(path: &Path) -> io::Result<PathBuf> {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => Ok(fs::canonicalize(parent)?.join(name)),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}
