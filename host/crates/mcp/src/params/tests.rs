use serde_json::value::RawValue;

use super::CallParams;
use crate::flaw::Flaw;

fn check(params: &str, expected: Result<&str, Flaw>) {
    let raw = RawValue::from_string(params.to_owned()).unwrap();
    let got = CallParams::parse(&raw).map(|call| {
        let arguments = call
            .arguments
            .as_ref()
            .map_or("-".to_owned(), wardlet_call::Json::to_text);
        let meta = call
            .meta
            .iter()
            .flat_map(|meta| meta.iter())
            .map(|m| m.name().to_owned());
        let rest = call.rest().map(|m| m.name().to_owned());
        format!(
            "{} {arguments} {:?} {:?}",
            call.name,
            meta.collect::<Vec<_>>(),
            rest.collect::<Vec<_>>()
        )
    });
    assert_eq!(got, expected.map(str::to_owned), "{params}");
}

const REFUSED: &[(&str, Flaw)] = &[
    ("[]", Flaw::BadParams),
    ("{}", Flaw::Missing("name")),
    (r#"{"name":1}"#, Flaw::BadMember("name")),
    (r#"{"name":null}"#, Flaw::BadMember("name")),
    (r#"{"name":"\ud800"}"#, Flaw::LoneSurrogate),
    (
        r#"{"name":"t","arguments":null}"#,
        Flaw::BadMember("arguments"),
    ),
    (
        r#"{"name":"t","arguments":[]}"#,
        Flaw::BadMember("arguments"),
    ),
    (
        r#"{"name":"t","arguments":"{}"}"#,
        Flaw::BadMember("arguments"),
    ),
    (r#"{"name":"t","_meta":null}"#, Flaw::BadMember("_meta")),
    (r#"{"name":"t","_meta":[]}"#, Flaw::BadMember("_meta")),
    (r#"{"name":"t","name":"u"}"#, Flaw::Duplicate),
    (r#"{"name":"t","n\u0061me":"u"}"#, Flaw::Duplicate),
    (r#"{"name":"t","arguments":{"a":1,"a":2}}"#, Flaw::Duplicate),
    (
        r#"{"name":"t","arguments":{"x":[{"a":1,"\u0061":2}]}}"#,
        Flaw::Duplicate,
    ),
    (r#"{"name":"t","_meta":{"a":1,"a":2}}"#, Flaw::Duplicate),
    (
        r#"{"name":"t","_meta":{"x":{"a":1,"a":2}}}"#,
        Flaw::Duplicate,
    ),
    (r#"{"name":"t","x":{"a":1,"a":2}}"#, Flaw::Duplicate),
    (r#"{"name":"t","Name":"u"}"#, Flaw::CaseVariant),
    (r#"{"name":"t","argument\u017f":{}}"#, Flaw::CaseVariant),
    (r#"{"name":"t","ARGUMENTS":{}}"#, Flaw::CaseVariant),
    (r#"{"name":"t","_Meta":{}}"#, Flaw::CaseVariant),
];

#[test]
fn tool_calls() {
    let name = "n".repeat(super::MAX_TOOL_NAME_BYTES);
    check(r#"{"name":"t"}"#, Ok("t - [] []"));
    check(r#"{"name":"t\u00e9","arguments":{}}"#, Ok("té {} [] []"));
    check(
        r#"{"arguments":{"b": 1.50,"a":[1E5]},"name":""}"#,
        Ok(r#" {"b":1.50,"a":[1e+5]} [] []"#),
    );
    check(
        r#"{"name":"t","_meta":{"p":1,"q":{}},"task":{"ttl":1},"x":0}"#,
        Ok(r#"t - ["p", "q"] ["task", "x"]"#),
    );
    check(
        &format!(r#"{{"name":"{name}"}}"#),
        Ok(&format!("{name} - [] []")),
    );
    check(
        &format!(r#"{{"name":"{name}n"}}"#),
        Err(Flaw::BadMember("name")),
    );
    for (params, flaw) in REFUSED {
        check(params, Err(*flaw));
    }
    let deep = format!(
        r#"{{"name":"t","arguments":{}1{}}}"#,
        r#"{"a":"#.repeat(200),
        "}".repeat(200)
    );
    check(&deep, Err(Flaw::TooDeep));
}

#[test]
fn members_of_meta_are_found() {
    for (meta, name, expected) in [
        (r#"{"wardlet/token":1}"#, "wardlet/token", true),
        (r#"{"Wardlet/TO\u212aEN":1}"#, "wardlet/token", true),
        (r#"{"wardlet/tokens":1}"#, "wardlet/token", false),
        ("{}", "wardlet/token", false),
    ] {
        let raw = RawValue::from_string(format!(r#"{{"name":"t","_meta":{meta}}}"#)).unwrap();
        assert_eq!(
            CallParams::parse(&raw).unwrap().meta_has(name),
            expected,
            "{meta}"
        );
    }
}
