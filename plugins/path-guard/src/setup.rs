//! The settings.

use wardlet_sdk::{SettingFault, document, settings};

use crate::path;

/// Where paths may lead, and where they are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// Absolute folders without a slash at the end. Never empty.
    pub roots: Vec<String>,
    /// The argument names that hold paths, as `folded` gives them.
    pub keys: Vec<String>,
    /// Where relative paths begin; none where they are refused.
    pub base: Option<String>,
    /// The tools that may be called without a path.
    pub no_path_tools: Vec<String>,
}

/// The argument names that hold paths unless the operator names others, as `folded` gives them. They are
/// those of the file servers that are in use most.
const KEYS: [&str; 25] = [
    "path",
    "paths",
    "source",
    "destination",
    "src",
    "dst",
    "from",
    "to",
    "file",
    "files",
    "filepath",
    "filepaths",
    "filename",
    "filenames",
    "directory",
    "directories",
    "dir",
    "dirs",
    "folder",
    "uri",
    "uris",
    "root",
    "repopath",
    "cwd",
    "workingdirectory",
];

/// The names of all settings.
const SETTINGS: [&str; 5] = ["roots", "keys", "relative", "base", "no_path_tools"];

impl Setup {
    /// Checks every setting.
    pub(crate) fn check() -> Result<(), Vec<SettingFault>> {
        let mut faults = settings::unknown("", &SETTINGS);
        if faults.is_empty() {
            faults.extend(Self::read().err());
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }

    /// Reads the settings, stopping at the first fault.
    ///
    /// # Errors
    /// The place, and what belongs there.
    pub fn read() -> Result<Self, SettingFault> {
        let roots = settings::texts("/roots")?.unwrap_or_default();
        if roots.is_empty() {
            let message = "name at least one folder, for example [\"/srv/data\"]";
            return Err(SettingFault::new("/roots", message));
        }
        let roots = (0..)
            .zip(roots)
            .map(|(index, root)| folder(&document::item("/roots", index), root))
            .collect::<Result<Vec<String>, SettingFault>>()?;
        Ok(Setup {
            keys: read_keys()?,
            base: read_base(&roots)?,
            no_path_tools: settings::texts("/no_path_tools")?.unwrap_or_default(),
            roots,
        })
    }

    /// Whether an argument of this name holds paths.
    #[must_use]
    pub(crate) fn holds_paths(&self, name: &str) -> bool {
        let name = folded(name);
        self.keys.contains(&name)
    }
}

fn read_keys() -> Result<Vec<String>, SettingFault> {
    let Some(keys) = settings::texts("/keys")? else {
        return Ok(KEYS.iter().map(|key| (*key).to_owned()).collect());
    };
    if keys.is_empty() {
        let message = "name at least one argument, or leave this out for the usual ones";
        return Err(SettingFault::new("/keys", message));
    }
    Ok(keys.iter().map(|key| folded(key)).collect())
}

fn read_base(roots: &[String]) -> Result<Option<String>, SettingFault> {
    let base = settings::text("/base")?;
    match settings::text("/relative")?.as_deref() {
        None | Some("deny") => match base {
            None => Ok(None),
            Some(_) => Err(SettingFault::new(
                "/base",
                "only with `relative` = \"allow\"",
            )),
        },
        Some("allow") => {
            let message = "name the folder in which the server resolves relative paths";
            let base = base.ok_or_else(|| SettingFault::new("/base", message))?;
            let base = folder("/base", base)?;
            if path::inside(&base, roots) {
                Ok(Some(base))
            } else {
                Err(SettingFault::new(
                    "/base",
                    "must be inside of one of the roots",
                ))
            }
        }
        Some(_) => Err(SettingFault::new("/relative", "give \"allow\" or \"deny\"")),
    }
}

/// A folder of the operator's, held to what is asked of paths, without a slash at the end.
fn folder(pointer: &str, text: String) -> Result<String, SettingFault> {
    let trimmed = text.strip_suffix('/').unwrap_or(&text);
    if trimmed.is_empty() {
        let message = "name a folder below `/`: the guard would keep nothing out";
        return Err(SettingFault::new(pointer, message));
    }
    match path::spelled(trimmed, None) {
        Ok(path) => Ok(path),
        Err(_) => Err(SettingFault::new(
            pointer,
            "give an absolute path without `.`, `..`, `//`, `~`, `\\` or look-alikes",
        )),
    }
}

/// A name without the difference between `file_path`, `file-path` and `filePath`.
fn folded(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}
