//! Packs that somebody changed, or made to hide calls.

use serde_json::{Value, json};

use super::super::{MAX_PACK_BYTES, MAX_PACK_ENTRIES, Pack, Question, Refused, Report, check};
use super::sample::{LOG, time, within};
use crate::generate::ORIGIN;

pub(super) fn denials() -> Question {
    within(200, 400, &[("effect", "deny")])
}

pub(super) fn value(pack: &Pack) -> Value {
    serde_json::from_str(&pack.to_string()).unwrap()
}

/// It is refused by this word.
pub(super) fn refused(name: &str, pack: &str, word: &str) -> Refused {
    let error = match LOG.check(pack) {
        Ok(report) => panic!("{name}: {} rows", report.rows.len()),
        Err(error) => error,
    };
    assert_eq!(error.word(), word, "{name}: {error}");
    assert!(error.is_bad() && error.hint().is_some(), "{name}");
    error
}

type Change = fn(&mut Value);

/// What is changed, how, and the word that it is refused by.
const MEMBERS: [(&str, Change, &str); 31] = [
    (
        "row dropped",
        |p| drop(list(p, "rows").remove(1)),
        "row-missing",
    ),
    ("rows dropped", |p| list(p, "rows").clear(), "row-missing"),
    ("row twice", |p| twice(p, "rows"), "row-added"),
    (
        "row of nothing",
        |p| list(p, "rows").push(json!({"entry": 1})),
        "row-added",
    ),
    (
        "row that is none",
        |p| list(p, "rows").push(json!(7)),
        "row-added",
    ),
    (
        "row of another",
        |p| p["rows"][0]["entry"] = json!(100),
        "row-added",
    ),
    (
        "row changed",
        |p| p["rows"][0]["principal"] = json!("x"),
        "row-changed",
    ),
    (
        "row with more",
        |p| p["rows"][0]["note"] = json!("x"),
        "row-changed",
    ),
    ("rows swapped", |p| list(p, "rows").swap(0, 1), "row-order"),
    (
        "entry changed",
        |p| edit(p, 9, "\"v\":1", "\"v\":1 "),
        "entry",
    ),
    (
        "signed text changed",
        |p| edit(p, 9, "-01-01T", "-01-02T"),
        "entry",
    ),
    (
        "entry dropped",
        |p| drop(list(p, "entries").remove(9)),
        "malformed",
    ),
    (
        "entry dropped, and the end moved",
        |p| dropped(p, 9),
        "entry",
    ),
    (
        "first entry dropped, and the beginning moved",
        begun_later,
        "range",
    ),
    (
        "entries swapped",
        |p| list(p, "entries").swap(9, 10),
        "entry",
    ),
    ("no entries", |p| list(p, "entries").clear(), "malformed"),
    (
        "frontier",
        |p| p["range"]["frontier"][0] = p["range"]["frontier"][1].clone(),
        "range",
    ),
    (
        "no frontier",
        |p| p["range"]["frontier"] = json!([]),
        "range",
    ),
    (
        "frontier that is none",
        |p| p["range"]["frontier"][0] = json!("AA=="),
        "malformed",
    ),
    (
        "proof",
        |p| p["range"]["consistency"][0] = p["range"]["frontier"][0].clone(),
        "range",
    ),
    (
        "numbers at their end",
        |p| p["range"]["first"] = json!(u64::MAX),
        "malformed",
    ),
    (
        "filter for others",
        |p| p["filter"][2] = json!(["effect", "allow"]),
        "row-added",
    ),
    (
        "filter without a field",
        |p| drop(list(p, "filter").pop()),
        "row-missing",
    ),
    (
        "wider filter",
        |p| p["filter"][0][1] = json!(time(160)),
        "before",
    ),
    (
        "longer filter",
        |p| p["filter"][1][1] = json!(time(440)),
        "after",
    ),
    (
        "filter without a beginning",
        |p| drop(list(p, "filter").remove(0)),
        "before",
    ),
    (
        "filter by age",
        |p| p["filter"][0][1] = json!("0m"),
        "malformed",
    ),
    (
        "filter for nothing",
        |p| p["filter"][2] = json!(["colour", "red"]),
        "malformed",
    ),
    (
        "no question",
        |p| drop(p.as_object_mut().unwrap().remove("filter")),
        "malformed",
    ),
    ("two questions", |p| p["entry"] = json!(200), "malformed"),
    ("made", |p| p["made"] = json!("yesterday"), "malformed"),
];

