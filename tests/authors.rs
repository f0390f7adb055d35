//! `wardlet plugin new` and `wardlet plugin build`, with the real binary, far from this repository.

mod examples;
mod refused;

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use wardlet_author::{CAPABILITIES, Kind, Language};
use wardlet_keys::digest::sha256;

use crate::cases::check_component;
use crate::fixture::{root, skip};

/// What a language needs that a machine may not have.
const fn needs(language: Language) -> &'static str {
    match language {
        Language::Rust => "a Rust toolchain for wasm32-unknown-unknown",
        Language::C => "clang with wasi-libc and lld, or zig as `cargo xtask guests` installs it",
        Language::Cpp => {
            "clang++ with libc++ for wasm32, or zig as `cargo xtask guests` installs it"
        }
        Language::Zig => "zig, as `cargo xtask guests` installs it",
        Language::Go => "Go, as `cargo xtask guests` installs it",
        Language::JavaScript | Language::TypeScript => {
            "node with npm, and what `cargo xtask guests` installs with it"
        }
        Language::Python => "python3 with venv, and what `cargo xtask guests` installs with it",
    }
}

/// The exit code of a command that misses something.
const MISSING: i32 = 3;

/// A folder that no repository is above of.
fn far_away() -> TempDir {
    let folder = tempfile::Builder::new()
        .prefix("wardlet-author-")
        .tempdir()
        .unwrap();
    let above = folder
        .path()
        .ancestors()
        .any(|above| above.join(".git").exists());
    assert!(!above, "{} is in a repository", folder.path().display());
    folder
}

/// Runs `wardlet plugin …` in a folder. The tools are those that `cargo xtask` installed.
fn author(folder: &Path, arguments: &[&dyn AsRef<OsStr>]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardlet"));
    command
        .arg("plugin")
        .args(arguments.iter().map(AsRef::as_ref))
        .current_dir(folder)
        .env("WARDLET_TOOLS", root().join("target/tools"))
        .stdin(Stdio::null());
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Builds the plugin of a folder, and gives what the build says; none where the toolchain is missing.
fn built(folder: &Path, language: Language) -> Option<Value> {
    // What cargo compiles of the SDK is shared by all runs.
    let work = root().join("target/authors").join(language.name());
    let output = author(folder, &[&"build", &"--json", &"--work", &work]);
    if output.status.code() == Some(MISSING) {
        let said = said(&output);
        assert!(said.contains("hint: "), "{said}");
        return None;
    }
    assert!(
        output.status.success(),
        "{}: {}",
        language.name(),
        said(&output)
    );
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn digest(file: &Path) -> String {
    let digest = sha256(&fs::read(file).unwrap());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_new_plugin_builds_far_from_here_and_answers_its_cases() {
    for language in Language::ALL {
        for (kind, with) in [
            (Kind::Policy, ""),
            (Kind::Redactor, "log,clock"),
            (Kind::Redactor, "scan"),
        ] {
            let folder = far_away();
            let (lang, kind) = (language.name(), kind.name());
            let name = format!("my-{kind}{}", with.len());
            let new: [&dyn AsRef<OsStr>; 6] = [&"new", &name, &"--lang", &lang, &"--kind", &kind];
            let mut new = new.to_vec();
            if !with.is_empty() {
                new.extend([&"--with" as &dyn AsRef<OsStr>, &with]);
            }
            let output = author(folder.path(), &new);
            assert!(output.status.success(), "{}", said(&output));
            let project = folder.path().join(&name);
            let Some(report) = built(&project, language) else {
                let test = "authors::a_new_plugin_builds_far_from_here_and_answers_its_cases";
                skip(test, needs(language));
                break;
            };
            let component = project.join("build").join(&name).with_extension("wasm");
            check_report(&report, &name, &component, with);
            check_component(&name, &component, &project.join("cases"));
            check_declared_name(&name, &component, kind);
        }
    }
}

/// What a build says is what is there. Only what is called is imported where the linker decides; a world
/// is all that is imported elsewhere, so no more than was asked for.
fn check_report(report: &Value, name: &str, component: &Path, with: &str) {
    let bytes = fs::read(component).unwrap();
    assert_eq!(report["name"], name);
    assert_eq!(report["bytes"], bytes.len(), "{report}");
    assert_eq!(report["digest"], format!("sha256:{}", digest(component)));
    assert!(report["memory_pages"].as_u64() > Some(0), "{report}");
    let imports = report["imports"].as_array().unwrap();
    let named: Vec<&str> = imports.iter().map(|one| one.as_str().unwrap()).collect();
    assert!(named.contains(&"wardlet:plugin/document@0.1.0"), "{report}");
    for import in named {
        let interface = import.split(['/', '@']).nth(1).unwrap();
        let asked = with.split(',').any(|one| one == interface);
        assert!(asked || interface == "document", "{name} imports {import}");
    }
    let text = String::from_utf8_lossy(&bytes);
    let held = [root().to_owned(), component.parent().unwrap().to_owned()];
    for path in held {
        let path = format!("{}/", path.display());
        assert!(!text.contains(&path), "{name} holds `{path}`");
    }
}

/// The operator's view of it: it loads, under the name that its author gave it.
fn check_declared_name(name: &str, component: &Path, kind: &str) {
    let folder = far_away();
    let role = if kind == "policy" {
        "policies"
    } else {
        "redactors"
    };
    let settings = if kind == "policy" {
        r#"{ domains = ["example.com"] }"#
    } else {
        "{}"
    };
    let pass = if kind == "policy" {
        ""
    } else {
        "policies = [\"allow-all\"]\n"
    };
    let config = format!(
        "[gateway]\nname = \"test\"\n\n[server.mail]\ncommand = [\"true\"]\n\n[plugin.mine]\n\
         component = {component:?}\ndigest = \"sha256:{}\"\ngrants = [\"log\", \"clock\", \"scan\"]\n\
         sees = [\"/arguments\", \"/result\"]\nsettings = {settings}\n\n\
         [[rule]]\nname = \"all\"\ntools = [\"mail/*\"]\n{pass}{role} = [\"mine\"]\n",
        digest(component)
    );
    let file = folder.path().join("wardlet.toml");
    fs::write(&file, config).unwrap();
    let output = crate::fixture::wardlet(&["check", "--offline"], &file);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{shown}{}", said(&output));
    assert!(shown.contains(name), "`{name}` is not in\n{shown}");
}

#[test]
fn capabilities_are_those_of_the_sandbox() {
    assert_eq!(CAPABILITIES.as_slice(), wardlet_sandbox::CAPABILITIES);
}
