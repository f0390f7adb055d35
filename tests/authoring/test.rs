//! `wardlet plugin test`, once.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::{Author, case, shown, speaking};
use crate::fixture::{plugin, root};
use crate::guest::Guest;
use crate::reach::counting;

/// One case on a component: what is told, with which exit code.
fn check(component: &[u8], members: &str, code: i32, texts: &[&str]) {
    let author = Author::new(component, &case(members));
    author.wardlet(&["test"]).check(code, texts);
}

#[test]
fn what_passes_and_what_does_not() {
    let speaking = speaking().component();
    let passed = &["ok   cases/all.json  1 passed", "1 passed in "][..];
    let durable = r#""obligations": ["durable"]"#;
    let line = r#"{"level": "debug", "message": "looked", "fields": {"at": "/deny"}}"#;
    for (members, code, texts) in [
        (r#""arguments": {}, "expect": {"verdict": "allow"}"#.to_owned(), 0, passed),
        (r#""arguments": {"deny": 1}, "expect": {"verdict": "deny", "code": "outside"}"#.to_owned(), 0, passed),
        (
            format!(r#""arguments": {{}}, "expect": {{"verdict": "allow", {durable}, "log": [{line}], "struck": []}}"#),
            0,
            passed,
        ),
        (
            "\"arguments\": {\"deny\": 1},\n\"expect\": {\"verdict\": \"allow\"}".to_owned(),
            1,
            &[
                "FAIL `one` at cases/all.json:4",
                "  verdict\n    expected  {\"verdict\":\"allow\"}\n    got       {\"verdict\":\"deny\",\"code\":\"outside\"}",
                "  log         debug looked at=/deny",
                "0 passed, 1 failed in ",
            ],
        ),
        (r#""arguments": {}, "expect": {"verdict": "allow", "log": []}"#.to_owned(), 1, &["log/0\n    expected  no more lines"]),
        (r#""arguments": {}, "expect": {"verdict": "allow", "obligations": []}"#.to_owned(), 1, &["got       [\"durable\"]"]),
        // What it is not granted, it cannot be loaded with.
        (r#""grants": [], "expect": {"fault": "load"}"#.to_owned(), 0, passed),
        (r#""grants": [], "expect": {"verdict": "allow"}"#.to_owned(), 1, &["imports `log`, which is not granted"]),
        // The place is hidden, so that nothing is found there.
        (r#""sees": ["/arguments/other"], "arguments": {"deny": 1}, "expect": {"verdict": "allow"}"#.to_owned(), 0, passed),
        (r#""limits": {"host_calls": 1}, "expect": {"fault": "host-calls", "struck": ["host_calls"]}"#.to_owned(), 0, passed),
        (r#""limits": {"log": "3B"}, "expect": {"verdict": "allow", "struck": ["log"], "log": [{"message": ""}]}"#.to_owned(), 0, passed),
        (r#""limits": {"memory": "1MB"}, "expect": {"fault": true}"#.to_owned(), 2, &["`1MB` is no size", "hint: write a whole number"]),
        (r#""grants": ["lgo"], "expect": {"fault": true}"#.to_owned(), 2, &["unknown capability `lgo`", "cases/all.json:2"]),
    ] {
        check(&speaking, &members, code, texts);
    }
}

#[test]
fn a_component_that_is_older_than_its_sources_is_told_of() {
    let allow = case(r#""expect": {"verdict": "allow"}"#);
    let author = Author::new(&Guest::policy().component(), &allow);
    let old = "warning: `build/guest.wasm` is older than `src/plugin.c`";
    for (file, is_source) in [
        ("cases/more.json", false),
        ("README.md", false),
        ("build/work/x.c", false),
        (".editor/x.c", false),
        ("src/plugin.c", true),
    ] {
        let path = author.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, if file.ends_with(".json") { &allow } else { "" }).unwrap();
        let later = SystemTime::now() + Duration::from_secs(10);
        let opened = File::options().write(true).open(&path).unwrap();
        opened.set_modified(later).unwrap();
        let told = author.wardlet(&["test"]);
        told.check(0, &[" passed in "]);
        assert_eq!(told.err.contains(old), is_source, "{file}: {told:?}");
    }
}

#[test]
fn faults_and_settings() {
    let trap = Guest::policy().evaluating("unreachable").component();
    let picky = {
        let mut guest = Guest::policy();
        let [pointer, pointer_length] = guest.text("/size");
        let [message, message_length] = guest.text("is missing");
        let fault = guest.words(&[pointer, pointer_length, message, message_length]);
        let at = guest.words(&[1, fault, 1]);
        guest.configure = format!("(i32.const {at})");
        guest.component()
    };
    for (guest, members, code, texts) in [
        (&trap, r#""expect": {"fault": true}"#, 0, &["1 passed"][..]),
        (&trap, r#""expect": {"fault": "trap"}"#, 0, &["1 passed"]),
        (
            &trap,
            r#""expect": {"verdict": "allow"}"#,
            1,
            &["got       {\"fault\":\"trap\"}: the plugin trapped"],
        ),
        (
            &picky,
            r#""expect": {"configure": ["/size"]}"#,
            0,
            &["1 passed"],
        ),
        (
            &picky,
            r#""expect": {"configure": []}"#,
            1,
            &["does not take its settings: `/size`: is missing"],
        ),
    ] {
        check(guest, members, code, texts);
    }
}

#[test]
fn host_calls_are_answered_from_the_case() {
    let counting = counting().component();
    let add = |answer: &str| {
        format!(
            r#""host_calls": [{{"call": "counter.add", "with": {{"key": "calls", "delta": 1}}, {answer}}}]"#
        )
    };
    let (two, three, down) = (
        add("\"gives\": 2"),
        add("\"gives\": 3"),
        add("\"fails\": \"unavailable\""),
    );
    let other = two.replace("calls\", \"delta", "other\", \"delta");
    let more = two.replace(
        "}]",
        "}, {\"call\": \"counter.get\", \"with\": {}, \"gives\": 0}]",
    );
    let allow = r#""expect": {"verdict": "allow"}"#;
    for (calls, expect, code, texts) in [
        (&two, allow, 0, &["1 passed"][..]),
        (
            &three,
            r#""expect": {"verdict": "deny", "code": "outside"}"#,
            0,
            &["1 passed"],
        ),
        (&down, r#""expect": {"fault": "trap"}"#, 0, &["1 passed"]),
        (
            &other,
            r#""expect": {"fault": true}"#,
            1,
            &[
                "host_calls/0",
                r#"expected  counter.add {"delta":1,"key":"other"}"#,
                r#"got       counter.add {"delta":1,"key":"calls"}"#,
                "hint: host calls are answered by `host_calls` of the case",
            ],
        ),
        (
            &more,
            allow,
            1,
            &[
                "host_calls/1",
                "expected  counter.get {}",
                "got       nothing more",
            ],
        ),
        (
            &r#""host_calls": []"#.to_owned(),
            r#""expect": {"fault": true}"#,
            1,
            &["expected  no more host calls"],
        ),
    ] {
        check(&counting, &format!("{calls}, {expect}"), code, texts);
    }
}

#[test]
fn what_is_wrong_is_told_with_its_file_its_line_and_a_hint() {
    let author = Author::new(
        &speaking().component(),
        "{\"cases\": [\n{\"name\": \"a\"},\n{\"name\": \"b\",\n \"expect\": {\"verdict\": \"maybe\"}}]}",
    );
    author.wardlet(&["test"]).check(
        2,
        &[
            "FAIL cases/all.json  2 cannot be read, so none of the file is tried",
            "error: `a` at cases/all.json:2\n  `expect` is missing\n  hint: ",
            "error: `b` at cases/all.json:4\n  `maybe` is no verdict\n  hint: a verdict is",
            "0 passed, 2 faults in the files",
        ],
    );
    fs::write(author.path("cases/all.json"), "{\"cases\": []}").unwrap();
    author
        .wardlet(&["test"])
        .check(2, &["error: there are no cases", "hint: "]);
    author
        .wardlet(&["test", "--cases", "cases/none.json"])
        .check(3, &["cannot read `cases/none.json`"]);
    author
        .wardlet(&["test", "--path", "cases"])
        .check(2, &["there is no `cases/plugin.toml`", "hint: "]);
    author
        .wardlet(&["test", "build/guest.wasm"])
        .check(2, &["no case files are named", "hint: "]);
    author
        .wardlet(&["test", "--jobs", "0"])
        .check(2, &["--jobs"]);
    fs::write(author.path("build/guest.wasm"), b"\0asm\x01\0\0\0").unwrap();
    author
        .wardlet(&["test"])
        .check(2, &["not a component: a core module", "hint: "]);
    fs::remove_file(author.path("build/guest.wasm")).unwrap();
    author
        .wardlet(&["test"])
        .check(3, &["build/guest.wasm`", "hint: build the plugin first"]);
    for (manifest, text) in [
        ("name = ", "plugin.toml`: "),
        ("x = 1", "has no text `name`"),
        ("name = \"A b\"", "`A b` is no name"),
    ] {
        fs::write(author.path("plugin.toml"), manifest).unwrap();
        author.wardlet(&["test"]).check(2, &[text]);
    }
}

const TWO: &str = r#"{"arguments": {},
 "cases": [
  {"name": "first", "expect": {"verdict": "abstain", "log": []}},
  {"name": "second", "arguments": {"deny": true}, "expect":
     {"verdict": "allow"}},
  {"name": "third", "expect": {"verdict": "allow"}}
]}
"#;

#[test]
fn a_filter_chooses_and_accept_writes_what_came_out_and_nothing_else() {
    let two = TWO.replace("\"arguments\": {},\n", "\"now\": 1,\n");
    let author = Author::new(&speaking().component(), &two);
    author
        .wardlet(&["test", "--filter", "third"])
        .check(0, &["1 passed, 2 left out in "]);
    author
        .wardlet(&["test", "--filter", "all.json"])
        .check(1, &["1 passed, 2 failed in "]);
    author
        .wardlet(&["test", "--filter", "none"])
        .check(2, &["no case has `none` in its name"]);
    assert_eq!(
        fs::read_to_string(author.path("cases/all.json")).unwrap(),
        two,
        "nobody asked"
    );
    author
        .wardlet(&["test", "--filter", "second", "--accept"])
        .check(0, &["1 of them accepted"]);
    let second = two.replace(
        "     {\"verdict\": \"allow\"}},",
        "     {\"verdict\":\"deny\",\"code\":\"outside\"}},",
    );
    assert_eq!(
        fs::read_to_string(author.path("cases/all.json")).unwrap(),
        second
    );
    author
        .wardlet(&["test", "--update"])
        .check(0, &["3 passed, 1 of them accepted"]);
    let all = second.replace(
        "{\"verdict\": \"abstain\", \"log\": []}",
        r#"{"verdict":"allow","log":[{"level":"debug","message":"looked","fields":{"at":"/deny"}}]}"#,
    );
    assert_eq!(
        fs::read_to_string(author.path("cases/all.json")).unwrap(),
        all
    );
    author.wardlet(&["test"]).check(0, &["3 passed in "]);
}

#[test]
fn a_host_call_that_differs_cannot_be_accepted() {
    let text = case(r#""expect": {"fault": true}"#);
    let author = Author::new(&counting().component(), &text);
    author
        .wardlet(&["test", "--accept"])
        .check(1, &["host_calls/0"]);
    assert_eq!(
        fs::read_to_string(author.path("cases/all.json")).unwrap(),
        text
    );
}

#[test]
fn the_shipped_plugins_on_their_cases_for_programs() {
    for (name, at_least) in [
        ("path-guard", 20),
        ("tool-allow", 20),
        ("secret-redactor", 20),
    ] {
        let author = Author::new(b"", "{}");
        let (component, digest) = plugin(name);
        let cases = root().join("plugins").join(name).join("cases");
        let told = author.wardlet(&[
            "test",
            shown(&component),
            "--cases",
            shown(&cases),
            "--json",
        ]);
        assert_eq!(told.code, Some(0), "{told:?}");
        let json: Value = serde_json::from_str(&told.out).unwrap();
        let passed = json["passed"].as_u64().unwrap();
        assert!(
            passed > at_least && json["failed"] == 0 && json["ok"] == true,
            "{name}: {passed}"
        );
        assert_eq!(json["digest"], digest, "{name}");
        let all = json["cases"].as_array().unwrap();
        assert_eq!(all.len() as u64, passed, "{name}");
        assert!(
            all.iter().all(|case| case["line"].as_u64().unwrap() > 0),
            "{name}"
        );
    }
}
