//! What honest policies and redactors answer.

use std::sync::Arc;

use wardlet_call::{Code, Edit, Found, Part};
use wardlet_sandbox::{DEFAULT_EDITS, Fault, MAX_OBLIGATIONS};

use crate::support::{Guest, RET, arguments, evaluate, loaded, subject};

/// A policy that denies unless `/path` begins with the four bytes `/srv`.
fn path_guard() -> Guest {
    let mut guest = Guest::policy().importing("document");
    let [pointer, length] = guest.text("/path");
    let [allow, deny, abstain, ask] = [
        guest.verdict(1, "", &[]),
        guest.verdict(2, "outside", &[]),
        guest.verdict(0, "", &[]),
        guest.verdict(3, "outside", &[]),
    ];
    // The return area: result 0, option at 4, the value's case at 8, its text at 12 and 16.
    guest.evaluating(format!(
        "(call $document_get (i32.const 0) (i32.const {pointer}) (i32.const {length}) (i32.const {RET}))
        (if (i32.load8_u (i32.const {RET})) (then (return (i32.const {deny}))))
        (if (i32.eqz (i32.load8_u offset=4 (i32.const {RET}))) (then (return (i32.const {abstain}))))
        (if (i32.ne (i32.const 3) (i32.load8_u offset=8 (i32.const {RET}))) (then (return (i32.const {ask}))))
        (if (i32.lt_u (i32.load offset=16 (i32.const {RET})) (i32.const 4)) (then (return (i32.const {deny}))))
        (if (i32.ne (i32.load (i32.load offset=12 (i32.const {RET}))) (i32.const 0x7672732f)) (then (return (i32.const {deny}))))
        (i32.const {allow})"
    ))
}

