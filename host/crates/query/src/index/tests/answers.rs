//! What the index answers, beside what the entries themselves say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;
use crate::index::{Cursor, MAX_PAGE};

/// A call as its entries have it: its index and time, and all values of each field.
struct Known {
    entry: u64,
    time_ms: u64,
    values: BTreeMap<Field, Vec<String>>,
}

/// Reads entries the slow way.
fn known(lines: &Lines) -> Vec<Known> {
    let mut calls: BTreeMap<u64, Known> = BTreeMap::new();
    for line in &lines.0 {
        let entry: Value = serde_json::from_str(line).unwrap();
        let body = &entry["body"];
        let own = entry["index"].as_u64().unwrap();
        let (of, at) = match entry["kind"].as_str().unwrap() {
            "decision" => (own, entry["time"].as_str().unwrap()),
            "outcome" => (body["decision"].as_u64().unwrap(), ""),
            _ => continue,
        };
        let call = calls.entry(of).or_insert_with(|| Known {
            entry: own,
            time_ms: wardlet_audit::parse_time(at).unwrap(),
            values: BTreeMap::new(),
        });
        call.values.remove(&Field::Status);
        let pointers = [
            (Field::Principal, "/principal"),
            (Field::Server, "/target/server"),
            (Field::Tool, "/target/tool"),
            (Field::Method, "/target/method"),
            (Field::Effect, "/effect"),
            (Field::Status, "/status"),
            (Field::Reason, "/reason"),
            (Field::Blame, "/blame"),
        ];
        let mut add = |field, value: &Value| {
            if let Some(text) = value.as_str() {
                call.values.entry(field).or_default().push(text.to_owned());
            }
        };
        for (field, pointer) in pointers {
            add(field, body.pointer(pointer).unwrap_or(&Value::Null));
        }
        if body["effect"] == "allow" {
            add(Field::Status, &Value::from("open"));
        }
        let list = |pointer: &str| body.pointer(pointer).and_then(Value::as_array);
        for rule in list("/rules").into_iter().flatten() {
            add(Field::Rule, rule);
        }
        for plugin in list("/plugins").into_iter().flatten() {
            add(Field::Plugin, &plugin["name"]);
            add(Field::Digest, &plugin["digest"]);
        }
        for vote in list("/approval/votes").into_iter().flatten() {
            add(Field::Approver, &vote["approver"]);
        }
    }
    calls.into_values().collect()
}

/// The entries that a filter has to find, the oldest first.
fn expected(calls: &[Known], filter: &Filter) -> Vec<u64> {
    let wanted = |call: &&Known| {
        filter.since_ms().is_none_or(|since| call.time_ms >= since)
            && filter.until_ms().is_none_or(|until| call.time_ms < until)
            && filter.values().all(|(field, values)| {
                let has = call.values.get(&field);
                has.is_some_and(|has| has.iter().any(|value| values.contains(value)))
            })
    };
    calls.iter().filter(wanted).map(|call| call.entry).collect()
}

/// All that a filter finds, a page after the other.
fn found(index: &Index, filter: &Filter, order: Order, limit: u32) -> Vec<u64> {
    let mut entries = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let page = index.find(filter, order, after, limit).unwrap();
        assert!(page.calls.len() <= limit as usize);
        entries.extend(page.calls.iter().map(|call| call.entry));
        // A cursor goes through its text, as on a command line.
        let Some(next) = page.next else {
            return entries;
        };
        assert!(!page.calls.is_empty(), "a page before another is not empty");
        after = Some(next.to_string().parse().unwrap());
    }
}

/// An index, and what its entries say themselves.
struct Asked {
    index: Index,
    calls: Vec<Known>,
}

impl Asked {
    fn new() -> Self {
        Asked {
            index: indexed(&LINES),
            calls: known(&LINES),
        }
    }

    /// Asks in both orders and in pages small and large, and gives how many were found.
    fn check(&self, terms: &[(&str, &str)]) -> usize {
        let filter = Filter::parse(terms.iter().copied(), 0).unwrap();
        let mut expected = expected(&self.calls, &filter);
        let oldest = found(&self.index, &filter, Order::OldestFirst, 7);
        assert_eq!(oldest, expected, "{terms:?}");
        expected.reverse();
        let newest = found(&self.index, &filter, Order::NewestFirst, MAX_PAGE);
        assert_eq!(newest, expected, "{terms:?}");
        expected.len()
    }

