//! `wardlet init`: a starter configuration from the server's own list of tools.

use std::path::{Path, PathBuf};

use wardlet_call::{PluginName, ServerName};
use wardlet_keys::digest::sha256;
use wardlet_sandbox::inspect;

use super::say::{self, Failure, UNREADABLE, WRONG};
use super::{CONFIG, setup};
use crate::config::{self, DEFAULT_ENV, Starter, StarterKind, StarterPlugin, StarterTool};
use crate::probe;
use crate::session::Launch;

/// The plugins that ship with Wardlet, in the order in which a starter binds them.
const SHIPPED: [&str; 3] = ["path-guard", "tool-allow", "secret-redactor"];

/// The folder of components beside a configuration.
const FOLDER: &str = "plugins";

/// Arguments of `wardlet init`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The file to write
    #[arg(long, default_value = CONFIG, value_name = "FILE")]
    config: PathBuf,
    /// What to call the server
    #[arg(long, default_value = "server")]
    name: String,
    /// Where the shipped plugins lie, if not beside this program
    #[arg(long, value_name = "FOLDER")]
    plugins: Option<PathBuf>,
    /// Write over what is there
    #[arg(long)]
    force: bool,
    /// The command that starts the server
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    let server = ServerName::parse(&arguments.name)
        .map_err(|error| Failure::new(WRONG, format!("`{}`: {error}", arguments.name)))?;
    if arguments.config.exists() && !arguments.force {
        let error = format!("`{}` is there already", arguments.config.display());
        return Err(Failure::new(WRONG, error).hint(Some("`--force` writes over it")));
    }
    let tools = ask(&arguments.command)?;
    let folder = arguments
        .config
        .parent()
        .unwrap_or(Path::new(""))
        .to_owned();
    let plugins = ship(arguments.plugins.as_deref(), &folder)?;
    let starter_tools: Vec<StarterTool> = tools
        .iter()
        .map(|tool| StarterTool {
            name: tool.name.clone(),
            read_only: tool.read_only,
            destructive: tool.destructive,
            arguments: tool.arguments(),
        })
        .collect();
    let roots = roots(&arguments.command);
    let text = config::starter(&Starter {
        server: &server,
        command: &arguments.command,
        tools: &starter_tools,
        plugins: &plugins,
        roots: &roots,
    });
    let written = std::fs::write(&arguments.config, text);
    written.map_err(|error| cannot_write(&arguments.config, &error))?;
    tell(arguments, tools.len());
    Ok(())
}

fn ask(command: &[String]) -> Result<Vec<probe::ListedTool>, Failure> {
    let launch = Launch {
        command: command.to_vec(),
        env: DEFAULT_ENV.iter().map(|name| (*name).to_owned()).collect(),
        set_env: std::collections::BTreeMap::new(),
        cwd: None,
    };
    setup::runtime()?
        .block_on(probe::tools(&launch))
        .map_err(|error| {
            let hint = error.hint();
            Failure::new(UNREADABLE, error).hint(hint)
        })
}

/// Copies the shipped plugins beside the configuration, so that it needs nothing else.
fn ship(named: Option<&Path>, folder: &Path) -> Result<Vec<StarterPlugin>, Failure> {
    let Some(source) = named.map(Path::to_owned).or_else(beside_program) else {
        let hint = "name the folder of the shipped components with `--plugins`";
        return Err(Failure::new(
            UNREADABLE,
            "the shipped plugins are not beside this program",
        )
        .hint(Some(hint)));
    };
    let target = folder.join(FOLDER);
    std::fs::create_dir_all(&target).map_err(|error| cannot_write(&target, &error))?;
    let mut plugins = Vec::new();
    for name in SHIPPED {
        let file = format!("{name}.wasm");
        let bytes = std::fs::read(source.join(&file)).map_err(|error| {
            let path = source.join(&file);
            Failure::new(
                UNREADABLE,
                format!("cannot read `{}`: {error}", path.display()),
            )
        })?;
        let path = target.join(&file);
        std::fs::write(&path, &bytes).map_err(|error| cannot_write(&path, &error))?;
        plugins.push(describe(name, &format!("{FOLDER}/{file}"), &bytes)?);
    }
    Ok(plugins)
}

fn describe(name: &str, component: &str, bytes: &[u8]) -> Result<StarterPlugin, Failure> {
    let wrong =
        |error: &dyn std::fmt::Display| Failure::new(WRONG, format!("`{component}`: {error}"));
    let name = PluginName::parse(name).map_err(|error| wrong(&error))?;
    let imports = inspect(bytes).map_err(|error| wrong(&error))?;
    Ok(StarterPlugin {
        name,
        component: component.to_owned(),
        digest: sha256(bytes),
        grants: imports
            .capabilities
            .iter()
            .map(|c| c.name().to_owned())
            .collect(),
        kind: if imports.policy {
            StarterKind::Policy
        } else {
            StarterKind::Redactor
        },
    })
}

/// The folder of components beside the program, or beside the folder of the program.
fn beside_program() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let folder = program.parent()?;
    let candidates = [folder.join(FOLDER), folder.parent()?.join(FOLDER)];
    candidates
        .into_iter()
        .find(|folder| folder.join("path-guard.wasm").is_file())
}

/// The absolute folders among a command's arguments: what file servers are given as their roots.
fn roots(command: &[String]) -> Vec<PathBuf> {
    let folders = command.iter().skip(1).map(PathBuf::from);
    folders
        .filter(|path| path.is_absolute() && path.is_dir())
        .collect()
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        UNREADABLE,
        format!("cannot write `{}`: {error}", path.display()),
    )
}

fn tell(arguments: &Arguments, tools: usize) {
    let config =
        std::path::absolute(&arguments.config).unwrap_or_else(|_| arguments.config.clone());
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("wardlet"));
    let entry = serde_json::json!({ "mcpServers": { &arguments.name: {
        "command": program, "args": ["run", "--config", config],
    } } });
    say::out(format!(
        "{} says what agents may do with {tools} tools",
        arguments.config.display()
    ));
    say::out("read it, then check it:");
    say::out(format!(
        "  wardlet check --config {}",
        arguments.config.display()
    ));
    say::out("and put this into the MCP client's configuration, for example `.mcp.json`:");
    say::json(&entry);
}
