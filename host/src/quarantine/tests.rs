use std::os::unix::fs::PermissionsExt as _;

use wardlet_call::PluginName;
use wardlet_sandbox::Fault;

use super::{FILE, MAX_FAULTS, Quarantine, QuarantineError, WINDOW_S, forget_beyond};

fn name(text: &str) -> PluginName {
    PluginName::parse(text).unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mode = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(folder.path(), mode).unwrap();
    folder
}

/// What leads to quarantine: each case is the seconds at which a fault comes, the fault, and whether
/// the caller is held in the end.
#[test]
fn so_many_faults_in_so_long_and_no_fewer() {
    let many = u64::try_from(MAX_FAULTS).unwrap();
    let at_once: Vec<u64> = vec![1000; MAX_FAULTS];
    let spread: Vec<u64> = (0..many)
        .map(|i| 1000 + i * WINDOW_S.div_ceil(many - 1))
        .collect();
    let just_in: Vec<u64> = (0..many)
        .map(|i| 1000 + i * ((WINDOW_S - 1) / (many - 1)))
        .collect();
    let cases = [
        (at_once.clone(), Fault::Deadline, true),
        (at_once.clone(), Fault::Trap, true),
        (at_once.clone(), Fault::Failed, false),
        (at_once.clone(), Fault::BadAnswer, true),
        (at_once[1..].to_vec(), Fault::Trap, false),
        (at_once.clone(), Fault::Busy, false),
        (at_once, Fault::NoRole, false),
        (just_in, Fault::Memory, true),
        (spread, Fault::Memory, false),
        ((0..100).map(|i| i * WINDOW_S).collect(), Fault::Trap, false),
    ];
    for (times, fault, held) in cases {
        let folder = folder();
        let quarantine = Quarantine::open(folder.path()).unwrap();
        let told: Vec<_> = times
            .iter()
            .filter_map(|at| quarantine.count(&name("p"), "a", fault, *at))
            .collect();
        assert_eq!(told, quarantine.list(), "once, and what the list has");
        assert_eq!(
            quarantine.holds(&name("p"), "a"),
            held,
            "{times:?} {fault:?}"
        );
        // Nobody else, and nothing else.
        assert!(!quarantine.holds(&name("p"), "b"));
        assert!(!quarantine.holds(&name("q"), "a"));
    }
}

#[test]
fn it_survives_a_restart_and_is_lifted_for_good() {
    let folder = folder();
    let held = |principal: &str| {
        let quarantine = Quarantine::open(folder.path()).unwrap();
        quarantine.holds(&name("p"), principal)
    };
    // A restart after each fault: the counts are kept too.
    for _ in 0..MAX_FAULTS {
        assert!(!held("a"));
        let quarantine = Quarantine::open(folder.path()).unwrap();
        let _ = quarantine.count(&name("p"), "a", Fault::Trap, 1000);
    }
    assert!(held("a"));
    let quarantine = Quarantine::open(folder.path()).unwrap();
    for _ in 0..MAX_FAULTS {
        let _ = quarantine.count(&name("p"), "b", Fault::Stack, 1001);
    }
    let _ = quarantine.count(&name("p"), "c", Fault::Trap, 1002);
    let mode = std::fs::metadata(folder.path().join(FILE)).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    let list = quarantine.list();
    let listed: Vec<(&str, &str, u64)> = list
        .iter()
        .map(|q| (q.principal.as_str(), q.fault.as_str(), q.since))
        .collect();
    assert_eq!(listed, [("a", "trap", 1000), ("b", "stack", 1001)]);
    assert_eq!(
        quarantine.lift("p", Some("c"), |_| Ok(())).unwrap(),
        [],
        "it is not held"
    );
    assert_eq!(
        quarantine.lift("q", None, |_| Ok(())).unwrap(),
        [],
        "nobody is"
    );
    assert_eq!(
        quarantine.lift("p", Some("b"), |_| Ok(())).unwrap(),
        list[1..]
    );
    assert!(held("a") && !held("b"));
    assert_eq!(quarantine.lift("p", None, |_| Ok(())).unwrap(), list[..1]);
    assert!(!held("a"));
    // The faults of before are forgotten with it.
    let _ = quarantine.count(&name("p"), "a", Fault::Trap, 1003);
    assert!(!held("a"));
}

#[test]
fn what_cannot_be_read_is_not_taken_for_nothing() {
    let good = r#"{"v":1,"records":[]}"#;
    for (text, reads) in [
        (good, true),
        ("", false),
        ("{}", false),
        (r#"{"v":2,"records":[]}"#, false),
        (r#"{"v":1,"records":[],"more":1}"#, false),
        (r#"{"v":1,"records":[{"plugin":"p"}]}"#, false),
    ] {
        let folder = folder();
        let path = folder.path().join(FILE);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        match Quarantine::open(folder.path()) {
            Ok(_) => assert!(reads, "{text}"),
            Err(error) => {
                assert!(!reads, "{text}: {error}");
                assert!(matches!(error, QuarantineError::Damaged(_)), "{error}");
                assert!(error.hint().is_some());
            }
        }
    }
}

#[test]
fn what_is_counted_is_bounded_and_nobody_gets_out_by_that() {
    let folder = folder();
    let quarantine = Quarantine::open(folder.path()).unwrap();
    for _ in 0..MAX_FAULTS {
        let _ = quarantine.count(&name("p"), "held", Fault::Trap, 1);
    }
    for caller in 0..5u64 {
        let _ = quarantine.count(&name("p"), &format!("c{caller}"), Fault::Trap, 10 + caller);
    }
    let mut records = quarantine.lock().clone();
    for _ in 0..3 {
        forget_beyond(&mut records, 3);
    }
    let left: Vec<&String> = records["p"].keys().collect();
    assert_eq!(left, ["c2", "c3", "c4", "held"]);
}

#[test]
fn a_lifting_that_cannot_be_recorded_lets_nobody_go() {
    let folder = folder();
    let quarantine = Quarantine::open(folder.path()).unwrap();
    for _ in 0..MAX_FAULTS {
        let _ = quarantine.count(&name("p"), "a", Fault::Trap, 1);
    }
    let error = quarantine.lift("p", None, |_| Err(wardlet_audit::AuditError::Poisoned));
    assert!(matches!(error, Err(QuarantineError::Audit(_))), "{error:?}");
    assert!(quarantine.holds(&name("p"), "a"));
}