#[test]
fn members_that_were_changed() {
    let good = value(&LOG.pack(&denials()));
    assert!(LOG.check(&good.to_string()).is_ok());
    for (name, change, word) in MEMBERS {
        let mut pack = good.clone();
        change(&mut pack);
        assert_ne!(pack, good, "{name}");
        refused(name, &pack.to_string(), word);
    }
    let named = refused(
        "which",
        &with(&good, |p| drop(list(p, "rows").remove(1))),
        "row-missing",
    );
    let entry = good["rows"][1]["entry"].as_u64().unwrap();
    assert!(matches!(named, Refused::RowMissing { index } if index == entry));
}

pub(super) fn with(good: &Value, change: impl Fn(&mut Value)) -> String {
    let mut pack = good.clone();
    change(&mut pack);
    pack.to_string()
}

fn list<'a>(pack: &'a mut Value, name: &str) -> &'a mut Vec<Value> {
    pack[name].as_array_mut().unwrap()
}

fn twice(pack: &mut Value, name: &str) {
    let first = pack[name][0].clone();
    list(pack, name).insert(0, first);
}

fn edit(pack: &mut Value, at: usize, from: &str, to: &str) {
    let entry = pack["entries"][at].as_str().unwrap();
    pack["entries"][at] = json!(entry.replace(from, to));
}

fn dropped(pack: &mut Value, at: usize) {
    list(pack, "entries").remove(at);
    pack["range"]["end"] = json!(pack["range"]["end"].as_u64().unwrap() - 1);
}

fn begun_later(pack: &mut Value) {
    list(pack, "entries").remove(0);
    pack["range"]["first"] = json!(pack["range"]["first"].as_u64().unwrap() + 1);
}

#[test]
fn texts_that_are_no_pack() {
    let good = LOG.pack(&denials()).to_string();
    let replaced = |from: &str, to: &str| {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good, "{from}");
        changed
    };
    for (name, pack, word) in [
        ("nothing", String::new(), "malformed"),
        ("cut", good[..good.len() / 2].to_owned(), "malformed"),
        ("more", format!("{good}{{}}"), "malformed"),
        (
            "other",
            "{\"format\": \"other\", \"version\": 1}".to_owned(),
            "malformed",
        ),
        ("list", "[]".to_owned(), "malformed"),
        (
            "version",
            replaced("\"version\": 1", "\"version\": 2"),
            "version",
        ),
        (
            "twice",
            replaced("\"version\": 1", "\"version\": 1,\n\"version\": 1"),
            "malformed",
        ),
        (
            "rows twice",
            replaced("\"rows\":", "\"rows\": [],\n\"rows\":"),
            "malformed",
        ),
        (
            "first twice",
            replaced("\"first\":", "\"first\":1,\"first\":"),
            "malformed",
        ),
        (
            "within a row",
            replaced("{\"entry\":", "{\"effect\":\"deny\",\"entry\":"),
            "malformed",
        ),
        (
            "unknown",
            replaced("\"rows\":", "\"lines\": [],\n\"rows\":"),
            "malformed",
        ),
        ("origin", replaced(ORIGIN, "other.example/log"), "origin"),
        ("too long", " ".repeat(MAX_PACK_BYTES + 1), "too-large"),
        (
            "deep",
            replaced(
                "\"rows\": [",
                &format!("\"rows\": [{}", "[".repeat(100_000)),
            ),
            "malformed",
        ),
    ] {
        refused(name, &pack, word);
    }
}

#[test]
fn entries_that_are_too_many() {
    let mut many = value(&LOG.pack(&denials()));
    many["entries"] = json!(vec![""; MAX_PACK_ENTRIES as usize + 1]);
    refused("too many", &many.to_string(), "too-large");
}

/// Whatever bit is flipped: the pack is refused, or says the same, but for when it was made.
#[test]
fn flipped_bits() {
    let pack = LOG.pack(&Question::Entry(0)).to_string();
    let good = LOG.check(&pack).unwrap();
    let (mut refused, mut same) = (0, 0);
    for at in (0..pack.len()).step_by(3) {
        let mut bytes = pack.clone().into_bytes();
        bytes[at] ^= 1 << (at % 7);
        match check(&bytes, &LOG.entry_key, &LOG.keys, None) {
            Ok(report) => {
                let made_ms = report.made_ms;
                assert_eq!(
                    report,
                    Report {
                        made_ms,
                        ..good.clone()
                    },
                    "byte {at}"
                );
                same += 1;
            }
            Err(error) => {
                assert!(error.is_bad(), "byte {at}: {error}");
                refused += 1;
            }
        }
    }
    // Digits of the time, and white space.
    assert!(refused > 200 && same < 20, "{refused} and {same}");
}
