//! Capability `scan`: what loads, what a search gives through the sandbox, and what it costs. What is
//! found and how much work that is, the search's own tests in `wardlet-call` show.

use std::fmt::Write as _;

use wardlet_call::{Part, Projection};
use wardlet_sandbox::{Capability, Check, Fault, Grant, Limits, LoadError, Plugin};

use crate::support::{Guest, RET, arguments, everything, load, name, subject};

/// Where the searching guest puts its edits: far above what a batch takes.
const EDITS: u32 = 2 << 20;

const KEYS: &[(&str, &str)] = &[
    ("long", "key-[a-z]{4}"),
    ("part", "ey-a"),
    ("value", "pin=(?<secret>[0-9]{4})"),
];

/// Makes what a failure says an edit of leaf 1,000 and more.
const FAILED: u32 = 1_000;

fn granted(sees: &[&str]) -> Grant {
    Grant {
        capabilities: vec![Capability::Scan],
        projection: Projection::parse(sees).unwrap(),
        ..Grant::default()
    }
}

/// Searches for all that there is at the pointer in the subject's name, and gives an edit for each
/// match, whose confidence is the pattern's position. `from` is a number to begin with; `read` is what
/// it does with the first match.
fn searching(set: &str, from: u32, read: &str) -> Guest {
    let mut guest = Guest::redactor()
        .importing("scan")
        .with_pages(64)
        .declaring(&[("keys", KEYS)]);
    let [entity, entity_len] = guest.text("secret");
    let [set, set_len] = guest.text(set);
    guest.finding(format!(
        "(local $from i32) (local $edit i32) (local $end i32)
        (local.set $edit (i32.const {EDITS}))
        (local.set $from (i32.const {from}))
        (loop $batches
            (call $scan_run (i32.const {set}) (i32.const {set_len}) (local.get $part)
                (local.get $name) (local.get $name_len) (local.get $from) (i32.const {RET}))
            (if (i32.load8_u (i32.const {RET})) (then
                (i32.store (local.get $edit) (i32.add (i32.const {FAILED}) (i32.load8_u offset=4 (i32.const {RET}))))
                (i32.store offset=12 (local.get $edit) (i32.const {entity}))
                (i32.store offset=16 (local.get $edit) (i32.const {entity_len}))
                (local.set $edit (i32.add (local.get $edit) (i32.const 24))))
            (else
                (local.set $a (i32.load offset=4 (i32.const {RET})))
                (local.set $end (i32.add (local.get $a) (i32.mul (i32.const 28) (i32.load offset=8 (i32.const {RET})))))
                (block $done (loop $matches
                    (br_if $done (i32.ge_u (local.get $a) (local.get $end)))
                    (i32.store (local.get $edit) (i32.load offset=4 (local.get $a)))
                    (i32.store offset=4 (local.get $edit) (i32.load offset=12 (local.get $a)))
                    (i32.store offset=8 (local.get $edit) (i32.load offset=16 (local.get $a)))
                    (i32.store offset=12 (local.get $edit) (i32.const {entity}))
                    (i32.store offset=16 (local.get $edit) (i32.const {entity_len}))
                    (i32.store8 offset=20 (local.get $edit) (i32.load (local.get $a)))
                    (if (i32.ne (i32.load offset=24 (local.get $a)) (i32.sub (i32.load offset=16 (local.get $a)) (i32.load offset=12 (local.get $a))))
                        (then unreachable))
                    (local.set $edit (i32.add (local.get $edit) (i32.const 24)))
                    (local.set $a (i32.add (local.get $a) (i32.const 28)))
                    (br $matches)))
                (local.set $from (i32.load offset=16 (i32.const {RET})))
                (br_if $batches (i32.load8_u offset=12 (i32.const {RET})))))
        )
        {read}
        (i32.store (i32.const 64) (i32.const 0))
        (i32.store (i32.const 68) (i32.const {EDITS}))
        (i32.store (i32.const 72) (i32.div_u (i32.sub (local.get $edit) (i32.const {EDITS})) (i32.const 24)))
        (i32.const 64)"
    ))
}

/// Pattern, leaf, start, end.
type Found = (u8, u32, u32, u32);

fn find(plugin: &Plugin, check: &Check, pointer: &str) -> Result<Vec<Found>, Fault> {
    let asked = subject("tools/call", "files", pointer);
    let edits = plugin.find(&asked, Part::Arguments, check).0?;
    let found = edits.iter();
    Ok(found
        .map(|edit| (edit.confidence, edit.leaf, edit.start, edit.end))
        .collect())
}

/// The failure that came instead of matches.
fn failure(found: &[Found]) -> Option<u32> {
    let (_, leaf, _, _) = found.last()?;
    leaf.checked_sub(FAILED)
}

const DOCUMENT: &str = r#"{"key-abcd":"é key-abcd pin=1234","b":["key-ab","key-zzzz"],"c":7}"#;

