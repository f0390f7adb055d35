use super::{Json, JsonError};

fn check(text: &str, expected: Result<&str, &str>) {
    let got = Json::parse(text).map(|value| value.to_text());
    match (got, expected) {
        (Ok(got), Ok(expected)) => assert_eq!(got, expected, "{text}"),
        (Err(JsonError::Duplicate { .. }), Err("duplicate"))
        | (Err(JsonError::Syntax { .. }), Err("syntax")) => {}
        (got, expected) => panic!("{text}: got {got:?}, expected {expected:?}"),
    }
}

#[test]
fn texts_as_they_are_taken() {
    let deep = format!("{}{}", "[".repeat(127), "]".repeat(127));
    let too_deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let many = format!(
        "{{{}}}",
        (0..50)
            .map(|i| format!("\"k{i}\":1"))
            .collect::<Vec<_>>()
            .join(",")
    );
    let many_twice = format!("{},\"k7\":2}}", many.trim_end_matches('}'));
    for (text, expected) in [
        ("null", Ok("null")),
        (
            " { \"b\" : 1.10 , \"a\" : [ true , false ] } ",
            Ok(r#"{"b":1.10,"a":[true,false]}"#),
        ),
        ("9007199254740993", Ok("9007199254740993")),
        ("-0", Ok("-0")),
        ("1E400", Ok("1e+400")),
        (r#""\u00e9\ud83d\ude00\/""#, Ok("\"é😀/\"")),
        (r#""\u0001\u001f\b\f""#, Ok(r#""\u0001\u001f\b\f""#)),
        (r#"{"a":1,"a":2}"#, Err("duplicate")),
        (r#"{"a":1,"\u0061":2}"#, Err("duplicate")),
        (r#"[{"x":{"a":1,"a":1}}]"#, Err("duplicate")),
        (r#"{"":0,"":0}"#, Err("duplicate")),
        (r#""\ud800""#, Err("syntax")),
        ("{} {}", Err("syntax")),
        ("{}x", Err("syntax")),
        ("01", Err("syntax")),
        ("[1,]", Err("syntax")),
        ("", Err("syntax")),
        ("\u{feff}{}", Err("syntax")),
        ("NaN", Err("syntax")),
        (&deep, Ok(&deep)),
        (&too_deep, Err("syntax")),
        (&many, Ok(&many)),
        (&many_twice, Err("duplicate")),
    ] {
        check(text, expected);
    }
}

#[test]
fn the_parsers_own_number_key_is_an_ordinary_key_when_a_stranger_writes_it() {
    for text in [
        r#"{"$serde_json::private::Number":"1, \"x\": 2"}"#,
        r#"{"$serde_json::private::Number":"12"}"#,
        r#"[{"$serde_json::private::Number":{}}]"#,
        r#"{"$serde_json::private::RawValue":"{}"}"#,
    ] {
        check(text, Ok(text));
    }
    check(
        r#"{"\u0024serde_json::private::Number":"12"}"#,
        Ok(r#"{"$serde_json::private::Number":"12"}"#),
    );
}

#[test]
fn canonical_forms() {
    for (text, expected) in [
        (r#"{"b":2,"a":1}"#, Some(r#"{"a":1,"b":2}"#)),
        // The example of RFC 8785, section 3.2.3: UTF-16 order differs from that of code points.
        (
            r#"{"\ufb33":"d","\ud83d\ude00":"e","\u20ac":"c"}"#,
            Some("{\"€\":\"c\",\"😀\":\"e\",\"\u{fb33}\":\"d\"}"),
        ),
        ("[1.0,1e2,-0]", Some("[1,100,0]")),
        ("[9007199254740993]", None),
        (r#""\u007f\u2028""#, Some("\"\u{7f}\u{2028}\"")),
    ] {
        let got = Json::parse(text).unwrap().canonical();
        assert_eq!(got.as_deref().ok(), expected, "{text}");
    }
}
