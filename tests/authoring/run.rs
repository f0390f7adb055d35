//! `wardlet plugin run`: one call, judged.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{Author, Told, case, shown, speaking};
use crate::fixture::{SECRET, plugin};
use crate::guest::{Guest, RET};
use crate::outside::reading;

#[test]
fn a_policy_says_what_a_gateway_would_hear() {
    let author = Author::new(&speaking().component(), "{}");
    fs::write(author.path("deny.json"), "{\"deny\": true}").unwrap();
    let run = ["run", "build/guest.wasm"];
    for (arguments, code, texts) in [
        (
            &["--arguments", "{}"][..],
            0,
            &[
                "verdict   allow",
                "obliges   Durable",
                "log       debug looked at=/deny",
                "used      ",
                " KiB of memory, 2 host calls",
            ][..],
        ),
        (
            &["--arguments", "{\"deny\": 1}"],
            0,
            &["verdict   deny `outside`: It is outside."],
        ),
        (&["--arguments", "@deny.json"], 0, &["verdict   deny"]),
        (
            &["--arguments", "@deny.json", "--sees", "/arguments/other"],
            0,
            &["verdict   allow"],
        ),
        (
            &["--limits", "host_calls=1"],
            1,
            &[
                "fault     the plugin called the host too often",
                "struck    host_calls",
                "a gateway would refuse the call",
            ],
        ),
        (&["--limits", "log=4B"], 0, &["struck    log"]),
    ] {
        author
            .wardlet(&[&run[..], arguments].concat())
            .check(code, texts);
    }
}