#[test]
fn matches_of_all_patterns_come_in_order_from_what_is_shown() {
    let name = (0, 0, 0, 8);
    let within = (1, 0, 1, 5);
    let value = [(0, 1, 3, 11), (1, 1, 4, 8), (2, 1, 16, 20)];
    let items = [(1, 3, 1, 5), (0, 4, 0, 8)];
    let all: Vec<Found> = [&[name, within][..], &value, &items].concat();
    for (sees, pointer, expected) in [
        ("/arguments", "", Ok(all)),
        ("/arguments", "/b", Ok(items.to_vec())),
        ("/arguments", "/nowhere", Ok(vec![])),
        ("/arguments/b", "", Ok(items.to_vec())),
        ("/arguments/b/1", "", Ok(items[1..].to_vec())),
        ("/arguments/key-abcd", "", Ok(value.to_vec())),
        ("/arguments/b", "/key-abcd", Err(0)),
        ("/result", "", Err(0)),
        ("/arguments", "b", Err(1)),
    ] {
        let plugin = load(searching("keys", 0, ""), granted(&[sees])).unwrap();
        let found = find(&plugin, &arguments(DOCUMENT), pointer).unwrap();
        let got = failure(&found).map_or(Ok(found), Err);
        assert_eq!(got, expected, "{sees} {pointer:?}");
    }
}

#[test]
fn an_absent_part_has_no_matches() {
    let plugin = load(searching("keys", 0, ""), everything()).unwrap();
    assert_eq!(find(&plugin, &Check::default(), ""), Ok(vec![]));
}

#[test]
fn batches_go_on_where_they_ended() {
    let plugin = load(searching("keys", 0, ""), everything()).unwrap();
    let text = "key-abcd ".repeat(2_000);
    let found = find(&plugin, &arguments(&format!("[{text:?},{text:?}]")), "").unwrap();
    assert_eq!(found.len(), 8_000);
    assert!(found.is_sorted_by_key(|(_, leaf, start, _)| (*leaf, *start)));
    let mut once = found.clone();
    once.dedup();
    assert_eq!(once.len(), 8_000);
}

#[test]
fn what_is_no_set_and_no_cursor() {
    for (set, from, expected) in [("keys", 0, None), ("key", 0, Some(3)), ("keys", 7, Some(4))] {
        let plugin = load(searching(set, from, ""), everything()).unwrap();
        let found = find(&plugin, &arguments(DOCUMENT), "").unwrap();
        assert_eq!(failure(&found), expected, "{set} {from}");
    }
}

/// The texts of matches count, and what is not given is not passed over.
#[test]
fn the_budget_of_bytes_bounds_what_crosses() {
    let check = arguments(&format!("[{:?}]", "key-abcd ".repeat(1_000)));
    for (payload, expected) in [(12 * 1_000, None), (12 * 1_000 - 1, Some(2))] {
        let grant = Grant {
            limits: Limits {
                payload,
                ..Limits::default()
            },
            ..everything()
        };
        let plugin = load(searching("keys", 0, ""), grant).unwrap();
        let found = find(&plugin, &check, "").unwrap();
        assert_eq!(failure(&found), expected, "{payload}");
    }
}

/// `read` gives name, length, start and text of an excerpt, or a failure.
#[test]
fn excerpts_show_what_the_grant_shows() {
    let shown = |name, length, start, text_len| Ok((name, length, start, text_len));
    for (sees, leaf, start, end, expected) in [
        ("/arguments", 1, 3, 7, shown(0, 20, 3, 4)),
        ("/arguments", 1, 1, 2, shown(0, 20, 0, 2)),
        ("/arguments", 1, 9, 999, shown(0, 20, 9, 11)),
        ("/arguments", 1, 99, 3, shown(0, 20, 20, 0)),
        ("/arguments", 0, 0, 3, shown(1, 8, 0, 3)),
        ("/arguments", 5, 0, 1, shown(1, 1, 0, 1)),
        ("/arguments", 6, 0, 1, Err(5)),
        ("/arguments/b", 1, 0, 1, Err(0)),
        ("/arguments/b", 3, 0, 1, shown(0, 6, 0, 1)),
        ("/arguments/b", 99, 0, 1, Err(5)),
        ("/result", 1, 0, 1, Err(0)),
        ("/result", 99, 0, 1, Err(0)),
    ] {
        let read = format!(
            "(local.set $edit (i32.const {EDITS}))
            (call $scan_read (local.get $part) (i32.const {leaf}) (i32.const {start}) (i32.const {end}) (i32.const {RET}))
            (i32.store (local.get $edit) (i32.add
                (i32.mul (i32.const 1000) (i32.load8_u (i32.const {RET})))
                (i32.load8_u offset=4 (i32.const {RET}))))
            (i32.store offset=4 (local.get $edit) (i32.load offset=12 (i32.const {RET})))
            (i32.store offset=8 (local.get $edit) (i32.load offset=8 (i32.const {RET})))
            (i32.store offset=12 (local.get $edit) (i32.const @ENTITY))
            (i32.store offset=16 (local.get $edit) (i32.const 6))
            (i32.store8 offset=20 (local.get $edit) (i32.load offset=20 (i32.const {RET})))
            (local.set $edit (i32.add (local.get $edit) (i32.const 24)))"
        );
        let mut guest = searching("keys", 0, &read);
        let [entity, _] = guest.text("secret");
        guest.find = guest.find.replace("@ENTITY", &entity.to_string());
        let plugin = load(guest, granted(&[sees])).unwrap();
        let found = find(&plugin, &arguments(DOCUMENT), "").unwrap();
        let (text_len, word, start, length) = found[0];
        let got = match word.checked_sub(1000) {
            Some(failure) => Err(failure),
            None => Ok((word, length, start, u32::from(text_len))),
        };
        assert_eq!(got, expected, "{sees} {leaf} {start}");
    }
}

