use super::{Filter, MAX_VALUES, parse_when};
use crate::field::Field;

/// 2026-11-24T12:00:00Z.
const NOW: u64 = 1_795_521_600_000;

#[test]
fn times() {
    const DAY: u64 = 1_795_478_400_000;
    for (text, ms) in [
        ("2026-11-24", Some(DAY)),
        ("2026-11-24T08", Some(DAY + 8 * 3_600_000)),
        ("2026-11-24T08:30", Some(DAY + 30_600_000)),
        ("2026-11-24T08:30Z", Some(DAY + 30_600_000)),
        ("2026-11-24T08:30:15", Some(DAY + 30_615_000)),
        ("2026-11-24T08:30:15Z", Some(DAY + 30_615_000)),
        ("2026-11-24T08:30:15.250Z", Some(DAY + 30_615_250)),
        ("2026-11-24T08:30:15.2", Some(DAY + 30_615_200)),
        ("0m", Some(NOW)),
        ("90m", Some(NOW - 5_400_000)),
        ("24h", Some(NOW - 86_400_000)),
        ("7d", Some(NOW - 604_800_000)),
        ("", None),
        ("m", None),
        ("-5m", None),
        ("+5m", None),
        ("5 m", None),
        ("5w", None),
        ("99999999999999999999d", None),
        ("9999999999999d", None),
        ("yesterday", None),
        ("2026", None),
        ("2026-11", None),
        ("2026-11-24Z", None),
        ("2026-11-31", None),
        ("2026-11-24T25", None),
        ("2026-11-24 08:30", None),
        ("2026-11-24T08:30:15.250ZZ", None),
        ("2026-11-24T08:30:15.250+01:00", None),
        ("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", None),
    ] {
        assert_eq!(parse_when(text, NOW), ms, "{text}");
    }
    assert_eq!(parse_when("1d", 5), None, "before 1970");
    assert!(parse_when("0m", u64::MAX).is_some_and(|ms| i64::try_from(ms).is_ok()));
}

/// Terms with what is wrong and what would be taken; nothing where they are taken.
#[test]
fn what_is_taken_and_what_is_not() {
    let long = "x".repeat(129);
    let check = |terms: &[(&str, &str)], wrong: Option<(&str, &str)>| {
        let parsed = Filter::parse(terms.iter().copied(), NOW);
        match (parsed, wrong) {
            (Ok(_), None) => {}
            (Err(error), Some((text, hint))) => {
                assert!(error.to_string().contains(text), "{terms:?}: {error}");
                assert!(error.hint().contains(hint), "{terms:?}: {}", error.hint());
            }
            (parsed, wrong) => panic!("{terms:?} gave {parsed:?}, not {wrong:?}"),
        }
    };
    check(&[], None);
    for field in Field::ALL {
        let value = match field {
            Field::Digest => "9f86d081",
            _ => field.words().map_or("a name", |words| words[0]),
        };
        check(&[(field.name(), value)], None);
    }
    check(&[("since", "24h"), ("until", "1h")], None);
    check(&[("status", "open"), ("status", "unknown")], None);
    check(&[("digest", "sha256:9F86D081884c")], None);
    check(&[("tool", &long[..128])], None);

    check(
        &[("effect", "purple")],
        Some(("`purple` is no effect", "allow, deny, expired")),
    );
    check(&[("effect", "Deny")], Some(("`Deny`", "deny")));
    check(&[("status", "")], Some(("`` is no status", "answered")));
    check(&[("blame", "me")], Some(("`me` is no blame", "approver")));
    check(
        &[("colour", "red")],
        Some(("calls have no `colour`", "until, principal")),
    );
    check(&[("since", "soon")], Some(("`soon` is no time", "24h")));
    check(
        &[("since", "1h"), ("until", "2h")],
        Some(("nothing is at", "later")),
    );
    check(
        &[("since", "1h"), ("until", "1h")],
        Some(("nothing is at", "later")),
    );
    check(
        &[("since", "1h"), ("since", "1h")],
        Some(("`since` is given twice", "once")),
    );
    check(&[("tool", "")], Some(("`` can be no tool", "128")));
    check(&[("rule", &long)], Some(("can be no rule", "128")));
    for digest in [
        "sha256:",
        "sha256:9f86d08",
        "9f86d08g",
        "sha512:9f86d081",
        &"a".repeat(65),
    ] {
        check(&[("digest", digest)], Some((digest, "hexadecimal")));
    }
}

#[test]
fn several_values_of_one_field() {
    let mut filter = Filter::default();
    for n in 0..MAX_VALUES {
        filter.add("tool", &n.to_string(), NOW).unwrap();
        filter.add("tool", "0", NOW).unwrap();
    }
    let error = filter.add("tool", "one more", NOW).unwrap_err();
    assert!(error.to_string().contains("64"), "{error}");
    let values: Vec<_> = filter.values().collect();
    assert_eq!(values.len(), 1);
    assert_eq!(
        values[0].1.len(),
        MAX_VALUES,
        "a value that is named twice counts once"
    );
}

#[test]
fn terms_give_the_same_filter() {
    for terms in [
        &[][..],
        &[("since", "24h")],
        &[("until", "2026-11-24T08"), ("since", "2026-11-24")],
        &[
            ("digest", "9F86d081"),
            ("tool", "b"),
            ("tool", "a"),
            ("effect", "deny"),
        ],
    ] {
        let filter = Filter::parse(terms.iter().copied(), NOW).unwrap();
        let written = filter.terms();
        assert_eq!(written.len(), terms.len());
        let named = written.iter().map(|(name, value)| (&**name, &**value));
        // Another time, which ages would depend on.
        assert_eq!(Filter::parse(named, 0).unwrap(), filter, "{written:?}");
    }
    let filter = Filter::parse([("tool", "a"), ("since", "24h")], NOW).unwrap();
    let expected = [("since", "2026-11-23T12:00:00.000Z"), ("tool", "a")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(filter.terms(), expected);
}
