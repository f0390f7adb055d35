//! Writing, poisoning and recovering a log.

mod faults;
mod publish;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::sync::Arc;

use super::{Durability, Log};
use crate::error::AuditError;
use crate::fixture::{
    Place, Ticking, allow, decision, events, full_decision, full_outcome, gateway, outcome,
};
use crate::record::{Decision, Effect, Event, PluginPin, Status};
use crate::show::{Select, show};

#[test]
fn every_kind_of_entry_is_canonical_and_signed() {
    let place = Place::new();
    let log = place.open();
    let written = log
        .decision(&full_decision(Effect::Allow), Durability::Durable)
        .unwrap();
    let outcome = log.outcome(written, &full_outcome()).unwrap();
    assert_eq!((outcome.decision(), outcome.index()), (0, 1));
    for (index, event) in (2..).zip(events()) {
        assert_eq!(log.record(&event).unwrap(), index);
    }
    for (index, effect) in (9..).zip([Effect::Deny, Effect::Expired, Effect::Malformed]) {
        assert_eq!(log.refusal(&full_decision(effect)).unwrap().index(), index);
    }
    log.flush().unwrap();
    // `verify` compares every line with its canonical form.
    let report = place.verified();
    let counts = |map: &std::collections::BTreeMap<String, u64>| {
        map.iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    assert_eq!(
        counts(&report.kinds),
        "access 1, approval-request 1, approval-vote 1, config 1, decision 4, erasure 1, outcome 1, policy 1, quarantine 1"
    );
    assert_eq!(
        counts(&report.effects),
        "allow 1, deny 1, expired 1, malformed 1"
    );
    assert!(report.open.is_empty());
    drop(log);
    // It goes on where it ended, and there was nothing to mend.
    let log = place.open();
    assert_eq!(*log.recovered(), crate::Recovered::default());
    assert_eq!(log.refusal(&decision(Effect::Deny)).unwrap().index(), 12);
}

#[test]
fn files_and_folders_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.three_entries();
    drop(place.open_signed());
    let mut left = vec![place.folder()];
    let mut files = 0;
    while let Some(path) = left.pop() {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        if path.is_dir() {
            assert_eq!(mode, 0o700, "{}", path.display());
            let listed = fs::read_dir(path).unwrap();
            left.extend(listed.map(|entry| entry.unwrap().path()));
        } else {
            assert_eq!(mode, 0o600, "{}", path.display());
            files += 1;
        }
    }
    // Lock, reserve, mark, checkpoint, a pending bundle, a partial tile and a partial bundle.
    assert!(files >= 7, "{files}");
    fs::set_permissions(place.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    let error = place.try_open().unwrap_err();
    assert!(error.hint().unwrap().contains("chmod 700"), "{error}");
}

#[test]
fn one_log_has_one_writer_and_decisions_stay_with_it() {
    let (place, other) = (Place::new(), Place::new());
    let (log, other) = (place.open(), other.open());
    assert!(matches!(place.try_open(), Err(AuditError::InUse { .. })));
    let written = allow(&log).unwrap();
    let refused = other.outcome(written, &outcome(Status::Answered));
    assert!(matches!(refused, Err(AuditError::ForeignDecision)));
    for effect in [Effect::Deny, Effect::Expired, Effect::Malformed] {
        let refused = log.decision(&decision(effect), Durability::Written);
        assert!(matches!(refused, Err(AuditError::Effect)));
    }
    let refused = log.refusal(&decision(Effect::Allow));
    assert!(matches!(refused, Err(AuditError::Effect)));
    assert_eq!(allow(&log).unwrap().index(), 1);
    for origin in ["", "two words", "line\nbreak", "plus+"] {
        let key = Arc::clone(&place.key);
        let opened = Log::open(&place.folder(), origin, &gateway(), key, Ticking::new());
        assert!(matches!(opened, Err(AuditError::Key(_))), "{origin}");
    }
}

#[test]
fn what_is_out_of_bounds_is_refused_and_takes_no_index() {
    let place = Place::new();
    let log = place.open();
    type Spoil = fn(&mut Decision);
    let cases: [(&str, Spoil); 7] = [
        ("128 bytes", |d| d.principal = "x".repeat(129)),
        ("128 bytes", |d| d.target.tool = Some("\u{e9}".repeat(65))),
        ("128 bytes", |d| d.rules.push("x".repeat(129))),
        ("empty", |d| d.reason.clear()),
        ("1024 bytes", |d| {
            d.token.as_mut().unwrap().aud = "x".repeat(1025);
        }),
        ("9007199254740991", |d| {
            d.arguments.as_mut().unwrap().bytes = 1 << 53
        }),
        ("at most", |d| {
            d.rules = vec!["x".repeat(128); 480];
        }),
    ];
    for (why, spoil) in cases {
        let mut spoilt = full_decision(Effect::Deny);
        spoil(&mut spoilt);
        let error = log.refusal(&spoilt).unwrap_err();
        assert!(matches!(error, AuditError::Unrecordable { .. }), "{why}");
        assert!(error.to_string().contains(why), "{error}");
        assert!(!error.to_string().contains("xx"), "{error}");
    }
    assert_eq!(allow(&log).unwrap().index(), 0);
}

#[test]
fn many_threads_write_one_order() {
    let place = Place::new();
    let log = place.open();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let log = &log;
            scope.spawn(move || {
                for call in 0..25 {
                    let durable = (thread + call) % 5 == 0;
                    let durability = if durable {
                        Durability::Durable
                    } else {
                        Durability::Written
                    };
                    let written = log.decision(&decision(Effect::Allow), durability).unwrap();
                    log.outcome(written, &outcome(Status::Answered)).unwrap();
                }
            });
        }
    });
    drop(log);
    let report = place.verified();
    assert_eq!(
        (report.head.size, report.open.len(), report.step_back),
        (400, 0, None)
    );
}

