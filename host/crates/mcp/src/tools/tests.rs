use serde_json::value::RawValue;

use super::{Annotations, ToolPage};
use crate::flaw::Flaw;

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

#[test]
fn pages_as_they_are_read() {
    let long = "n".repeat(super::MAX_TOOL_NAME_BYTES + 1);
    let check = |result: &str, expected: Result<(&[&str], usize, Option<&str>), Flaw>| {
        let result = raw(result);
        let page = ToolPage::parse(&result);
        let got = page.as_ref().map(|page| {
            let names: Vec<&str> = page.tools.iter().map(|tool| tool.name.as_str()).collect();
            (names, page.dropped, page.next_cursor.as_deref())
        });
        let expected = expected.map(|(names, dropped, cursor)| (names.to_vec(), dropped, cursor));
        assert_eq!(got, expected.as_ref().cloned(), "{result}");
    };
    check(r#"{"tools":[]}"#, Ok((&[], 0, None)));
    check(
        r#"{"tools":[{"name":"b"},{"name":"\u0061"}],"nextCursor":"c\n"}"#,
        Ok((&["b", "a"], 0, Some("c\n"))),
    );
    check(r#"{"tools":[],"nextCursor":null}"#, Ok((&[], 0, None)));
    check(
        r#"{"tools":[{"name":1},{},[],"x",null,{"name":"a"}]}"#,
        Ok((&["a"], 5, None)),
    );
    check(
        r#"{"tools":[{"name":"a","name":"b"},{"name":"c","x":{"d":1,"\u0064":1}}]}"#,
        Ok((&[], 2, None)),
    );
    check(
        r#"{"tools":[{"name":"a","x":1},{"name":"b"},{"name":"\u0061","x":2}]}"#,
        Ok((&["a", "b"], 1, None)),
    );
    check(
        r#"{"tools":[{"name":"\ud800"},{"name":"b"}]}"#,
        Ok((&["b"], 1, None)),
    );
    check(
        &format!(r#"{{"tools":[{{"name":"{long}"}}]}}"#),
        Ok((&[], 1, None)),
    );
    for (result, flaw) in [
        ("[]", Flaw::NotObject),
        ("null", Flaw::NotObject),
        ("{}", Flaw::Missing("tools")),
        (r#"{"tools":{}}"#, Flaw::BadMember("tools")),
        (r#"{"tools":null}"#, Flaw::BadMember("tools")),
        (
            r#"{"tools":[],"nextCursor":1}"#,
            Flaw::BadMember("nextCursor"),
        ),
        (r#"{"tools":[],"tools":[]}"#, Flaw::Duplicate),
        (r#"{"tools":[],"Tools":[]}"#, Flaw::CaseVariant),
        (r#"{"tools":[],"x":{"a":1,"a":1}}"#, Flaw::Duplicate),
    ] {
        check(result, Err(flaw));
    }
}

#[test]
fn hints_and_definitions() {
    for (tool, expected) in [
        (r#"{"name":"a"}"#, Annotations::default()),
        (r#"{"name":"a","annotations":[]}"#, Annotations::default()),
        (
            r#"{"name":"a","annotations":{"readOnlyHint":"true","destructiveHint":null}}"#,
            Annotations::default(),
        ),
        (
            r#"{"name":"a","annotations":{"readOnlyHint":true,"destructiveHint":false,"idempotentHint":true,"openWorldHint":false}}"#,
            Annotations {
                read_only: Some(true),
                destructive: Some(false),
                idempotent: Some(true),
                open_world: Some(false),
            },
        ),
    ] {
        let result = raw(&format!(r#"{{"tools":[{tool}]}}"#));
        let page = ToolPage::parse(&result).unwrap();
        assert_eq!(page.tools[0].annotations, expected, "{tool}");
        assert_eq!(page.tools[0].definition.to_text(), tool);
        assert_eq!(page.tools[0].raw().get(), tool);
    }
}

#[test]
fn a_filtered_page_keeps_all_else() {
    let result = raw(
        "{ \"ttlMs\" : 1.50, \"t\\u006fols\" : [ {\"name\":\"b\", \"z\":1E2},\n{\"name\":\"a\"}, {\"name\":7}, {\"name\":\"c\",\r\"y\":[ ]} ],\"_meta\":{ \"k\": 1 }}",
    );
    let page = ToolPage::parse(&result).unwrap();
    for (dropped, expected) in [
        (
            "",
            r#"{"ttlMs":1.50,"tools":[{"name":"b", "z":1E2},{"name":"a"},{"name":"c", "y":[ ]}],"_meta":{ "k": 1 }}"#,
        ),
        (
            "b",
            r#"{"ttlMs":1.50,"tools":[{"name":"a"},{"name":"c", "y":[ ]}],"_meta":{ "k": 1 }}"#,
        ),
        ("abc", r#"{"ttlMs":1.50,"tools":[],"_meta":{ "k": 1 }}"#),
    ] {
        assert_eq!(page.filtered(|name| !dropped.contains(name)), expected);
    }
}
