//! The gateway's side: a real log, witnesses over HTTP, and what is kept of it.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use wardlet_audit::witness::Policy;
use wardlet_audit::{Clock, Effect, SystemClock};
use wardlet_keys::VerifyingKey;
use wardlet_witness::{
    Behind, Limits, StartError, WITNESSED, WitnessedError, Witnessing, WitnessingStatus,
    verify_witnessed,
};

use crate::served::{Served, post, witness};
use crate::support::log::{decision, open, signer};

/// So long that nothing is looked at but when a test asks.
const NEVER: Duration = Duration::from_secs(100_000);

/// Where nothing listens.
const NOBODY: &str = "http://127.0.0.1:1";

/// A clock that stands still.
struct Held(u64);

impl Clock for Held {
    fn now_ms(&self) -> u64 {
        self.0
    }
}

/// A log with some witnesses.
struct Place {
    folder: TempDir,
    log: PathBuf,
    key: VerifyingKey,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        grow(&log, "first", 3);
        let key = signer(&log).verifying_keys().unwrap().remove(0);
        Place { folder, log, key }
    }

    fn serve(&self, name: &str) -> Served {
        Served::start(witness(&self.folder.path().join(name), self.key.clone()))
    }

    fn start(&self, log: &Path, policy: &str) -> Result<Witnessing, StartError> {
        let (policy, keys) = (policy.parse().unwrap(), vec![self.key.clone()]);
        Witnessing::start(log, keys, policy, post(), NEVER, Box::new(SystemClock))
    }

    /// As [`Place::start`], at another time.
    fn start_at(&self, now_ms: u64, policy: &str) -> Witnessing {
        let (policy, keys) = (policy.parse().unwrap(), vec![self.key.clone()]);
        let clock = Box::new(Held(now_ms));
        Witnessing::start(&self.log, keys, policy, post(), NEVER, clock).unwrap()
    }

    /// How it stands after one look.
    fn look(&self, log: &Path, policy: &str) -> WitnessingStatus {
        self.start(log, policy).unwrap().look()
    }

    fn verify(&self, log: &Path, policy: &str) -> Result<u64, WitnessedError> {
        let policy: Policy = policy.parse().unwrap();
        let keys = [self.key.clone()];
        verify_witnessed(log, &keys, &policy).map(|witnessed| witnessed.checkpoint.size)
    }
}

/// Writes so many refusals into a log, and closes it.
fn grow(log: &Path, txn: &str, count: u64) {
    let log = open(log);
    for number in 0..count {
        let refusal = decision(Effect::Deny, &format!("{txn}-{number}"));
        log.refusal(&refusal).unwrap();
    }
}

/// Copies a log with its keys, as whoever has the machine can.
fn copy(log: &Path, to: &Path) {
    for extension in ["", "keys", "signer"] {
        copy_folder(
            &log.with_extension(extension),
            &to.with_extension(extension),
        );
    }
}

