use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;
use wardlet_keys::digest::{hex, sha256};
use wardlet_keys::{EntryKey, WITNESS_KEY_FILE};

use super::{Verdict, Witness, WitnessError};
use crate::checkpoint::Checkpoint;
use crate::clock::Clock;
use crate::merkle::Hash;
use crate::merkle::leaves::Leaves;
use crate::note::Note;
use crate::witness::AddCheckpoint;

const ORIGIN: &str = "laptop.example/log";
const NAME: &str = "witness.example/w1";

/// A clock that a test sets, in seconds.
struct Set(Arc<AtomicU64>);

impl Clock for Set {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed) * 1000 + 999
    }
}

/// A log's key, and a folder for a witness that knows it.
struct Place {
    temporary: TempDir,
    log: EntryKey,
    seconds: Arc<AtomicU64>,
}

impl Place {
    fn new() -> Self {
        Place {
            temporary: tempfile::tempdir().unwrap(),
            log: EntryKey::generate().unwrap(),
            seconds: Arc::new(AtomicU64::new(1000)),
        }
    }

    fn folder(&self) -> &Path {
        self.temporary.path()
    }

    fn try_open(&self) -> Result<Witness, WitnessError> {
        let keys = [self.log.verifying_key(ORIGIN).unwrap()];
        let clock = Box::new(Set(Arc::clone(&self.seconds)));
        Witness::open(&self.folder().join("witness"), NAME, keys, clock)
    }

    fn open(&self) -> Witness {
        self.try_open().unwrap()
    }

    fn record(&self) -> std::path::PathBuf {
        let name = format!("{}.checkpoint", hex(&sha256(ORIGIN.as_bytes())));
        self.folder().join("witness").join(name)
    }

    fn body(&self, old: u64, proof: &[Hash], size: u64, root: Hash) -> String {
        let checkpoint = Checkpoint::new(ORIGIN, size, root);
        let request = AddCheckpoint {
            old,
            proof: proof.to_vec(),
            checkpoint: checkpoint.sign([&self.log]).unwrap(),
        };
        request.to_string()
    }

    /// The request that leads from one size of a log to another.
    fn step(&self, leaves: &mut Leaves, old: u64, size: u64) -> String {
        let proof = leaves.proof(old, size);
        self.body(old, &proof, size, leaves.root(size))
    }
}

#[test]
fn it_cosigns_what_continues_what_it_cosigned_also_after_a_restart() {
    let place = Place::new();
    let mut leaves = Leaves::new(40);
    assert_eq!(place.open().latest(ORIGIN), None);
    let mut old = 0;
    for (at, size) in [0, 0, 1, 7, 7, 8, 40].into_iter().enumerate() {
        let time = 1000 + at as u64;
        place.seconds.store(time, Ordering::Relaxed);
        let witness = place.open();
        let body = place.step(&mut leaves, old, size);
        let verdict = witness.add_checkpoint(body.as_bytes());
        assert_eq!(verdict.status(), 200, "{verdict:?}");
        // What the client gets, put together as the specification says.
        let (_, checkpoint) = body.split_once("\n\n").unwrap();
        let note = Note::parse(format!("{checkpoint}{}", verdict.body()).as_bytes()).unwrap();
        let key = witness.cosigner_key().unwrap();
        assert_eq!(note.signed_by(&key), Ok(vec![time]));
        assert_eq!(witness.latest(ORIGIN), Some(note.to_string()));
        let hash = hex(&sha256(ORIGIN.as_bytes()));
        assert_eq!(witness.latest_of_hash(&hash), Some(note.to_string()));
        assert_eq!(witness.latest_of_hash(&hash.to_uppercase()), None);
        drop(witness);
        assert_eq!(place.open().latest(ORIGIN), Some(note.to_string()));
        old = size;
    }
}

