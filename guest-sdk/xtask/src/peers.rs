//! What others wrote, installed with npm and pip into a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use wardlet_author::Steps;

use crate::workspace::Workspace;

/// The oldest Python that the pinned packages take.
const PYTHON: (u32, u32) = (3, 10);
/// The oldest Node that the pinned packages take.
const NODE: u32 = 20;

/// Packages that are installed together.
pub(crate) struct Packages {
    /// What they are.
    what: &'static str,
    /// The folder of the repository that pins their versions, in `package.json` and `requirements.txt`.
    pins: &'static str,
    /// The folder below `target` that they are installed into.
    into: &'static str,
}

/// MCP servers and clients for the tests and the demo.
pub(crate) const PEERS: Packages = Packages {
    what: "MCP servers and clients",
    pins: "tests/peers",
    into: "target/peers",
};

/// What is there after [`install`].
pub(crate) struct Peers {
    /// The folder that holds `node_modules`.
    pub(crate) node: Option<PathBuf>,
    /// The interpreter of the virtual environment.
    pub(crate) python: Option<PathBuf>,
}

/// Installs the npm packages, where node and npm are there.
pub(crate) fn install_node(
    packages: &Packages,
    workspace: &Workspace,
    steps: &Steps,
) -> Result<Option<PathBuf>, String> {
    match major_of_node() {
        Some(major) if major >= NODE && answers("npm", &["--version"]) => {}
        Some(major) if major < NODE => {
            steps.say(&format!(
                "  node {major} is older than {NODE}: {} from npm are left out",
                packages.what
            ));
            return Ok(None);
        }
        _ => return Ok(None),
    }
    let folder = workspace.root.join(packages.into);
    let from = format!("{}/package.json", packages.pins);
    let pins = read(&workspace.root.join(&from))?;
    if is_stamped(&folder.join("node.installed"), &pins) {
        return Ok(Some(folder));
    }
    create(&folder)?;
    write(&folder.join("package.json"), &pins)?;
    steps.say(&format!(
        "  installing {} with npm into {} ({from})",
        packages.what, packages.into
    ));
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--no-fund",
        "--no-audit",
        "--no-package-lock",
        "--loglevel=error",
    ]);
    steps.run("npm install", npm.current_dir(&folder))?;
    write(&folder.join("node.installed"), &pins)?;
    Ok(Some(folder))
}

/// Installs the PyPI packages, where a Python is there that is new enough.
pub(crate) fn install_python(
    packages: &Packages,
    workspace: &Workspace,
    steps: &Steps,
) -> Result<Option<PathBuf>, String> {
    let check = format!("import sys, venv, ensurepip; sys.exit(sys.version_info < {PYTHON:?})");
    if !answers("python3", &["-c", &check]) {
        return Ok(None);
    }
    let into = workspace.root.join(packages.into);
    let folder = into.join("python");
    let python = folder.join("bin/python");
    let from = format!("{}/requirements.txt", packages.pins);
    let pins = workspace.root.join(&from);
    let pinned = read(&pins)?;
    if is_stamped(&folder.join("installed"), &pinned) {
        return Ok(Some(python));
    }
    create(&into)?;
    steps.say(&format!(
        "  installing {} with pip into {}/python ({from})",
        packages.what, packages.into
    ));
    let mut venv = Command::new("python3");
    steps.run(
        "python3 -m venv",
        venv.args(["-m", "venv", "--clear"]).arg(&folder),
    )?;
    let mut pip = Command::new(&python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--requirement",
    ]);
    steps.run("pip install", pip.arg(&pins))?;
    write(&folder.join("installed"), &pinned)?;
    Ok(Some(python))
}

/// Installs whatever can be installed.
pub(crate) fn install(
    packages: &Packages,
    workspace: &Workspace,
    steps: &Steps,
) -> Result<Peers, String> {
    let node = install_node(packages, workspace, steps)?;
    let python = install_python(packages, workspace, steps)?;
    Ok(Peers { node, python })
}

fn major_of_node() -> Option<u32> {
    let output = Command::new("node").arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .next()?
        .parse()
        .ok()
}

/// Whether a program is there and succeeds.
pub(crate) fn answers(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The stamp is written last: an install that was interrupted is done again.
fn is_stamped(stamp: &Path, pins: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|installed| installed == pins)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write `{}`: {error}", path.display()))
}

fn create(folder: &Path) -> Result<(), String> {
    let created = fs::create_dir_all(folder);
    created.map_err(|error| format!("cannot create `{}`: {error}", folder.display()))
}
