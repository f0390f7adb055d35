//! Parsers differ, and whoever knows how can have one policy judge what another reads otherwise. Here the same
//! policy in each language is given arguments that parsers are known to disagree about: the host
//! refuses them, or every language gives the same verdict.

mod examples;

use crate::fixture::{Gateway, Setup, is_refusal, plugin, root, skip};

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Allowed,
    /// By the policy, for this reason.
    Denied(&'static str),
    /// By the host, before any policy: its reason.
    Refused(&'static str),
    /// No message at all, for the host.
    Malformed,
}
use Fate::{Allowed, Denied, Malformed, Refused};

/// What is sent as `arguments`, byte for byte.
const CASES: &[(&str, &[u8], Fate)] = &[
    // Escapes.
    (
        "an escaped slash outside",
        br#"{"path":"\/etc/x"}"#,
        Denied("outside"),
    ),
    (
        "an escaped slash inside",
        br#"{"path":"\/srv\/data\/x"}"#,
        Allowed,
    ),
    (
        "an escaped name",
        br#"{"p\u0061th":"/etc/x"}"#,
        Denied("outside"),
    ),
    (
        "escaped dots",
        br#"{"path":"/srv/data/\u002e\u002e/x"}"#,
        Denied("outside"),
    ),
    (
        "an unknown escape",
        br#"{"path":"/srv/data/\x41"}"#,
        Malformed,
    ),
    // Names that stand twice.
    (
        "a name twice",
        br#"{"path":"/srv/data/x","path":"/etc/x"}"#,
        Malformed,
    ),
    (
        "a name twice, once escaped",
        br#"{"path":"/srv/data/x","p\u0061th":"/etc/x"}"#,
        Malformed,
    ),
    (
        "a name twice, further in",
        br#"{"path":"/srv/data/x","count":{"a":1,"a":2}}"#,
        Malformed,
    ),
    // Surrogates.
    (
        "a lone high surrogate",
        br#"{"path":"/srv/data/\ud800"}"#,
        Malformed,
    ),
    (
        "a lone low surrogate",
        br#"{"path":"/srv/data/\udc00"}"#,
        Malformed,
    ),
    (
        "surrogates the wrong way round",
        br#"{"path":"/srv/data/\ude00\ud83d"}"#,
        Malformed,
    ),
    (
        "a lone surrogate in a name",
        br#"{"path":"/srv/data/x","\ud800":1}"#,
        Malformed,
    ),
    (
        "a pair of surrogates",
        br#"{"path":"/srv/data/\ud83d\ude00"}"#,
        Allowed,
    ),
    // Bytes.
    (
        "a byte order mark before it",
        b"\xef\xbb\xbf{\"path\":\"/srv/data/x\"}",
        Malformed,
    ),
    (
        "a byte order mark in the text",
        br#"{"path":"\ufeff/srv/data/x"}"#,
        Denied("outside"),
    ),
    ("invalid UTF-8", b"{\"path\":\"/srv/data/\xff\"}", Malformed),
    (
        "overlong UTF-8",
        b"{\"path\":\"/srv/data/\xc0\xaf\"}",
        Malformed,
    ),
    (
        "a surrogate in UTF-8",
        b"{\"path\":\"/srv/data/\xed\xa0\x80\"}",
        Malformed,
    ),
    // Ends of texts, for those who look for them.
    (
        "a NUL after the secret",
        br#"{"path":"/srv/data/caf\u00e9\u0000"}"#,
        Allowed,
    ),
    (
        "a NUL before the path",
        br#"{"path":"\u0000/srv/data/x"}"#,
        Denied("outside"),
    ),
    (
        "a NUL and a step up",
        br#"{"path":"/srv/data/x\u0000/../y"}"#,
        Denied("outside"),
    ),
    (
        "a NUL after a name",
        br#"{"path\u0000":"/srv/data/x"}"#,
        Denied("unexpected"),
    ),
    (
        "a bare control character",
        b"{\"path\":\"/srv/data/\x01\"}",
        Malformed,
    ),
    (
        "a line separator",
        "{\"path\":\"/srv/data/\u{2028}\"}".as_bytes(),
        Allowed,
    ),
    // Numbers.
    (
        "a hundred",
        br#"{"path":"/srv/data/x","count":100}"#,
        Allowed,
    ),
    (
        "a hundred with an exponent",
        br#"{"path":"/srv/data/x","count":1e2}"#,
        Denied("too-many"),
    ),
    (
        "a hundred with a fraction",
        br#"{"path":"/srv/data/x","count":100.0}"#,
        Denied("too-many"),
    ),
    (
        "a hundred as a text",
        br#"{"path":"/srv/data/x","count":"100"}"#,
        Denied("too-many"),
    ),
    (
        "nothing below zero",
        br#"{"path":"/srv/data/x","count":-0}"#,
        Denied("too-many"),
    ),
    (
        "more than a float can say",
        br#"{"path":"/srv/data/x","count":1e400}"#,
        Refused("inexact-number"),
    ),
    (
        "between two floats",
        br#"{"path":"/srv/data/x","count":9007199254740993}"#,
        Refused("inexact-number"),
    ),
    (
        "less than a float can say",
        br#"{"path":"/srv/data/x","count":1e-400}"#,
        Refused("inexact-number"),
    ),
    (
        "a leading zero",
        br#"{"path":"/srv/data/x","count":010}"#,
        Malformed,
    ),
    (
        "a leading plus",
        br#"{"path":"/srv/data/x","count":+1}"#,
        Malformed,
    ),
    (
        "hexadecimal",
        br#"{"path":"/srv/data/x","count":0x10}"#,
        Malformed,
    ),
    (
        "not a number",
        br#"{"path":"/srv/data/x","count":NaN}"#,
        Malformed,
    ),
    (
        "true",
        br#"{"path":"/srv/data/x","count":true}"#,
        Denied("too-many"),
    ),
    (
        "null in place of a number",
        br#"{"path":"/srv/data/x","count":null}"#,
        Denied("too-many"),
    ),
    // What is no object.
    ("an array", b"[]", Malformed),
    (
        "an array that looks like it",
        br#"["path","/srv/data/x"]"#,
        Malformed,
    ),
    ("a text", br#""{\"path\":\"/srv/data/x\"}""#, Malformed),
    ("a number", b"1", Malformed),
    ("an empty object", b"{}", Denied("no-path")),
    (
        "null in place of a text",
        br#"{"path":null}"#,
        Denied("no-path"),
    ),
    (
        "a list of texts",
        br#"{"path":["/srv/data/x"]}"#,
        Denied("no-path"),
    ),
    (
        "an object in place of a text",
        br#"{"path":{"toString":"/srv/data/x"}}"#,
        Denied("no-path"),
    ),
    // Names that mean something to a language.
    (
        "a prototype",
        br#"{"__proto__":{"path":"/srv/data/x"}}"#,
        Denied("unexpected"),
    ),
    (
        "a prototype beside it",
        br#"{"path":"/srv/data/x","__proto__":{"count":1}}"#,
        Denied("unexpected"),
    ),
    (
        "a constructor",
        br#"{"path":"/srv/data/x","constructor":{"prototype":1}}"#,
        Denied("unexpected"),
    ),
    (
        "a class",
        br#"{"path":"/srv/data/x","__class__":"x"}"#,
        Denied("unexpected"),
    ),
    (
        "no name",
        br#"{"":1,"path":"/srv/data/x"}"#,
        Denied("unexpected"),
    ),
    (
        "a name in another case",
        br#"{"Path":"/srv/data/x"}"#,
        Denied("unexpected"),
    ),
    (
        "a pointer as a name",
        br#"{"/path":"/srv/data/x"}"#,
        Denied("unexpected"),
    ),
    (
        "an escaped pointer as a name",
        br#"{"~1path":"/srv/data/x"}"#,
        Denied("unexpected"),
    ),
    // The same to the eye.
    (
        "the secret",
        "{\"path\":\"/srv/data/caf\u{e9}\"}".as_bytes(),
        Denied("secret"),
    ),
    (
        "the secret, escaped",
        br#"{"path":"/srv/data/caf\u00e9"}"#,
        Denied("secret"),
    ),
    (
        "the secret, decomposed",
        "{\"path\":\"/srv/data/cafe\u{301}\"}".as_bytes(),
        Allowed,
    ),
    (
        "another secret, full width",
        "{\"path\":\"/srv/data/\u{ff43}af\u{e9}\"}".as_bytes(),
        Allowed,
    ),
    // More than JSON.
    (
        "a comma at the end",
        br#"{"path":"/srv/data/x",}"#,
        Malformed,
    ),
    ("a comment", br#"{"path":"/srv/data/x"/* */}"#, Malformed),
    ("single quotes", br#"{'path':'/srv/data/x'}"#, Malformed),
    ("a bare name", br#"{path:"/srv/data/x"}"#, Malformed),
    (
        "more after its end",
        br#"{"path":"/srv/data/x"}{"path":"/etc/x"}"#,
        Malformed,
    ),
    (
        "spaces that JSON does not know",
        "{\u{a0}\"path\":\"/srv/data/x\"}".as_bytes(),
        Malformed,
    ),
];

#[test]
fn rust() {
    check("rust", "", "a toolchain for wasm32-unknown-unknown");
}

#[test]
fn c() {
    check("c", "", "clang with lld, or python3 with venv for zig");
}

/// With the virtual WASI, without which QuickJS's runtime does not start.
#[test]
fn javascript() {
    check(
        "javascript",
        r#""wasi", "clock", "random""#,
        "node with npm",
    );
}

#[test]
fn python() {
    check("python", "", "python3 with venv");
}

fn check(language: &str, grants: &str, needs: &str) {
    let name = format!("tests/one-path-{language}");
    if !root()
        .join("target/plugins")
        .join(&name)
        .with_extension("wasm")
        .exists()
    {
        return skip(&format!("ambiguous::{language}"), needs);
    }
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"path":"/srv/data/x","count":{open}{close}}}"#).into_bytes()
    };
    let (deep, too_deep) = (nested(100), nested(200));
    let mut cases = CASES.to_vec();
    cases.push(("nested deep", &deep, Denied("too-many")));
    cases.push(("nested too deep", &too_deep, Malformed));
    judge(language, &rules(&name, grants), &cases);
}

/// Sends all arguments through a gateway with these rules, and compares what became of them.
fn judge(language: &str, rules: &str, cases: &[(&str, &[u8], Fate)]) {
    let mut gateway = Gateway::start(&Setup::rules(rules));
    let told: Vec<&str> = (1_000..)
        .zip(cases)
        .map(|(id, (_, arguments, _))| call(&mut gateway, arguments, id))
        .collect();
    let mut decisions = gateway.finish().entries.decisions();
    // Many messages that cannot be judged share an entry; what the agent is told holds those.
    decisions.retain(|(effect, _)| effect != "malformed");
    let mut decisions = decisions.into_iter();
    let mut wrong = Vec::new();
    for ((what, _, fate), told) in cases.iter().zip(told) {
        let decision = match fate {
            Malformed => ("malformed".to_owned(), String::new()),
            Allowed | Denied(_) | Refused(_) => decisions.next().unwrap_or_default(),
        };
        let got = (decision.0.as_str(), decision.1.as_str(), told);
        if got != expected(*fate) {
            wrong.push(format!("{what}: {got:?}, and not {fate:?}"));
        }
    }
    assert!(wrong.is_empty(), "{language}:\n{}", wrong.join("\n"));
    assert_eq!(decisions.next(), None, "{language}");
}

/// The policy of one language, over all tools.
fn rules(name: &str, grants: &str) -> String {
    let (component, digest) = plugin(name);
    // As much as an author of JavaScript or Python would ask for.
    let limits = r#"{ deadline = "10s", cpu = "10s", memory = "64MiB" }"#;
    format!(
        "[plugin.one-path]\ncomponent = \"{}\"\ndigest = \"{digest}\"\nsees = [\"/arguments\"]\n\
         grants = [{grants}]\nlimits = {limits}\n\
         settings = {{ root = \"/srv/data/\", secret = \"/srv/data/caf\u{e9}\" }}\n\n\
         [[rule]]\nname = \"one-path\"\ntools = [\"echo/*\"]\npolicies = [\"one-path\"]\n",
        component.display()
    )
}

/// Sends a call and says what the agent is told.
fn call(gateway: &mut Gateway, arguments: &[u8], id: u64) -> &'static str {
    let begin = format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"echo","arguments":"#
    );
    let line = [begin.as_bytes(), arguments, b"}}\n"].concat();
    gateway.agent.send_bytes(&line);
    // What is no JSON has no id that could be told.
    let answer = gateway.agent.wait_for("an answer", |message| {
        message.get("method").is_none() && (message["id"] == id || message["id"].is_null())
    });
    if answer.get("error").is_some() {
        "an error"
    } else if is_refusal(&answer) {
        "refused"
    } else {
        "an answer"
    }
}

/// The effect and the reason in the entry, and what the agent is told.
fn expected(fate: Fate) -> (&'static str, &'static str, &'static str) {
    match fate {
        Allowed => ("allow", "allowed", "an answer"),
        Denied(reason) | Refused(reason) => ("deny", reason, "refused"),
        Malformed => ("malformed", "", "an error"),
    }
}
