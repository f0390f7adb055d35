//! What is called in the demo, as data: one scenario for each kind of server.

use std::path::Path;

use serde_json::{Value, json};

/// A tool call.
pub(crate) struct Call {
    pub(crate) tool: &'static str,
    pub(crate) arguments: Value,
}

/// The calls of the demo in front of one server.
pub(crate) struct Scenario {
    /// The server's name in the configuration.
    pub(crate) name: &'static str,
    /// What the server is, for people.
    pub(crate) server: String,
    pub(crate) command: Vec<String>,
    pub(crate) allowed: Call,
    /// Stands in the answer to the allowed call.
    pub(crate) expected: &'static str,
    pub(crate) denied: Call,
    /// Its answer holds the secret.
    pub(crate) leaking: Call,
    pub(crate) secret: String,
    pub(crate) held: Call,
}

/// Text of the file that the agent may read.
pub(crate) const NOTES: &str = "Buy milk and a padlock.\n";

/// An invented AWS access key id, in two pieces so that no scanner takes this file for a leak.
pub(crate) fn secret() -> String {
    ["AKIA", "Q7X2M4W6K3TB5LDZ"].concat()
}

/// For servers with the tools of npm's `server-filesystem`. `folder` holds `notes.txt` and `deploy.env`.
pub(crate) fn files(server: String, command: Vec<String>, folder: &Path) -> Scenario {
    let path = |name: &str| json!(folder.join(name));
    Scenario {
        name: "files",
        server,
        command,
        allowed: Call {
            tool: "read_text_file",
            arguments: json!({"path": path("notes.txt")}),
        },
        expected: "padlock",
        denied: Call {
            tool: "read_text_file",
            arguments: json!({"path": path("../../../../../../etc/passwd")}),
        },
        leaking: Call {
            tool: "read_text_file",
            arguments: json!({"path": path("deploy.env")}),
        },
        secret: secret(),
        held: Call {
            tool: "write_file",
            arguments: json!({"path": path("plan.txt"), "content": "Lock the shed.\n"}),
        },
    }
}

/// For PyPI's `mcp-server-git`. `folder` is a repository whose last commit says the secret.
pub(crate) fn git(server: String, command: Vec<String>, folder: &Path) -> Scenario {
    Scenario {
        name: "git",
        server,
        command,
        allowed: Call {
            tool: "git_status",
            arguments: json!({"repo_path": folder}),
        },
        expected: "notes.txt",
        denied: Call {
            tool: "git_status",
            arguments: json!({"repo_path": folder.join("../../../../../..")}),
        },
        leaking: Call {
            tool: "git_show",
            arguments: json!({"repo_path": folder, "revision": "HEAD"}),
        },
        secret: secret(),
        held: Call {
            tool: "git_reset",
            arguments: json!({"repo_path": folder}),
        },
    }
}
