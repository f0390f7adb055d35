//! What is read, told and written.

use proptest::prelude::*;

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

/// Files that are none: the text, the line and the message.
const BAD_FILES: &[(&str, usize, &str)] = &[
    ("{\n\n]", 3, "not valid JSON"),
    ("{}", 1, "`cases` is missing"),
    ("{\"cases\": 1}", 1, "a list stands here, not a number"),
    (
        "{\n\"case\": [], \"cases\": []}",
        2,
        "`case` is unknown here",
    ),
    ("{\"cases\": [\n{}]}", 2, "`name` is missing"),
    (
        "{\"cases\": [\n{\"name\": 1, \"name\": 2}]}",
        2,
        "the same member name twice",
    ),
    (
        "{\"cases\": [{\"name\": \"c\", \"expect\": {\"fault\": true}},\n{\"name\": \"c\", \"expect\": {\"fault\": true}}]}",
        2,
        "the case in line 1 has the same name",
    ),
];

/// Cases that are none: the members of one that begins in line 2, from line 3 on; the line and the message. An
/// `E` stands for an `expect` that is right.
const BAD_CASES: &[(&str, usize, &str)] = &[
    ("\"arguments\": 1", 2, "`expect` is missing"),
    ("\"expected\": 1, E", 3, "`expected` is unknown here"),
    ("\"expect\":\n{}", 4, "nothing is expected"),
    (
        "\"expect\":\n{\"verdict\":\n\"maybe\"}",
        5,
        "`maybe` is no verdict",
    ),
    (
        "\"expect\": {\"verdict\": \"deny\"}",
        3,
        "`code` is missing",
    ),
    (
        "\"expect\": {\"verdict\": \"deny\", \"code\": \"No\"}",
        3,
        "`No` is no code",
    ),
    (
        "\"expect\": {\"verdict\": \"allow\", \"code\": \"x\"}",
        3,
        "beside no `deny`",
    ),
    (
        "\"expect\": {\"verdict\": \"allow\", \"fault\": true}",
        3,
        "`verdict`, `fault`",
    ),
    (
        "\"expect\": {\"fault\": false}",
        3,
        "neither `true` nor a word",
    ),
    (
        "\"expect\": {\"edits\": [], \"obligations\": []}",
        3,
        "belong to a `verdict`",
    ),
    (
        "\"expect\": {\"edits\": [{\"pointer\": \"\"}]}",
        3,
        "`text` is missing",
    ),
    (
        "\"expect\": {\"fault\": true, \"log\": [\n{\"level\": \"loud\"}]}",
        4,
        "`loud` is no level",
    ),
    (
        "\"expect\": {\"verdict\": \"allow\", \"obligations\": [\"x\"]}",
        3,
        "no such obligation",
    ),
    (
        "\"subject\": {\"phase\": \"later\"}, E",
        3,
        "`later` is no phase",
    ),
    (
        "\"settings\": [], E",
        3,
        "an object stands here, not a list",
    ),
    ("\"sees\": [\"/x\"], E", 3, "begins with no part"),
    ("\"now\": -1, E", 3, "`-1` is no whole number"),
    (
        "\"host_calls\": [\n{\"call\": \"x\", \"gives\": 1}], E",
        4,
        "`x` is no host call",
    ),
    (
        "\"host_calls\": [{\"call\": \"counter.get\"}], E",
        3,
        "either `gives` or `fails`",
    ),
    (
        "\"host_calls\": [{\"call\": \"counter.get\", \"gives\": \"1\"}], E",
        3,
        "no answer to `counter.get`",
    ),
    (
        "\"host_calls\": [{\"call\": \"counter.get\", \"fails\": \"late\"}], E",
        3,
        "does not fail with `late`",
    ),
];

#[test]
fn what_is_wrong_is_told_with_its_line_its_case_and_a_hint() {
    let check = |text: &str, line: usize, message: &str| {
        let errors = read(text).expect_err(text);
        let [error] = errors.as_slice() else {
            panic!("{text}: {errors:?}");
        };
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(error.message.contains(message), "{text}: {error}");
        error.case.clone()
    };
    for (text, line, message) in BAD_FILES {
        check(text, *line, message);
    }
    for (members, line, message) in BAD_CASES {
        let expect = "\"expect\": {\"verdict\": \"allow\"}";
        let text = file(&members.replace(", E", &format!(", {expect}")));
        let case = check(&text, *line, message);
        assert_eq!(case.as_deref(), Some("c"), "{text}");
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
}

#[test]
fn log_limits_and_conditions_are_compared_where_they_are_given() {
    let line = |message: &str| LogLine {
        level: LogLevel::Debug,
        message: message.to_owned(),
        fields: vec![("b".into(), "2".into()), ("a".into(), "1".into())],
    };
    let logged = Outcome {
        log: vec![line("one"), line("two")],
        struck: Some(vec!["log".to_owned()]),
        obligations: vec![Obligation::Durable],
        ..outcome(Answer::Verdict(Ruling::Allow))
    };
    check_differs(r#"{"verdict": "allow"}"#, &logged, &[]);
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

/// Cases of every kind, one in a line.
const MANY: &str = r#"{"settings": {"é": [1, {"$join": ["a", 2]}]}, "subject": {"phase": "response"}, "cases": [
{"name": "a", "sees": ["/result"], "result": {"x": null}, "expect": {"edits": [{"pointer": "/x", "text": "ü", "entity": "e"}]}},
{"name": "b", "host_calls": [{"call": "fs-read.read", "with": {"folder": "f"}, "gives": {"hex": "ff"}}], "expect": {"fault": "trap"}},
{"name": "c", "expect": {"verdict": "deny", "code": "no", "log": [{"level": "warn", "fields": {"k": "v"}}], "struck": ["log"]}}
]}"#;

proptest! {
    /// Whatever stands in a file, it is read or told, and what is read is where it says.
    #[test]
    fn a_damaged_file_is_read_or_told(at in 0..MANY.len(), cut in 0..9_usize, put in "[\\[\\]{}\",:0-9a-z$é]{0,3}") {
        let start = MANY.floor_char_boundary(at);
        let end = MANY.ceil_char_boundary((start + cut).min(MANY.len()));
        let text = format!("{}{put}{}", &MANY[..start], &MANY[end..]);
        match read(&text) {
            Ok(cases) => for case in cases {
                let expect = Json::parse(&text[case.expect_at.clone()]);
                prop_assert!(expect.is_ok(), "{text}");
                let same = replace_expect(&text, &case, &expect.unwrap());
                prop_assert_eq!(read(&same).map(|cases| cases.len()), read(&text).map(|cases| cases.len()));
            },
            Err(errors) => {
                let lines = text.lines().count();
                prop_assert!(!errors.is_empty());
                prop_assert!(errors.iter().all(|error| (1..=lines).contains(&error.line)), "{errors:?}");
            }
        }
    }
}
