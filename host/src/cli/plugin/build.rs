//! `wardlet plugin build`: a component of a plugin's sources.

use std::path::{Path, PathBuf};

use serde_json::json;
use wardlet_author::{Built, Job, Project, Steps, Tools};
use wardlet_keys::digest::sha256;

use super::super::say::{self, Failure};
use super::told;

/// Arguments of `wardlet plugin build`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plugin's folder
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    path: PathBuf,
    /// Where the component goes, if not to `build/<name>.wasm` in the plugin's folder
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Where what is made on the way goes, if not to `build/work` in the plugin's folder; plugins of one
    /// language may share one if no two have the same name, and then build one after the other
    #[arg(long, value_name = "FOLDER")]
    work: Option<PathBuf>,
    /// Install what is missing of the language's tools
    #[arg(long)]
    install: bool,
    /// Print what was built as JSON
    #[arg(long)]
    json: bool,
}

/// Builds the plugin of a folder to where it belongs, with the tools that there are.
pub(super) fn make(folder: &Path) -> Result<(), Failure> {
    let project = Project::open(folder).map_err(told)?;
    let tools = Tools::of_user(false).map_err(told)?;
    component(&project, &tools, (&project.work(), &project.component())).map(drop)
}

fn component(
    project: &Project,
    tools: &Tools,
    (work, out): (&Path, &Path),
) -> Result<Built, Failure> {
    let steps = Steps::open();
    let job = Job {
        project,
        work,
        tools,
        steps: &steps,
        profile: None,
    };
    wardlet_author::build(&job, out).map_err(told)
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let project = Project::open(&arguments.path).map_err(told)?;
    let tools = Tools::of_user(arguments.install).map_err(told)?;
    let work = arguments.work.clone().unwrap_or_else(|| project.work());
    let out = arguments
        .output
        .clone()
        .unwrap_or_else(|| project.component());
    let built = component(&project, &tools, (&work, &out))?;
    tell(&project, &built, arguments.json);
    Ok(())
}

fn tell(project: &Project, built: &Built, as_json: bool) {
    let component = &built.component;
    let digest: String = sha256(&component.bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let digest = format!("sha256:{digest}");
    if as_json {
        say::json(&json!({
            "name": project.name,
            "component": built.path,
            "bytes": component.bytes.len(),
            "memory_pages": component.pages,
            "imports": component.imports,
            "digest": digest,
        }));
        return;
    }
    let pages = if component.pages == 1 {
        "page"
    } else {
        "pages"
    };
    say::out(built.path.display());
    say::out(format!("  size     {} bytes", component.bytes.len()));
    say::out(format!("  memory   {} {pages} of 64 KiB", component.pages));
    say::out(format!("  imports  {}", component.imports.join(" ")));
    say::out(format!("  digest   {digest}"));
}
