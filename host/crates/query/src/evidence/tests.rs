mod checkpoints;
mod hostile;
mod sample;
mod too_little;

use wardlet_audit::Effect;
use wardlet_audit::proof::ProveError;

use self::sample::{LOG, NOW_MS, Sample, decision, filter, time, within};
use super::{MAX_PACK_BYTES, MAX_PACK_ENTRIES, MakeError, Pack, Question, VERSION};
use crate::filter::Filter;
use crate::generate;

/// Five seconds of the generated log.
const MARGIN: u64 = 40;

#[test]
fn packs_are_answers_of_the_whole_log() {
    let log = &*LOG;
    let index = log.index();
    let middle = time(350);
    let questions: [(&str, Question); 12] = [
        ("all", filter(&[])),
        ("since", filter(&[("since", &middle)])),
        ("until", filter(&[("until", &middle)])),
        ("times", within(200, 400, &[])),
        ("denials", within(200, 400, &[("effect", "deny")])),
        (
            "ends",
            within(200, 400, &[("status", "timeout"), ("status", "error")]),
        ),
        ("open", filter(&[("status", "open")])),
        ("open once", within(200, 400, &[("status", "open")])),
        ("nobody", within(200, 400, &[("principal", "nobody")])),
        (
            "approved",
            within(100, 600, &[("reason", "approval-expired")]),
        ),
        ("before the log", filter(&[("until", "2025-01-01")])),
        (
            "after the log",
            filter(&[("since", "2026-01-02"), ("until", "2026-01-03")]),
        ),
    ];
    let mut found = Vec::new();
    for (name, question) in questions {
        let pack = log.pack(&question);
        let report = log.check(&pack.to_string()).unwrap();
        let Question::Filter(filter) = &question else {
            panic!("{name}");
        };
        let expected = index.find_all(filter).unwrap();
        assert_eq!(report.rows.len(), expected.len(), "{name}");
        for (row, call) in report.rows.iter().zip(&expected) {
            assert_eq!(row, call, "{name}");
        }
        assert_eq!(report.rows, pack.rows(), "{name}");
        assert_eq!(report.question, question, "{name}");
        assert_eq!(report.checkpoint.size, log.size(), "{name}");
        assert_eq!((report.made_ms, report.step_back), (NOW_MS, None), "{name}");
        assert_eq!(report.approvals_outside, Vec::<u64>::new(), "{name}");
        found.push(report.rows.len());
    }
    // The questions tell calls apart.
    let [all, since, until, times, denials, ends, open, ..] = found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(all, since + until, "{found:?}");
    assert!(times < all && denials < times && denials > 3, "{found:?}");
    assert!(ends > 0 && open > 2, "{found:?}");
    assert_eq!(found[7..], [0, 0, found[9], 0, 0], "{found:?}");
    assert!(found[9] > 0, "{found:?}");
}

#[test]
fn ranges_are_as_small_as_they_can_be() {
    let log = &*LOG;
    let pack = log.pack(&within(200, 400, &[("effect", "deny")]));
    let range = pack.range();
    assert_eq!(range.first, 200 - MARGIN - 1);
    assert_eq!(range.end, 400 + MARGIN + 1);
    let whole = log.pack(&filter(&[]));
    assert_eq!((whole.range().first, whole.range().end), (0, log.size()));
    // A call that was approved takes its request and votes with it.
    let calls = log.index().find_all(&Filter::default()).unwrap();
    let mut asked = 0;
    let mut index = log.index();
    // All that were asked for, and some others.
    let some = calls
        .iter()
        .filter(|call| call.entry % 8 == 0 || call.approval.is_some());
    for call in some {
        let question = Question::Entry(call.entry);
        let pack = Pack::of(&log.folder(), &log.keys, &mut index, &question, NOW_MS).unwrap();
        let report = log.check(&pack.to_string()).unwrap();
        assert_eq!(report.rows, std::slice::from_ref(call));
        let request = call.approval.as_ref().and_then(|approval| approval.request);
        let first = request.unwrap_or(call.entry);
        let last = match &call.outcome {
            Some(outcome) => outcome.entry,
            None if call.is_open() => log.size() - 1,
            None => call.entry,
        };
        assert_eq!((report.first, report.end), (first, last + 1));
        asked += usize::from(request.is_some());
    }
    assert!(asked > 2, "{asked}");
}

#[test]
fn entries_that_are_no_decisions() {
    let log = &*LOG;
    let calls = log.index().find_all(&Filter::default()).unwrap();
    let outcome = calls.iter().find_map(|call| call.outcome.as_ref()).unwrap();
    for index in [0, outcome.entry] {
        let pack = log.pack(&Question::Entry(index));
        let report = log.check(&pack.to_string()).unwrap();
        assert_eq!((report.first, report.end), (index, index + 1));
        assert_eq!(report.rows, []);
        assert_eq!(pack.entry(index), Some(log.line(index)));
    }
    let late = log.make(&Question::Entry(log.size()));
    let not_yet = matches!(late, Err(MakeError::Prove(ProveError::NotYet { .. })));
    assert!(not_yet, "{late:?}");
}

