//! Plugins in Rust: one run of cargo for all of them.

use std::path::PathBuf;
use std::process::Command;

use super::progress::Progress;
use super::toolchain::{TARGET, Toolchain, output};
use super::{root, target_folder};

/// The stack of a plugin in bytes. With it, stack, data and arena of a small plugin fit one page of
/// 64 KiB, and the size of the memory is what a fresh sandbox costs.
pub(super) const STACK: usize = 16_384;

/// Cargo's profile for plugins, in the workspace's manifest.
const PROFILE: &str = "guest";

/// Compiles packages, and gives each one's core module.
pub(super) fn compile<'a>(
    toolchain: &Toolchain,
    packages: &[&'a str],
    progress: &Progress,
) -> Result<Vec<(&'a str, PathBuf)>, String> {
    // A target folder of its own: the flags differ from those of everything else.
    let target = target_folder().join("guests");
    let mut cargo = toolchain.cargo_build();
    cargo
        .args(["--lib", "--profile", PROFILE])
        .args(packages.iter().flat_map(|package| ["--package", package]))
        .current_dir(root())
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(toolchain).join("\x1f"));
    let what = match toolchain {
        Toolchain::Active => "compiling the plugins",
        Toolchain::Debian => "compiling the plugins (their std too, the first time)",
    };
    progress.run(what, &mut cargo)?;
    let modules = target.join(TARGET).join(PROFILE);
    Ok(packages
        .iter()
        .map(|package| {
            let file = format!("{}.wasm", package.replace('-', "_"));
            (*package, modules.join(file))
        })
        .collect())
}

/// The flags of the compiler. Paths of this machine are written as others in the component, so
/// that it tells nothing of who built it and comes out the same elsewhere.
fn flags(toolchain: &Toolchain) -> Vec<String> {
    let mut flags = vec![format!("-Clink-arg=-zstack-size={STACK}")];
    let sysroot = output(Command::new(toolchain.rustc()).args(["--print", "sysroot"]));
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| {
            let home = std::env::var_os("HOME")?;
            Some(PathBuf::from(home).join(".cargo"))
        });
    for (from, to) in [
        (Some(root()), "/wardlet"),
        (home, "/cargo"),
        (sysroot.map(PathBuf::from), "/rust"),
    ] {
        if let Some(from) = from {
            flags.push(format!("--remap-path-prefix={}={to}", from.display()));
        }
    }
    flags
}