    /// The values of a field, with how many calls have each.
    fn counts(&self, field: Field) -> BTreeMap<&str, u64> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for call in &self.calls {
            let values = call.values.get(&field).into_iter().flatten();
            for value in values.collect::<BTreeSet<_>>() {
                *counts.entry(value).or_default() += 1;
            }
        }
        assert!(!counts.is_empty(), "the log has a {field}");
        counts
    }

    /// A time with half of the calls before it.
    fn middle(&self) -> String {
        wardlet_audit::rfc3339(self.calls[self.calls.len() / 2].time_ms)
    }
}

#[test]
fn every_value_of_every_field() {
    let asked = Asked::new();
    let middle = asked.middle();
    for field in Field::ALL {
        let counts = asked.counts(field);
        for (value, count) in &counts {
            let whole = asked.check(&[(field.name(), value)]);
            assert_eq!(whole as u64, *count);
            let early = asked.check(&[(field.name(), value), ("until", &middle)]);
            let late = asked.check(&[("since", &middle), (field.name(), value)]);
            assert_eq!(whole, early + late);
        }
        // The index counts the same.
        let values = asked.index.values(field, u32::MAX).unwrap();
        let values: BTreeMap<&str, u64> = values.iter().map(|(v, n)| (v.as_str(), *n)).collect();
        assert_eq!(values, counts, "{field}");
    }
}

#[test]
fn several_fields_and_several_values() {
    let asked = Asked::new();
    let mut some: Vec<(Field, String)> = Vec::new();
    for field in Field::ALL {
        let counts = asked.counts(field);
        some.extend(
            counts
                .keys()
                .take(3)
                .map(|value| (field, (*value).to_owned())),
        );
    }
    let mut both = 0;
    for (one, a) in &some {
        for (other, b) in &some {
            both += asked.check(&[(one.name(), a), (other.name(), b)]);
        }
    }
    assert!(both > 1_000, "{both} calls have both");
    let middle = asked.middle();
    let servers = [("server", "server-1"), ("server", "server-0")];
    let effects = [("effect", "deny"), ("effect", "expired")];
    assert!(asked.check(&[servers, effects].concat()) > 3);
    assert!(asked.check(&[&servers[..], &[("since", &middle)]].concat()) > 50);
    assert_eq!(asked.check(&[]), asked.calls.len());
    for nothing in [
        &[("tool", "no such tool")][..],
        &[("effect", "deny"), ("tool", "no such tool")],
        &[("effect", "deny"), ("status", "answered")],
        &[("since", "9999-12-31")],
        &[("until", "1970-01-02")],
    ] {
        assert_eq!(asked.check(nothing), 0, "{nothing:?}");
    }
}

/// More words than are merged: the beginnings of very many digests.
#[test]
fn very_many_digests() {
    let digest = |n: u64| format!("sha256:00000000{n:056x}");
    let mut lines = LINES.clone();
    let old =
        "\"digest\":\"sha256:8fbb7c72d9d301ac780e1325c92347b40ecc8e0ea9409fce753b1bb3553881ed\"";
    let mut changed = 0;
    for line in &mut lines.0 {
        if line.contains(old) {
            *line = line.replace(old, &format!("\"digest\":\"{}\"", digest(changed)));
            changed += 1;
        }
    }
    assert!(changed > 200, "{changed}");
    let index = indexed(&lines);
    let calls = known(&lines);
    let begins = Filter::parse([("digest", "00000000")], 0).unwrap();
    let has = |call: &&Known| {
        let digests = call.values.get(&Field::Digest);
        digests.is_some_and(|all| {
            all.iter()
                .any(|digest| digest.starts_with("sha256:00000000"))
        })
    };
    let expected: Vec<u64> = calls.iter().filter(has).map(|call| call.entry).collect();
    assert_eq!(found(&index, &begins, Order::OldestFirst, 7), expected);
}

#[test]
fn a_digest_by_its_beginning() {
    let lines = LINES.clone();
    let calls = known(&lines);
    let index = indexed(&lines);
    for (digest, count) in index.values(Field::Digest, u32::MAX).unwrap() {
        for length in ["sha256:".len() + 8, digest.len()] {
            let filter = Filter::parse([("digest", &digest[..length])], 0).unwrap();
            let found = found(&index, &filter, Order::NewestFirst, 100);
            assert_eq!(found.len() as u64, count, "{digest}");
            assert!(found.iter().all(|entry| {
                let call = calls.iter().find(|call| call.entry == *entry).unwrap();
                call.values[&Field::Digest].contains(&digest)
            }));
        }
    }
}

