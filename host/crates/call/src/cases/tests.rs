//! What is read, told and written.

use super::{
    Answer, Difference, Expect, FoundText, Outcome, append, case_json, expect_json, read,
    replace_expect,
};
use crate::json::Json;
use crate::reach::{LogLevel, LogLine};
use crate::tape::Divergence;
use crate::verdict::Ruling;
use crate::{Code, Obligation};

fn outcome(answer: Answer) -> Outcome {
    Outcome {
        answer,
        detail: None,
        obligations: Vec::new(),
        log: Vec::new(),
        struck: Some(Vec::new()),
        diverged: None,
    }
}

fn deny(code: &str) -> Answer {
    Answer::Verdict(Ruling::Deny(Code::parse(code).unwrap()))
}

/// A file with one case, whose members are given.
fn file(members: &str) -> String {
    format!("{{\"cases\": [\n  {{\"name\": \"c\",\n   {members}}}\n]}}\n")
}

#[test]
fn what_a_file_says_for_all_and_a_case_for_itself() {
    let text = r#"{
      "subject": {"server": "mail", "name": "send"},
      "settings": {"a": 1},
      "sees": ["/arguments/to"],
      "limits": {"memory": "1MiB"},
      "now": 7,
      "cases": [
        {"name": "shared", "arguments": {"to": {"$join": ["a", "@b"]}}, "expect": {"verdict": "allow"}},
        {"name": "own", "subject": {"name": "list", "phase": "response"}, "settings": {},
         "sees": ["/result"], "grants": ["log"], "limits": {}, "now": 8, "http_requests": 1,
         "findings": [{"entity": "jwt", "count": 2}],
         "expect": {"verdict": "deny", "code": "no"}}
      ]
    }"#;
    let cases = read(text).unwrap();
    let [shared, own] = cases.as_slice() else {
        panic!("{cases:?}");
    };
    assert_eq!((shared.line, own.line, own.expect_line), (8, 9, 12));
    assert_eq!(
        &text[own.expect_at.clone()],
        r#"{"verdict": "deny", "code": "no"}"#
    );
    assert_eq!(
        shared.arguments.as_ref().unwrap().to_text(),
        r#"{"to":"a@b"}"#
    );
    let subject = |case: &super::Case| format!("{:?}", case.subject);
    assert!(subject(shared).contains("Request") && subject(shared).contains("\"send\""));
    assert!(subject(own).contains("Response") && subject(own).contains("\"mail\""));
    assert!(subject(own).contains("\"list\""));
    assert_eq!((shared.now_ms, own.now_ms), (7, 8));
    assert_eq!(shared.settings.to_text(), r#"{"a":1}"#);
    assert_eq!(shared.limits, [("memory".to_owned(), Json::text("1MiB"))]);
    assert!(own.limits.is_empty() && own.findings[0].count == 2 && own.http_requests == 1);
    for case in &cases {
        // What is written is read again as the same, but for its place.
        let written = super::file_of(&[case_json(case)]);
        let mut again = read(&written).unwrap().remove(0);
        (again.line, again.expect_line) = (case.line, case.expect_line);
        again.expect_at = case.expect_at.clone();
        assert_eq!(again, *case, "{written}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_line_its_case_and_a_hint() {
    let allow = "\"expect\": {\"verdict\": \"allow\"}";
    for (text, line, case, message) in [
        ("{\n\n]".to_owned(), 3, false, "not valid JSON"),
        (
            "{\"cases\": [\n{\"name\": 1, \"name\": 2}]}".to_owned(),
            2,
            false,
            "the same member name twice",
        ),
        ("{}".to_owned(), 1, false, "`cases` is missing"),
        (
            "{\"cases\": 1}".to_owned(),
            1,
            false,
            "a list stands here, not a number",
        ),
        (
            "{\n\"case\": [], \"cases\": []}".to_owned(),
            2,
            false,
            "`case` is unknown here",
        ),
        (
            "{\"cases\": [\n{}]}".to_owned(),
            2,
            false,
            "`name` is missing",
        ),
        (file(""), 3, false, "not valid JSON"),
        (file("\"arguments\": 1"), 2, true, "`expect` is missing"),
        (
            file(&format!("\"expected\": 1, {allow}")),
            3,
            true,
            "`expected` is unknown here",
        ),
        (file("\"expect\":\n{}"), 4, true, "nothing is expected"),
        (
            file("\"expect\":\n{\"verdict\":\n\"maybe\"}"),
            5,
            true,
            "`maybe` is no verdict",
        ),
        (
            file("\"expect\": {\"verdict\": \"deny\"}"),
            3,
            true,
            "`code` is missing",
        ),
        (
            file("\"expect\": {\"verdict\": \"deny\", \"code\": \"No\"}"),
            3,
            true,
            "`No` is no code",
        ),
        (
            file("\"expect\": {\"verdict\": \"allow\", \"code\": \"x\"}"),
            3,
            true,
            "beside no `deny`",
        ),
        (
            file("\"expect\": {\"verdict\": \"allow\", \"fault\": true}"),
            3,
            true,
            "`verdict`, `fault`",
        ),
        (
            file("\"expect\": {\"fault\": false}"),
            3,
            true,
            "neither `true` nor a word",
        ),
        (
            file("\"expect\": {\"edits\": [], \"obligations\": []}"),
            3,
            true,
            "belong to a `verdict`",
        ),
        (
            file("\"expect\": {\"edits\": [{\"pointer\": \"\"}]}"),
            3,
            true,
            "`text` is missing",
        ),
        (
            file("\"expect\": {\"verdict\": \"allow\", \"log\": [\n{\"level\": \"loud\"}]}"),
            4,
            true,
            "`loud` is no level",
        ),
        (
            file("\"expect\": {\"verdict\": \"allow\", \"obligations\": [\"x\"]}"),
            3,
            true,
            "no such obligation",
        ),
        (
            file(&format!("\"subject\": {{\"phase\": \"later\"}}, {allow}")),
            3,
            true,
            "`later` is no phase",
        ),
        (
            file(&format!("\"settings\": [], {allow}")),
            3,
            true,
            "an object stands here, not a list",
        ),
        (
            file(&format!("\"sees\": [\"/x\"], {allow}")),
            3,
            true,
            "begins with no part",
        ),
        (
            file(&format!("\"now\": -1, {allow}")),
            3,
            true,
            "`-1` is no whole number",
        ),
        (
            file(&format!(
                "\"host_calls\": [\n{{\"call\": \"x\", \"gives\": 1}}], {allow}"
            )),
            4,
            true,
            "`x` is no host call",
        ),
        (
            file(&format!(
                "\"host_calls\": [{{\"call\": \"counter.get\"}}], {allow}"
            )),
            3,
            true,
            "either `gives` or `fails`",
        ),
        (
            file(&format!(
                "\"host_calls\": [{{\"call\": \"counter.get\", \"gives\": \"1\"}}], {allow}"
            )),
            3,
            true,
            "no answer to `counter.get`",
        ),
        (
            file(&format!(
                "\"host_calls\": [{{\"call\": \"counter.get\", \"fails\": \"late\"}}], {allow}"
            )),
            3,
            true,
            "does not fail with `late`",
        ),
        (
            format!("{{\"cases\": [{{\"name\": \"c\", {allow}}},\n{{\"name\": \"c\", {allow}}}]}}"),
            2,
            true,
            "the case in line 1 has the same name",
        ),
    ] {
        let errors = read(&text).expect_err(&text);
        let [error] = errors.as_slice() else {
            panic!("{text}: {errors:?}");
        };
        assert_eq!(error.line, line, "{text}: {error}");
        assert_eq!(error.case.is_some(), case, "{text}: {error}");
        assert!(error.message.contains(message), "{text}: {error}");
    }
}

#[test]
fn every_case_with_a_fault_is_told() {
    let text = "{\"cases\": [{\"name\": \"a\"},\n{\"name\": \"b\", \"expect\": {\"verdict\": \"allow\"}},\n{\"name\": \"c\"}]}";
    let errors = read(text).unwrap_err();
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 1: case `a`: `expect` is missing",
            "line 3: case `c`: `expect` is missing"
        ]
    );
}

