use super::Direction::{self, ToAgent, ToUpstream};
use super::Route;
use crate::message::Message;

/// Direction, whether there is an id, method, and what that is.
const CASES: &[(Direction, bool, &str, Route)] = &[
    (ToUpstream, true, "initialize", Route::Lifecycle),
    (
        ToUpstream,
        false,
        "notifications/initialized",
        Route::Lifecycle,
    ),
    (ToUpstream, true, "server/discover", Route::Lifecycle),
    (ToUpstream, true, "ping", Route::Ping),
    (ToAgent, true, "ping", Route::Ping),
    (ToUpstream, true, "tools/list", Route::List),
    (ToUpstream, true, "resources/list", Route::List),
    (ToUpstream, true, "resources/templates/list", Route::List),
    (ToUpstream, true, "prompts/list", Route::List),
    (ToUpstream, true, "tools/call", Route::ToolCall),
    (ToUpstream, false, "tools/call", Route::Other),
    (ToAgent, true, "tools/call", Route::Other),
    (ToUpstream, true, "Tools/Call", Route::Other),
    (ToUpstream, true, "tools/call ", Route::Other),
    (ToUpstream, true, "", Route::Other),
    (
        ToUpstream,
        false,
        "notifications/cancelled",
        Route::Cancelled,
    ),
    (ToAgent, false, "notifications/cancelled", Route::Cancelled),
    (ToUpstream, true, "notifications/cancelled", Route::Other),
    (ToUpstream, false, "notifications/progress", Route::Progress),
    (ToAgent, false, "notifications/progress", Route::Progress),
    (
        ToUpstream,
        false,
        "notifications/roots/list_changed",
        Route::RootsChanged,
    ),
    (
        ToAgent,
        false,
        "notifications/roots/list_changed",
        Route::Other,
    ),
    (
        ToAgent,
        false,
        "notifications/tools/list_changed",
        Route::ListsChanged,
    ),
    (
        ToUpstream,
        false,
        "notifications/tools/list_changed",
        Route::Other,
    ),
    (ToUpstream, true, "resources/read", Route::Other),
    (ToAgent, true, "sampling/createMessage", Route::Other),
];

#[test]
fn routes_of_messages() {
    for (direction, has_id, method, expected) in CASES {
        let id = if *has_id { r#""id":1,"# } else { "" };
        let line = format!(r#"{{"jsonrpc":"2.0",{id}"method":"{method}"}}"#);
        let message = Message::decode(line.as_bytes()).unwrap();
        let route = Route::of_message(*direction, &message);
        assert_eq!(route, Some(*expected), "{direction:?} {line}");
    }
    let answer = Message::decode(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#).unwrap();
    assert_eq!(Route::of_message(ToAgent, &answer), None);
}
