//! Properties of all messages.

use proptest::prelude::*;

use super::seen;
use crate::encode;
use crate::message::Message;

/// JSON values whose objects hold each name once.
fn any_value() -> impl Strategy<Value = String> {
    let string = || any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap());
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        string(),
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("[{}]", items.join(" ,\r"))),
            any_object_of(inner),
        ]
    })
}

fn any_object_of(inner: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    proptest::collection::btree_map(any::<String>(), inner, 0..5).prop_map(|members| {
        let members = members
            .iter()
            .map(|(name, value)| format!("{}: {value}", serde_json::to_string(name).unwrap()));
        format!("{{{}\t}}", members.collect::<Vec<_>>().join(","))
    })
}

proptest! {
    #[test]
    fn what_is_forwarded_is_what_was_read(
        id in prop_oneof![any::<i32>().prop_map(|n| n.to_string()), "\"[a-z]{0,9}\""],
        shape in 0..4,
        object in any_object_of(any_value()),
        unknown in proptest::collection::btree_map("x[a-z]{0,4}", any_value(), 0..3),
    ) {
        let unknown: String = unknown.iter().map(|(name, value)| format!(r#","{name}":{value}"#)).collect();
        let line = match shape {
            0 => format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m","params":{object}{unknown}}}"#),
            1 => format!(r#"{{"jsonrpc":"2.0","method":"m","params":{object}{unknown}}}"#),
            2 => format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{object}{unknown}}}"#),
            _ => format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{object}{unknown}}}"#),
        };
        let line = line.replace('\r', " ");
        let forwarded = encode::forward(&Message::decode(line.as_bytes()).unwrap());
        prop_assert_eq!(seen(&forwarded), seen(line.as_bytes()));
        prop_assert_eq!(forwarded, format!("{line}\n").into_bytes());
    }

    #[test]
    fn no_bytes_panic(line in proptest::collection::vec(any::<u8>(), 0..64)) {
        prop_assert!(Message::decode(&line).is_err());
    }

    #[test]
    fn no_damaged_message_passes_changed(at in 0_usize..70, byte in any::<u8>()) {
        let mut line = br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"b\u0063"},"x":1}"#.to_vec();
        if let Some(place) = line.get_mut(at) { *place = byte; }
        if let Ok(message) = Message::decode(&line) {
            let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
            let forwarded: serde_json::Value = serde_json::from_slice(&encode::forward(&message)).unwrap();
            prop_assert_eq!(value, forwarded);
        }
    }
}