#[test]
fn an_answer_that_is_none_is_told_with_what_is_wrong_with_it() {
    for (kind, code, obligations, texts) in [
        (
            2,
            "otuside",
            0,
            "for `otuside`, which is not one of the reasons in its declaration",
        ),
        (3, "", 0, "for ``, which is not one of the reasons"),
        (1, "", 17, "it attached 17 obligations, of 16 at most"),
    ] {
        let mut guest = Guest::policy();
        let verdict = guest.verdict(kind, code, &vec![("durable", "", true); obligations]);
        guest.evaluate = format!("(i32.const {verdict})");
        let author = Author::new(
            &guest.component(),
            &case(r#""expect": {"verdict": "allow"}"#),
        );
        for command in [&["run", "build/guest.wasm"][..], &["test"]] {
            author
                .wardlet(command)
                .check(1, &["the plugin gave a bad answer", texts]);
        }
    }
}

#[test]
fn what_cannot_be_judged_is_told_with_a_hint() {
    let author = Author::new(&speaking().component(), "{}");
    let run = ["run", "build/guest.wasm"];
    for (arguments, code, texts) in [
        (
            &["--grant", "clock"][..],
            2,
            &[
                "plugin `guest` imports `log`, which is not granted",
                "hint: grant it with `--grant log`",
            ][..],
        ),
        (&["--grant", "lgo"], 2, &["unknown capability `lgo`"]),
        (&["--limits", "memory=1MB"], 2, &["`1MB` is no size"]),
        (&["--limits", "memory"], 2, &["has no `=`"]),
        (
            &["--limits", "edits=1,edits=2"],
            2,
            &["`edits` stands twice"],
        ),
        (
            &["--arguments", "{"],
            2,
            &["`--arguments`: not valid JSON", "hint: "],
        ),
        (
            &["--arguments", "@none.json"],
            3,
            &["cannot read `none.json`"],
        ),
        (&["--settings", "[]"], 2, &["`--settings` is no object"]),
        (&["--subject", "phase=later"], 2, &["`later` is no phase"]),
        (&["--subject", "tool=x"], 2, &["a subject has no `tool`"]),
        (&["--sees", "/x"], 2, &["begins with no part"]),
    ] {
        author
            .wardlet(&[&run[..], arguments].concat())
            .check(code, texts);
    }
    author
        .wardlet(&["run", "none.wasm"])
        .check(3, &["cannot read `none.wasm`", "hint: "]);
}

#[test]
fn arguments_come_from_standard_input_too() {
    let author = Author::new(&speaking().component(), "{}");
    let mut command = author.command(&["run", "build/guest.wasm", "--arguments", "-", "--json"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"{\"deny\": 0}")
        .unwrap();
    let told = Told::of(&child.wait_with_output().unwrap());
    assert_eq!(told.code, Some(0), "{told:?}");
    let answers: Value = serde_json::from_str(&told.out).unwrap();
    let answer = &answers["answers"][0]["answer"];
    let line = json!({"level": "debug", "message": "looked", "fields": {"at": "/deny"}});
    assert_eq!(
        *answer,
        json!({"verdict": "deny", "code": "outside", "obligations": [], "log": [line], "struck": []})
    );
    assert_eq!(answers["answers"][0]["usage"]["host_calls"], 2);
}

#[test]
fn a_redactor_shows_what_it_finds_and_where() {
    let author = Author::new(b"", "{}");
    let (component, _) = plugin("secret-redactor");
    let result =
        json!({"content": [{"type": "text", "text": format!("the key is {SECRET}, keep it")}]});
    let result = result.to_string();
    author
        .wardlet(&["run", shown(&component), "--result", &result])
        .check(
            0,
            &[
                "edit      /content/0/text  aws-access-key-id (",
                &format!("the key is [{SECRET}], keep it"),
            ],
        );
    author
        .wardlet(&["run", shown(&component), "--arguments", "{\"a\": \"b\"}"])
        .check(0, &["edits     none"]);
}

#[test]
fn what_it_keeps_is_gone_afterwards_and_what_it_asked_is_shown() {
    let mut guest = Guest::policy().importing("key-value");
    let [key, length] = guest.text("seen");
    let deny = guest.verdict(2, "outside", &[]);
    let allow = guest.evaluate.clone();
    let guest = guest.evaluating(format!(
        "(call $key-value_insert (i32.const {key}) (i32.const {length}) (i32.const {key}) (i32.const {length})
            (i32.const 0) (i64.const 0) (i32.const {RET}))
        (if (i32.load8_u (i32.const {RET})) (then unreachable))
        (if (i32.eqz (i32.load8_u (i32.const {new}))) (then (return (i32.const {deny}))))
        {allow}",
        new = RET + 1,
    ));
    let author = Author::new(&guest.component(), "{}");
    for _ in 0..2 {
        author.wardlet(&["run", "build/guest.wasm"]).check(
            0,
            &["verdict   allow", r#"host      {"call":"key-value.set","with":{"key":"seen","value":"seen","only_new":true},"gives":true}"#],
        );
    }
}

#[test]
fn a_configuration_sets_up_what_it_reaches() {
    let author = Author::new(&reading().component(), "{}");
    fs::create_dir_all(author.path("data/allow")).unwrap();
    fs::write(author.path("data/allow/all"), "true").unwrap();
    let section = |name: &str| {
        format!(
            "[plugin.{name}]\ncomponent = \"build/guest.wasm\"\ngrants = [\"fs-read\"]\nfolders = {{ policy = \"data\" }}\n"
        )
    };
    fs::write(
        author.path("wardlet.toml"),
        format!("[server.x]\n{}", section("reads")),
    )
    .unwrap();
    fs::write(
        author.path("two.toml"),
        format!("[server.x]\n{}{}", section("reads"), section("other")),
    )
    .unwrap();
    let run = ["run", "build/guest.wasm"];
    for (arguments, code, texts) in [
        (
            &["--config", "wardlet.toml"][..],
            0,
            &["verdict   allow", r#""gives":"true""#][..],
        ),
        (
            &["--config", "two.toml"],
            2,
            &[
                "not one plugin alone",
                "hint: name one with `--plugin`: other, reads",
            ],
        ),
        (
            &["--config", "two.toml", "--plugin", "reads"],
            0,
            &["verdict   allow"],
        ),
        (
            &["--config", "two.toml", "--plugin", "none"],
            2,
            &["no plugin `none`"],
        ),
        (
            &["--config", "none.toml"],
            2,
            &["no configuration `none.toml`"],
        ),
        (
            &[],
            2,
            &["imports `fs-read`, which is granted and not set up"],
        ),
    ] {
        author
            .wardlet(&[&run[..], arguments].concat())
            .check(code, texts);
    }
}
