use serde_json::Value;

use super::{VERSION, event};
use crate::call::{Call, Outcome};
use crate::index::tests::{full_call, refused_call};

/// Whether a value is of a type.
type Is = fn(&Value) -> bool;

/// What OCSF 1.5.0 requires of API Activity without profiles, and of the objects that are used, with the
/// type of each.
const REQUIRED: [(&str, Is); 13] = [
    ("/activity_id", Value::is_u64),
    ("/category_uid", Value::is_u64),
    ("/class_uid", Value::is_u64),
    ("/type_uid", Value::is_u64),
    ("/severity_id", Value::is_u64),
    ("/time", Value::is_u64),
    ("/metadata/version", Value::is_string),
    ("/metadata/product/vendor_name", Value::is_string),
    ("/metadata/product/name", Value::is_string),
    ("/actor/user/uid", Value::is_string),
    ("/api/operation", Value::is_string),
    ("/api/request/uid", Value::is_string),
    // At least one of what names an endpoint.
    ("/src_endpoint/name", Value::is_string),
];

/// What the class defines, of that which is written.
const MEMBERS: [&str; 26] = [
    "activity_id",
    "activity_name",
    "actor",
    "api",
    "category_name",
    "category_uid",
    "class_name",
    "class_uid",
    "count",
    "dst_endpoint",
    "duration",
    "end_time",
    "metadata",
    "severity",
    "severity_id",
    "src_endpoint",
    "start_time",
    "status",
    "status_code",
    "status_id",
    "time",
    "type_name",
    "type_uid",
    "unmapped",
    "message",
    "status_detail",
];

fn ended(status: &str, is_error: Option<bool>) -> Call {
    let outcome = full_call().outcome.unwrap();
    Call {
        outcome: Some(Outcome {
            status: status.to_owned(),
            is_error,
            ..outcome
        }),
        ..full_call()
    }
}

#[test]
fn what_the_schema_requires() {
    assert_eq!(VERSION, "1.5.0");
    let summed = Call {
        count: Some(1_000),
        ..refused_call()
    };
    for call in [full_call(), refused_call(), summed, ended("unknown", None)] {
        let event = event(&call);
        for (pointer, is) in REQUIRED {
            assert!(
                event.pointer(pointer).is_some_and(is),
                "{pointer} of {event:#}"
            );
        }
        for name in event.as_object().unwrap().keys() {
            assert!(MEMBERS.contains(&name.as_str()), "{name}");
        }
        let number = |name: &str| event[name].as_u64().unwrap();
        assert_eq!(number("class_uid"), 6003);
        assert_eq!(number("class_uid") / 1000, number("category_uid"));
        assert_eq!(
            number("type_uid"),
            number("class_uid") * 100 + number("activity_id")
        );
        assert_eq!(number("time"), call.time_ms, "in milliseconds");
    }
}

#[test]
fn statuses_and_severities() {
    let open = Call {
        outcome: None,
        ..full_call()
    };
    for (call, status, severity) in [
        (ended("answered", None), 1, 1),
        (ended("answered", Some(false)), 1, 1),
        (ended("answered", Some(true)), 2, 2),
        (ended("error", None), 2, 2),
        (ended("timeout", None), 2, 2),
        (ended("cancelled", None), 2, 2),
        (ended("not-sent", None), 2, 2),
        (ended("unknown", None), 0, 3),
        (open, 0, 1),
        (refused_call(), 2, 2),
    ] {
        let event = event(&call);
        assert_eq!(event["status_id"], status, "{event:#}");
        assert_eq!(event["severity_id"], severity, "{event:#}");
    }
}

#[test]
fn times_and_what_has_no_place() {
    let event = event(&full_call());
    assert_eq!(event["duration"], 250);
    assert_eq!(event["end_time"].as_u64(), Some(full_call().time_ms + 250));
    assert_eq!(event["metadata"]["uid"], "laptop.example/log#7");
    assert_eq!(
        event["actor"]["authorizations"][1]["policy"]["name"],
        "also"
    );
    assert_eq!(event["unmapped"]["plugins"][0]["digest"], "sha256:aa");
    assert_eq!(event["unmapped"]["approval"]["votes"][0]["approver"], "ops");
    assert_eq!(event["unmapped"]["outcome"]["entry"], 8);

    let mut set_back = full_call();
    if let Some(outcome) = &mut set_back.outcome {
        outcome.time_ms = 1;
    }
    assert!(super::event(&set_back).get("duration").is_none());
}
