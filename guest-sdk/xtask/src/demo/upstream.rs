//! Which server the demo stands in front of: npm's files server where node is there, else PyPI's
//! git server, else the one of this repository.

use std::fs;
use std::path::Path;
use std::process::Command;

use wardlet_author::Steps;

use crate::peers::{self, PEERS};
use crate::workspace::Workspace;

use super::scenario::{self, NOTES, Scenario};

/// Installs or builds the server and writes the files that it serves.
pub(crate) fn choose(
    workspace: &Workspace,
    steps: &Steps,
    stage: &Path,
) -> Result<Scenario, String> {
    let folder = stage.join("files");
    write_files(&folder)
        .map_err(|error| format!("cannot write `{}`: {error}", folder.display()))?;
    let served = folder.display().to_string();
    if let Some(node) = peers::install_node(&PEERS, workspace, steps)? {
        let script =
            node.join("node_modules/@modelcontextprotocol/server-filesystem/dist/index.js");
        let command = vec!["node".to_owned(), script.display().to_string(), served];
        let server = "npm's @modelcontextprotocol/server-filesystem".to_owned();
        return Ok(scenario::files(server, command, &folder));
    }
    steps.say("  no node with npm here, so the demo takes a server from PyPI");
    if let Some(python) = peers::install_python(&PEERS, workspace, steps)?
        && commit(&folder)
    {
        let words = [
            &python.display().to_string(),
            "-m",
            "mcp_server_git",
            "--repository",
            &served,
        ];
        let command = words.iter().map(|word| (*word).to_owned()).collect();
        return Ok(scenario::git(
            "PyPI's mcp-server-git".to_owned(),
            command,
            &folder,
        ));
    }
    steps.say("  nor python3 with venv and git, so the demo takes this repository's own server");
    let build = ["build", "--release", "--package", "files-server"];
    steps.run("building the files server", &mut workspace.cargo(&build))?;
    let command = vec![
        workspace.program("files-server").display().to_string(),
        served,
    ];
    let server = "this repository's tests/files-server, on the official Rust SDK".to_owned();
    Ok(scenario::files(server, command, &folder))
}

fn write_files(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("notes.txt"), NOTES)?;
    let secret = scenario::secret();
    fs::write(
        folder.join("deploy.env"),
        format!("REGION=eu-west-1\nAWS_ACCESS_KEY_ID={secret}\n"),
    )
}

/// Makes a repository whose one commit adds the file with the secret; `notes.txt` stays untracked.
/// False where there is no git that works.
fn commit(folder: &Path) -> bool {
    let settings = ["-c", "user.name=demo", "-c", "user.email=demo@example.com"];
    let runs: [&[&str]; 3] = [
        &["init", "--quiet"],
        &["add", "deploy.env"],
        &["commit", "--quiet", "-m", "deploy"],
    ];
    runs.iter().all(|run| {
        let mut git = Command::new("git");
        let status = git.current_dir(folder).args(settings).args(*run).status();
        status.is_ok_and(|status| status.success())
    })
}
