//! The command line.
//!
//! Exit codes: 0 done; 1 refused, or the log is broken; 2 the command line or the configuration is
//! wrong; 3 something cannot be read or reached.

mod approvals;
mod audit;
mod check;
mod compile;
mod init;
mod offline;
mod outside;
mod plugin;
mod quarantine;
mod reload;
mod run;
mod say;
mod setup;
mod signer;
mod status;
mod witness;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};

/// The configuration that is read where none is named.
const CONFIG: &str = "wardlet.toml";

/// Where the options of the log stand in a help text: after those of the command.
const LOG_HEADING: &str = "Log";

/// A zero-trust gateway for the tool calls of AI agents.
///
/// Every call passes sandboxed policies, waits for a human where the risk is high, carries a token
/// for exactly itself, comes back redacted, and leaves signed entries in an audit log.
#[derive(Debug, Parser)]
#[command(name = "wardlet", version, arg_required_else_help = true)]
struct Arguments {
    #[command(flatten)]
    logging: Logging,
    #[command(subcommand)]
    command: Command,
}

/// Where the gateway's own log goes. Never to standard output.
#[derive(Debug, clap::Args)]
struct Logging {
    /// Levels of the log on standard error, for example `info` or `wardlet=debug`
    #[arg(
        long = "log",
        env = "WARDLET_LOG",
        default_value = "info",
        global = true,
        help_heading = LOG_HEADING,
        value_name = "LEVELS"
    )]
    levels: String,
    /// Form of the log
    #[arg(
        long,
        env = "WARDLET_LOG_FORMAT",
        default_value = "text",
        global = true,
        help_heading = LOG_HEADING
    )]
    log_format: LogFormat,
    /// Write the log to this file instead of standard error
    #[arg(
        long,
        env = "WARDLET_LOG_FILE",
        global = true,
        help_heading = LOG_HEADING,
        value_name = "FILE"
    )]
    log_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a starter configuration from a server's own list of tools
    Init(init::Arguments),
    /// Check a configuration: load its plugins, and show who sees what of each tool
    Check(check::Arguments),
    /// Stand in front of one MCP server, for a client on standard input and output
    Run(run::Arguments),
    /// Let a running gateway take its configuration again: whole, or not at all
    Reload(reload::Arguments),
    /// What a running gateway does and judges by
    Status(status::Arguments),
    /// List and decide the calls that wait for a human
    Approvals(approvals::Arguments),
    /// List the callers that are refused what needs a plugin they made fault, and let them go
    Quarantine(quarantine::Arguments),
    /// Show and verify the audit log
    Audit(Box<audit::Arguments>),
    /// Sign the checkpoints of a gateway's log in a process of its own, which alone holds their key
    Signer(signer::Arguments),
    /// Cosign the checkpoints of logs, as a witness on another machine than theirs
    Witness(witness::Arguments),
    /// Write plugins: make, build, try, look at and measure them
    Plugin(plugin::Arguments),
    /// Compile one component for the gateway that started this process
    #[command(name = compile::COMMAND, hide = true)]
    Compile,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Which state folder a command is about.
#[derive(Debug, clap::Args)]
struct Where {
    /// The configuration whose state it is
    #[arg(long, env = "WARDLET_CONFIG", default_value = CONFIG, value_name = "FILE")]
    config: PathBuf,
    /// The state folder itself
    #[arg(long, value_name = "FOLDER", conflicts_with = "config")]
    state: Option<PathBuf>,
}

impl Where {
    fn folder(&self) -> Result<PathBuf, say::Failure> {
        match &self.state {
            Some(folder) => Ok(folder.clone()),
            None => Ok(setup::load(&self.config, false)?.gateway.state),
        }
    }
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to standard output with code 0, faults to standard error with 2.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    // The compiler of a stranger's component opens and writes nothing, no log either.
    if let Command::Compile = arguments.command {
        return wardlet_sandbox::compile_for_parent();
    }
    let done = setup::logging(&arguments.logging).and_then(|()| match arguments.command {
        Command::Init(arguments) => init::main(&arguments),
        Command::Check(arguments) => check::main(&arguments),
        Command::Run(arguments) => run::main(&arguments),
        Command::Reload(arguments) => reload::main(&arguments),
        Command::Status(arguments) => status::main(&arguments),
        Command::Approvals(arguments) => approvals::main(&arguments),
        Command::Quarantine(arguments) => quarantine::main(&arguments),
        Command::Audit(arguments) => audit::main(&arguments),
        Command::Signer(arguments) => signer::main(&arguments),
        Command::Witness(arguments) => witness::main(&arguments),
        Command::Plugin(arguments) => plugin::main(&arguments),
        // Done above.
        Command::Compile => Ok(()),
        Command::Completions { shell } => {
            let mut command = Arguments::command();
            clap_complete::generate(shell, &mut command, "wardlet", &mut std::io::stdout());
            Ok(())
        }
    });
    match done.and_then(|()| say::lost()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}
