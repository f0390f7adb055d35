//! Writes a new plugin: the template of its language, which is the shipped example, with another name
//! and the capabilities that were asked for.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::files;
use crate::language::Language;
use crate::project::{CAPABILITIES, Kind, MANIFEST, Project, check_capability, check_name};
use crate::{embedded, vendored, world};

/// The path of the SDK as an example in the repository has it, and as a plugin has it.
const SDK: [&str; 2] = ["../../../../guest-sdk", "sdk/wardlet-sdk"];

/// The name of the example of a kind, which a new plugin's name takes the place of.
const fn example(kind: Kind) -> &'static str {
    match kind {
        Kind::Policy => "recipients",
        Kind::Redactor => "employee-numbers",
    }
}

/// Writes a plugin's folder, named after it, into `parent`; whole or not at all. Gives the folder.
///
/// # Errors
/// The name or a capability is none, the folder is there already, or it cannot be written.
pub fn create(
    parent: &Path,
    name: &str,
    language: Language,
    kind: Kind,
    capabilities: &[String],
) -> Result<PathBuf, Failure> {
    check_name(name)?;
    for capability in capabilities {
        check_capability(capability)?;
    }
    let folder = parent.join(name);
    if fs::symlink_metadata(&folder).is_ok() {
        return Err(Failure::wrong(
            format!("`{}` is there already", folder.display()),
            "choose another name, or another folder with `--path`",
        ));
    }
    let mut named: Vec<String> = Vec::new();
    for capability in capabilities {
        if !named.contains(capability) {
            named.push(capability.clone());
        }
    }
    let project = Project {
        folder: folder.clone(),
        name: name.to_owned(),
        language,
        kind,
        capabilities: named,
    };
    let unwritten = |error: std::io::Error| files::cannot("create", &folder, &error);
    let beside = tempfile::Builder::new()
        .prefix(".wardlet-new-")
        .tempdir_in(parent)
        .map_err(unwritten)?;
    let made = beside.path().join(name);
    for (path, bytes) in contents(&project)? {
        files::update(&made.join(path), &bytes)?;
    }
    fs::rename(&made, &folder).map_err(unwritten)?;
    Ok(folder)
}

/// The files of a plugin: their paths within its folder, and what they hold.
fn contents(project: &Project) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let template = format!(
        "examples/{}/{}",
        project.language.name(),
        project.kind.name()
    );
    let mut contents = vec![(MANIFEST.to_owned(), project.manifest().into_bytes())];
    for (path, bytes) in embedded::below(&template) {
        if path != MANIFEST && !path.starts_with("wit/") {
            contents.push((path.to_owned(), rendered(path, bytes, project)));
        }
    }
    for capability in &project.capabilities {
        let more = format!("examples/{}/with/{capability}", project.language.name());
        let mut files = embedded::below(&more).peekable();
        if capability == PATTERNED && project.language.has_wit() && files.peek().is_none() {
            return Err(without_patterns(project.language));
        }
        for (path, bytes) in files {
            // What has the name of a file of the template goes on with it.
            match contents.iter_mut().find(|(held, _)| held == path) {
                Some((_, held)) => {
                    if !bytes.starts_with(b"\n") {
                        held.push(b'\n');
                    }
                    held.extend_from_slice(bytes);
                }
                None => contents.push((path.to_owned(), bytes.to_vec())),
            }
        }
    }
    if project.language.has_wit() {
        let world = world::text(project.kind, &project.capabilities);
        contents.push(("wit/world.wit".to_owned(), world.into_bytes()));
        for (path, bytes) in embedded::contract() {
            let path = format!("{}/{path}", world::CONTRACT_FOLDER);
            contents.push((path, bytes.to_vec()));
        }
    }
    if project.language == Language::Rust {
        for (path, bytes) in vendored::files()? {
            contents.push((format!("sdk/{path}"), bytes));
        }
    }
    Ok(contents)
}

/// The capability whose plugins export something too: their patterns.
const PATTERNED: &str = "scan";

fn without_patterns(language: Language) -> Failure {
    Failure::wrong(
        format!(
            "the template in {} has no patterns for `{PATTERNED}`",
            language.title()
        ),
        "leave `scan` out of `--with`; to add it later, import it and export `patterns` in `wit/world.wit`",
    )
}

/// A file of the template for another plugin.
fn rendered(path: &str, bytes: &[u8], project: &Project) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return bytes.to_vec();
    };
    let is_prose = path.ends_with(".md");
    let kept = if is_prose {
        text.to_owned()
    } else {
        without_unused(text, &project.capabilities)
    };
    let [from, to] = SDK;
    let mut out = String::with_capacity(kept.len());
    for line in kept.split_inclusive('\n') {
        out.push_str(
            &renamed(line, example(project.kind), &project.name, is_prose).replace(from, to),
        );
    }
    out.into_bytes()
}

/// A line with the plugin's name in the place of the example's. The example's name is a word too, so
/// it is replaced only where it names the plugin: quoted on a line that says `name`, in the name
/// of the component, and in prose between backticks and as a title.
fn renamed(line: &str, example: &str, name: &str, is_prose: bool) -> String {
    let quoted = |text: &str| format!("\"{text}\"");
    let mut line = line.replace(&format!("{example}.wasm"), &format!("{name}.wasm"));
    // The library of a plugin in Rust: a name of its own, since a module's file has no other.
    let library = |name: &str| format!("{}_plugin", name.replace('-', "_"));
    line = line.replace(&library(example), &library(name));
    if line.to_ascii_lowercase().contains("name") {
        line = line.replace(&quoted(example), &quoted(name));
    }
    if is_prose && line.trim_end() == format!("# {example}") {
        line = line.replace(example, name);
    }
    line
}

/// A text without what needs a capability that the plugin does not have. A comment that says
/// "capability `log`" is about `log`: at the end of a line about that line, and on a line of its own
/// about what follows, up to the next empty line.
fn without_unused(text: &str, capabilities: &[String]) -> String {
    let is_unused = |line: &str| {
        CAPABILITIES.iter().any(|capability| {
            line.contains(&format!("capability `{capability}`"))
                && !capabilities.iter().any(|one| one == capability)
        })
    };
    let mut out = String::with_capacity(text.len());
    let mut skipping = false;
    for line in text.split_inclusive('\n') {
        let code = line.trim();
        if skipping {
            skipping = !code.is_empty();
        } else if is_unused(line) {
            skipping = ["//", "#", "/*"].iter().any(|mark| code.starts_with(mark));
        } else {
            out.push_str(line);
        }
    }
    out
}

#[cfg(test)]
mod tests;
