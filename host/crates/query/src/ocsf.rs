//! Calls as events of the Open Cybersecurity Schema Framework (OCSF), class API Activity (6003).
//!
//! Only what the log knows is written. It does not know what a tool does to its resources, so that the
//! activity is "Other", named after the MCP method. It does not know where an agent is: the source is the
//! gateway, from which the call goes out, and the destination the upstream. It judges no severity: a call
//! that did as it was told is informational, one that was refused or failed is low, and one of which nobody
//! knows whether it took effect is medium, since somebody has to find out. What OCSF has no place for stands
//! in `unmapped` under the names that the log has for it.

use serde_json::{Map, Value, json};
use wardlet_audit::rfc3339;

use crate::call::Call;

/// The version of the schema. What is written here is the same in 1.3.0 to 1.8.0.
pub const VERSION: &str = "1.5.0";

const CATEGORY: u64 = 6;

const CLASS: u64 = 6003;

/// "Other": `activity_name` says which.
const ACTIVITY: u64 = 99;

/// The severities of the schema that are used.
#[derive(Clone, Copy)]
enum Severity {
    Informational = 1,
    Low = 2,
    Medium = 3,
}

/// The statuses of the schema that are used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Unknown = 0,
    Success = 1,
    Failure = 2,
}

/// One call as an event.
#[must_use]
pub fn event(call: &Call) -> Value {
    let (status, severity) = judged(call);
    let mut event = json!({
        "activity_id": ACTIVITY,
        "activity_name": call.method,
        "category_uid": CATEGORY,
        "category_name": "Application Activity",
        "class_uid": CLASS,
        "class_name": "API Activity",
        "type_uid": CLASS * 100 + ACTIVITY,
        "type_name": "API Activity: Other",
        "severity_id": severity as u64,
        "severity": severity_name(severity),
        "status_id": status as u64,
        "status": status_name(status),
        "status_code": call.last_reason(),
        "time": call.time_ms,
        "metadata": metadata(call),
        "actor": actor(call),
        "api": {
            "operation": call.tool.as_ref().unwrap_or(&call.method),
            "request": { "uid": call.txn },
            "service": { "name": call.server },
        },
        "src_endpoint": { "name": call.gateway },
        "dst_endpoint": { "svc_name": call.server },
        "unmapped": unmapped(call),
    });
    if let Some(count) = call.count {
        put(&mut event, "count", json!(count));
    }
    if let Some(outcome) = &call.outcome {
        put(&mut event, "start_time", json!(call.time_ms));
        put(&mut event, "end_time", json!(outcome.time_ms));
        // A clock that was set back in between leaves no duration.
        if let Some(duration) = outcome.time_ms.checked_sub(call.time_ms) {
            put(&mut event, "duration", json!(duration));
        }
    }
    event
}

fn put(event: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = event {
        members.insert(name.to_owned(), value);
    }
}

fn judged(call: &Call) -> (Status, Severity) {
    if call.effect != "allow" {
        return (Status::Failure, Severity::Low);
    }
    let Some(outcome) = &call.outcome else {
        // Under way.
        return (Status::Unknown, Severity::Informational);
    };
    match outcome.status.as_str() {
        "answered" if outcome.is_error != Some(true) => (Status::Success, Severity::Informational),
        "unknown" => (Status::Unknown, Severity::Medium),
        _ => (Status::Failure, Severity::Low),
    }
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "Informational",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
    }
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Unknown => "Unknown",
        Status::Success => "Success",
        Status::Failure => "Failure",
    }
}

fn metadata(call: &Call) -> Value {
    json!({
        "version": VERSION,
        "product": { "name": "Wardlet", "vendor_name": "Wardlet", "version": call.build },
        "uid": format!("{}#{}", call.origin, call.entry),
        "sequence": call.entry,
        "correlation_uid": call.txn,
        "log_name": call.origin,
        "log_provider": call.gateway,
        "original_time": rfc3339(call.time_ms),
        "event_code": call.effect,
    })
}

/// Who called, and by which rules it was decided.
fn actor(call: &Call) -> Value {
    let mut actor = json!({ "user": { "uid": call.principal } });
    if !call.rules.is_empty() {
        let rules = call.rules.iter().map(|rule| {
            let mut policy = json!({ "name": rule });
            if let Some(set) = &call.policy_set {
                put(&mut policy, "group", json!({ "uid": set }));
            }
            json!({ "decision": call.effect, "policy": policy })
        });
        put(&mut actor, "authorizations", rules.collect());
    }
    actor
}

fn unmapped(call: &Call) -> Value {
    let mut unmapped = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            unmapped.insert(name.to_owned(), value);
        }
    };
    put("effect", Some(json!(call.effect)));
    put("reason", Some(json!(call.reason)));
    put(
        "tool_known",
        call.tool.as_ref().map(|_| json!(call.tool_known)),
    );
    put("blame", call.last_blame().map(|blame| json!(blame)));
    put(
        "plugins",
        (!call.plugins.is_empty()).then(|| json!(call.plugins)),
    );
    put("policy_set", call.policy_set.as_ref().map(|set| json!(set)));
    put(
        "protocol",
        call.protocol.as_ref().map(|version| json!(version)),
    );
    put(
        "argument_bytes",
        call.argument_bytes.map(|bytes| json!(bytes)),
    );
    put(
        "approval",
        call.approval.as_ref().map(|approval| json!(approval)),
    );
    put(
        "outcome",
        call.outcome.as_ref().map(|outcome| json!(outcome)),
    );
    Value::Object(unmapped)
}

#[cfg(test)]
mod tests;
