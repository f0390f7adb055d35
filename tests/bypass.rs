//! Ways around the gate that were found by trying: each test fails on the gateway that let it happen.

mod beside;
mod cancelled;
mod ids;
mod limits;
mod rules;
mod shown;

use serde_json::{Value, json};

/// A tool call as a line; parts of it may be JSON text that no serializer would write.
fn call_line(id: &str, tool: &str, (params, envelope): (&str, &str)) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{"path":"/srv/data/a"}}{params}}}{envelope}}}"#
    )
}

/// The notification with which an agent gives a request up.
fn cancelled(id: u64) -> String {
    let params = json!({"requestId": id});
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}).to_string()
}

/// Whether a message is an error that answers nothing in particular.
fn is_error_of_nobody(message: &Value) -> bool {
    message.get("error").is_some() && message["id"].is_null()
}
