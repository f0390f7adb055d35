//! Where things are, and how to call cargo.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace that this command belongs to.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Cargo tells a program that it runs where its manifest is; the root lies two folders above.
    pub(crate) fn find() -> Result<Self, String> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .ok_or("start this command as `cargo xtask …` in the repository")?;
        let root = Path::new(&manifest).ancestors().nth(2);
        let root = root
            .ok_or("the repository's root was not found")?
            .to_owned();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => root.join(folder),
            None => root.join("target"),
        };
        Ok(Workspace { root, target })
    }

    /// A cargo command in the root. Progress is ours to show where we show it.
    pub(crate) fn cargo<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// Components go here; configurations refer to them.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.root.join("target/plugins")
    }

    /// Components that only tests load go here.
    pub(crate) fn test_guests(&self) -> PathBuf {
        self.plugins().join("tests")
    }

    /// Servers and clients that others wrote are installed here.
    pub(crate) fn peers(&self) -> PathBuf {
        self.root.join("target/peers")
    }

    /// Verifiers that others wrote are installed here.
    pub(crate) fn verifiers(&self) -> PathBuf {
        self.root.join("target/verifiers")
    }

    /// A program of this workspace, built with the release profile.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.target.join("release").join(name)
    }
}
