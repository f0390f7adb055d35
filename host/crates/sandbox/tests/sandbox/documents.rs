//! What a plugin sees of the documents: what its grant shows, within its budget, and nothing else.

use wardlet_call::{Documents, Json, Part, Projection};
use wardlet_sandbox::{Check, Grant, Limits};

use crate::probe::Probe;
use crate::support::{Guest, RET, arguments, document, evaluate, load};

const NOT_GRANTED: u8 = 0;
const BAD_POINTER: u8 = 1;
const TOO_LARGE: u8 = 2;

fn granted(sees: &[&str]) -> Grant {
    Grant {
        projection: Projection::parse(sees).unwrap(),
        ..Grant::default()
    }
}

fn everywhere(text: &str) -> Check {
    let part = Some(document(text));
    let documents = Documents {
        arguments: part.clone(),
        result: part.clone(),
        definition: part,
    };
    Check {
        documents,
        ..Check::default()
    }
}

const DOCUMENT: &str = r#"{"a":"x","b":{"c":["y",1.10,true,null],"d/e":"z"},"f":9007199254740993}"#;

#[test]
fn values() {
    let probe = Probe::new(granted(&["/arguments"]));
    let check = everywhere(DOCUMENT);
    let long = format!("/{}", "x".repeat(1024));
    for (pointer, expected) in [
        ("", Ok(Some("members 3 (5)"))),
        ("/a", Ok(Some("text x"))),
        ("/b/c", Ok(Some("items 4"))),
        ("/b/c/1", Ok(Some("number 1.10"))),
        ("/b/c/2", Ok(Some("boolean 1"))),
        ("/b/c/3", Ok(Some("null"))),
        ("/b/d~1e", Ok(Some("text z"))),
        ("/f", Ok(Some("number 9007199254740993"))),
        ("/b/c/4", Ok(None)),
        ("/b/c/00", Ok(None)),
        ("/a/b", Ok(None)),
        ("a", Err(BAD_POINTER)),
        ("/~", Err(BAD_POINTER)),
        (&long, Err(BAD_POINTER)),
    ] {
        let got = probe.get(&check, Part::Arguments, pointer);
        assert_eq!(
            got,
            expected.map(|value| value.map(str::to_owned)),
            "{pointer}"
        );
    }
    assert_eq!(
        probe.get(&Check::default(), Part::Arguments, "/a"),
        Ok(None),
        "an absent part"
    );
}

#[test]
fn outside_of_the_grant_nothing_is_shown() {
    let check = everywhere(DOCUMENT);
    for (sees, part, pointer, shown) in [
        (&["/arguments"][..], Part::Arguments, "/b", true),
        (&["/arguments"], Part::Result, "/b", false),
        (&["/result"], Part::Definition, "", false),
        (&["/arguments/b"], Part::Arguments, "/b", true),
        (&["/arguments/b"], Part::Arguments, "/b/c", true),
        (&["/arguments/b"], Part::Arguments, "", false),
        (&["/arguments/b"], Part::Arguments, "/a", false),
        (&["/arguments/b"], Part::Arguments, "/nowhere", false),
        (&["/arguments/b/*"], Part::Arguments, "/b/c", true),
        (&["/arguments/b/*"], Part::Arguments, "/b", false),
        (&[], Part::Arguments, "", false),
        (&[], Part::Settings, "", true),
    ] {
        let probe = Probe::new(granted(sees));
        let what = format!("{sees:?} {part:?} {pointer:?}");
        let denied = (!shown).then_some(NOT_GRANTED);
        assert_eq!(probe.get(&check, part, pointer).err(), denied, "{what}");
        assert_eq!(
            probe.names(&check, part, pointer, 0).err(),
            denied,
            "{what}"
        );
        let whole = sees == [format!("/{}", part.name())] || part == Part::Settings;
        assert_eq!(probe.text(&check, part).is_ok(), whole, "{what}");
    }
}

/// Everything that a redactor gets by going through the batches from the start.
fn all_leaves(probe: &Probe, check: &Check, part: Part, pointer: &str) -> Vec<(u32, bool, String)> {
    let (mut from, mut all) = (0, Vec::new());
    loop {
        let (leaves, next) = probe.strings(check, part, pointer, from).unwrap();
        all.extend(
            leaves
                .into_iter()
                .map(|leaf| (leaf.id, leaf.name, leaf.text)),
        );
        match next {
            Some(next) => {
                assert!(next > from, "no progress");
                from = next;
            }
            None => return all,
        }
    }
}

