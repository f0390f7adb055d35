use super::{
    call, failure, forward, notification, request, response, tool_refusal, with_error, with_params,
    with_result,
};
use crate::id::Id;
use crate::message::Message;
use crate::params::CallParams;

fn text(line: Vec<u8>) -> String {
    let text = String::from_utf8(line).unwrap();
    let line = text.strip_suffix('\n').unwrap().to_owned();
    assert!(!line.contains(['\n', '\r']), "{line:?}");
    Message::decode(line.as_bytes()).unwrap();
    line
}

const TOKEN: Option<(&str, &str)> = Some(("w/t", r#"{"k":"v"}"#));

/// Parameters, arguments in their place, a member for `_meta`, and the parameters that come out.
type Case = (
    &'static str,
    Option<&'static str>,
    Option<(&'static str, &'static str)>,
    &'static str,
);

const CALLS: &[Case] = &[
    (r#"{"name":"t"}"#, None, None, r#"{"name":"t"}"#),
    (
        r#"{"arguments":{"b" : 1.50 , "a":"\u0061"}, "na\u006de":"t\u0074", "task" : {"n": 1E3}}"#,
        None,
        None,
        r#"{"arguments":{"b":1.50,"a":"a"},"name":"tt","task":{"n": 1E3}}"#,
    ),
    (
        r#"{"name":"t","arguments":{"a":1},"z":0}"#,
        Some(r#"{"a":2}"#),
        None,
        r#"{"name":"t","arguments":{"a":2},"z":0}"#,
    ),
    (
        r#"{"name":"t"}"#,
        Some("{}"),
        TOKEN,
        r#"{"name":"t","arguments":{},"_meta":{"w/t":{"k":"v"}}}"#,
    ),
    (
        r#"{"_meta":{},"name":"t"}"#,
        None,
        TOKEN,
        r#"{"_meta":{"w/t":{"k":"v"}},"name":"t"}"#,
    ),
    (
        r#"{"_meta":{"p\u0061": 1.0},"name":"t"}"#,
        None,
        TOKEN,
        r#"{"_meta":{"p\u0061":1.0,"w/t":{"k":"v"}},"name":"t"}"#,
    ),
    (
        r#"{"_meta":{"p": 1.0},"name":"t"}"#,
        None,
        None,
        r#"{"_meta":{"p":1.0},"name":"t"}"#,
    ),
    (
        r#"{"_meta":{"w/t":"forged","W/T":"too"},"name":"t"}"#,
        None,
        TOKEN,
        r#"{"_meta":{"w/t":{"k":"v"}},"name":"t"}"#,
    ),
    (
        "{\"_meta\":{\"p\":\n{\r}},\"name\":\"\\n\"}",
        None,
        None,
        r#"{"_meta":{"p":{ }},"name":"\n"}"#,
    ),
];

#[test]
fn tool_calls_keep_all_but_what_is_replaced() {
    for (params, arguments, meta, expected) in CALLS {
        let line = format!(
            r#"{{"x":[ 1 ],"params":{params},"id":"\u0061","method":"tools/call","jsonrpc":"2.0"}}"#
        );
        let message = Message::decode(line.as_bytes()).unwrap();
        let parsed = CallParams::parse(message.params().unwrap()).unwrap();
        let got = call(
            message.id().unwrap(),
            &parsed,
            *arguments,
            *meta,
            message.rest(),
        );
        let expected = format!(
            r#"{{"jsonrpc":"2.0","id":"\u0061","method":"tools/call","params":{expected},"x":[ 1 ]}}"#
        );
        assert_eq!(text(got), expected, "{params}");
    }
}

#[test]
fn the_gates_own_messages() {
    let id = Id::number(7);
    for (got, expected) in [
        (
            request(&id, "ping", None),
            r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#,
        ),
        (
            request(&id, "m", Some("{\n}")),
            r#"{"jsonrpc":"2.0","id":7,"method":"m","params":{ }}"#,
        ),
        (
            notification("a\"b", None),
            r#"{"jsonrpc":"2.0","method":"a\"b"}"#,
        ),
        (
            notification("n", Some(r#"{"a":1}"#)),
            r#"{"jsonrpc":"2.0","method":"n","params":{"a":1}}"#,
        ),
        (
            response(&id, "{}"),
            r#"{"jsonrpc":"2.0","id":7,"result":{}}"#,
        ),
        (
            failure(Some(&id), -32600, "a \"b\"\n", None),
            r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32600,"message":"a \"b\"\n"}}"#,
        ),
        (
            failure(None, 1, "", Some("[1]")),
            r#"{"jsonrpc":"2.0","error":{"code":1,"message":"","data":[1]}}"#,
        ),
        (
            tool_refusal(&id, "refused by rule `x`\n\u{1}"),
            r#"{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"refused by rule `x`\n\u0001"}],"isError":true,"resultType":"complete"}}"#,
        ),
    ] {
        assert_eq!(text(got), expected);
    }
}

#[test]
fn values_are_replaced_where_the_message_has_them() {
    let replace = |line: &str| {
        let message = Message::decode(line.as_bytes()).unwrap();
        let replaced = [
            with_params(&message, "{\"r\":0}"),
            with_result(&message, "{\"r\":0}"),
            with_error(&message, "{\"r\":0}"),
        ];
        (text(forward(&message)), replaced.map(|line| line.map(text)))
    };
    for (line, at) in [
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"s":1},"x":2}"#,
            Some(0),
        ),
        (
            r#"{"jsonrpc":"2.0","method":"m","params":{"s":1},"x":2}"#,
            Some(0),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":{"s":1},"x":2}"#,
            Some(1),
        ),
        (r#"{"jsonrpc":"2.0","id":1,"error":{"s":1},"x":2}"#, Some(2)),
        (r#"{"jsonrpc":"2.0","error":{"s":1}}"#, Some(2)),
    ] {
        let (forwarded, replaced) = replace(line);
        assert_eq!(forwarded, line);
        for (i, replaced) in replaced.into_iter().enumerate() {
            let expected = (Some(i) == at).then(|| line.replace(r#"{"s":1}"#, r#"{"r":0}"#));
            assert_eq!(replaced, expected, "{line}");
        }
    }
}
