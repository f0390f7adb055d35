//! The methods that the gate tells apart.

use crate::message::Message;

/// Names of methods (MCP, all versions up to 2026-07-28).
pub mod name {
    /// Begins the legacy lifecycle.
    pub const INITIALIZE: &str = "initialize";
    /// Ends the client's part of the legacy handshake.
    pub const INITIALIZED: &str = "notifications/initialized";
    /// Asks a modern server for what it can do.
    pub const DISCOVER: &str = "server/discover";
    /// Whether the other side lives; either direction, legacy.
    pub const PING: &str = "ping";
    /// Calls a tool.
    pub const TOOLS_CALL: &str = "tools/call";
    /// Lists tools.
    pub const TOOLS_LIST: &str = "tools/list";
    /// Lists resources.
    pub const RESOURCES_LIST: &str = "resources/list";
    /// Lists templates of resources.
    pub const RESOURCE_TEMPLATES_LIST: &str = "resources/templates/list";
    /// Lists prompts.
    pub const PROMPTS_LIST: &str = "prompts/list";
    /// The sender of a request no longer wants its answer; either direction.
    pub const CANCELLED: &str = "notifications/cancelled";
    /// How far a request has come; either direction.
    pub const PROGRESS: &str = "notifications/progress";
    /// The client's roots are others now.
    pub const ROOTS_CHANGED: &str = "notifications/roots/list_changed";
    /// The server's tools are others now.
    pub const TOOLS_CHANGED: &str = "notifications/tools/list_changed";
    /// The server's resources are others now.
    pub const RESOURCES_CHANGED: &str = "notifications/resources/list_changed";
    /// The server's prompts are others now.
    pub const PROMPTS_CHANGED: &str = "notifications/prompts/list_changed";

    /// Requests of clients that the gate knows by name only.
    const OTHERS: [&str; 13] = [
        "completion/complete",
        "logging/setLevel",
        "prompts/get",
        "resources/read",
        "resources/subscribe",
        "resources/unsubscribe",
        "subscriptions/listen",
        "tasks/cancel",
        "tasks/get",
        "tasks/list",
        "tasks/result",
        "tasks/update",
        "notifications/tasks/status",
    ];

    /// Whether a method of a client is one of MCP's, so that its name is nobody's own text.
    #[must_use]
    pub fn is_standard(method: &str) -> bool {
        super::Route::of_client(method) != super::Route::Other || OTHERS.contains(&method)
    }
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the agent to the upstream.
    ToUpstream,
    /// From the upstream to the agent.
    ToAgent,
}

/// What a request or notification is to the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// `initialize`, `notifications/initialized`, `server/discover`.
    Lifecycle,
    /// `ping`
    Ping,
    /// The lists of tools, resources, templates and prompts.
    List,
    /// `tools/call`
    ToolCall,
    /// `notifications/cancelled`
    Cancelled,
    /// `notifications/progress`
    Progress,
    /// `notifications/roots/list_changed`, of the agent.
    RootsChanged,
    /// The upstream's lists are others now.
    ListsChanged,
    /// Whatever passes only if the configuration names it.
    Other,
}

impl Route {
    /// That of a method; names are compared exactly.
    #[must_use]
    pub fn of(direction: Direction, method: &str) -> Self {
        match direction {
            Direction::ToUpstream => Self::of_client(method),
            Direction::ToAgent => Self::of_server(method),
        }
    }

    /// That of a method which the agent names.
    #[must_use]
    pub fn of_client(method: &str) -> Self {
        match method {
            name::INITIALIZE | name::INITIALIZED | name::DISCOVER => Route::Lifecycle,
            name::PING => Route::Ping,
            name::TOOLS_LIST
            | name::RESOURCES_LIST
            | name::RESOURCE_TEMPLATES_LIST
            | name::PROMPTS_LIST => Route::List,
            name::TOOLS_CALL => Route::ToolCall,
            name::CANCELLED => Route::Cancelled,
            name::PROGRESS => Route::Progress,
            name::ROOTS_CHANGED => Route::RootsChanged,
            _ => Route::Other,
        }
    }

    /// That of a method which the upstream names.
    #[must_use]
    pub fn of_server(method: &str) -> Self {
        match method {
            name::PING => Route::Ping,
            name::CANCELLED => Route::Cancelled,
            name::PROGRESS => Route::Progress,
            name::TOOLS_CHANGED | name::RESOURCES_CHANGED | name::PROMPTS_CHANGED => {
                Route::ListsChanged
            }
            _ => Route::Other,
        }
    }

    /// That of a message; none for an answer.
    ///
    /// A method in the wrong form (`tools/call` without an id, `notifications/progress` with one) is
    /// [`Route::Other`], so that it does not pass as what its name says.
    #[must_use]
    pub fn of_message(direction: Direction, message: &Message<'_>) -> Option<Self> {
        let method = message.method()?;
        let named_as_notification = method.starts_with("notifications/");
        if named_as_notification == matches!(message, Message::Notification { .. }) {
            Some(Self::of(direction, method))
        } else {
            Some(Route::Other)
        }
    }
}

#[cfg(test)]
mod tests;
