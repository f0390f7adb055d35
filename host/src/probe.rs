//! Asks a server for its tools without an agent: for `wardlet init` and `wardlet check`.

use std::time::Duration;

use tokio::time::timeout;
use wardlet_call::Json;
use wardlet_mcp::{Id, Line, Lines, MAX_LINE_BYTES, Message, ToolPage, encode, name};

use crate::session::{Launch, LaunchError, Server};

/// How long a server may take to answer. Servers that install themselves at first use need tens of
/// seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Pages of the list of tools: a server that always names a next page must not be asked for ever.
const MAX_PAGES: u64 = 100;

/// What `initialize` says for the gateway itself (MCP 2025-11-25, lifecycle).
const INITIALIZE: &str = concat!(
    r#"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"wardlet","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}}"#
);

/// A tool as the server lists it.
#[derive(Clone, Debug)]
pub struct ListedTool {
    /// Its name.
    pub name: String,
    /// Its definition.
    pub definition: Json,
    /// `readOnlyHint`, as the server claims.
    pub read_only: Option<bool>,
    /// `destructiveHint`, as the server claims.
    pub destructive: Option<bool>,
}

impl ListedTool {
    /// The names of its arguments, by its input schema.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let properties = self
            .definition
            .member("inputSchema")
            .and_then(|s| s.member("properties"));
        match properties {
            Some(Json::Object(members)) => members.iter().map(|(name, _)| name.clone()).collect(),
            _ => Vec::new(),
        }
    }
}

/// Why a server's tools are not known.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// It does not start.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// Its pipes fail.
    #[error("the server cannot be asked: {0}")]
    Io(#[from] std::io::Error),
    /// It ended.
    #[error("the server ended before it answered `{0}`")]
    Ended(&'static str),
    /// It is silent.
    #[error("the server did not answer `{0}` within a minute")]
    Silent(&'static str),
    /// It refuses.
    #[error("the server answered `{0}` with an error")]
    Refused(&'static str),
    /// It answers something else.
    #[error("the server's answer to `{0}` is not what MCP says")]
    Odd(&'static str),
}

impl ProbeError {
    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            ProbeError::Launch(_) => "check the command, and that it is installed",
            ProbeError::Ended(_) => "run the command by itself: its own messages say more",
            ProbeError::Silent(_) | ProbeError::Refused(_) | ProbeError::Odd(_) => {
                "the command must be an MCP server that speaks over standard input and output"
            }
            ProbeError::Io(_) => return None,
        })
    }
}

/// Starts a server, asks for its tools, and ends it.
///
/// # Errors
/// [`ProbeError`]
pub async fn tools(launch: &Launch) -> Result<Vec<ListedTool>, ProbeError> {
    let mut server = Server::start(launch)?;
    let mut lines = Lines::new(MAX_LINE_BYTES);
    let listed = list(&mut server, &mut lines).await;
    server.end().await;
    listed
}

async fn list(server: &mut Server, lines: &mut Lines) -> Result<Vec<ListedTool>, ProbeError> {
    ask(server, lines, 1, name::INITIALIZE, Some(INITIALIZE), |_| {
        Some(())
    })
    .await?;
    server
        .send(encode::notification(name::INITIALIZED, None))
        .await?;
    let mut tools = Vec::new();
    let mut cursor: Option<String> = None;
    for page in 0..MAX_PAGES {
        let params =
            cursor.map(|cursor| format!(r#"{{"cursor":{}}}"#, Json::String(cursor).to_text()));
        let (more, next) = ask(
            server,
            lines,
            page + 2,
            name::TOOLS_LIST,
            params.as_deref(),
            page_of,
        )
        .await?;
        tools.extend(more);
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(tools)
}

fn page_of(message: &Message<'_>) -> Option<(Vec<ListedTool>, Option<String>)> {
    let Message::Response { result, .. } = message else {
        return None;
    };
    let page = ToolPage::parse(result).ok()?;
    let tools = page.tools.iter().map(|tool| ListedTool {
        name: tool.name.clone(),
        definition: tool.definition.clone(),
        read_only: tool.annotations.read_only,
        destructive: tool.annotations.destructive,
    });
    Some((tools.collect(), page.next_cursor.clone()))
}

/// Asks, and waits for the answer under this id; whatever else comes is not for us.
async fn ask<T>(
    server: &mut Server,
    lines: &mut Lines,
    number: u64,
    method: &'static str,
    params: Option<&str>,
    read: impl Fn(&Message<'_>) -> Option<T>,
) -> Result<T, ProbeError> {
    let id = Id::number(number);
    server.send(encode::request(&id, method, params)).await?;
    let answer = async {
        loop {
            while let Some(line) = lines.next_line() {
                let Line::Whole(line) = line else { continue };
                let Ok(message) = Message::decode(line) else {
                    continue;
                };
                if message.id() != Some(&id) {
                    continue;
                }
                return match &message {
                    Message::Response { .. } => read(&message).ok_or(ProbeError::Odd(method)),
                    Message::Failure { .. } => Err(ProbeError::Refused(method)),
                    Message::Request { .. } | Message::Notification { .. } => continue,
                };
            }
            let count = server.read(lines.spare()).await?;
            if count == 0 {
                return Err(ProbeError::Ended(method));
            }
            lines.advance(count);
        }
    };
    timeout(ANSWER_WITHIN, answer)
        .await
        .unwrap_or(Err(ProbeError::Silent(method)))
}