/// What the witness has to say after 20 entries of a log, each time after a restart.
fn check(place: &Place, case: &str, body: &str, status: u16, answer: &str) {
    let verdict = place.open().add_checkpoint(body.as_bytes());
    assert_eq!(verdict.status(), status, "{case}: {verdict:?}");
    assert!(verdict.body().contains(answer), "{case}: {verdict:?}");
    assert!(verdict.body().ends_with('\n'), "{case}");
    let is_size = verdict.content_type() == "text/x.tlog.size";
    assert_eq!(is_size, status == 409, "{case}");
    assert!(!is_size || verdict.body() == answer, "{case}");
}

/// A witness that cosigned 20 entries.
fn after_twenty() -> (Place, Leaves) {
    let place = Place::new();
    let mut leaves = Leaves::new(40);
    let first = place.step(&mut leaves, 0, 20);
    assert_eq!(place.open().add_checkpoint(first.as_bytes()).status(), 200);
    (place, leaves)
}

#[test]
fn requests_and_signatures_that_do_not_fit() {
    let (place, mut leaves) = after_twenty();
    let good = place.step(&mut leaves, 20, 30);
    let foreign = Place::new().step(&mut leaves, 20, 30);
    let line = |body: &str| body.rsplit_once("\n\n").unwrap().1.to_owned();
    let twice = format!("{good}{}", line(&good));
    let over = place.body(31, &[], 30, leaves.root(30));
    for (case, body, status, answer) in [
        ("no request", "old\n", 400, "not a request"),
        (
            "no size",
            &good.replace("log\n30", "log\n030"),
            400,
            "not a checkpoint",
        ),
        (
            "an unknown log",
            &good.replace(ORIGIN, "other"),
            404,
            "not know",
        ),
        ("another's signature", &foreign, 403, "not signed by"),
        (
            "a changed size",
            &good.replace("log\n30", "log\n31"),
            403,
            "does not fit",
        ),
        ("signed twice", &twice, 403, "twice"),
        ("an old size over the new one", &over, 400, "over that"),
    ] {
        check(&place, case, body, status, answer);
    }
    // Signatures of others do no harm, and are not kept.
    let foreign = line(&foreign);
    let with_both = format!("{good}{foreign}");
    check(&place, "both", &with_both, 200, "witness.example/w1 ");
    assert!(!place.open().latest(ORIGIN).unwrap().contains(&foreign));
}

#[test]
fn logs_that_are_no_continuation() {
    let (place, mut leaves) = after_twenty();
    let mut forked = Leaves::forked(40, 19);
    let proof = leaves.proof(20, 30);
    let root = forked.root(30);
    for (case, body, status, answer) in [
        ("from 0", place.step(&mut leaves, 0, 30), 409, "20\n"),
        (
            "from elsewhere",
            place.step(&mut leaves, 19, 30),
            409,
            "20\n",
        ),
        ("rolled back", place.step(&mut leaves, 0, 19), 409, "20\n"),
        (
            "no proof",
            place.body(20, &[], 30, leaves.root(30)),
            422,
            "number of hashes",
        ),
        (
            "another root",
            place.body(20, &proof, 30, root),
            422,
            "root of the tree",
        ),
        (
            "a fork",
            place.step(&mut forked, 20, 30),
            422,
            "earlier tree",
        ),
        (
            "a fork of the same size",
            place.step(&mut forked, 20, 20),
            422,
            "earlier tree",
        ),
        (
            "a proof too many",
            place.body(20, &proof, 20, leaves.root(20)),
            422,
            "number",
        ),
        (
            "the continuation",
            place.step(&mut leaves, 20, 30),
            200,
            "witness.example/w1 ",
        ),
    ] {
        check(&place, case, &body, status, answer);
    }
}

#[test]
fn an_empty_log_has_one_root() {
    let place = Place::new();
    let emptied = place.body(0, &[], 0, [7; 32]);
    check(&place, "emptied", &emptied, 422, "earlier tree");
}

