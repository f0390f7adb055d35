//! The development command: `cargo xtask demo | test | guests | reference | lint`.
#![forbid(unsafe_code)]

mod contract;
mod demo;
mod guests;
mod lint;
mod peers;
mod test;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use workspace::Workspace;

/// Works on this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds everything, puts the gateway in front of a real MCP server and shows what it does
    Demo,
    /// Builds the plugins, installs servers and clients by others, and runs every test
    Test {
        /// Passed on to cargo test, for example: -- --test gate
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Builds the plugins into components
    Guests {
        /// Only these; all without a name
        names: Vec<String>,
        /// Where the components go
        #[arg(long, default_value = "target/plugins")]
        out: PathBuf,
        /// Those that only tests load, in every language that builds here
        #[arg(long, conflicts_with_all = ["names", "out"])]
        tests: bool,
    },
    /// Writes the reference of the contract, `wit/REFERENCE.md`, anew
    Reference,
    /// Checks formatting, clippy and documentation, with warnings as errors
    Lint,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = Workspace::find().and_then(|workspace| match cli.task {
        Task::Demo => demo::run(&workspace),
        Task::Test { arguments } => test::run(&workspace, &arguments),
        Task::Guests { tests: true, .. } => guests::build_test_guests(&workspace),
        Task::Guests { names, out, .. } => {
            let out = workspace.root.join(out);
            guests::build_plugins(&workspace, &out, &names).map(|built| guests::show(&built))
        }
        Task::Reference => contract::write_reference(&workspace),
        Task::Lint => lint::run(&workspace),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
