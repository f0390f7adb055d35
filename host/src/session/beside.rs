//! What a request carries beside its arguments: `_meta`, members of `params` and of the envelope
//! that the gate does not read. It is forwarded as it came, so redactors and people see it too.

use wardlet_call::Json;
use wardlet_mcp::{CallParams, Member, Message};

/// The member of `_meta` under which an agent asks for progress (MCP 2025-11-25, progress).
const PROGRESS_TOKEN: &str = "progressToken";

/// Everything of a tool call beside its name and arguments; none where there is nothing that could
/// hold anybody's text.
pub(super) fn of_tool_call(message: &Message<'_>, params: &CallParams<'_>) -> Option<Json> {
    let mut members: Vec<(String, Json)> = params.rest().filter_map(parsed).collect();
    let meta = params
        .meta
        .iter()
        .flat_map(|meta| meta.iter().filter_map(parsed));
    let meta: Vec<(String, Json)> = meta.filter(|member| !is_counter(member)).collect();
    if !meta.is_empty() {
        members.push(("_meta".to_owned(), Json::Object(meta)));
    }
    members.extend(of_envelope(message));
    (!members.is_empty()).then_some(Json::Object(members))
}

/// The members of a request's envelope that JSON-RPC does not know.
pub(super) fn of_request(message: &Message<'_>) -> Option<Json> {
    of_envelope(message).map(|member| Json::Object(vec![member]))
}

fn of_envelope(message: &Message<'_>) -> Option<(String, Json)> {
    let members: Vec<(String, Json)> = message.rest().iter().filter_map(parsed).collect();
    (!members.is_empty()).then(|| ("(envelope)".to_owned(), Json::Object(members)))
}

/// A member as the gate reads it. The wire has checked all of them already.
fn parsed(member: &Member<'_>) -> Option<(String, Json)> {
    Some((
        member.name().to_owned(),
        Json::parse(member.value().get()).ok()?,
    ))
}

/// A progress token that only counts, as those of all SDKs do, tells nobody anything.
fn is_counter((name, value): &(String, Json)) -> bool {
    name == PROGRESS_TOKEN && matches!(value, Json::Number(_))
}