/// What differs when this comes out and that must, as `about: expected / got`.
fn check_differs(expect: &str, got: &Outcome, expected: &[&str]) {
    let text = file(&format!("\"expect\": {expect}"));
    let case = read(&text).unwrap().remove(0);
    let differences = got.differences(&case.expect);
    let shown = |d: &Difference| format!("{}: {} / {}", d.about, d.expected, d.got);
    let shown: Vec<String> = differences.iter().map(shown).collect();
    assert_eq!(shown, expected, "{expect}");
}

#[test]
fn what_comes_out_is_held_against_what_must() {
    let allow = outcome(Answer::Verdict(Ruling::Allow));
    let line = |message: &str| LogLine {
        level: LogLevel::Debug,
        message: message.to_owned(),
        fields: vec![("b".into(), "2".into()), ("a".into(), "1".into())],
    };
    let logged = Outcome {
        log: vec![line("one"), line("two")],
        struck: Some(vec!["log".to_owned()]),
        obligations: vec![Obligation::Durable],
        ..allow.clone()
    };
    let trap = outcome(Answer::Fault(Some("trap".to_owned())));
    let edit = |text: &str| FoundText {
        pointer: "/a".to_owned(),
        text: text.to_owned(),
        entity: "e".to_owned(),
    };
    let found = outcome(Answer::Edits(vec![edit("x"), edit("y")]));
    let diverged = Outcome {
        diverged: Some(Divergence {
            position: 1,
            recorded: "counter.get {}".to_owned(),
            asked: "nothing more".to_owned(),
        }),
        ..allow.clone()
    };
    let allowed = r#"{"verdict": "allow"}"#;
    check_differs(allowed, &allow, &[]);
    check_differs(allowed, &logged, &[]);
    check_differs(
        allowed,
        &diverged,
        &["host_calls/1: counter.get {} / nothing more"],
    );
    check_differs(
        r#"{"verdict": "deny", "code": "no"}"#,
        &allow,
        &[r#"verdict: {"verdict":"deny","code":"no"} / {"verdict":"allow"}"#],
    );
    check_differs(
        allowed,
        &outcome(deny("no")),
        &[r#"verdict: {"verdict":"allow"} / {"verdict":"deny","code":"no"}"#],
    );
    check_differs(r#"{"fault": true}"#, &trap, &[]);
    check_differs(r#"{"fault": "trap"}"#, &trap, &[]);
    check_differs(
        r#"{"fault": "cpu"}"#,
        &trap,
        &[r#"fault: {"fault":"cpu"} / {"fault":"trap"}"#],
    );
    check_differs(r#"{"fault": "cpu"}"#, &outcome(Answer::Fault(None)), &[]);
    check_differs(
        r#"{"edits": [{"pointer": "/a", "text": "x", "entity": "e"}]}"#,
        &found,
        &[r#"edits/1: no more edits / {"pointer":"/a","text":"y","entity":"e"}"#],
    );
    check_differs(
        r#"{"verdict": "allow", "log": [{"message": "one"}, {"level": "debug", "fields": {"a": "1", "b": "2"}}]}"#,
        &logged,
        &[],
    );
    check_differs(
        r#"{"verdict": "allow", "log": []}"#,
        &logged,
        &[r#"log/0: no more lines / {"level":"debug","message":"one","fields":{"b":"2","a":"1"}}"#],
    );
    check_differs(
        r#"{"verdict": "allow", "log": [{}, {"fields": {"a": "1"}}]}"#,
        &logged,
        &[
            r#"log/1: {"fields":{"a":"1"}} / {"level":"debug","message":"two","fields":{"b":"2","a":"1"}}"#,
        ],
    );
    check_differs(
        r#"{"verdict": "allow", "struck": [], "obligations": [{"must_understand": true}]}"#,
        &logged,
        &[
            r#"obligations: [{"must_understand":true}] / ["durable"]"#,
            r#"struck: [] / ["log"]"#,
        ],
    );
}

#[test]
fn what_came_out_is_written_in_the_place_of_what_was_expected() {
    let pieces =
        r#"{"edits": [{"pointer": "/a", "text": {"$join": ["gh", "p_"]}, "entity": "e"}]}"#;
    for (expect, answer, written) in [
        (
            r#"{ "verdict": "allow" }"#,
            deny("no"),
            r#"{"verdict":"deny","code":"no"}"#,
        ),
        (
            pieces,
            Answer::Edits(vec![FoundText {
                pointer: "/a".to_owned(),
                text: "ghp_1234".to_owned(),
                entity: "e".to_owned(),
            }]),
            r#"{"edits":[{"pointer":"/a","text":{"$join":["ghp_","1234"]},"entity":"e"}]}"#,
        ),
    ] {
        let text = file(&format!("\"expect\": {expect}, \"arguments\": {{ }}"));
        let case = read(&text).unwrap().remove(0);
        let new = replace_expect(
            &text,
            &case,
            &expect_json(&outcome(answer.clone()), &case.expect),
        );
        assert_eq!(new, text.replace(expect, written));
        let again = read(&new).unwrap().remove(0);
        let only = Expect {
            answer,
            obligations: None,
            log: None,
            struck: None,
        };
        assert_eq!(again.expect, only);
        // One more at the end leaves what is there as it is.
        let more = append(
            &new,
            &Json::parse(r#"{"name":"d","expect":{"fault":true}}"#).unwrap(),
        )
        .unwrap();
        assert!(more.starts_with(new.trim_end().trim_end_matches(['}', ']', '\n'])));
        assert_eq!(read(&more).unwrap().len(), 2);
    }
    let one = append(
        "{\"cases\": [ ]}",
        &Json::parse(r#"{"name":"d","expect":{"fault":true}}"#).unwrap(),
    );
    assert_eq!(read(&one.unwrap()).unwrap().len(), 1);
    assert_eq!(append("[]", &Json::Null), None);
}