#[test]
fn a_policy_entry_lists_its_plugins_even_where_there_are_none() {
    let place = Place::new();
    let log = place.open();
    let pin = || PluginPin {
        digest: "d".to_owned(),
        name: "n".to_owned(),
    };
    for (plugins, expected) in [
        (vec![], r#"{"digest":"x","plugins":[]}"#),
        (
            vec![pin()],
            r#"{"digest":"x","plugins":[{"digest":"d","name":"n"}]}"#,
        ),
    ] {
        let index = log
            .record(&Event::Policy {
                digest: "x".to_owned(),
                plugins,
            })
            .unwrap();
        let entry = show(&place.folder(), Select::One(index))
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        assert_eq!(entry.value.member("body").unwrap().to_text(), expected);
    }
}

#[test]
fn entries_are_shown_as_selected() {
    let place = Place::new();
    place.three_entries();
    let all = [0, 1, 2];
    for (select, expected) in [
        (Select::All, &all[..]),
        (Select::One(1), &all[1..2]),
        (Select::One(3), &[]),
        (Select::From(2), &all[2..]),
        (Select::From(9), &[]),
        (Select::Last(0), &[]),
        (Select::Last(2), &all[1..]),
        (Select::Last(9), &all),
    ] {
        let indices = || -> Vec<u64> {
            show(&place.folder(), select)
                .unwrap()
                .map(|entry| entry.unwrap().index)
                .collect()
        };
        assert_eq!(indices(), expected, "{select:?}");
    }
    // A write under way is left out; a bad entry ends the reading with an error.
    let pending = place.path("pending/0");
    let mut file = OpenOptions::new().append(true).open(pending).unwrap();
    file.write_all(b"\0\x09{\"body\"").unwrap();
    assert_eq!(show(&place.folder(), Select::All).unwrap().count(), 3);
    file.write_all(b"}\0\x02{}").unwrap();
    let items: Vec<_> = show(&place.folder(), Select::All).unwrap().collect();
    assert_eq!(items.len(), 4);
    assert!(matches!(
        items[3],
        Err(AuditError::Damaged { index: 3, .. })
    ));
    assert!(matches!(
        show(&place.folder().join("no"), Select::All),
        Err(AuditError::Io { .. })
    ));
}
