use std::fmt::Write as _;

use super::Message;
use crate::encode;
use crate::flaw::Flaw;

mod any;

/// What a line is taken for, in one text: kind, id, method, value, unknown members.
fn seen(line: &[u8]) -> String {
    let message = match Message::decode(line) {
        Ok(message) => message,
        Err(error) => {
            let id = error
                .id
                .as_ref()
                .map(|id| format!(" answer {id}"))
                .unwrap_or_default();
            return format!("{:?}{id}", error.kind);
        }
    };
    let id = message.id().map_or("-", |id| id.raw());
    let method = message.method().unwrap_or("-");
    let (kind, value) = match &message {
        Message::Request { params, .. } => ("request", *params),
        Message::Notification { params, .. } => ("notification", *params),
        Message::Response { result, .. } => ("response", Some(*result)),
        Message::Failure { error, .. } => ("failure", Some(*error)),
    };
    let mut text = format!(
        "{kind} {id} {method} {}",
        value.map_or("-", |value| value.get())
    );
    for member in message.rest().iter() {
        write!(text, " +{}={}", member.name(), member.value()).unwrap();
    }
    text
}

/// Each case: a line, and what it is taken for.
fn check(cases: &[(&str, &str)]) {
    for (line, expected) in cases {
        assert_eq!(seen(line.as_bytes()), *expected, "{line}");
        let Ok(message) = Message::decode(line.as_bytes()) else {
            continue;
        };
        let forwarded = encode::forward(&message);
        assert_eq!(
            forwarded
                .iter()
                .filter(|b| matches!(b, b'\n' | b'\r'))
                .count(),
            1,
            "{line}"
        );
        assert_eq!(forwarded.last(), Some(&b'\n'), "{line}");
        let one_line = expected.replace(['\n', '\r'], " ");
        assert_eq!(seen(&forwarded), one_line, "forwarded {line}");
        let again = Message::decode(&forwarded).unwrap();
        assert_eq!(encode::forward(&again), forwarded, "{line}");
    }
}

