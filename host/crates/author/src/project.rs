//! A plugin's folder, and the file that says what it is.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::Failure;
use crate::files;
use crate::language::Language;

/// The file that makes a folder a plugin's.
pub const MANIFEST: &str = "plugin.toml";

/// The folder of what is built.
const BUILD: &str = "build";

/// The capabilities of the contract, each an interface, and `wasi`, which some runtimes need.
pub const CAPABILITIES: [&str; 11] = [
    "log",
    "clock",
    "random",
    "scan",
    "key-value",
    "counter",
    "rate-limit",
    "wasi",
    "http-fetch",
    "fs-read",
    "secret-use",
];

/// The longest name: codes of the contract are no longer.
const MAX_NAME: usize = 64;

/// What a plugin does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It judges calls.
    Policy,
    /// It finds what must not pass.
    Redactor,
}

impl Kind {
    /// Both of them.
    pub const ALL: [Kind; 2] = [Kind::Policy, Kind::Redactor];

    /// Its name, which is that of its folder in `plugins/examples/<language>`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Policy => "policy",
            Kind::Redactor => "redactor",
        }
    }

    /// The kind of this name.
    ///
    /// # Errors
    /// There is none; the hint names those that there are.
    pub fn named(name: &str) -> Result<Self, Failure> {
        let found = Kind::ALL.into_iter().find(|one| one.name() == name);
        found.ok_or_else(|| Failure::unknown("kind of plugin", name, &Kind::ALL.map(Kind::name)))
    }
}

/// A plugin's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The folder.
    pub folder: PathBuf,
    /// The plugin's name: 1 to 64 characters of `a-z 0-9 -`.
    pub name: String,
    /// What it is written in.
    pub language: Language,
    /// What it does.
    pub kind: Kind,
    /// The capabilities that it imports; each is one of [`CAPABILITIES`].
    pub capabilities: Vec<String>,
}

/// `plugin.toml` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    name: String,
    language: String,
    kind: String,
    #[serde(default)]
    capabilities: Vec<String>,
}

impl Project {
    /// Reads the `plugin.toml` of a folder.
    ///
    /// # Errors
    /// There is none, or something in it is wrong.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(MANIFEST);
        if !path.is_file() {
            return Err(Failure::wrong(
                format!("no `{MANIFEST}` in `{}`", folder.display()),
                "go to a plugin's folder or name it with `--path`; `wardlet plugin new` makes one",
            ));
        }
        let wrong = |error: &dyn std::fmt::Display| {
            Failure::wrong(
                format!("`{}`: {}", path.display(), error.to_string().trim_end()),
                "it holds `name`, `language`, `kind` and `capabilities`",
            )
        };
        let text = String::from_utf8(files::read(&path)?).map_err(|error| wrong(&error))?;
        let raw: Manifest = toml::from_str(&text).map_err(|error| wrong(&error))?;
        check_name(&raw.name)?;
        for capability in &raw.capabilities {
            check_capability(capability)?;
        }
        Ok(Project {
            folder: folder.to_owned(),
            language: Language::named(&raw.language)?,
            kind: Kind::named(&raw.kind)?,
            name: raw.name,
            capabilities: raw.capabilities,
        })
    }

    /// `plugin.toml` as [`Project::open`] reads it.
    pub(crate) fn manifest(&self) -> String {
        let quoted: Vec<String> = self
            .capabilities
            .iter()
            .map(|name| format!("\"{name}\""))
            .collect();
        format!(
            "# What this plugin is: `wardlet plugin build`, `test` and `bench` read it.\n\
             name = \"{}\"\n\
             language = \"{}\"\n\
             kind = \"{}\"\n\
             # What it imports beside the call that it judges. An operator grants each by its name.\n\
             capabilities = [{}]\n",
            self.name,
            self.language.name(),
            self.kind.name(),
            quoted.join(", ")
        )
    }

    /// Where its component is after a build.
    #[must_use]
    pub fn component(&self) -> PathBuf {
        self.folder.join(BUILD).join(format!("{}.wasm", self.name))
    }

    /// Where what is made on the way to the component goes.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.folder.join(BUILD).join("work")
    }
}

pub(crate) fn check_name(name: &str) -> Result<(), Failure> {
    let plain = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let begins = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    if plain && begins && name.len() <= MAX_NAME && !name.ends_with('-') && !name.contains("--") {
        return Ok(());
    }
    Err(Failure::wrong(
        format!("`{}` is no name of a plugin", name.escape_debug()),
        "a name is 1 to 64 characters of `a-z 0-9 -`, begins with a letter, and has each `-` between two others",
    ))
}

/// Checks that a capability is one, and hints at the names there are.
pub(crate) fn check_capability(name: &str) -> Result<(), Failure> {
    if CAPABILITIES.contains(&name) {
        return Ok(());
    }
    Err(Failure::unknown("capability", name, &CAPABILITIES))
}