#[test]
fn leaves_are_those_that_are_shown_and_say_where_they_are() {
    let check = everywhere(DOCUMENT);
    for (sees, pointer, expected) in [
        (
            &["/arguments"][..],
            "",
            "a@/a x@/a b@/b c@/b/c y@/b/c/0 d/e@/b/d~1e z@/b/d~1e f@/f",
        ),
        (
            &["/arguments"],
            "/b",
            "c@/b/c y@/b/c/0 d/e@/b/d~1e z@/b/d~1e",
        ),
        (&["/arguments"], "/b/c", "y@/b/c/0"),
        (&["/arguments"], "/f", ""),
        (&["/arguments"], "/nowhere", ""),
        (&["/arguments/b/c"], "", "y@/b/c/0"),
        (&["/arguments/b/c", "/arguments/a"], "", "x@/a y@/b/c/0"),
        (&["/arguments/b/*"], "", "y@/b/c/0 z@/b/d~1e"),
    ] {
        let probe = Probe::new(granted(sees));
        let leaves = all_leaves(&probe, &check, Part::Arguments, pointer);
        let places: Vec<String> = leaves
            .iter()
            .map(|(id, _, text)| {
                let place = probe.locate(&check, Part::Arguments, *id).unwrap().unwrap();
                format!("{text}@{place}")
            })
            .collect();
        assert_eq!(places.join(" "), expected, "{sees:?} {pointer}");
        let seen: Vec<u32> = leaves.iter().map(|(id, ..)| *id).collect();
        for hidden in (0..8).filter(|id| !seen.contains(id) && pointer.is_empty()) {
            assert_eq!(
                probe.locate(&check, Part::Arguments, hidden),
                Err(NOT_GRANTED),
                "{sees:?}"
            );
        }
        assert!(matches!(
            probe.locate(&check, Part::Arguments, 99),
            Ok(None) | Err(NOT_GRANTED)
        ));
    }
    let probe = Probe::new(granted(&["/arguments"]));
    for (part, pointer, failure) in [
        (Part::Result, "", NOT_GRANTED),
        (Part::Arguments, "x", BAD_POINTER),
        (Part::Arguments, "/~3", BAD_POINTER),
    ] {
        assert_eq!(
            probe.strings(&check, part, pointer, 0).err(),
            Some(failure),
            "{pointer}"
        );
    }
    let probe = Probe::new(granted(&["/arguments/b"]));
    for (pointer, failure) in [("/a", Some(NOT_GRANTED)), ("/b", None), ("", None)] {
        let got = probe.strings(&check, Part::Arguments, pointer, 0).err();
        assert_eq!(got, failure, "{pointer}");
    }
}