fn copy_folder(from: &Path, to: &Path) {
    DirBuilder::new().mode(0o700).create(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn two_of_three_witnesses_are_enough() {
    let place = Place::new();
    let (one, two) = (place.serve("one"), place.serve("two"));
    let dead = place.serve("three").entry.clone();
    let (dead, _) = dead.split_once(' ').unwrap();
    let policy = |least: &str| {
        format!(
            "witness a {}\nwitness b {dead} {NOBODY}\nwitness c {}\ngroup g {least} a b c\nquorum g\n",
            one.entry, two.entry
        )
    };
    let missing = place.verify(&place.log, &policy("2"));
    assert!(
        matches!(missing, Err(WitnessedError::Missing { .. })),
        "{missing:?}"
    );
    let witnessing = place.start(&place.log, &policy("2")).unwrap();
    let status = witnessing.look();
    let size = status.published;
    assert!(
        size > 0 && status.lag() == 0 && !status.is_conflict,
        "{status:?}"
    );
    assert_eq!(place.verify(&place.log, &policy("2")).unwrap(), size);
    let [alarm] = status.alarms.as_slice() else {
        panic!("{status:?}");
    };
    assert!(
        alarm.starts_with("witness `b` does not answer: "),
        "{alarm}"
    );
    // The log goes on, is witnessed again, and the process begins anew.
    grow(&place.log, "second", 300);
    let status = witnessing.look();
    assert!(status.published > size && status.lag() == 0, "{status:?}");
    let none = Limits {
        age: NEVER,
        entries: 0,
    };
    assert_eq!(witnessing.behind(&none), None);
    drop(witnessing);
    let before = fs::read(place.log.join(WITNESSED)).unwrap();
    let again = place.start(&place.log, &policy("2")).unwrap();
    assert_eq!(again.look().witnessed, status.witnessed);
    assert_eq!(fs::read(place.log.join(WITNESSED)).unwrap(), before);
    drop(again);
    // Three are not to be had: what was witnessed by two does not fit, and nothing new comes.
    let fewer = place.start(&place.log, &policy("3"));
    let fewer = fewer.err().unwrap();
    assert!(fewer.to_string().contains("not take for enough"), "{fewer}");
    fs::remove_file(place.log.join(WITNESSED)).unwrap();
    let unmet = place.start(&place.log, &policy("3")).unwrap();
    let status = unmet.look();
    assert_eq!((status.lag(), &status.witnessed), (status.published, &None));
    assert_eq!(status.alarms.len(), 1, "{status:?}");
    let lag = status.published;
    assert_eq!(unmet.behind(&none), Some(Behind::Entries { lag }));
    assert!(!place.log.join(WITNESSED).exists());
}

#[test]
fn a_second_history_is_found_and_named() {
    let place = Place::new();
    let served = place.serve("one");
    let policy = format!("witness w {}\nquorum w\n", served.entry);
    // One log, copied with its keys, goes on in two ways; another copy stays behind.
    let (fork, old) = (
        place.folder.path().join("fork"),
        place.folder.path().join("old"),
    );
    assert_eq!(place.look(&place.log, &policy).lag(), 0);
    copy(&place.log, &fork);
    copy(&place.log, &old);
    grow(&place.log, "right", 20);
    let right = place.look(&place.log, &policy);
    assert_eq!((right.lag(), right.is_conflict), (0, false), "{right:?}");
    grow(&fork, "wrong", 40);
    let none = Limits {
        age: NEVER,
        entries: u64::MAX,
    };
    for (case, log, words) in [
        (
            "a fork",
            &fork,
            "witness `w` cosigned another history of this log: ",
        ),
        (
            "an old copy",
            &old,
            "it was rolled back, or somebody else writes it",
        ),
    ] {
        // Without the witnessed checkpoint that the copy has: the witness alone finds it.
        fs::remove_file(log.join(WITNESSED)).unwrap();
        let witnessing = place.start(log, &policy).unwrap();
        let status = witnessing.look();
        assert!(status.is_conflict, "{case}: {status:?}");
        assert!(status.alarms[0].contains(words), "{case}: {status:?}");
        assert_eq!(witnessing.behind(&none), Some(Behind::Conflict), "{case}");
        assert!(!log.join(WITNESSED).exists(), "{case}");
        // With what was witnessed of the right log it is found without asking anybody.
        fs::copy(place.log.join(WITNESSED), log.join(WITNESSED)).unwrap();
        let nobody = policy.replace(&served.host, "127.0.0.1:1");
        let status = place.look(log, &nobody);
        assert!(status.is_conflict, "{case}: {status:?}");
        let kept = fs::read(log.join(WITNESSED)).unwrap();
        assert_eq!(kept, fs::read(place.log.join(WITNESSED)).unwrap(), "{case}");
        let found = place.verify(log, &policy).unwrap_err();
        assert_eq!(status.alarms[0], found.to_string(), "{case}");
    }
    assert_eq!(place.verify(&place.log, &policy).unwrap(), right.published);
}

/// A start does not make the last witnessed checkpoint younger, or else a gateway that begins anew
/// all the time would never be behind.
#[test]
fn what_waits_is_as_old_as_before_the_start() {
    let place = Place::new();
    let served = place.serve("one");
    let policy = format!("witness w {}\nquorum w\n", served.entry);
    let nobody = policy.replace(&served.host, "127.0.0.1:1");
    let witnessed = place.look(&place.log, &policy).witnessed.unwrap();
    let limits = Limits {
        age: Duration::from_secs(60),
        entries: u64::MAX,
    };
    let after = |seconds: u64, policy: &str| {
        let witnessing = place.start_at((witnessed.time + seconds) * 1000, policy);
        let status = witnessing.look();
        assert_eq!(status.age((witnessed.time + seconds) * 1000), Some(seconds));
        witnessing.behind(&limits)
    };
    // As long as nothing is new, nothing is late.
    assert_eq!(after(3600, &nobody), None);
    grow(&place.log, "more", 1);
    assert_eq!(after(60, &nobody), None);
    assert_eq!(after(61, &nobody), Some(Behind::Age { seconds: 61 }));
    // The witness is back; its clock is that of the machine.
    let witnessing = place.start_at((witnessed.time + 3600) * 1000, &policy);
    assert_eq!(witnessing.look().lag(), 0);
    assert_eq!(witnessing.behind(&limits), None);
}

/// A folder without a checkpoint is that of a log that was just begun, unless it had one.
#[test]
fn a_checkpoint_that_is_gone_is_an_alarm() {
    let place = Place::new();
    let served = place.serve("one");
    let policy = format!("witness w {}\nquorum w\n", served.entry);
    let path = place.log.join("checkpoint");
    let whole = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let none: [String; 0] = [];
    assert_eq!(place.look(&place.log, &policy).alarms, none);
    fs::write(&path, &whole).unwrap();
    let status = place.look(&place.log, &policy);
    assert_eq!(
        (status.lag(), status.alarms.as_slice()),
        (0, none.as_slice())
    );
    for damaged in [None, Some(&whole[..whole.len() / 2])] {
        fs::remove_file(&path).unwrap();
        if let Some(bytes) = damaged {
            fs::write(&path, bytes).unwrap();
        }
        let witnessing = place.start(&place.log, &policy).unwrap();
        let status = witnessing.look();
        let words = "the checkpoint of the log";
        assert!(status.alarms[0].contains(words), "{status:?}");
        // It counts as waiting, until it is back as it was.
        assert!(status.waiting_since.is_some(), "{status:?}");
        fs::write(&path, &whole).unwrap();
        let status = witnessing.look();
        assert_eq!((status.waiting_since, status.alarms.len()), (None, 0));
    }
}

#[test]
fn a_conflict_stays_when_its_witness_goes() {
    let place = Place::new();
    let served = place.serve("one");
    let policy = format!("witness w {}\nquorum w\n", served.entry);
    let old = place.folder.path().join("old");
    copy(&place.log, &old);
    grow(&place.log, "right", 20);
    assert_eq!(place.look(&place.log, &policy).lag(), 0);
    let witnessing = place.start(&old, &policy).unwrap();
    assert!(witnessing.look().is_conflict);
    drop(served);
    let status = witnessing.look();
    assert!(status.is_conflict, "{status:?}");
    let words = "a witness has said that the log has another history";
    assert!(status.alarms[1].starts_with(words), "{status:?}");
}

#[test]
fn a_damaged_file_is_named() {
    let place = Place::new();
    let served = place.serve("one");
    let policy = format!("witness w {}\nquorum w\n", served.entry);
    assert_eq!(place.look(&place.log, &policy).lag(), 0);
    let path = place.log.join(WITNESSED);
    let whole = fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(7) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, changed).unwrap();
        let found = place.verify(&place.log, &policy).unwrap_err();
        assert!(found.to_string().contains(WITNESSED), "{at}: {found}");
        assert!(place.start(&place.log, &policy).is_err(), "{at}");
    }
    fs::write(&path, &whole).unwrap();
    assert!(place.verify(&place.log, &policy).unwrap() > 0);
}