/// As [`check`], for envelopes of which all but the version is given.
fn check_members(cases: &[(&str, &str)]) {
    for (members, expected) in cases {
        check(&[(&format!(r#"{{"jsonrpc":"2.0",{members}}}"#), expected)]);
    }
}

#[test]
fn legal_messages() {
    check(&[
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            "request 1 ping -",
        ),
        (
            r#"{"jsonrpc":"2.0","id":"a-1","method":"tools/list","params":{}}"#,
            r#"request "a-1" tools/list {}"#,
        ),
        (
            r#"{"method":"ping","params":{"x":1},"id":0,"jsonrpc":"2.0"}"#,
            r#"request 0 ping {"x":1}"#,
        ),
        (r#"{"jsonrpc":"2.0","id":-5,"method":""}"#, "request -5  -"),
        (
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            "notification - notifications/initialized -",
        ),
        (
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":0.70}}"#,
            r#"notification - notifications/progress {"progressToken":"t","progress":0.70}"#,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, "response 1 - {}"),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":null}"#,
            "response 1 - null",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":[1.10,1e400]}"#,
            "response 1 - [1.10,1e400]",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"m"}}"#,
            r#"failure 1 - {"code":-32601,"message":"m"}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":1}}"#,
            r#"failure - - {"code":1}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","error":{"code":1}}"#,
            r#"failure - - {"code":1}"#,
        ),
    ]);
}

#[test]
fn odd_messages_that_are_taken_as_they_are() {
    check(&[
        (
            " \t{ \"jsonrpc\" : \"2.0\" , \"id\" : 1 , \"method\" : \"ping\" } \r\n",
            "request 1 ping -",
        ),
        (
            "{\n \"jsonrpc\": \"2.0\",\r\n \"id\": 1,\n \"method\": \"m\",\n \"params\": {\n  \"a\": 1\n }\n}\n",
            "request 1 m {\n  \"a\": 1\n }",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"m\u0065thod":"pi\u006eg"}"#,
            "request 1 ping -",
        ),
        (
            r#"{"jsonrpc":"2.0","id":"\u0061","method":"ping"}"#,
            r#"request "\u0061" ping -"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":9007199254740993,"method":"m","params":{"n":123456789012345678901234567890.10}}"#,
            r#"request 9007199254740993 m {"n":123456789012345678901234567890.10}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","x":{"b": 1.50, "a":[]},"id":1,"method":"m","\u0079":"\u00e9"}"#,
            r#"request 1 m - +x={"b": 1.50, "a":[]} +y="\u00e9""#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2},"x":0}"#,
            r#"response 1 - {"a":1,"a":2} +x=0"#,
        ),
        (
            r#"{"jsonrpc":"2.0","method":"m","params":{"":{"":[]}}}"#,
            r#"notification - m {"":{"":[]}}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","method":"m","params":{"$serde_json::private::Number":"1","x":2}}"#,
            r#"notification - m {"$serde_json::private::Number":"1","x":2}"#,
        ),
        (
            r#"{"$serde_json::private::RawValue":"{}","jsonrpc":"2.0","method":"m"}"#,
            "notification - m - +$serde_json::private::RawValue=\"{}\"",
        ),
        (
            r#"{"$serde_json::private::Number":"1","jsonrpc":"2.0","method":"m"}"#,
            "notification - m - +$serde_json::private::Number=\"1\"",
        ),
        (
            r#"{"jsonrpc":"2.0","method":"m","params":{"t":"\ud83d\ude00\u2028\u0000"}}"#,
            r#"notification - m {"t":"\ud83d\ude00\u2028\u0000"}"#,
        ),
    ]);
}

#[test]
fn what_is_no_message() {
    check(&[
        ("", "NotJson"),
        (" ", "NotJson"),
        ("hello", "NotJson"),
        ("{", "NotJson"),
        ("{}}", "NotJson"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"} {}"#, "NotJson"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}x"#, "NotJson"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping",}"#, "NotJson"),
        (r#"{'jsonrpc':"2.0"}"#, "NotJson"),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\nb\"}",
            "NotJson",
        ),
        (r#"{"jsonrpc":"2.0","id":01,"method":"ping"}"#, "NotJson"),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":NaN}}"#,
            "NotJson",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"/*c*/}"#,
            "NotJson",
        ),
        (
            "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
            "NotJson",
        ),
        (r#"{"\x":1}"#, "NotJson"),
        ("[", "NotJson"),
        ("[]", "Batch"),
        (r#" [{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, "Batch"),
        ("null", "NotObject"),
        ("1e9", "NotObject"),
        (r#""{}""#, "NotObject"),
        ("{}", "BadVersion"),
    ]);
    assert_eq!(
        seen(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}"),
        "NotUtf8"
    );
    assert_eq!(seen(b"\xed\xa0\x80"), "NotUtf8");
    assert_eq!(seen(b"{\0}"), "NotJson");
    // The grammar is read without recursion, so that no depth of a stranger's reaches the stack.
    let deep = "[".repeat(1 << 20);
    assert_eq!(seen(deep.as_bytes()), "NotJson");
    assert_eq!(
        seen(format!("{deep}{}", "]".repeat(1 << 20)).as_bytes()),
        "Batch"
    );
}

/// Without the beginning, which is that of [`check_members`].
const REFUSED: &[(&str, &str)] = &[
    (r#""id":null,"method":"ping""#, "BadId"),
    (r#""id":1.5,"method":"ping""#, "BadId"),
    (r#""id":1e3,"method":"ping""#, "BadId"),
    (r#""id":-0,"method":"ping""#, "BadId"),
    (r#""id":true,"method":"ping""#, "BadId"),
    (r#""id":{},"method":"ping""#, "BadId"),
    (r#""id":[1],"method":"ping""#, "BadId"),
    (
        r#""id":{"$serde_json::private::Number":"1"},"method":"ping""#,
        "BadId",
    ),
    (r#""id":"\ud800","method":"ping""#, "LoneSurrogate"),
    (r#""id":1,"method":null"#, "BadMethod answer 1"),
    (r#""id":1,"method":["ping"]"#, "BadMethod answer 1"),
    (r#""id":1,"method":"\udfff""#, "LoneSurrogate answer 1"),
    (r#""id":1,"method":"m","params":[]"#, "BadParams answer 1"),
    (r#""id":1,"method":"m","params":null"#, "BadParams answer 1"),
    (r#""id":1,"method":"m","params":"{}""#, "BadParams answer 1"),
    (r#""id":1"#, "BadShape answer 1"),
    (r#""id":1,"params":{}"#, "BadShape answer 1"),
    (r#""id":1,"result":{},"error":{}"#, "BadShape"),
    (r#""id":1,"result":{},"error":null"#, "BadShape"),
    (r#""id":1,"method":"tools/call","result":{}"#, "BadShape"),
    (r#""id":1,"method":"tools/call","error":{}"#, "BadShape"),
    (r#""id":1,"result":{},"params":{}"#, "BadShape"),
    (r#""result":{}"#, "NoId"),
    (r#""id":null,"result":{}"#, "BadId"),
    (r#""id":1,"error":null"#, "BadError"),
    (r#""id":1,"error":"x""#, "BadError"),
    (r#""id":1.5,"error":{}"#, "BadId"),
];

#[test]
fn envelopes_that_are_refused() {
    check_members(REFUSED);
    check(&[
        (
            r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            "BadVersion answer 1",
        ),
        (
            r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#,
            "BadVersion answer 1",
        ),
        (
            r#"{"jsonrpc":"2.0 ","id":1,"method":"ping"}"#,
            "BadVersion answer 1",
        ),
        (r#"{"id":"x","method":"ping"}"#, r#"BadVersion answer "x""#),
    ]);
}

/// Without the beginning, which is that of [`check_members`].
const AMBIGUOUS: &[(&str, &str)] = &[
    (r#""id":1,"id":2,"method":"ping""#, "Duplicate"),
    (r#""id":1,"id":2,"id":3,"method":"ping""#, "Duplicate"),
    (r#""id":1,"\u0069d":1,"method":"ping""#, "Duplicate"),
    (
        r#""id":1,"method":"ping","method":"tools/call""#,
        "Duplicate answer 1",
    ),
    (
        r#""id":1,"method":"ping","m\u0065thod":"tools/call""#,
        "Duplicate answer 1",
    ),
    (
        r#""jsonrpc":"2.0","id":1,"method":"ping""#,
        "Duplicate answer 1",
    ),
    (
        r#""id":1,"method":"m","params":{},"params":{}"#,
        "Duplicate answer 1",
    ),
    (r#""id":1,"result":{},"result":{}"#, "Duplicate"),
    (r#""id":1,"method":"m","x":1,"x":1"#, "Duplicate answer 1"),
    (
        r#""id":1,"method":"m","x":1,"\u0078":1"#,
        "Duplicate answer 1",
    ),
    (
        r#""id":1,"method":"m","params":{"a":1,"a":1}"#,
        "Duplicate answer 1",
    ),
    (
        r#""id":1,"method":"m","params":{"a":1,"\u0061":1}"#,
        "Duplicate answer 1",
    ),
    (
        r#""id":1,"method":"m","params":{"x":{"a":1,"a":1}}"#,
        "Duplicate answer 1",
    ),
    (
        r#""id":1,"method":"m","params":{"x":[[{"a":1,"a":1}]]}"#,
        "Duplicate answer 1",
    ),
    (
        r#""id":1,"method":"ping","Method":"tools/call""#,
        "CaseVariant answer 1",
    ),
    (
        r#""id":1,"method":"m","param\u017f":{}"#,
        "CaseVariant answer 1",
    ),
    (r#""id":1,"ID":2,"method":"ping""#, "CaseVariant"),
    (r#""id":1,"result":{},"Result":1"#, "CaseVariant"),
    (r#""id":1,"method":"m","\ud800":1"#, "LoneSurrogate"),
    (
        r#""id":1,"method":"m","params":{"a":"\ud800"}"#,
        "LoneSurrogate answer 1",
    ),
    (
        r#""id":1,"method":"m","params":{"\ud800":1}"#,
        "LoneSurrogate answer 1",
    ),
];

#[test]
fn two_readers_never_see_two_messages() {
    check_members(AMBIGUOUS);
    check(&[]);
}

#[test]
fn sizes() {
    let request = |method: &str, params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
    };
    let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    let long = "m".repeat(super::MAX_METHOD_BYTES);
    let id = "9".repeat(crate::MAX_ID_BYTES + 1);
    let five_megabytes = format!(
        r#"{{"data":"{}"}}"#,
        r#"0123456789abcde\n"#.repeat(5_000_000 / 17)
    );
    check(&[
        (&request(&long, "{}"), &format!("request 1 {long} {{}}")),
        (&request(&format!("{long}m"), "{}"), "BadMethod answer 1"),
        (
            &format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m"}}"#),
            "BadId",
        ),
        (
            &request("m", &nested(127)),
            &format!("request 1 m {}", nested(127)),
        ),
        (&request("m", &nested(200)), "TooDeep answer 1"),
        (
            &request("m", &five_megabytes),
            &format!("request 1 m {five_megabytes}"),
        ),
    ]);
}

#[test]
fn codes_of_json_rpc_and_texts_that_quote_nothing() {
    for (line, code) in [
        ("secret", -32700),
        (r#"["secret"]"#, -32600),
        (r#"{"jsonrpc":"secret","id":1,"method":"m"}"#, -32600),
        (
            r#"{"jsonrpc":"2.0","id":{"secret":1},"method":"m"}"#,
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"m","secret":1,"secret":2}"#,
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":["secret"]}"#,
            -32602,
        ),
    ] {
        let error = Message::decode(line.as_bytes()).unwrap_err();
        assert_eq!(error.code(), code, "{line}");
        let text = format!("{} {:?} {error}", error.message(), error.hint());
        assert!(!text.contains("secret"), "{text}");
        assert_eq!(error.message(), error.to_string());
    }
    assert_eq!(
        (Flaw::TooLong.code(), Flaw::Missing("name").code()),
        (-32600, -32602)
    );
}