#[test]
fn large_documents_come_in_batches() {
    let probe = Probe::new(granted(&["/arguments"]));
    // Small leaves: 256 a batch. Leaves of 5 KB: as many as fit 64 KiB; the dump holds 40 KB of text,
    // so what is compared there is the number of leaves and where to go on.
    let small = format!("[{}]", vec![r#""v""#; 70_000].join(","));
    let check = arguments(&small);
    let (leaves, next) = probe.strings(&check, Part::Arguments, "", 0).unwrap();
    assert_eq!((leaves.len(), next), (256, Some(256)));
    let (leaves, next) = probe.strings(&check, Part::Arguments, "", 69_999).unwrap();
    assert_eq!((leaves.len(), next), (1, None));
    assert_eq!(
        probe
            .strings(&check, Part::Arguments, "", u32::MAX)
            .unwrap()
            .0
            .len(),
        0
    );
    // One shown leaf behind 70,000 hidden ones: the host stops looking before that, and says where.
    let hidden = format!(r#"{{"a":{small},"z":"found"}}"#);
    let check = arguments(&hidden);
    let probe = Probe::new(granted(&["/arguments/z"]));
    let (leaves, next) = probe.strings(&check, Part::Arguments, "", 0).unwrap();
    assert_eq!((leaves.len(), next), (0, Some(65_536)));
    let all = all_leaves(&probe, &check, Part::Arguments, "");
    assert_eq!(all, [(70_002, false, "found".to_owned())]);
    // Names: 256 a call.
    let members: Vec<String> = (0..300).map(|i| format!("\"n{i}\":0")).collect();
    let check = arguments(&format!("{{{}}}", members.join(",")));
    let probe = Probe::new(granted(&["/arguments"]));
    for (skip, first, count) in [
        (0, "n0", 256),
        (256, "n256", 44),
        (300, "", 0),
        (u32::MAX, "", 0),
    ] {
        let names = probe.names(&check, Part::Arguments, "", skip).unwrap();
        assert_eq!(names.len(), count);
        assert_eq!(names.first().map_or("", String::as_str), first);
    }
    assert_eq!(
        probe.names(&check, Part::Arguments, "/n0", 0),
        Ok(Vec::new()),
        "no object"
    );
}

#[test]
fn whole_parts_are_canonical() {
    let probe = Probe::new(granted(&["/arguments"]));
    let check = arguments(r#"{ "b" : 1.10, "a" : "\u0041" }"#);
    assert_eq!(
        probe.text(&check, Part::Arguments),
        Ok(Some(r#"{"a":"A","b":1.1}"#.into()))
    );
    assert_eq!(probe.text(&Check::default(), Part::Arguments), Ok(None));
    assert_eq!(probe.text(&check, Part::Settings), Ok(Some("{}".into())));
}

#[test]
fn settings_are_the_plugins_own() {
    let settings = Json::parse(r#"{"roots":["/srv"]}"#).unwrap();
    let probe = Probe::new(Grant {
        settings: Some(settings),
        ..Grant::default()
    });
    let check = everywhere("{}");
    assert_eq!(
        probe.get(&check, Part::Settings, "/roots/0"),
        Ok(Some("text /srv".into()))
    );
    assert_eq!(probe.get(&check, Part::Settings, "/other"), Ok(None));
}

#[test]
fn the_budget_of_bytes() {
    let limited = |payload| Grant {
        limits: Limits {
            payload,
            ..Limits::default()
        },
        ..granted(&["/arguments"])
    };
    let check = arguments(r#"{"k":"12345678"}"#);
    for (payload, get, names, leaves, text, locate) in [
        (0, false, false, false, false, false),
        (1, false, true, false, false, false),
        (2, false, true, false, false, true),
        (8, true, true, false, false, true),
        (9, true, true, true, false, true),
        (16, true, true, true, true, true),
    ] {
        let probe = Probe::new(limited(payload));
        let part = Part::Arguments;
        let fits = |done: Result<(), u8>, expected: bool, what: &str| {
            assert_eq!(
                done.err(),
                (!expected).then_some(TOO_LARGE),
                "{what} with {payload}"
            );
        };
        fits(probe.get(&check, part, "/k").map(drop), get, "get");
        fits(probe.names(&check, part, "", 0).map(drop), names, "names");
        fits(
            probe.strings(&check, part, "", 0).map(drop),
            leaves,
            "strings",
        );
        fits(probe.text(&check, part).map(drop), text, "text");
        fits(probe.locate(&check, part, 0).map(drop), locate, "locate");
    }
    // Counted over all calls of a check, and anew for each check.
    let mut guest = Guest::policy().importing("document");
    let [pointer, length] = guest.text("/k");
    let [allow, deny] = [guest.verdict(1, "", &[]), guest.verdict(2, "outside", &[])];
    let get = format!(
        "(call $document_get (i32.const 0) (i32.const {pointer}) (i32.const {length}) (i32.const {RET}))"
    );
    let failed = format!("(i32.load8_u (i32.const {RET}))");
    let guest = guest.evaluating(format!(
        "{get} {get} (if {failed} (then (return (i32.const {deny}))))
        {get} (if (i32.eqz {failed}) (then (return (i32.const {deny})))) (i32.const {allow})"
    ));
    let plugin = load(guest, limited(16)).unwrap();
    for _ in 0..3 {
        assert_eq!(
            evaluate(&plugin, &check).0.as_deref(),
            Ok("allow"),
            "two fit and the third does not"
        );
    }
}
