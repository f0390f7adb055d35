//! What others wrote, installed with npm and pip into a folder of its own.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use wardlet_author::Steps;

use crate::workspace::Workspace;

/// The newest Python 3 that is looked for by its own name, some years ahead.
const NEWEST_PYTHON: u32 = 20;
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
    /// The oldest Python that they take.
    python: (u32, u32),
}

/// MCP servers and clients for the tests and the demo.
pub(crate) const PEERS: Packages = Packages {
    what: "MCP servers and clients",
    pins: "tests/peers",
    into: "target/peers",
    python: (3, 10),
};

/// Verifiers of logs, canonical form and disclosures for the tests.
pub(crate) const VERIFIERS: Packages = Packages {
    what: "verifiers by others",
    pins: "tests/verifiers",
    into: "target/verifiers",
    python: (3, 12),
};

/// Where Debian's package golang-golang-x-mod-dev puts the note package of Go's checksum database.
const SUMDB_NOTE: &str = "/usr/share/gocode/src/golang.org/x/mod/sumdb/note";

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
    let Some(found) = find_python(packages.python) else {
        return Ok(None);
    };
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
    let mut venv = Command::new(found);
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

impl Packages {
    /// The file that allows tests to be skipped for want of one of them.
    pub(crate) fn allowed_skips(&self, workspace: &Workspace) -> PathBuf {
        workspace.root.join(self.pins).join("allowed-skips")
    }
}

/// Builds the verifiers in Go, where their sources and a compiler are there; gives the program.
pub(crate) fn install_sumdb_note(
    workspace: &Workspace,
    steps: &Steps,
) -> Result<Option<PathBuf>, String> {
    let into = workspace.root.join(VERIFIERS.into);
    // The compiler comes with the packages in Python.
    let compiler = into.join("python/bin/go");
    if !compiler.is_file() || !Path::new(SUMDB_NOTE).is_dir() {
        return Ok(None);
    }
    let source = workspace.root.join(VERIFIERS.pins).join("sumdb-note");
    let program = into.join("sumdb-note");
    let mut build = Command::new(compiler);
    build
        .args(["build", "-mod=mod", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(source)
        .env("GOTOOLCHAIN", "local")
        .env("GOPROXY", "off")
        .env_remove("GOFLAGS");
    steps.run("building sumdb-note", &mut build)?;
    Ok(Some(program))
}

/// A Python that is new enough: that of the path, else one that the path names with its version, else
/// one that pyenv keeps.
fn find_python(oldest: (u32, u32)) -> Option<PathBuf> {
    let check = format!("import sys, venv, ensurepip; sys.exit(sys.version_info < {oldest:?})");
    let named = (oldest.1..=NEWEST_PYTHON).map(|minor| format!("python3.{minor}"));
    let named = named.rev().map(PathBuf::from);
    let fits = |python: &PathBuf| answers(python, &["-c", &check]);
    let path = std::iter::once(PathBuf::from("python3")).chain(named);
    path.chain(pyenv_pythons()).find(fits)
}

/// Those that pyenv keeps.
fn pyenv_pythons() -> Vec<PathBuf> {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".pyenv"));
    let root = env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(home);
    let versions = root.and_then(|root| fs::read_dir(root.join("versions")).ok());
    let mut pythons: Vec<PathBuf> = versions
        .into_iter()
        .flatten()
        .filter_map(|version| Some(version.ok()?.path().join("bin/python3")))
        .collect();
    pythons.sort();
    pythons
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
pub(crate) fn answers(program: impl AsRef<OsStr>, arguments: &[&str]) -> bool {
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
