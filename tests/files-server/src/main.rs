//! An MCP server over one folder, on the official Rust SDK. Tools and arguments are named as those
//! of npm's `server-filesystem`, so that the demo and the tests can put either behind the gateway.
#![forbid(unsafe_code)]

mod folder;

use std::process::ExitCode;

use rmcp::handler::server::wrapper::Parameters;
use rmcp::{ServerHandler, ServiceExt as _, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use folder::Folder;

/// The arguments of a tool that takes one path.
#[derive(Deserialize, JsonSchema)]
struct Place {
    /// An absolute path inside of the folder.
    path: String,
}

/// The arguments of `write_file`.
#[derive(Deserialize, JsonSchema)]
struct NewFile {
    /// An absolute path inside of the folder.
    path: String,
    /// What the file holds afterwards.
    content: String,
}

#[derive(Clone)]
struct Files {
    folder: Folder,
}

#[tool_router]
impl Files {
    #[tool(
        description = "Reads a text file",
        annotations(read_only_hint = true, open_world_hint = false)
    )]
    async fn read_text_file(&self, place: Parameters<Place>) -> Result<String, String> {
        self.folder.read(&place.0.path)
    }

    #[tool(
        description = "Writes a file, and replaces one that is there",
        annotations(
            read_only_hint = false,
            destructive_hint = true,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn write_file(&self, file: Parameters<NewFile>) -> Result<String, String> {
        self.folder.write(&file.0.path, &file.0.content)
    }

    #[tool(
        description = "Lists a folder",
        annotations(read_only_hint = true, open_world_hint = false)
    )]
    async fn list_directory(&self, place: Parameters<Place>) -> Result<String, String> {
        self.folder.list(&place.0.path)
    }

    #[tool(
        description = "Names the folder that is served",
        annotations(read_only_hint = true, open_world_hint = false)
    )]
    async fn list_allowed_directories(&self) -> String {
        format!("Allowed directories:\n{}", self.folder.root().display())
    }
}

#[tool_handler]
impl ServerHandler for Files {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(root) = std::env::args_os().nth(1) else {
        eprintln!("usage: files-server FOLDER");
        return ExitCode::from(2);
    };
    let folder = match Folder::open(root.as_ref()) {
        Ok(folder) => folder,
        Err(error) => {
            eprintln!("files-server: {error}");
            return ExitCode::FAILURE;
        }
    };
    let serving = Files { folder }.serve(rmcp::transport::stdio()).await;
    match serving {
        Ok(session) => match session.waiting().await {
            Ok(_) => ExitCode::SUCCESS,
            Err(error) => fail(&error.to_string()),
        },
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(error: &str) -> ExitCode {
    eprintln!("files-server: {error}");
    ExitCode::FAILURE
}
