//! Every call of the write path that fails, and a power cut after each.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustix::io::Errno;
use wardlet_keys::EntryKey;

use super::super::{Durability, Log, Room};
use crate::error::AuditError;
use crate::fixture::{
    CUTS, Cut, Disk, Fault, MemorySigner, ORIGIN, Place, Ticking, copy, decision, frames, gateway,
    outcome,
};
use crate::line::Seal;
use crate::log::files::Files;
use crate::record::{Decision, Effect, Status};
use crate::show::{Select, show};
use crate::signer::CheckpointSigner;
use crate::verify::{Options, verify};

/// What the log said of the calls of a run.
#[derive(Default)]
struct Said {
    /// How many calls were begun.
    begun: usize,
    /// The calls whose decision the log said to be on disk.
    durable: Vec<usize>,
    /// The calls whose decision the log said to be written.
    written: Vec<usize>,
}

/// A decision that is told from all others by its transaction.
fn call(number: usize) -> Decision {
    Decision {
        txn: format!("call-{number:04}"),
        ..decision(Effect::Allow)
    }
}

/// Opens a log on this disk without threads.
fn on(
    disk: Arc<dyn Files>,
    folder: &Path,
    key: &Arc<EntryKey>,
    signer: &MemorySigner,
) -> Result<Log, AuditError> {
    let seal = Seal::new(Arc::clone(key), ORIGIN, &gateway()).unwrap();
    let signer = Box::new(signer.clone());
    let signer: Box<dyn CheckpointSigner> = signer;
    let signer = || Ok(Some(signer));
    let (log, open) = Log::prepare(disk, folder, seal, Ticking::new(), signer)?;
    log.close_unknown(open)?;
    Ok(log)
}

/// A run across the end of a bundle: calls of both classes, publishing, and a close. It goes on after
/// errors, as a gateway does until somebody stops it.
fn run(disk: &Arc<Disk>, place: &Place, said: &Mutex<Said>) {
    let files: Arc<dyn Files> = Arc::clone(disk) as _;
    let Ok(log) = on(files, &place.folder(), &place.key, &place.signer) else {
        return;
    };
    drop(log.service.writer.refill());
    for number in 0..8 {
        said.lock().unwrap().begun += 1;
        let durability = match number % 2 {
            0 => Durability::Durable,
            _ => Durability::Written,
        };
        if let Ok(written) = log.decision(&call(number), durability) {
            let mut said = said.lock().unwrap();
            said.written.push(number);
            if durability == Durability::Durable {
                said.durable.push(number);
            }
            drop(said);
            // Every third call is open at the end.
            if number % 3 != 2 {
                drop(log.outcome(written, &outcome(Status::Answered)));
            }
        }
        if number % 3 == 0 {
            drop(log.publish());
            log.service.writer.make_ahead();
        }
    }
    drop(log.publish());
}

