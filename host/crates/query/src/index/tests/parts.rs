//! Indices of parts of a log.

use std::collections::BTreeSet;

use super::*;

/// Entries from one on.
struct Part(Lines, u64);

impl Source for Part {
    fn entries(&self, from: u64) -> Result<Box<dyn Iterator<Item = Numbered> + '_>, AuditError> {
        assert!(from >= self.1, "{from}");
        self.0.entries(from)
    }
}

#[test]
fn a_part_holds_its_own_calls() {
    // Also parts of which the first entry is an outcome.
    for first in [0, 1, 255, 256, 400, 401, 402, 403, 404, 690] {
        let part = Part(LINES.clone(), first);
        let index = Index::of_part(first, &part).unwrap();
        let expected = WHOLE.iter().filter(|call| call.entry >= first).cloned();
        let mut expected: Vec<Call> = expected.collect();
        for call in &mut expected {
            // An approval whose request stands before the part is known by its decision alone.
            if let Some(approval) = &mut call.approval
                && approval.request.is_some_and(|request| request < first)
            {
                approval.request = None;
                approval.votes.iter_mut().for_each(|vote| vote.entry = None);
            }
        }
        check(&index, &expected, &format!("from {first} on"));
        assert_eq!(index.entries().unwrap(), LINES.0.len() as u64);
        for call in expected.iter().take(9) {
            assert_eq!(index.call(call.entry).unwrap().as_ref(), Some(call));
        }
    }
    for missing in [0, LINES.0.len() as u64, u64::MAX] {
        assert_eq!(indexed(&LINES).call(missing).unwrap(), None, "{missing}");
    }
}

/// What a field finds among the calls of a part does not change with the entries that follow, unless
/// it is one that outcomes have a say in.
#[test]
fn fields_that_outcomes_change() {
    let whole = indexed(&LINES);
    let mut changed = BTreeSet::new();
    for count in (20..690).step_by(30) {
        let part = indexed(&LINES.first(count));
        for field in Field::ALL {
            for (value, _) in whole.values(field, 8).unwrap() {
                let filter = Filter::parse([(field.name(), &*value)], 0).unwrap();
                let found = |index: &Index| -> Vec<u64> {
                    let calls = index.find_all(&filter).unwrap();
                    let entries = calls.iter().map(|call| call.entry);
                    entries.filter(|entry| *entry < count as u64).collect()
                };
                if found(&part) != found(&whole) {
                    changed.insert(field);
                }
            }
        }
    }
    for field in &changed {
        assert!(field.is_of_outcome(), "{field}");
    }
    for field in [Field::Status, Field::Plugin, Field::Blame] {
        assert!(changed.contains(&field), "{changed:?}");
    }
}
