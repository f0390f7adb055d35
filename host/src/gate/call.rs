//! A call as it came, before anything was judged.

use std::sync::Arc;

use wardlet_call::{Document, Json};
use wardlet_keys::digest::{pin, sha256};
use wardlet_mcp::Id;

/// A tool as the upstream lists it.
#[derive(Clone, Debug)]
pub struct Tool {
    /// Its definition, for policies that look at it.
    pub definition: Arc<Document>,
    /// `sha256:` and the digest of the definition's canonical form.
    pub digest: String,
}

impl Tool {
    /// Takes a definition.
    #[must_use]
    pub fn new(definition: Json) -> Self {
        let text = definition.canonical_or_literal();
        Tool {
            definition: Arc::new(Document::parsed(definition, text.len())),
            digest: pin(&sha256(text.as_bytes())),
        }
    }
}

/// A request that needs a decision: a tool call, or a method that the configuration names.
#[derive(Clone, Debug)]
pub struct Call {
    /// The JSON-RPC id under which the agent waits.
    pub id: Id,
    /// The MCP method.
    pub method: String,
    /// The tool's name, as the agent wrote it; none where the method names no tool.
    pub tool: Option<String>,
    /// The tool in the upstream's list; none where the list does not hold it.
    pub listed: Option<Tool>,
    /// The arguments of a tool call, the parameters of another method; none where there are none.
    pub arguments: Option<Json>,
    /// Bytes of their text as it came.
    pub arguments_bytes: usize,
    /// What the request carries beside them, and is forwarded with it.
    pub beside: Option<Json>,
    /// The version of MCP that the session speaks.
    pub protocol: Option<String>,
}

impl Call {
    /// A request of which nothing but id and method was looked at.
    pub(crate) fn unread(id: Id, method: &str) -> Self {
        Call {
            id,
            method: method.to_owned(),
            tool: None,
            listed: None,
            arguments: None,
            arguments_bytes: 0,
            beside: None,
            protocol: None,
        }
    }

    /// Whether it is a tool call.
    #[must_use]
    pub fn is_tool_call(&self) -> bool {
        self.tool.is_some()
    }
}