/// The log that is there, which opens, verifies, and holds each of `kept` calls once, and no call
/// twice.
fn check(folder: &Path, place: &Place, kept: &[usize], begun: usize, what: &str) {
    let files: Arc<dyn Files> = Arc::new(Disk::new(folder, None));
    // What was signed may be more than what is left: the same signer goes on.
    let log = on(files, folder, &place.key, &place.signer)
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    log.publish()
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    drop(log);
    let options = Options {
        checkpoint_keys: &[place.signer.public()],
        ..Options::default()
    };
    let report = verify(folder, &place.key.verifying_key(ORIGIN).unwrap(), options)
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(report.open.is_empty(), "{what}");
    assert_eq!(report.checkpoint, Some(report.head), "{what}");
    let entries: Vec<String> = show(folder, Select::All)
        .unwrap()
        .map(|entry| entry.unwrap().line)
        .collect();
    for number in 0..begun {
        let txn = format!(r#""txn":"call-{number:04}""#);
        let found = entries.iter().filter(|entry| entry.contains(&txn)).count();
        assert!(found <= 1, "{what}: call {number} stands {found} times");
        assert!(
            found == 1 || !kept.contains(&number),
            "{what}: call {number} is lost"
        );
    }
}

/// A log of 250 entries, of which 245 are published.
fn before() -> Place {
    let place = Place::new();
    let log = place.open();
    for _ in 0..250 {
        log.refusal(&decision(Effect::Deny)).unwrap();
    }
    drop(log);
    let entries = place.entries();
    place.write(&entries[..245]);
    drop(place.open_signed());
    fs::write(place.path("pending/0"), frames(&entries)).unwrap();
    place
}

/// The calls of a run without faults, and how many of each there are.
fn counted() -> Vec<(&'static str, usize)> {
    let place = before();
    let disk = Arc::new(Disk::new(&place.folder(), None));
    let said = Mutex::default();
    run(&disk, &place, &said);
    let said = said.into_inner().unwrap();
    assert_eq!(
        (said.begun, said.written.len(), said.durable.len()),
        (8, 8, 4)
    );
    check(&place.folder(), &place, &said.written, 8, "without faults");
    assert!(place.path("tile/entries/000").exists());
    disk.calls().into_iter().collect()
}

/// The same log in another folder.
fn copied(place: &Place) -> Place {
    let again = place.again();
    copy(&place.folder(), &again.folder());
    again
}

#[test]
fn after_any_call_that_fails_nothing_is_lost_doubled_or_left_out() {
    let first = before();
    // Many faults leave the same: each is looked at once.
    let mut seen = HashSet::new();
    let mut tried = 0;
    for (name, count) in counted() {
        let mut faults = vec![
            Fault::Fails(Errno::IO),
            Fault::Fails(Errno::NOSPC),
            Fault::Lies(Errno::IO),
        ];
        if name == "write" {
            faults.push(Fault::Short);
        }
        for nth in 1..=count {
            for &fault in &faults {
                let place = copied(&first);
                let disk = Arc::new(Disk::new(&place.folder(), None));
                disk.fail(name, nth, fault);
                let said = Mutex::default();
                run(&disk, &place, &said);
                let said = said.into_inner().unwrap();
                let what = format!("{name} {nth} of {count}: {fault:?}");
                assert!(disk.struck(), "{what}");
                // The power fails as well, and another time only the process ends.
                for (cut, kept) in [(Cut::Harsh, said.durable), (Cut::Kill, said.written)] {
                    if seen.insert((disk.fingerprint(cut), kept.clone())) {
                        let left = place.again();
                        disk.cut(cut, &left.folder());
                        check(
                            &left.folder(),
                            &left,
                            &kept,
                            said.begun,
                            &format!("{what}, {cut:?}"),
                        );
                    }
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 200, "{tried} faults");
}

#[test]
fn after_a_power_cut_at_any_moment_nothing_durable_is_lost() {
    let place = before();
    let cuts = tempfile::tempdir().unwrap();
    let at = cuts.path().to_owned();
    let said = Arc::new(Mutex::new(Said::default()));
    let told = Arc::clone(&said);
    // Each state once, with what was said by then.
    type Left = BTreeMap<(PathBuf, Cut), Vec<usize>>;
    let left: Arc<Mutex<Left>> = Arc::default();
    let leaves = Arc::clone(&left);
    let seen = Mutex::new(HashSet::new());
    let hook = move |disk: &Disk, calls: usize| {
        for cut in CUTS {
            let told = told.lock().unwrap();
            let kept = match cut {
                Cut::Kill => told.written.clone(),
                _ => told.durable.clone(),
            };
            let state = (disk.fingerprint(cut), kept.clone());
            if seen.lock().unwrap().insert(state) {
                let folder = at.join(format!("{calls}-{cut:?}"));
                disk.cut(cut, &folder);
                leaves.lock().unwrap().insert((folder, cut), kept);
            }
        }
    };
    let disk = Arc::new(Disk::new(&place.folder(), Some(Box::new(hook))));
    run(&disk, &place, &said);
    let left = left.lock().unwrap();
    let count = |cut| left.keys().filter(|(_, of)| *of == cut).count();
    assert!(
        CUTS.iter().all(|&cut| count(cut) > 20),
        "{} states",
        left.len()
    );
    for ((folder, cut), kept) in left.iter() {
        check(
            folder,
            &place.again(),
            kept,
            8,
            &format!("{}, {cut:?}", folder.display()),
        );
    }
}

#[test]
fn a_full_disk_refuses_calls_and_takes_the_outcomes_that_are_owed() {
    // In the middle of a bundle, and where the next one has to be made.
    for count in [0, 254] {
        let place = Place::new();
        drop(place.open());
        let disk = Arc::new(Disk::new(&place.folder(), None));
        let files: Arc<dyn Files> = Arc::clone(&disk) as _;
        let log = on(files, &place.folder(), &place.key, &place.signer).unwrap();
        log.service.writer.refill().unwrap();
        assert_ne!(log.room(), Room::Full, "the test needs a disk with room");
        for _ in 0..count {
            log.refusal(&decision(Effect::Deny)).unwrap();
        }
        let first = log.decision(&call(0), Durability::Durable).unwrap();
        let second = log.decision(&call(1), Durability::Written).unwrap();
        disk.fill();
        for number in [2, 3] {
            let refused = log
                .decision(&call(number), Durability::Durable)
                .unwrap_err();
            assert!(matches!(refused, AuditError::Full), "{refused}");
            assert!(refused.hint().unwrap().contains("free space"));
        }
        let refused = log.refusal(&decision(Effect::Deny)).unwrap_err();
        assert!(matches!(refused, AuditError::Full), "{refused}");
        for written in [first, second] {
            let index = written.index();
            let closed = log.outcome(written, &outcome(Status::Answered)).unwrap();
            assert_eq!(closed.index(), index + 2);
        }
        assert_eq!(log.room(), Room::Full, "the reserve is spent");
        // With room again the reserve comes back.
        log.service.writer.refill().unwrap();
        assert_ne!(log.room(), Room::Full);
        drop(log);
        check(&place.folder(), &place, &[0, 1], 4, "full");
        assert!(!place.path("torn").exists());
    }
}