#[test]
fn a_policy_judges_what_the_document_says() {
    let plugin = loaded(path_guard());
    assert!(plugin.is_policy() && !plugin.is_redactor());
    let long = format!(r#"{{"content":"{}","path":"/srv/x"}}"#, "x".repeat(1 << 20));
    for (document, expected) in [
        (r#"{"path":"/srv/data"}"#, "allow"),
        (r#"{"path":"\/srv/data"}"#, "allow"),
        (r#"{"path":"/etc/passwd"}"#, "deny outside: It is outside."),
        (r#"{"path":"/s"}"#, "deny outside: It is outside."),
        (r#"{"path":7}"#, "require-approval outside: It is outside."),
        (
            r#"{"path":null}"#,
            "require-approval outside: It is outside.",
        ),
        (r#"{"other":"/srv"}"#, "abstain"),
        (r#"["/srv"]"#, "abstain"),
        (&long, "allow"),
    ] {
        let (answer, usage) = evaluate(&plugin, &arguments(document));
        assert_eq!(answer.as_deref(), Ok(expected), "{:.40}", document);
        assert_eq!(usage.memory, 65536);
        assert!(!usage.time.is_zero());
    }
}

#[test]
fn obligations() {
    let many = vec![("durable", "", false); MAX_OBLIGATIONS];
    let too_many = vec![("durable", "", false); MAX_OBLIGATIONS + 1];
    let long = "x".repeat(4096 - "later".len());
    let too_long = "x".repeat(4096);
    let all = format!("allow{}", " +durable".repeat(MAX_OBLIGATIONS));
    for (obligations, expected) in [
        (&[("durable", "", true)][..], Ok("allow +durable")),
        (&[("later", "{}", true)], Ok("allow +unknown!")),
        (&[("later", "{}", false)], Ok("allow +unknown")),
        (
            &[("Durable", "", false), ("durable", "", true)],
            Ok("allow +unknown +durable"),
        ),
        (&[("later", long.as_str(), false)], Ok("allow +unknown")),
        (
            &[("later", too_long.as_str(), false)],
            Err(Fault::BadAnswer),
        ),
        (&many, Ok(all.as_str())),
        (&too_many, Err(Fault::BadAnswer)),
    ] {
        let plugin = loaded(Guest::policy().answering(1, "", obligations));
        let (answer, _) = evaluate(&plugin, &arguments("{}"));
        assert_eq!(
            answer.as_deref(),
            expected.as_ref().copied(),
            "{:.60}",
            format!("{obligations:?}")
        );
    }
}

/// A redactor that gives `count` times the edit of leaf 1, bytes 2 to 5.
fn repeats(count: usize, entity: &str) -> Guest {
    let mut guest = Guest::redactor();
    let [text, length] = guest.text(entity);
    let edit = [1, 2, 5, text, length, 90];
    let list = guest.words(&edit.repeat(count));
    guest.finding_as(&[0, list, u32::try_from(count).unwrap()])
}

#[test]
fn edits() {
    let most = DEFAULT_EDITS as usize;
    for (count, entity, expected) in [
        (0, "secret", Ok(0)),
        (1, "secret", Ok(1)),
        (most, "secret", Ok(most)),
        (most + 1, "secret", Err(Fault::Edits)),
        (1, "undeclared", Err(Fault::BadAnswer)),
        (1, "No Code", Err(Fault::BadAnswer)),
        (1, "", Err(Fault::BadAnswer)),
    ] {
        let plugin = loaded(repeats(count, entity));
        let (edits, _) = plugin.find(&subject("m", "s", "n"), Part::Result, &arguments("{}"));
        assert_eq!(
            edits.as_ref().map(Vec::len),
            expected.as_ref().copied(),
            "{count} {entity}"
        );
        let entity = Code::parse("secret").unwrap();
        let wanted = Edit {
            leaf: 1,
            start: 2,
            end: 5,
            entity,
            confidence: 90,
        };
        assert!(edits.unwrap_or_default().iter().all(|edit| *edit == wanted));
    }
}

#[test]
fn a_plugin_is_not_asked_in_a_role_that_it_lacks() {
    let (policy, redactor) = (loaded(Guest::policy()), loaded(Guest::redactor()));
    let both = loaded(Guest::with_roles(vec!["policy", "redactor"]));
    let subject = subject("m", "s", "n");
    let check = arguments("{}");
    for (plugin, judges, redacts) in [
        (policy, true, false),
        (redactor, false, true),
        (both, true, true),
    ] {
        assert_eq!(
            (plugin.is_policy(), plugin.is_redactor()),
            (judges, redacts)
        );
        assert_eq!(
            plugin.evaluate(&subject, &check).0.err(),
            (!judges).then_some(Fault::NoRole)
        );
        let (found, _) = plugin.find(&subject, Part::Arguments, &check);
        assert_eq!(found.err(), (!redacts).then_some(Fault::NoRole));
    }
}

#[test]
fn findings_and_the_time_are_those_of_the_check() {
    // Allows where there are two findings, the second of which counts 7, at 1.7e12 ms.
    let mut guest = Guest::policy().importing("findings").importing("clock");
    let [allow, deny] = [guest.verdict(1, "", &[]), guest.verdict(2, "outside", &[])];
    let plugin = loaded(guest.evaluating(format!(
        "(call $findings_list (i32.const {RET}))
        (if (i32.eq (i32.load offset=4 (i32.const {RET})) (i32.const 2)) (then
            (if (i32.eq (i32.load offset=20 (i32.load (i32.const {RET}))) (i32.const 7)) (then
                (if (i64.eq (call $clock_now) (i64.const 1700000000000)) (then
                    (return (i32.const {allow}))))))))
        (i32.const {deny})"
    )));
    let found = |counts: &[u32]| -> Arc<[Found]> {
        counts
            .iter()
            .map(|count| Found {
                entity: Code::parse("iban").unwrap(),
                count: *count,
            })
            .collect()
    };
    for (counts, now_ms, allowed) in [
        (&[1, 7][..], 1_700_000_000_000, true),
        (&[1, 7], 5, false),
        (&[7], 1_700_000_000_000, false),
        (&[], 0, false),
    ] {
        let check = wardlet_sandbox::Check {
            findings: found(counts),
            now_ms,
            ..arguments("{}")
        };
        let (answer, _) = evaluate(&plugin, &check);
        assert_eq!(answer.unwrap() == "allow", allowed, "{counts:?} {now_ms}");
    }
}