/// Calls come in the order of their times, also where the clock was set back.
#[test]
fn a_clock_that_was_set_back() {
    let lines = LINES.clone();
    let mut moved = lines.clone();
    // No signature is looked at here.
    let at = |n: u64| wardlet_audit::rfc3339(generate::BEGIN_MS + n * generate::STEP_MS);
    for (n, line) in moved.0.iter_mut().enumerate().skip(350) {
        *line = line.replace(&at(n as u64), &at(n as u64 - 200));
    }
    let index = indexed(&moved);
    let filter = Filter::parse([("effect", "allow")], 0).unwrap();
    let page = index
        .find(&filter, Order::OldestFirst, None, MAX_PAGE)
        .unwrap();
    let times: Vec<_> = page
        .calls
        .iter()
        .map(|call| (call.time_ms, call.entry))
        .collect();
    assert!(times.is_sorted());
    assert!(
        !page.calls.is_sorted_by_key(|call| call.entry),
        "some entries come before earlier ones"
    );
    let calls = known(&moved);
    let mut entries = found(&index, &filter, Order::NewestFirst, 5);
    entries.sort_unstable();
    assert_eq!(entries, expected(&calls, &filter));
}

/// What one call looks like, with a held one among them.
#[test]
fn a_call_is_joined_with_what_belongs_to_it() {
    let lines = LINES.clone();
    let index = indexed(&lines);
    let entry = |n: u64| -> Value { serde_json::from_str(&lines.0[n as usize]).unwrap() };
    let mut held = 0;
    for call in all(&index) {
        let decision = entry(call.entry);
        let body = &decision["body"];
        assert_eq!(decision["time"], wardlet_audit::rfc3339(call.time_ms));
        assert_eq!(body["txn"], *call.txn);
        assert_eq!(
            body["rules"].as_array().map_or(0, Vec::len),
            call.rules.len()
        );
        let mut ran = body["plugins"].as_array().cloned().unwrap_or_default();
        if let Some(outcome) = &call.outcome {
            let written = entry(outcome.entry);
            assert_eq!(written["body"]["decision"], call.entry);
            assert_eq!(written["body"]["status"], *outcome.status);
            assert_eq!(
                written["body"]["timings"]["upstream_us"].as_u64(),
                outcome.upstream_us
            );
            ran.extend(written["body"]["plugins"].as_array().cloned().unwrap());
        }
        let named = |plugin: &Value, ran: &Ran| {
            let text = |name: &str| plugin[name].as_str().map(str::to_owned);
            text("name").as_ref() == Some(&ran.name)
                && text("role").as_ref() == Some(&ran.role)
                && text("verdict") == ran.verdict
                && text("fault") == ran.fault
        };
        assert_eq!(ran.len(), call.plugins.len());
        assert!(
            ran.iter()
                .zip(&call.plugins)
                .all(|(plugin, ran)| named(plugin, ran))
        );
        if let Some(approval) = &call.approval {
            held += 1;
            let request = entry(approval.request.unwrap());
            assert_eq!(request["kind"], "approval-request");
            assert_eq!(request["body"]["txn"], *call.txn);
            for vote in &approval.votes {
                let written = entry(vote.entry.unwrap());
                assert_eq!(written["kind"], "approval-vote");
                assert_eq!(written["body"]["approver"], *vote.approver);
                assert_eq!(written["body"]["choice"], *vote.choice);
            }
        }
    }
    assert!(held > 3, "{held} calls were held");
}

#[test]
fn places_to_go_on_from() {
    for text in [
        "",
        "-",
        "1",
        "1-",
        "-1",
        "1-2-3",
        "+1-2",
        "1-+2",
        "a-b",
        "1 -2",
        "9223372036854775808-1",
    ] {
        assert!(text.parse::<Cursor>().is_err(), "{text}");
    }
    let place: Cursor = "1767225600000-12".parse().unwrap();
    assert_eq!(place.to_string(), "1767225600000-12");
    // A place that no call has is one between calls.
    let index = indexed(&LINES.clone());
    let filter = Filter::default();
    let between = index
        .find(&filter, Order::NewestFirst, Some(place), 10)
        .unwrap();
    assert!(
        between.calls.iter().all(|call| call.entry < 12),
        "{between:?}"
    );
    let none = index.find(&filter, Order::NewestFirst, None, 0).unwrap();
    assert_eq!(none.calls, []);
}
