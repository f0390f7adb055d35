//! The examples, which are what `wardlet plugin new` writes: their cases, and a gateway that they judge in.

use std::path::PathBuf;

use serde_json::Value;
use wardlet_author::{Kind, Language};

use super::needs;
use crate::cases::check_component;
use crate::fixture::{Gateway, Setup, is_refusal, plugin, root, skip, text};

/// The example of a language and kind, where it is built.
fn example(language: Language, kind: Kind) -> Option<(PathBuf, String)> {
    let name = format!("examples/{}-{}", language.name(), kind.name());
    let file = root()
        .join("target/plugins")
        .join(&name)
        .with_extension("wasm");
    file.exists().then(|| plugin(&name))
}

#[test]
fn examples_answer_the_same_cases() {
    for language in Language::ALL {
        for kind in Kind::ALL {
            let (lang, kind_name) = (language.name(), kind.name());
            let Some((component, _)) = example(language, kind) else {
                skip(
                    "authors::examples::examples_answer_the_same_cases",
                    needs(language),
                );
                continue;
            };
            let cases = root()
                .join("plugins/examples")
                .join(lang)
                .join(kind_name)
                .join("cases");
            check_component(&format!("{lang}-{kind_name}"), &component, &cases);
        }
    }
}

/// What becomes of a call of `echo` where both examples of a language stand in its way.
enum Fate {
    /// It passes: what is in the answer, and what is not.
    Passes(&'static str, &'static str),
    /// It is refused, for this reason.
    Refused(&'static str),
}
use Fate::{Passes, Refused};

const CALLS: [(&str, Fate); 4] = [
    (
        r#"{"to":"ann@example.com","note":"hello"}"#,
        Passes("hello", "EMP-"),
    ),
    (
        r#"{"to":"ann@example.com","note":"EMP-123456"}"#,
        Passes("employee-number", "EMP-123456"),
    ),
    (r#"{"to":"eve@evil.test"}"#, Refused("foreign-domain")),
    (r#"{"note":"EMP-123456"}"#, Refused("no-recipient")),
];

/// No test depends on how fast a machine is, and a runtime takes longest.
const LIMITS: &str = r#"{ deadline = "10s", cpu = "10s" }"#;

#[test]
fn examples_of_every_language_judge_and_redact_in_a_gateway() {
    for language in Language::ALL {
        let examples = Kind::ALL.map(|kind| example(language, kind));
        let [Some(policy), Some(redactor)] = examples else {
            let test =
                "authors::examples::examples_of_every_language_judge_and_redact_in_a_gateway";
            skip(test, needs(language));
            continue;
        };
        let tables = [
            (
                "recipients",
                policy,
                "/arguments",
                r#"{ domains = ["example.com"] }"#,
            ),
            ("employee-numbers", redactor, "/result", "{}"),
        ]
        .map(|(name, (component, digest), sees, settings)| {
            format!(
                "[plugin.{name}]\ncomponent = {component:?}\ndigest = \"{digest}\"\n\
                 grants = [\"log\"]\nlimits = {LIMITS}\nsees = [\"{sees}\"]\nsettings = {settings}\n\n"
            )
        });
        let rules = format!(
            "{}[[rule]]\nname = \"mail\"\ntools = [\"echo/*\"]\npolicies = [\"recipients\"]\n\
             redactors = [\"employee-numbers\"]\n",
            tables.concat()
        );
        let mut gateway = Gateway::start(&Setup::rules(&rules));
        let mut allowed = 0;
        for (arguments, fate) in CALLS {
            let arguments: Value = serde_json::from_str(arguments).unwrap();
            let answer = gateway.agent.call("echo", &arguments);
            let told = format!("{}: {arguments}: {answer}", language.name());
            match fate {
                Passes(there, absent) => {
                    allowed += 1;
                    assert!(!is_refusal(&answer), "{told}");
                    assert!(text(&answer).contains(there), "{told}");
                    assert!(!answer.to_string().contains(absent), "{told}");
                }
                Refused(reason) => {
                    assert!(is_refusal(&answer), "{told}");
                    let entries = gateway.entries();
                    let last = entries.of_kind("decision").last().unwrap().to_string();
                    assert!(last.contains(reason), "{told}: {last}");
                }
            }
        }
        let log = gateway.log();
        assert!(log.contains("counted the recipients"), "{log}");
        assert!(log.contains("looked for employee numbers"), "{log}");
        assert_eq!(gateway.finish().entries.count("allow"), allowed);
    }
}
