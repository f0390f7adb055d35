//! `cargo xtask lint`: what a reviewer should not have to look for.

use std::process::Command;

use wardlet_author::Kind;

use crate::workspace::Workspace;

/// Formatting, clippy on every target, and the documentation, each with warnings as errors.
pub(crate) fn run(workspace: &Workspace) -> Result<(), String> {
    let mut format = workspace.cargo(&["fmt", "--all", "--check"]);
    finish("cargo fmt --all --check", &mut format)?;
    // Workspaces of their own: the examples in Rust are what authors get.
    for kind in Kind::ALL {
        let manifest = format!("plugins/examples/rust/{}/Cargo.toml", kind.name());
        let mut format = workspace.cargo(&["fmt", "--check", "--manifest-path", &manifest]);
        finish(&format!("cargo fmt --check of {manifest}"), &mut format)?;
    }
    let mut clippy = workspace.cargo(&["clippy", "--release", "--workspace", "--all-targets"]);
    finish("cargo clippy", clippy.args(["--", "-D", "warnings"]))?;
    let mut docs = workspace.cargo(&["doc", "--release", "--workspace", "--no-deps"]);
    finish("cargo doc", docs.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Runs a command whose output goes straight to whoever started us.
pub(crate) fn finish(what: &str, command: &mut Command) -> Result<(), String> {
    eprintln!("- {what}");
    let status = command
        .status()
        .map_err(|error| format!("cannot start {what}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{what} ended with {status}"))
    }
}
