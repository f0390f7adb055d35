//! JSON-RPC lines, as plainly as they can be read and written.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Deserialize;
use serde_json::value::RawValue;

/// One message from the client.
#[derive(Deserialize)]
pub(crate) struct Incoming<'a> {
    #[serde(borrow)]
    pub(crate) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) params: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) result: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) error: Option<&'a RawValue>,
}

/// Writes one line per message and flushes it.
pub(crate) struct Answers<W> {
    output: W,
    /// JSON text that stands in each envelope beside what JSON-RPC knows: empty, or a comma and members.
    beside: String,
    line: Vec<u8>,
}

impl<W: Write> Answers<W> {
    pub(crate) fn new(output: W, beside: String) -> Self {
        Answers {
            output,
            beside,
            line: Vec::new(),
        }
    }

    /// Writes bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.output.write_all(bytes)?;
        self.output.flush()
    }

    /// `result` is JSON.
    pub(crate) fn result(&mut self, id: &str, result: &str) -> io::Result<()> {
        self.line(&[r#","id":"#, id, r#","result":"#, result])
    }

    /// `error` is the JSON of a JSON-RPC error object.
    pub(crate) fn failure(&mut self, id: &str, error: &str) -> io::Result<()> {
        self.line(&[r#","id":"#, id, r#","error":"#, error])
    }

    /// A request of the server's own; `id` and `params` are JSON.
    pub(crate) fn request(&mut self, id: &str, method: &str, params: &str) -> io::Result<()> {
        let head = [r#","id":"#, id, r#","method":""#, method];
        self.line(&[&head[..], &[r#"","params":"#, params]].concat())
    }

    /// `params` is JSON.
    pub(crate) fn notification(&mut self, method: &str, params: &str) -> io::Result<()> {
        self.line(&[r#","method":""#, method, r#"","params":"#, params])
    }

    fn line(&mut self, pieces: &[&str]) -> io::Result<()> {
        self.line.clear();
        self.line.extend_from_slice(br#"{"jsonrpc":"2.0""#);
        for piece in pieces.iter().chain(&[self.beside.as_str(), "}\n"]) {
            self.line.extend_from_slice(piece.as_bytes());
        }
        self.output.write_all(&self.line)?;
        self.output.flush()
    }
}

/// `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A tool's result with one block of text.
pub(crate) fn text_result(text: &str, is_error: bool) -> String {
    let text = quoted(text);
    format!(r#"{{"content":[{{"type":"text","text":{text}}}],"isError":{is_error}}}"#)
}
