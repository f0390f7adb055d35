//! Finds a Rust toolchain that compiles to `wasm32-unknown-unknown`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::steps::Steps;
use crate::tools::{Tools, answers, is_there, output};

/// Where plugins are compiled to: std works there, and no import is there but the contract's.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's packages of a compiler that can build std from its sources.
const DEBIAN: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];

/// What those packages bring.
const DEBIAN_FOLDER: &str = "/usr/bin";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_LINKER: &str = "/usr/bin/wasm-ld-22";

/// A toolchain that was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Toolchain {
    /// The active one, with the target's std installed.
    Active,
    /// Debian's, with std compiled from source.
    Debian,
}

impl Toolchain {
    /// Its compiler.
    pub(super) fn rustc(&self) -> PathBuf {
        match self {
            Toolchain::Active => {
                std::env::var_os("RUSTC").map_or_else(|| "rustc".into(), Into::into)
            }
            Toolchain::Debian => DEBIAN_RUSTC.into(),
        }
    }

    /// What a person who waits for it should know.
    pub(super) fn note(&self) -> &'static str {
        match self {
            Toolchain::Active => "",
            Toolchain::Debian => " (its std too, the first time)",
        }
    }

    /// `cargo build` for the target.
    pub(super) fn cargo_build(&self) -> Command {
        match self {
            Toolchain::Active => {
                let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
                let mut command = Command::new(cargo);
                command.args(["build", "--target", TARGET]);
                command
            }
            Toolchain::Debian => {
                let mut command = Command::new(DEBIAN_CARGO);
                command
                    .args(["build", "-Zbuild-std=std,panic_abort", "--target", TARGET])
                    .env("RUSTC", DEBIAN_RUSTC)
                    // The distribution builds its compiler for exactly this use.
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER)
                    .env_remove("RUSTUP_TOOLCHAIN");
                command
            }
        }
    }
}

/// Finds a toolchain, or installs the target or Debian's packages where that was asked for.
pub(super) fn find(tools: &Tools, steps: &Steps) -> Result<Toolchain, Failure> {
    if let Some(toolchain) = present() {
        return Ok(toolchain);
    }
    let by_rustup = has_rustup();
    if tools.may_install() {
        if by_rustup && may_use_rustup() && add_target(steps) {
            return Ok(Toolchain::Active);
        }
        if is_root() && is_there("/usr/bin/apt-get") {
            install(steps)?;
            return Ok(Toolchain::Debian);
        }
    }
    let mut ways = format!(
        "`rustup target add {TARGET}`{}; or as root on Debian `apt-get install {}`",
        if by_rustup {
            ""
        } else {
            " (rustup is at https://rustup.rs)"
        },
        DEBIAN.join(" ")
    );
    if !tools.may_install() {
        ways.push_str("; `wardlet plugin build --install` does the one or the other");
    }
    Err(Failure::missing(
        format!("no Rust toolchain here compiles to {TARGET}"),
        ways,
    ))
}

/// Whether a toolchain is there, without an installation.
#[must_use]
pub fn is_present() -> bool {
    present().is_some()
}

fn present() -> Option<Toolchain> {
    if has_target() {
        return Some(Toolchain::Active);
    }
    let debian = [DEBIAN_RUSTC, DEBIAN_CARGO, DEBIAN_LINKER];
    // Whoever takes the folder out of the path does not want its programs.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path);
    (folders.any(|folder| folder == Path::new(DEBIAN_FOLDER))
        && debian.iter().all(is_there)
        && has_sources())
    .then_some(Toolchain::Debian)
}

/// The compiler names a folder for targets that are not installed, too: the folder must exist.
fn has_target() -> bool {
    let mut rustc = Command::new(Toolchain::Active.rustc());
    let folder = output(rustc.args(["--print", "target-libdir", "--target", TARGET]));
    folder.is_some_and(|folder| Path::new(&folder).is_dir())
}

fn has_sources() -> bool {
    let sysroot = output(Command::new(DEBIAN_RUSTC).args(["--print", "sysroot"]));
    let library = "lib/rustlib/src/rust/library/std/Cargo.toml";
    sysroot.is_some_and(|sysroot| is_there(Path::new(&sysroot).join(library)))
}

fn has_rustup() -> bool {
    answers("rustup", &["--version"])
}

/// Where `RUSTUP_AUTO_INSTALL` is 0, rustup was told not to fetch anything by itself.
fn may_use_rustup() -> bool {
    std::env::var_os("RUSTUP_AUTO_INSTALL").is_none_or(|value| value != "0")
}

/// Whether rustup put in the target. Its failure is told and then passed over: there may be
/// another way.
fn add_target(steps: &Steps) -> bool {
    let what = format!("installing the target {TARGET} with rustup");
    let mut rustup = Command::new("rustup");
    let added = steps.run(&what, rustup.args(["target", "add", TARGET]));
    if let Err(error) = &added {
        steps.say(error);
    }
    added.is_ok() && has_target()
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).as_deref() == Some("0")
}

fn install(steps: &Steps) -> Result<(), Failure> {
    let what = format!("installing Debian's {}", DEBIAN.join(", "));
    steps.run(
        "reading Debian's list of packages",
        Command::new("apt-get").arg("update"),
    )?;
    steps.run(
        &what,
        Command::new("apt-get")
            .args(["install", "--yes", "--no-install-recommends"])
            .args(DEBIAN)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )?;
    Ok(())
}
