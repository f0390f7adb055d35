//! The same of the shipped examples, in every language that there is: a runtime that reads texts, numbers
//! or absent members in a way of its own would give another verdict.

use wardlet_author::Language;

use super::Fate::{self, Allowed, Denied, Malformed};
use super::judge;
use crate::fixture::{plugin, root, skip};

const NONE: Fate = Denied("no-recipient");
const UNREADABLE: Fate = Denied("unreadable-recipient");
const FOREIGN: Fate = Denied("foreign-domain");

/// What is sent as `arguments`, byte for byte.
const CASES: &[(&str, &[u8], Fate)] = &[
    ("escapes", br#"{"to":"ann\u0040e\u0078ample.com"}"#, Allowed),
    (
        "an escaped name",
        br#"{"t\u006f":"eve@evil.test"}"#,
        FOREIGN,
    ),
    (
        "a name twice",
        br#"{"to":"ann@example.com","to":"eve@evil.test"}"#,
        Malformed,
    ),
    (
        "a name twice, once escaped",
        br#"{"to":"ann@example.com","t\u006f":"eve@evil.test"}"#,
        Malformed,
    ),
    ("another case", br#"{"To":"ann@example.com"}"#, NONE),
    (
        "a lone surrogate",
        br#"{"to":"\ud800@example.com"}"#,
        Malformed,
    ),
    (
        "a pair of surrogates",
        br#"{"to":"\ud83d\ude00@example.com"}"#,
        UNREADABLE,
    ),
    (
        "invalid UTF-8",
        b"{\"to\":\"ann@example.com\xff\"}",
        Malformed,
    ),
    (
        "a byte order mark before it",
        b"\xef\xbb\xbf{\"to\":\"ann@example.com\"}",
        Malformed,
    ),
    (
        "a byte order mark in it",
        br#"{"to":"\ufeffann@example.com"}"#,
        UNREADABLE,
    ),
    (
        "a NUL at the end",
        br#"{"to":"ann@example.com\u0000"}"#,
        UNREADABLE,
    ),
    (
        "a NUL before another end",
        br#"{"to":"eve@evil.test\u0000@example.com"}"#,
        UNREADABLE,
    ),
    (
        "a NUL after a name",
        br#"{"to\u0000":"ann@example.com"}"#,
        NONE,
    ),
    (
        "a line feed at the end",
        br#"{"to":"ann@example.com\n"}"#,
        UNREADABLE,
    ),
    (
        "a separator of lines",
        br#"{"to":"ann@example.com\u2028"}"#,
        UNREADABLE,
    ),
    (
        "a letter that folds to k",
        br#"{"to":"ann@\u212aexample.com"}"#,
        UNREADABLE,
    ),
    (
        "an i without its dot",
        br#"{"to":"ann@exampl\u0131.com"}"#,
        UNREADABLE,
    ),
    ("capitals", br#"{"to":"ann@EXAMPLE.Com"}"#, Allowed),
    (
        "two signs",
        br#"{"to":"ann@example.com@evil.test"}"#,
        UNREADABLE,
    ),
    (
        "a domain below",
        br#"{"to":"ann@evil.example.com"}"#,
        FOREIGN,
    ),
    (
        "a domain that ends so",
        br#"{"to":"ann@evilexample.com"}"#,
        FOREIGN,
    ),
    ("a dot at the end", br#"{"to":"ann@example.com."}"#, FOREIGN),
    ("null", br#"{"to":null}"#, NONE),
    ("an empty list", br#"{"to":[]}"#, NONE),
    ("an empty text", br#"{"to":""}"#, UNREADABLE),
    (
        "a list with null",
        br#"{"to":["ann@example.com",null]}"#,
        UNREADABLE,
    ),
    (
        "a list in a list",
        br#"{"to":[["ann@example.com"]]}"#,
        UNREADABLE,
    ),
    (
        "an object like a list",
        br#"{"to":{"0":"ann@example.com","length":1}}"#,
        UNREADABLE,
    ),
    ("a number", br#"{"to":1}"#, UNREADABLE),
    ("a truth", br#"{"to":true}"#, UNREADABLE),
    (
        "a prototype",
        br#"{"__proto__":{"to":"ann@example.com"}}"#,
        NONE,
    ),
    (
        "a prototype beside it",
        br#"{"__proto__":{"to":"eve@evil.test"},"to":"ann@example.com"}"#,
        Allowed,
    ),
    ("a comment", br#"{"to":"ann@example.com"/**/}"#, Malformed),
    (
        "a comma at the end",
        br#"{"to":"ann@example.com",}"#,
        Malformed,
    ),
    ("other quotes", br#"{'to':'ann@example.com'}"#, Malformed),
];

#[test]
fn examples_in_every_language_judge_alike() {
    for language in Language::ALL {
        let name = format!("examples/{}-policy", language.name());
        let file = root().join("target/plugins").join(&name);
        if !file.with_extension("wasm").exists() {
            let needs = "the toolchain of each language, as `cargo xtask guests` installs it";
            skip("ambiguous::examples", needs);
            continue;
        }
        judge(language.title(), &rules(&name), CASES);
    }
}

fn rules(name: &str) -> String {
    let (component, digest) = plugin(name);
    format!(
        "[plugin.recipients]\ncomponent = \"{}\"\ndigest = \"{digest}\"\nsees = [\"/arguments\"]\n\
         grants = [\"log\"]\nlimits = {{ deadline = \"10s\", cpu = \"10s\" }}\n\
         settings = {{ domains = [\"example.com\"] }}\n\n\
         [[rule]]\nname = \"recipients\"\ntools = [\"echo/*\"]\npolicies = [\"recipients\"]\n",
        component.display()
    )
}