#[test]
fn a_search_without_patterns_and_patterns_without_a_search_do_not_load() {
    let mut without = searching("keys", 0, "");
    without.declare = None;
    let with = Guest::redactor().declaring(&[("keys", KEYS)]);
    for (guest, expected, hint) in [
        (
            without,
            "imports `scan` and exports no `patterns`",
            "exports `wardlet:plugin/patterns`",
        ),
        (
            with,
            "exports `patterns` and does not import `scan`",
            "without the export `patterns`",
        ),
    ] {
        let error = load(guest, everything()).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(error.hint(&name()).unwrap().contains(hint));
    }
}

#[test]
fn a_search_that_is_not_granted_does_not_load() {
    let error = load(searching("keys", 0, ""), Grant::default()).unwrap_err();
    assert!(
        matches!(error, LoadError::NotGranted(Capability::Scan)),
        "{error}"
    );
    assert!(
        error
            .hint(&name())
            .unwrap()
            .contains("add `\"scan\"` to `grants`")
    );
}

/// What is wrong with a pattern is told by the search's own tests; here, that it refuses the load.
#[test]
fn bad_declarations_refuse_the_load() {
    let declaring = |sets| Guest::redactor().importing("scan").declaring(sets);
    let mut looping = declaring(&[("keys", KEYS)]);
    looping.declare = Some("(loop $forever (br $forever)) (i32.const 0)".into());
    let mut trapping = declaring(&[("keys", KEYS)]);
    trapping.declare = Some("unreachable".into());
    let mut asking = declaring(&[("keys", KEYS)]);
    let [set, set_len] = asking.text("keys");
    let declared = asking.declare.take().unwrap();
    asking.declare = Some(format!(
        "(call $scan_run (i32.const {set}) (i32.const {set_len}) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const {RET}))
        (if (i32.ne (i32.load8_u offset=4 (i32.const {RET})) (i32.const 3)) (then unreachable))
        {declared}"
    ));
    assert!(load(asking, everything()).is_ok(), "there are no sets yet");
    for (guest, expected) in [
        (
            declaring(&[("keys", &[("a", "a("), ("b", "b")])]),
            "set `keys`, pattern `a`: unclosed group (at byte 1)",
        ),
        (
            declaring(&[("ke\u{1b}s", KEYS)]),
            "the name of set 1 is not 1 to 64 characters of `a-z 0-9 -`",
        ),
        (
            declaring(&[("keys", &[("a", "(((x{99}){99}){99}){99}")])]),
            "set `keys`, pattern `a`: it takes more than 128 KiB compiled",
        ),
        (looping, "in `declare`: the plugin overran its deadline"),
        (trapping, "in `declare`: the plugin trapped"),
    ] {
        let error = load(guest, everything()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("declares bad patterns: {expected}")
        );
    }
}

#[test]
fn the_sets_are_shown_as_they_were_declared() {
    let plugin = load(searching("keys", 0, ""), everything()).unwrap();
    let mut shown = String::new();
    for set in plugin.patterns().unwrap().iter() {
        write!(
            shown,
            "{}: {:?}",
            set.name(),
            set.ids().iter().map(|id| id.as_str()).collect::<Vec<_>>()
        )
        .unwrap();
    }
    assert_eq!(shown, r#"keys: ["long", "part", "value"]"#);
    assert!(
        load(Guest::redactor(), everything())
            .unwrap()
            .patterns()
            .is_none()
    );
}

/// The deadline of a search that no text makes quick: 200 patterns that nearly match at every byte. It
/// acts between host calls, so each of them has to come back soon.
#[test]
fn a_dear_search_is_ended_by_the_deadline() {
    let patterns: Vec<(String, String)> = (0..200)
        .map(|at| (format!("p{at}"), format!("a[a-z]{{300}}{at}")))
        .collect();
    let patterns: Vec<(&str, &str)> = patterns
        .iter()
        .map(|(id, regex)| (id.as_str(), regex.as_str()))
        .collect();
    let guest = searching("keys", 0, "").declaring(&[("keys", &patterns)]);
    let plugin = load(guest, everything()).unwrap();
    let asked = subject("tools/call", "files", "");
    let check = arguments(&format!("[{:?}]", "a".repeat(2 << 20)));
    let (answer, usage) = plugin.find(&asked, Part::Arguments, &check);
    assert_eq!(answer, Err(Fault::Deadline));
    // 300 ms, and what one host call takes on a busy machine.
    assert!(usage.time.as_millis() < 3_000, "{:?}", usage.time);
}
