//! Packs of honest entries that show too little.

use std::sync::atomic::{AtomicU64, Ordering};

use wardlet_audit::{Clock, Durability, Effect, Status, rfc3339};

use super::super::Question;
use super::MARGIN;
use super::hostile::{denials, refused};
use super::sample::{LOG, Sample, decision, filter, outcome, time, within};
use crate::filter::Filter;
use crate::generate::{self, BEGIN_MS};

#[test]
fn honest_entries_that_are_too_few() {
    let log = &*LOG;
    let (first, end, size) = (200 - MARGIN - 1, 400 + MARGIN + 1, log.size());
    let calls = log.index().find_all(&Filter::default()).unwrap();
    // One whose outcome comes after others.
    let held = calls.iter().find_map(|call| {
        let outcome = call.outcome.as_ref()?.entry;
        (call.entry > 300 && outcome > call.entry + 2).then_some((call.entry, outcome))
    });
    let (held, outcome) = held.unwrap();
    let whole = filter(&[]);
    let since = filter(&[("since", &time(200))]);
    let all = within(200, 400, &[]);
    for (name, question, range, word) in [
        ("denials", denials(), (first, end), ""),
        (
            "an entry less at the left",
            denials(),
            (first + 1, end),
            "before",
        ),
        (
            "an entry less at the right",
            denials(),
            (first, end - 1),
            "after",
        ),
        ("the times alone", denials(), (200, 400), "before"),
        ("half of the times", denials(), (first, 300), "after"),
        ("neither", denials(), (300, 310), "before"),
        ("nothing left", all.clone(), (0, 100), "after"),
        ("from later on", all.clone(), (500, 600), "before"),
        ("all but the first", whole.clone(), (1, size), "before"),
        ("all but the last", whole, (0, size - 1), "after"),
        ("open end", since.clone(), (first, size - 1), "after"),
        ("open end, all", since, (first, size), ""),
        (
            "a call without its outcome",
            Question::Entry(held),
            (held, outcome),
            "no-outcome",
        ),
        (
            "a call with it",
            Question::Entry(held),
            (held, outcome + 1),
            "",
        ),
        (
            "another call",
            Question::Entry(held),
            (held + 1, outcome + 1),
            "not-held",
        ),
    ] {
        let pack = log.cut(&question, range, size).to_string();
        match word {
            "" => drop(log.check(&pack).map_err(|error| panic!("{name}: {error}"))),
            word => drop(refused(name, &pack, word)),
        }
    }
}

/// An outcome that comes long after the times of the filter must not be cut off: without it the call
/// would seem open, and filters for its end would not find it.
#[test]
fn outcomes_long_after_the_times() {
    let (asked, ended) = (100, 300);
    let log = Sample::with(generate::clock(), |log| {
        let refuse = || log.refusal(&decision(Effect::Deny)).unwrap();
        while refuse().index() + 1 < asked {}
        let written = log.decision(&decision(Effect::Allow), Durability::Written);
        while refuse().index() + 1 < ended {}
        let _ = log
            .outcome(written.unwrap(), &outcome(Status::Timeout))
            .unwrap();
        while refuse().index() < ended + 100 {}
    });
    let (first, end) = (asked - MARGIN - 6, asked + MARGIN + 6);
    for (terms, rows, takes_outcome) in [
        (&[][..], 10, true),
        (&[("status", "timeout")], 1, true),
        (&[("status", "open")], 0, true),
        (&[("reason", "allowed")], 1, true),
        (&[("principal", "nobody"), ("status", "open")], 0, false),
        (&[("effect", "deny")], 9, false),
    ] {
        let question = within(asked - 5, asked + 5, terms);
        let pack = log.pack(&question);
        let (range, expected) = (pack.range(), if takes_outcome { ended + 1 } else { end });
        assert_eq!((range.first, range.end), (first, expected), "{terms:?}");
        let report = log.check(&pack.to_string()).unwrap();
        assert_eq!(report.rows.len(), rows, "{terms:?}");
        let cut = log.cut(&question, (first, end), log.size());
        let word = log.check(&cut.to_string()).map_err(|error| error.word());
        let expected = if takes_outcome {
            Err("no-outcome")
        } else {
            Ok(rows)
        };
        assert_eq!(word.map(|report| report.rows.len()), expected, "{terms:?}");
        // As if the log ended there.
        let earlier = log.cut(&question, (first, end), end);
        assert!(log.check(&earlier.to_string()).is_ok(), "{terms:?}");
    }
}

/// A clock that was set back puts calls where nobody looks for them by their time. What the index finds
/// is held all the same, and the step is reported.
#[test]
fn clocks_that_were_set_back() {
    /// Counts up in seconds, and falls back by this many once.
    struct Falls(AtomicU64, u64);
    impl Clock for Falls {
        fn now_ms(&self) -> u64 {
            let at = self.0.fetch_add(1, Ordering::Relaxed);
            let back = if at < 200 { 0 } else { self.1 };
            BEGIN_MS + (at + 600 - back) * 1_000
        }
    }
    for (back, reported) in [(0, false), (4, false), (60, true), (500, true)] {
        let log = Sample::with(Box::new(Falls(AtomicU64::new(0), back)), |log| {
            while log.refusal(&decision(Effect::Deny)).unwrap().index() < 399 {}
        });
        // 600 to 799 seconds, and on from `back` before that.
        let at = |seconds: u64| rfc3339(BEGIN_MS + seconds * 1_000);
        let (since, until) = (at(790), at(795));
        let question = filter(&[("since", &since), ("until", &until)]);
        let report = log.check(&log.pack(&question).to_string()).unwrap();
        let Question::Filter(filter) = &question else {
            panic!("{question:?}");
        };
        let found = log.index().find_all(filter).unwrap();
        assert_eq!(report.rows, found, "{back}");
        assert_eq!(report.step_back.is_some(), reported, "{back}");
    }
}

/// That a call has no outcome is shown by all entries after it.
#[test]
fn calls_that_stay_open() {
    let asked = 100;
    let log = Sample::with(generate::clock(), |log| {
        let refuse = || log.refusal(&decision(Effect::Deny)).unwrap();
        while refuse().index() + 1 < asked {}
        let written = log.decision(&decision(Effect::Allow), Durability::Written);
        while refuse().index() < asked + 200 {}
        drop(written.unwrap());
    });
    let open = within(asked - 5, asked + 5, &[("status", "open")]);
    for question in [open, Question::Entry(asked)] {
        let report = log.check(&log.pack(&question).to_string()).unwrap();
        assert_eq!(report.end, log.size(), "{question:?}");
        assert_eq!(report.rows.len(), 1, "{question:?}");
        assert!(report.rows[0].is_open(), "{question:?}");
    }
    let denied = within(asked - 5, asked + 5, &[("effect", "deny")]);
    let report = log.check(&log.pack(&denied).to_string()).unwrap();
    assert_eq!(report.end, asked + 5 + MARGIN + 1);
}
