//! `cargo xtask demo`: the gateway in front of a real MCP server, shown to a person and checked on
//! the way. It fails where anything differs from what should have happened.

mod agent;
mod paper;
mod scenario;
mod scenes;
mod upstream;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wardlet_author::Steps;

use crate::workspace::Workspace;
use agent::Agent;
use paper::Paper;
use scenario::Scenario;

/// Where the demo lives: everything of it lies under `target/demo`, and begins anew each time.
pub(crate) struct Stage {
    wardlet: PathBuf,
    config: PathBuf,
    folder: PathBuf,
}

impl Stage {
    /// The gateway's program with some arguments.
    fn wardlet(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.wardlet);
        command
            .args(arguments)
            .arg("--config")
            .arg(&self.config)
            .env("NO_COLOR", "1");
        command
    }
}

/// The plugins that `wardlet init` binds.
const SHIPPED: [&str; 3] = ["path-guard", "tool-allow", "secret-redactor"];

/// Builds, sets the stage, plays and checks.
pub(crate) fn run(workspace: &Workspace) -> Result<(), String> {
    let paper = Paper::new();
    let (scenario, stage) = prepare(workspace)?;
    paper.title("Wardlet: an agent's tool calls, judged one by one");
    paper.note(&format!(
        "The server is {}. The agent is a small client that speaks raw MCP.",
        scenario.server
    ));
    init(&stage, &scenario, &workspace.plugins(), &paper)?;
    let mut agent = Agent::start(
        &stage.wardlet,
        &stage.config,
        &stage.folder.join("gateway.log"),
    )?;
    scenes::play(&mut agent, &stage, &scenario, &paper)?;
    agent.stop()?;
    scenes::audit(&stage, &paper)?;
    go_on(&stage, &scenario, &paper);
    Ok(())
}

fn prepare(workspace: &Workspace) -> Result<(Scenario, Stage), String> {
    let plugins = SHIPPED.map(str::to_owned);
    crate::guests::build_plugins(workspace, &workspace.plugins(), &plugins)?;
    let steps = Steps::new(3);
    let build = ["build", "--release", "--package", "wardlet"];
    steps.run(
        "building the gateway (minutes the first time)",
        &mut workspace.cargo(&build),
    )?;
    let stage = Stage {
        wardlet: workspace.program("wardlet"),
        folder: workspace.root.join("target/demo"),
        config: workspace.root.join("target/demo/wardlet.toml"),
    };
    steps.step("clearing the stage", |_| clear(&stage.folder))?;
    let scenario = upstream::choose(workspace, &steps, &stage.folder)?;
    Ok((scenario, stage))
}

fn clear(folder: &Path) -> Result<(), String> {
    let cannot = |error| format!("cannot clear `{}`: {error}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(cannot)?;
    }
    fs::create_dir_all(folder).map_err(cannot)
}

/// `wardlet init` asks the server for its tools and writes the configuration.
fn init(stage: &Stage, scenario: &Scenario, plugins: &Path, paper: &Paper) -> Result<(), String> {
    let mut command = stage.wardlet(&["init", "--name", scenario.name]);
    command
        .arg("--plugins")
        .arg(plugins)
        .arg("--")
        .args(&scenario.command);
    paper.scene("The configuration, written for this server");
    paper.command(&format!(
        "wardlet init --name {} -- {}",
        scenario.name,
        scenario.command.join(" ")
    ));
    let said = scenes::output(command, "wardlet init")?;
    // What it says of clients comes at the end, where a person looks for it.
    paper.quote(said.lines().next().unwrap_or_default());
    paper.check(stage.config.exists(), "wardlet.toml is there")
}

/// What a person does next with their own client and server.
fn go_on(stage: &Stage, scenario: &Scenario, paper: &Paper) {
    paper.title("How to go on");
    paper.note(
        "Tell your MCP client to start this gateway instead of the server, in its `.mcp.json`:",
    );
    let entry = serde_json::json!({
        "mcpServers": { scenario.name: {
            "command": stage.wardlet,
            "args": ["run", "--config", stage.config],
        } }
    });
    paper.copy(&format!("{entry:#}"));
    let wardlet = stage.wardlet.display();
    paper.note("Write a configuration for a server of your own, and look at what it means:");
    paper.copy(&format!("{wardlet} init -- npx -y @modelcontextprotocol/server-filesystem /a/folder\n{wardlet} check"));
    paper.note(&format!(
        "This demo's files, log and keys lie in {}.",
        stage.folder.display()
    ));
}
