//! The agent: a client that speaks MCP line by line, so that it can also send what no SDK would.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long the demo waits for any one answer. Node takes seconds to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// The newest version of MCP that begins with an initialize request.
const PROTOCOL: &str = "2025-11-25";

/// A session through the gateway.
pub(crate) struct Agent {
    gateway: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
    next: u64,
}

impl Agent {
    /// Starts `wardlet run` and initialises the session.
    pub(crate) fn start(wardlet: &Path, config: &Path, log: &Path) -> Result<Self, String> {
        let cannot = |error| format!("cannot start the gateway: {error}");
        let log = File::create(log).map_err(cannot)?;
        let mut command = Command::new(wardlet);
        command.arg("run").arg("--config").arg(config);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut gateway = command.spawn().map_err(cannot)?;
        let input = gateway.stdin.take();
        let output = gateway
            .stdout
            .take()
            .ok_or("the gateway has no standard output")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let Ok(message) = serde_json::from_str(&line) else {
                    break;
                };
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut agent = Agent {
            gateway,
            input,
            lines,
            next: 0,
        };
        let about = json!({"name": "demo-agent", "version": "1.0.0"});
        let hello = json!({"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": about});
        let id = agent.request("initialize", &hello)?;
        let answer = agent.answer(id)?;
        if answer.get("result").is_none() {
            return Err(format!("the session was not initialised: {answer}"));
        }
        agent
            .send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string())?;
        Ok(agent)
    }

    /// Sends a line as it is.
    pub(crate) fn send(&mut self, line: &str) -> Result<(), String> {
        let input = self.input.as_mut().ok_or("the session is closed")?;
        let sent = writeln!(input, "{line}").and_then(|()| input.flush());
        sent.map_err(|error| format!("cannot write to the gateway: {error}"))
    }

    /// Sends a request and gives its id.
    pub(crate) fn request(&mut self, method: &str, params: &Value) -> Result<u64, String> {
        let id = self.fresh_id();
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.send(&request.to_string())?;
        Ok(id)
    }

    /// Sends a tool call and gives its id.
    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> Result<u64, String> {
        self.request("tools/call", &json!({"name": tool, "arguments": arguments}))
    }

    /// An id that was not used yet.
    pub(crate) fn fresh_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Waits for the answer to a request. What else arrives is passed over.
    pub(crate) fn answer(&mut self, id: u64) -> Result<Value, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(message)
                    if message.get("id") == Some(&json!(id)) && message.get("method").is_none() =>
                {
                    return Ok(message);
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("no answer came within {} s", PATIENCE.as_secs()));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(
                        "the gateway ended early; target/demo/gateway.log says why".to_owned()
                    );
                }
            }
        }
    }

    /// Closes the session as clients do, by closing the gateway's standard input.
    pub(crate) fn stop(mut self) -> Result<(), String> {
        drop(self.input.take());
        let status = self.gateway.wait();
        let status = status.map_err(|error| format!("cannot wait for the gateway: {error}"))?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the gateway ended with {status}"))
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.gateway.kill();
        let _ = self.gateway.wait();
    }
}

/// The text of a tool's result, all blocks in a row.
pub(crate) fn text_of(answer: &Value) -> String {
    let blocks = answer.pointer("/result/content").and_then(Value::as_array);
    let texts = blocks
        .into_iter()
        .flatten()
        .filter_map(|block| block.get("text")?.as_str());
    texts.collect::<Vec<_>>().join("\n")
}