#[test]
fn rows_are_proven_to_those_who_know_no_packs() {
    let log = &*LOG;
    let pack = log.pack(&within(200, 400, &[("effect", "deny")]));
    for row in pack.rows() {
        let proof = pack.proof_file(&log.folder(), row.entry).unwrap();
        let entry = pack.entry(row.entry).unwrap();
        let checkpoint = proof.verify(entry.as_bytes(), &log.keys).unwrap();
        assert_eq!((checkpoint.size, proof.index), (log.size(), row.entry));
        let other = log.line(row.entry + 1);
        assert!(proof.verify(other.as_bytes(), &log.keys).is_err());
    }
    let late = pack.proof_file(&log.folder(), log.size());
    assert!(matches!(late, Err(ProveError::NotYet { .. })), "{late:?}");
}

#[test]
fn earlier_checkpoints_are_good_for_what_they_hold() {
    let log = &*LOG;
    let question = within(200, 400, &[("effect", "deny")]);
    let pack = log.pack(&question);
    let (first, end) = (pack.range().first, pack.range().end);
    for size in [end, end + 1, 512, 600] {
        let earlier = log.cut(&question, (first, end), size);
        let report = log.check(&earlier.to_string()).unwrap();
        assert_eq!(report.rows, pack.rows(), "{size}");
        assert_eq!(report.checkpoint.size, size);
    }
    // One that ends within the times shows that it does.
    let earlier = log.cut(&question, (first, 390), 390);
    let report = log.check(&earlier.to_string()).unwrap();
    assert_eq!((report.end, report.checkpoint.size), (390, 390));
    assert_eq!(wardlet_audit::rfc3339(report.last_ms), time(389));
}

/// A gateway writes on while a pack is made: what the checkpoint does not hold yet is not there.
#[test]
fn a_log_that_is_ahead_of_its_checkpoint() {
    let (log, size) = (Sample::new(7), 600);
    let checkpoint = log.signed(&log.checkpoint(size)).to_string();
    std::fs::write(log.folder().join("checkpoint"), checkpoint).unwrap();
    for (name, question) in [
        ("all", filter(&[])),
        ("since", filter(&[("since", &time(500))])),
        ("open", filter(&[("status", "open")])),
        ("beyond", within(550, 650, &[])),
    ] {
        let pack = log.pack(&question);
        let report = log.check(&pack.to_string()).unwrap();
        let expected = log.cut(&question, (0, size), size);
        assert_eq!(report.checkpoint.size, size, "{name}");
        assert_eq!(report.end, size, "{name}");
        assert_eq!(report.rows, expected.rows(), "{name}");
        assert!(!report.rows.is_empty(), "{name}");
    }
    let late = log.make(&Question::Entry(size));
    let not_yet = matches!(late, Err(MakeError::Prove(ProveError::NotYet { .. })));
    assert!(not_yet, "{late:?}");
}

#[test]
fn what_is_too_much_for_a_pack() {
    let log = Sample::with(generate::clock(), |log| {
        let refuse = || log.refusal(&decision(Effect::Deny)).unwrap();
        while refuse().index() < MAX_PACK_ENTRIES + 9 {}
    });
    let most = MAX_PACK_ENTRIES;
    for (question, expected) in [
        (filter(&[]), most + 10),
        (filter(&[("since", &time(5 + MARGIN))]), most + 6),
        (within(MARGIN + 2, most - MARGIN, &[]), 0),
        (within(MARGIN + 2, most - MARGIN + 1, &[]), most + 1),
    ] {
        let made = log.make(&question);
        match made {
            Ok(pack) => assert_eq!((pack.entries.len() as u64, expected), (most, 0)),
            Err(error) => {
                assert!(error.hint().unwrap().contains("`since`"), "{error}");
                let is_too_many =
                    matches!(error, MakeError::TooMany { entries } if entries == expected);
                assert!(is_too_many, "{question:?}: {error}");
            }
        }
    }
    let mut long = log.pack(&Question::Entry(7));
    for (length, expected) in [
        (0, false),
        (MAX_PACK_BYTES / 2, false),
        (MAX_PACK_BYTES, true),
    ] {
        long.entries = vec!["x".repeat(length)];
        assert_eq!(long.is_too_long(), expected, "{length}");
    }
}

#[test]
fn the_example_of_the_format() {
    let text = include_str!("../../EVIDENCE.md");
    let from = |name: &str| {
        let (_, rest) = text.split_once(&format!("```{name}\n")).unwrap();
        rest.split_once("```").unwrap().0
    };
    let keys: Vec<wardlet_keys::VerifyingKey> = from("keys")
        .lines()
        .map(|line| line.parse().unwrap())
        .collect();
    let pack = from("json");
    let report = super::check(pack.as_bytes(), &keys[0], &keys[1..], None).unwrap();
    assert_eq!(report.rows.len(), 1);
    assert!(pack.contains(&format!("\"version\": {VERSION},")));
}
