//! The tools that a language needs and a machine may not have: pinned packages of PyPI and npm, in a
//! folder of the user's. Nothing is installed unless it was asked for.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::files;
use crate::steps::Steps;

/// The variable that names another folder for them.
const FOLDER: &str = "WARDLET_TOOLS";

/// Written last: an install that was interrupted is done again.
const STAMP: &str = "installed";

/// What node says where it is new enough.
const NODE: &str = "process.exit(process.versions.node.split('.')[0] < 20 ? 1 : 0)";

/// A package at one version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pin {
    /// Its name in the registry.
    pub(crate) name: &'static str,
    /// Its version.
    pub(crate) version: &'static str,
    /// About how much is fetched, for the person who waits.
    pub(crate) size: &'static str,
}

/// Where tools are kept, and whether missing ones are installed.
#[derive(Clone, Debug)]
pub struct Tools {
    folder: PathBuf,
    install: bool,
}

#[allow(
    clippy::wrong_self_convention,
    reason = "`tools.from_pypi(…)`: where a tool comes from"
)]
impl Tools {
    /// Tools in a folder. Missing ones are installed where `install` is true, and else told.
    #[must_use]
    pub fn new(folder: PathBuf, install: bool) -> Self {
        Tools { folder, install }
    }

    /// Tools in the user's folder: `WARDLET_TOOLS`, else `wardlet/tools` in the user's cache.
    ///
    /// # Errors
    /// There is no home folder.
    pub fn of_user(install: bool) -> Result<Self, Failure> {
        let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let folder = variable(FOLDER).map(PathBuf::from).or_else(|| {
            let cache = variable("XDG_CACHE_HOME").map(PathBuf::from);
            let cache = cache.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")));
            Some(cache?.join("wardlet").join("tools"))
        });
        let none = || {
            let hint = format!("name a folder for tools in `{FOLDER}`");
            Failure::wrong("there is no home folder", hint)
        };
        Ok(Tools::new(folder.ok_or_else(none)?, install))
    }

    /// Whether missing tools are installed.
    #[must_use]
    pub fn may_install(&self) -> bool {
        self.install
    }

    /// The folder of the programs of a PyPI package, which is installed into a Python environment of its
    /// own. `python` there is the environment's interpreter.
    pub(crate) fn from_pypi(&self, pin: &Pin, steps: &Steps) -> Result<PathBuf, Failure> {
        let (folder, stamp) = self.place(pin);
        let programs = folder.join("bin");
        if stamp.exists() {
            return Ok(programs);
        }
        if !self.install {
            return Err(self.missing(pin, "PyPI"));
        }
        if !answers("python3", &["-c", "import venv, ensurepip"]) {
            return Err(Failure::missing(
                format!("no python3 with venv, which {} is installed with", pin.name),
                "install Python 3.10 or later; on Debian `apt-get install python3-venv`",
            ));
        }
        steps.run(
            &format!("making a Python environment for {}", pin.name),
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&folder),
        )?;
        let package = format!("{}=={}", pin.name, pin.version);
        steps.run(
            &format!("installing {package} from PyPI ({})", pin.size),
            Command::new(programs.join("python"))
                .args(["-m", "pip", "install", "--disable-pip-version-check"])
                .arg(&package),
        )?;
        files::write(&stamp, b"")?;
        Ok(programs)
    }

    /// The folder of the programs of an npm package, which is installed into a folder of its own.
    #[allow(dead_code, reason = "languages whose tools are on npm use it")]
    pub(crate) fn from_npm(&self, pin: &Pin, steps: &Steps) -> Result<PathBuf, Failure> {
        let (folder, stamp) = self.place(pin);
        let programs = folder.join("node_modules").join(".bin");
        let hint = format!(
            "install Node 20 or later with npm, on Debian `apt-get install nodejs npm`; \
             `wardlet plugin build --install` then installs {} ({})",
            pin.name, pin.size
        );
        // Asked of an installed package too: its programs run in it.
        if !answers("node", &["-e", NODE]) {
            let text = format!("no node, or one before 20, which {} runs in", pin.name);
            return Err(Failure::missing(text, hint));
        }
        if stamp.exists() {
            return Ok(programs);
        }
        if !self.install {
            return Err(self.missing(pin, "npm"));
        }
        if !answers("npm", &["--version"]) {
            let text = format!("no npm, which {} is installed with", pin.name);
            return Err(Failure::missing(text, hint));
        }
        files::create(&folder)?;
        // Without a manifest of its own npm would install beside the next one above.
        files::write(&folder.join("package.json"), b"{ \"private\": true }\n")?;
        let package = format!("{}@{}", pin.name, pin.version);
        steps.run(
            &format!("installing {package} from npm ({})", pin.size),
            Command::new("npm")
                .args(["install", "--no-fund", "--no-audit", "--save-exact"])
                // None of the packages needs one, and a script may do anything.
                .arg("--ignore-scripts")
                .arg(&package)
                .current_dir(&folder),
        )?;
        files::write(&stamp, b"")?;
        Ok(programs)
    }

    fn place(&self, pin: &Pin) -> (PathBuf, PathBuf) {
        let name = pin.name.replace('/', "-");
        let folder = self.folder.join(format!("{name}-{}", pin.version));
        let stamp = folder.join(STAMP);
        (folder, stamp)
    }

    fn missing(&self, pin: &Pin, registry: &str) -> Failure {
        Failure::missing(
            format!("{} {} is not installed", pin.name, pin.version),
            format!(
                "`wardlet plugin build --install` installs it from {registry} into `{}` ({})",
                self.folder.display(),
                pin.size
            ),
        )
    }
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

/// The first line that a command prints, if it succeeds.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.lines().next().unwrap_or_default().to_owned())
}

/// Whether a file is there, without a look at what it holds.
pub(crate) fn is_there(path: impl AsRef<Path>) -> bool {
    fs::metadata(path).is_ok()
}
