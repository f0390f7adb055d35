//! A raw MCP client: one line out, one line in, on this thread. SDK clients cost more than what is
//! to be measured.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A client with its server.
pub(crate) struct Client {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    line: String,
    next: u64,
}

impl Client {
    /// Starts a server and goes through the handshake.
    pub(crate) fn start(program: &str, arguments: &[&str]) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (to, from) = (child.stdin.take(), child.stdout.take());
        let (to, from) = to.zip(from).ok_or("the server has no pipes")?;
        let from = BufReader::new(from);
        let mut client = Client {
            child,
            to,
            from,
            line: String::new(),
            next: 0,
        };
        let hello = r#"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"0"}}"#;
        if !client.ask("initialize", hello) {
            return Err(format!("`{program}` does not answer `initialize`").into());
        }
        client
            .to
            .write_all(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n")?;
        Ok(client)
    }

    /// Calls a tool and waits. Whether the answer is a result that is no error.
    pub(crate) fn call(&mut self, tool: &str, arguments: &str) -> bool {
        let params = format!(r#"{{"name":"{tool}","arguments":{arguments}}}"#);
        self.ask("tools/call", &params) && !self.line.contains("\"isError\":true")
    }

    /// The number of the server's process.
    #[allow(dead_code, reason = "the bench of the round trip does not ask")]
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    fn ask(&mut self, method: &str, params: &str) -> bool {
        self.next += 1;
        let line = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"{method}\",\"params\":{params}}}\n",
            self.next
        );
        self.line.clear();
        self.to.write_all(line.as_bytes()).is_ok()
            && self.from.read_line(&mut self.line).is_ok()
            && self.line.contains("\"result\"")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Nobody waits for the answer of a server that is about to be ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program of this workspace, in the folder of the gateway's binary.
pub(crate) fn program(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let path = PathBuf::from(env!("CARGO_BIN_EXE_wardlet")).with_file_name(name);
    if path.is_file() {
        return Ok(path);
    }
    let build = format!("cargo build --release -p {name}");
    Err(format!("no `{}`; build it with `{build}`", path.display()).into())
}
