//! Shadow rules in entries: they never keep one from being written.

use wardlet_call::Json;

use super::Shadow;
use crate::error::AuditError;
use crate::fixture::{Place, decision, full_decision, full_outcome, shadow};
use crate::line::MAX_ENTRY_BYTES;
use crate::log::{Durability, Log};
use crate::record::{Decision, Effect, Outcome};
use crate::show::{Select, show};

/// How many shadow rules the entry with this index has, and how many it says were left out.
fn kept(place: &Place, index: u64) -> (usize, usize) {
    let mut entries = show(&place.folder(), Select::One(index)).unwrap();
    let entry = entries.next().unwrap().unwrap();
    assert!(entry.line.len() <= MAX_ENTRY_BYTES);
    let body = entry.value.member("body").unwrap().clone();
    let kept = match body.member("shadow") {
        Some(Json::Array(items)) => items.len(),
        _ => 0,
    };
    let omitted = match body.member("shadow_omitted") {
        Some(Json::Number(number)) => number.parse().unwrap(),
        _ => 0,
    };
    (kept, omitted)
}

fn many(count: usize) -> Vec<Shadow> {
    vec![shadow(); count]
}

fn with_shadow(effect: Effect, rules: usize, count: usize) -> Decision {
    Decision {
        rules: vec!["x".repeat(128); rules],
        shadow: many(count),
        ..decision(effect)
    }
}

fn allow(log: &Log, decision: &Decision) -> u64 {
    log.decision(decision, Durability::Written).unwrap().index()
}

#[test]
fn what_has_no_room_is_left_out_and_counted() {
    let place = Place::new();
    let log = place.open();
    // Without shadow rules an entry has room for some 460 rules of this length.
    for (rules, count, some_kept, some_omitted) in [
        (0, 1, true, false),
        (0, 100, true, false),
        (0, 10_000, true, true),
        (300, 200, true, true),
        (440, 100, true, true),
        (462, 1, false, true),
    ] {
        let index = allow(&log, &with_shadow(Effect::Allow, rules, count));
        let (kept, omitted) = kept(&place, index);
        assert_eq!(kept + omitted, count, "{rules} {count}");
        let found = (kept > 0, omitted > 0);
        assert_eq!(found, (some_kept, some_omitted), "{rules} {count}");
    }
    let refusal = log.refusal(&with_shadow(Effect::Deny, 0, 10_000)).unwrap();
    assert!(kept(&place, refusal.index()).1 > 0);
    let written = log.decision(&decision(Effect::Allow), Durability::Written);
    let outcome = Outcome {
        shadow: many(10_000),
        ..full_outcome()
    };
    let written = log.outcome(written.unwrap(), &outcome).unwrap();
    assert!(kept(&place, written.index()).1 > 0);
    drop(log);
    place.verified();
}

/// An entry is as full as it was before, whatever shadow rules add: to the byte.
#[test]
fn whatever_fits_without_shadow_rules_fits_with_them() {
    let place = Place::new();
    let log = place.open();
    let filled = |bytes: usize, count| {
        let mut filled = with_shadow(Effect::Deny, 440, count);
        let (full, rest) = (bytes / 128, bytes % 128);
        filled.rules.extend(vec!["y".repeat(128); full]);
        filled.rules.push("y".repeat(rest.max(1)));
        filled
    };
    let mut fitted = 0;
    for bytes in 1_000..5_000 {
        match log.refusal(&filled(bytes, 0)) {
            Ok(_) => fitted += 1,
            Err(AuditError::Unrecordable { .. }) => break,
            Err(error) => panic!("{error}"),
        }
        if bytes % 64 == 0 {
            log.refusal(&filled(bytes, 3)).unwrap();
        }
    }
    assert!((100..4_000).contains(&fitted), "{fitted}");
    for bytes in 1_000 + fitted - 300..1_000 + fitted {
        log.refusal(&filled(bytes, 3)).unwrap();
    }
}

#[test]
fn an_entry_without_shadow_rules_says_nothing_of_them() {
    for rules in [vec![], many(1)] {
        let decision = Decision {
            shadow: rules.clone(),
            shadow_omitted: None,
            ..full_decision(Effect::Allow)
        };
        let text = String::from_utf8(crate::line::body(&decision).unwrap()).unwrap();
        assert_eq!(text.contains("\"shadow\":"), !rules.is_empty(), "{text}");
    }
}
