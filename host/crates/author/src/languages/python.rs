//! Python: CPython within the component, with the plugin's modules already imported.

use std::path::Path;
use std::process::Command;

use crate::build::Job;
use crate::component::Component;
use crate::failure::Failure;
use crate::files;
use crate::language::Recipe;
use crate::tools::Pin;

/// Makes components of Python.
const COMPONENTIZE: Pin = Pin {
    name: "componentize-py",
    version: "0.25.1",
    size: "about 17 MB",
};

/// The module that has the classes of the plugin.
const ENTRY: &str = "app";

/// Python.
pub(crate) struct Python;

impl Recipe for Python {
    fn build(&self, job: &Job<'_>) -> Result<Component, Failure> {
        let program = job.tools.from_pypi(&COMPONENTIZE, job.steps)?;
        let program = program.join("componentize-py");
        let wit = job.project.folder.join("wit");
        // What is there already, it does not write over.
        let bindings = job.work.join("bindings");
        files::clear(&bindings)?;
        let mut command = tool(&program, &wit);
        command.arg("bindings").arg(&bindings);
        job.steps
            .run("writing bindings for editors", &mut command)?;
        // A copy: Python leaves what it compiles beside the sources.
        let sources = job.project.folder.join("src");
        let copy = job.work.join("src");
        files::clear(&copy)?;
        for path in files::below(&sources, &["py"])? {
            let inner = path.strip_prefix(&sources).unwrap_or(&path);
            files::update(&copy.join(inner), &files::read(&path)?)?;
        }
        let made = job.work.join("component.wasm");
        let mut command = tool(&program, &wit);
        command
            .arg("componentize")
            // In place of WASI: its runtime asks for sockets, which no plugin is given.
            .arg("--stub-wasi")
            .arg("--python-path")
            .arg(&copy)
            .arg("--output")
            .arg(&made)
            .arg(ENTRY);
        let what = format!("making a component of {}", job.project.name);
        job.steps.run(&what, &mut command)?;
        Component::read(files::read(&made)?)
    }
}

fn tool(program: &Path, wit: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .arg("--wit-path")
        .arg(wit)
        // Where it fails, its own stack would push what is wrong with the plugin out of what is shown.
        .env_remove("RUST_BACKTRACE");
    command
}
