//! Builds plugins into components, as `wardlet plugin build` does for anybody: the shipped ones, the
//! examples, and those of tests and benchmarks. Each is a folder with a `plugin.toml`.

mod current;
mod languages;

use std::path::{Path, PathBuf};

use wardlet_author::{Built, FailureKind, Job, Kind, Language, Project, Steps, Tools, build};

use crate::workspace::Workspace;

pub(crate) use languages::build as build_test_guests;

/// The shipped plugins: folders of the repository.
const SHIPPED: [&str; 5] = [
    "plugins/path-guard",
    "plugins/tool-allow",
    "plugins/call-limit",
    "plugins/secret-redactor",
    "plugins/path-guard-c",
];

/// Guests of the benchmarks: built where they are named.
const MEASURED: [&str; 2] = ["benches/guests/scan-host", "benches/guests/scan-inside"];

/// Cargo's profile for plugins that are members of this workspace, in its manifest.
const PROFILE: &str = "guest";

/// A plugin's folder and the name of its component, both relative.
struct Guest {
    folder: PathBuf,
    component: String,
    profile: Option<&'static str>,
}

impl Guest {
    /// A member of the workspace, or a plugin in another language.
    fn of(folder: &str) -> Self {
        let name = Path::new(folder).file_name().unwrap_or_default();
        Guest {
            folder: folder.into(),
            component: name.to_string_lossy().into_owned(),
            profile: Some(PROFILE),
        }
    }

    /// An example, which stands alone as an author's plugin does.
    fn example(language: Language, kind: Kind) -> Self {
        let (language, kind) = (language.name(), kind.name());
        Guest {
            folder: Path::new("plugins/examples").join(language).join(kind),
            component: format!("examples/{language}-{kind}"),
            profile: None,
        }
    }
}

/// Builds the plugins of these names, or all shipped ones and examples, into a folder. Where its
/// language's tools are missing and cannot be installed, a plugin that is not named and not in
/// Rust is left out, with a line that says so.
pub(crate) fn build_plugins(
    workspace: &Workspace,
    out: &Path,
    names: &[String],
) -> Result<Vec<Built>, String> {
    let examples = Language::ALL
        .into_iter()
        .flat_map(|language| Kind::ALL.map(|kind| Guest::example(language, kind)));
    let all: Vec<Guest> = SHIPPED.map(Guest::of).into_iter().chain(examples).collect();
    let measured = MEASURED.map(Guest::of);
    let known = || all.iter().chain(&measured);
    if let Some(name) = names
        .iter()
        .find(|name| known().all(|guest| guest.component != **name))
    {
        let known: Vec<_> = known().map(|guest| guest.component.as_str()).collect();
        return Err(format!(
            "no plugin `{name}`; there are {}",
            known.join(", ")
        ));
    }
    let wanted: Vec<&Guest> = if names.is_empty() {
        all.iter().collect()
    } else {
        known()
            .filter(|guest| names.contains(&guest.component))
            .collect()
    };
    let steps = Steps::new(wanted.len() as u64);
    let mut built = Vec::new();
    for guest in wanted {
        built.extend(build_guest(
            workspace,
            out,
            guest,
            !names.is_empty(),
            &steps,
        )?);
    }
    Ok(built)
}

/// Builds one; none where it is left out.
fn build_guest(
    workspace: &Workspace,
    out: &Path,
    guest: &Guest,
    is_named: bool,
    steps: &Steps,
) -> Result<Option<Built>, String> {
    let project = Project::open(&workspace.root.join(&guest.folder))?;
    let is_rust = project.language == Language::Rust;
    // Plugins in Rust share what cargo compiled.
    let guests = workspace.target.join("guests");
    let work = if is_rust {
        guests
    } else {
        guests.join(guest.component.replace('/', "-"))
    };
    let made = out.join(format!("{}.wasm", guest.component));
    if let Some(built) = current::built(workspace, &project, &made) {
        return Ok(Some(built));
    }
    let job = Job {
        project: &project,
        work: &work,
        tools: &Tools::new(workspace.target.join("tools"), true),
        steps,
        profile: guest.profile,
    };
    match build(&job, &made) {
        Ok(built) => Ok(Some(built)),
        Err(failure) if failure.kind == FailureKind::Missing && !is_named && !is_rust => {
            steps.say(&format!(
                "{} is left out: {}",
                guest.component, failure.text
            ));
            Ok(None)
        }
        Err(failure) => Err(format!("{}: {failure}", guest.component)),
    }
}

/// Prints a table.
pub(crate) fn show(built: &[Built]) {
    for one in built {
        let component = &one.component;
        let name = one.path.file_stem().unwrap_or_default().to_string_lossy();
        let pages = if component.pages == 1 {
            "page"
        } else {
            "pages"
        };
        println!(
            "{name:<16} {:>7} bytes {:>2} {pages:<5}  {}  {}",
            component.bytes.len(),
            component.pages,
            component.imports.join(" "),
            one.path.display(),
        );
    }
}

#[cfg(test)]
mod tests;