#[test]
fn two_histories_of_one_size_are_kept_as_evidence() {
    let place = Place::new();
    let mut leaves = Leaves::new(20);
    let mut forked = Leaves::forked(20, 3);
    let witness = place.open();
    let first = place.step(&mut leaves, 0, 20);
    assert_eq!(witness.add_checkpoint(first.as_bytes()).status(), 200);
    let fork = place.step(&mut forked, 20, 20);
    let Verdict::Inconsistent { evidence, .. } = witness.add_checkpoint(fork.as_bytes()) else {
        panic!("it took a fork");
    };
    let evidence = evidence.unwrap();
    let kept = fs::read_to_string(&evidence).unwrap();
    assert_eq!(kept, fork.split_once("\n\n").unwrap().1);
    // A later one, and one that begins elsewhere, do not take its place.
    let mut third = Leaves::forked(20, 4);
    for (old, status) in [(20, 422), (0, 409)] {
        let body = place.step(&mut third, old, 20);
        let verdict = witness.add_checkpoint(body.as_bytes());
        assert_eq!(verdict.status(), status);
        let (Verdict::Inconsistent {
            evidence: found, ..
        }
        | Verdict::Stale {
            evidence: found, ..
        }) = verdict
        else {
            panic!("{verdict:?}");
        };
        assert_eq!(found.as_ref(), Some(&evidence));
        assert_eq!(fs::read_to_string(&evidence).unwrap(), kept);
    }
}

#[test]
fn records_and_clocks_that_cannot_be_trusted() {
    let place = Place::new();
    let mut leaves = Leaves::new(40);
    let witness = place.open();
    let first = place.step(&mut leaves, 0, 20);
    assert_eq!(witness.add_checkpoint(first.as_bytes()).status(), 200);
    assert!(matches!(place.try_open(), Err(WitnessError::InUse { .. })));
    place.seconds.store(999, Ordering::Relaxed);
    let next = place.step(&mut leaves, 20, 30);
    let verdict = witness.add_checkpoint(next.as_bytes());
    assert_eq!(verdict.status(), 503);
    assert_eq!(verdict.body(), "this witness cannot cosign now\n");
    place.seconds.store(1000, Ordering::Relaxed);
    // A record that cannot be written signs nothing, and forgets nothing.
    let aside = place.folder().join("aside");
    fs::rename(place.record(), &aside).unwrap();
    fs::create_dir_all(place.record().join("in the way")).unwrap();
    assert_eq!(witness.add_checkpoint(next.as_bytes()).status(), 503);
    fs::remove_dir_all(place.record()).unwrap();
    fs::rename(&aside, place.record()).unwrap();
    assert_eq!(witness.add_checkpoint(next.as_bytes()).status(), 200);
    drop(witness);
    let good = fs::read(place.record()).unwrap();
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 1;
        fs::write(place.record(), changed).unwrap();
        // Nobody checks the log's signature again: the witness did, and its own covers the text.
        if let Ok(witness) = place.try_open() {
            let text = |bytes: &[u8]| Note::parse(bytes).unwrap().text().to_owned();
            let found = witness.latest(ORIGIN).unwrap();
            assert_eq!(text(found.as_bytes()), text(&good), "byte {at}");
        }
    }
    fs::write(place.record(), &good).unwrap();
    fs::remove_file(place.folder().join("witness").join(WITNESS_KEY_FILE)).unwrap();
    let Err(error @ WitnessError::Record { .. }) = place.try_open() else {
        panic!("it took the record of another key");
    };
    assert!(error.hint().is_some());
}

#[test]
fn of_two_requests_at_once_one_continues() {
    let place = Place::new();
    let mut leaves = Leaves::new(40);
    let mut forked = Leaves::forked(40, 3);
    let witness = place.open();
    let bodies = [
        place.step(&mut leaves, 0, 40),
        place.step(&mut forked, 0, 40),
    ];
    let statuses = std::thread::scope(|scope| {
        let asked = bodies.each_ref().map(|body| {
            let witness = &witness;
            scope.spawn(move || witness.add_checkpoint(body.as_bytes()).status())
        });
        let mut statuses = asked.map(|thread| thread.join().unwrap());
        statuses.sort_unstable();
        statuses
    });
    assert_eq!(statuses, [200, 409]);
}
