//! The sources that a component is built from: is it older than they are?

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::find::{BUILD, CASES};

/// What is beside the sources in a plugin's folder: what is made of them, what they are tried with, and what
/// packages bring.
const OTHERS: [&str; 5] = [BUILD, CASES, "README.md", "node_modules", "target"];

/// Files that are looked at: no plugin that a person writes has as many.
const MAX_FILES: usize = 10_000;

/// The sources in a plugin's folder. What cannot be read is none: the build says so.
pub(super) fn of(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let here = if folder == Path::new("") {
        Path::new(".")
    } else {
        folder
    };
    let mut folders = vec![(here.to_owned(), folder.to_owned())];
    while let Some((folder, shown)) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (name, Ok(kind)) = (entry.file_name(), entry.file_type()) else {
                continue;
            };
            if is_other(&name) || files.len() >= MAX_FILES {
                continue;
            }
            let shown = shown.join(&name);
            if kind.is_dir() {
                folders.push((entry.path(), shown));
            } else {
                files.push(shown);
            }
        }
    }
    files.sort();
    files
}

fn is_other(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".") || OTHERS.iter().any(|other| name == *other)
}

/// The source that was written last, if that was after the component.
pub(super) fn newer(folder: &Path, component: &Path) -> Option<PathBuf> {
    let written = |path: &Path| -> Option<SystemTime> { fs::metadata(path).ok()?.modified().ok() };
    let built = written(component)?;
    let sources = of(folder).into_iter();
    let dated = sources.filter_map(|path| Some((written(&path)?, path)));
    let (last, path) = dated.max()?;
    (last > built).then_some(path)
}
