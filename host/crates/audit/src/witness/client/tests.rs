use std::collections::BTreeMap;
use std::sync::Mutex;

use tempfile::TempDir;
use wardlet_keys::EntryKey;

use super::{MAX_REPLY_BYTES, Post, Posted, Round, WitnessStatus, Witnesses};
use crate::checkpoint::Checkpoint;
use crate::fixture::Ticking;
use crate::merkle::leaves::Leaves;
use crate::note::Note;
use crate::witness::{Policy, Witness, cosign};

const ORIGIN: &str = "laptop.example/log";

/// What stands behind an address.
enum Behind {
    Witness {
        witness: Box<Witness>,
        _folder: TempDir,
    },
    /// Answers, the last of them again and again.
    Says(Vec<Result<Posted, String>>),
}

/// Witnesses without a network, by their addresses.
#[derive(Default)]
struct Addresses {
    behind: BTreeMap<String, Behind>,
    posts: Mutex<Vec<String>>,
}

impl Post for &Addresses {
    fn post(&self, url: &str, body: &[u8]) -> Result<Posted, String> {
        let mut posts = self.posts.lock().unwrap();
        let before = posts.iter().filter(|post| *post == url).count();
        posts.push(url.to_owned());
        drop(posts);
        match self.behind.get(url) {
            Some(Behind::Witness { witness, .. }) => {
                let verdict = witness.add_checkpoint(body);
                Ok(Posted {
                    status: verdict.status(),
                    body: verdict.body().into_bytes(),
                })
            }
            Some(Behind::Says(answers)) => answers[before.min(answers.len() - 1)].clone(),
            None => Err("no route\u{1b}[31m".to_owned()),
        }
    }
}

/// A log, and the policy over its witnesses.
struct Place {
    log: EntryKey,
    policy: String,
    addresses: Addresses,
}

impl Place {
    fn new() -> Self {
        Place {
            log: EntryKey::generate().unwrap(),
            policy: String::new(),
            addresses: Addresses::default(),
        }
    }

    fn add(&mut self, name: &str, key: &str, behind: Option<Behind>) {
        self.policy += &format!("witness {name} {key} https://{name}.example/prefix/\n");
        let url = format!("https://{name}.example/prefix/add-checkpoint");
        self.addresses
            .behind
            .extend(behind.map(|behind| (url, behind)));
    }

    /// A witness of our own.
    fn add_witness(&mut self, name: &str) {
        let folder = tempfile::tempdir().unwrap();
        let keys = [self.log.verifying_key(ORIGIN).unwrap()];
        let path = folder.path().join("witness");
        let witness = Witness::open(&path, name, keys, Ticking::new()).unwrap();
        let key = witness.cosigner_key().unwrap().to_string();
        self.add(
            name,
            &key,
            Some(Behind::Witness {
                witness: Box::new(witness),
                _folder: folder,
            }),
        );
    }

    fn witnesses(&self, quorum: &str) -> Witnesses<&Addresses> {
        let policy: Policy = format!("{}{quorum}\n", self.policy).parse().unwrap();
        Witnesses::new(policy, &self.addresses)
    }

    fn checkpoint(&self, leaves: &Leaves, size: u64) -> Note {
        let checkpoint = Checkpoint::new(ORIGIN, size, leaves.root(size));
        checkpoint.sign([&self.log]).unwrap()
    }

    fn asked(&self) -> usize {
        self.addresses.posts.lock().unwrap().drain(..).count()
    }
}

fn lags(round: &Round) -> Vec<u64> {
    round.witnesses.iter().map(|report| report.lag).collect()
}

#[test]
fn rounds_with_witnesses_of_our_own() {
    let mut place = Place::new();
    for name in ["a", "b", "c"] {
        place.add_witness(name);
    }
    place.add("gone", &key_of("gone").1, None);
    let quorum = "group most 3 a b c gone\nquorum most";
    let mut leaves = Leaves::new(900);
    let mut witnesses = place.witnesses(quorum);
    for size in [1, 5, 5, 256, 700] {
        let note = place.checkpoint(&leaves, size);
        let round = witnesses.submit(&note, &mut leaves).unwrap();
        assert!(round.is_met, "{round:?}");
        let log = place.log.verifying_key(ORIGIN).unwrap();
        let read = Note::parse(round.checkpoint.to_string().as_bytes()).unwrap();
        let checked = witnesses.policy().check(&read, &[log]).unwrap();
        assert_eq!(checked.size, size);
        assert_eq!(lags(&round), [0, 0, 0, size]);
        let gone = WitnessStatus::Unreachable {
            why: "no route\\u{1b}[31m".to_owned(),
        };
        assert_eq!(round.witnesses[3].status, gone);
        assert_eq!(place.asked(), 4, "nobody is asked twice");
    }
    // A gateway that starts anew knows nothing, and is told.
    let mut witnesses = place.witnesses(quorum);
    let note = place.checkpoint(&leaves, 900);
    let round = witnesses.submit(&note, &mut leaves).unwrap();
    assert!(round.is_met);
    assert_eq!(place.asked(), 7);
    // A log that was rolled back, and one that was written anew.
    let note = place.checkpoint(&leaves, 800);
    let round = witnesses.submit(&note, &mut leaves).unwrap();
    assert!(!round.is_met);
    for report in &round.witnesses[..3] {
        assert_eq!(report.status, WitnessStatus::Ahead { size: 900 });
        assert!(report.status.is_alarm());
    }
    let mut forked = Leaves::forked(1000, 5);
    for size in [900, 1000] {
        let note = place.checkpoint(&forked, size);
        let round = witnesses.submit(&note, &mut forked).unwrap();
        assert!(!round.is_met);
        for report in &round.witnesses[..3] {
            assert!(report.status.is_alarm(), "{size}: {report:?}");
        }
        assert!(!round.witnesses[3].status.is_alarm());
    }
}

fn key_of(name: &str) -> (EntryKey, String) {
    let key = EntryKey::generate().unwrap();
    let public = key.cosigner_key(name).unwrap().to_string();
    (key, public)
}

fn says(status: u16, body: &str) -> Result<Posted, String> {
    Ok(Posted {
        status,
        body: body.as_bytes().to_vec(),
    })
}

fn refused(status: u16, why: &str) -> WitnessStatus {
    let why = why.to_owned();
    WitnessStatus::Refused { status, why }
}

fn nonsense(why: &str) -> WitnessStatus {
    let why = why.to_owned();
    WitnessStatus::Nonsense { why }
}

fn unreachable(why: &str) -> WitnessStatus {
    let why = why.to_owned();
    WitnessStatus::Unreachable { why }
}

/// A witness gives these answers to the checkpoint of a log with 9 entries.
fn check(answers: Vec<Result<Posted, String>>, asked: usize, expected: &WitnessStatus) {
    let mut leaves = Leaves::new(9);
    let mut place = Place::new();
    place.add("w", &key_of("w").1, Some(Behind::Says(answers)));
    let mut witnesses = place.witnesses("quorum w");
    let note = place.checkpoint(&leaves, 9);
    let round = witnesses.submit(&note, &mut leaves).unwrap();
    assert_eq!(round.witnesses[0].status, *expected);
    assert_eq!(place.asked(), asked, "{expected:?}");
    assert!(!round.is_met);
    assert_eq!(round.checkpoint, note, "{expected:?}");
}

#[test]
fn one_answer() {
    let long = "x".repeat(900);
    let no_dash = "not a signed note: a signature does not begin with a dash";
    let no_size = nonsense("it names no other size");
    for (answer, expected) in [
        (says(404, "who?\u{202e}\n"), refused(404, "who?\\u{202e}")),
        (says(403, ""), refused(403, "")),
        (says(422, "fork"), refused(422, "fork")),
        (says(302, ""), refused(302, "")),
        (says(404, &long), refused(404, &long[..200])),
        (says(503, "later"), unreachable("status 503: later")),
        (says(429, ""), unreachable("status 429: ")),
        (Err("no\nroute".to_owned()), unreachable("no\\nroute")),
        (says(409, "10\n"), WitnessStatus::Ahead { size: 10 }),
        (says(409, "0\n"), no_size.clone()),
        (says(409, "04\n"), no_size.clone()),
        (says(409, "4"), no_size),
        (says(200, ""), nonsense("its last line has no end")),
        (says(200, "\n"), nonsense(no_dash)),
        (
            says(200, "\u{2014} other AAAAAAA=\n"),
            nonsense("it holds no cosignature by the witness's key"),
        ),
        (
            says(200, &"x".repeat(MAX_REPLY_BYTES + 1)),
            nonsense("its answer is too long"),
        ),
    ] {
        check(vec![answer], 1, &expected);
    }
}

#[test]
fn a_second_answer_after_another_size() {
    let another_root = "it cosigned another root of this size";
    for (first, second, expected) in [
        (
            "4\n",
            says(409, "5\n"),
            refused(409, "it cosigned 5 entries meanwhile"),
        ),
        ("4\n", says(409, "12\n"), WitnessStatus::Ahead { size: 12 }),
        ("4\n", says(404, "x"), refused(404, "x")),
        ("4\n", says(409, "4\n"), nonsense("it names no other size")),
        ("9\n", says(409, "9\n"), refused(422, another_root)),
        (
            "9\n",
            says(409, "another root\n"),
            refused(422, another_root),
        ),
    ] {
        check(vec![says(409, first), second], 2, &expected);
    }
}

#[test]
fn which_cosignatures_count() {
    let mut leaves = Leaves::new(9);
    let (key, public) = key_of("w");
    let other = EntryKey::generate().unwrap();
    for (case, cosigned) in [
        ("good", true),
        ("among others", true),
        ("another text", false),
        ("another key", false),
        ("another name", false),
    ] {
        let mut place = Place::new();
        let note = place.checkpoint(&leaves, 9);
        let line = |key, name, text| cosign(key, name, 77, text).unwrap().to_string();
        let good = line(&key, "w", note.text());
        let stranger = line(&other, "w", note.text());
        let body = match case {
            "good" => good,
            "among others" => format!("{stranger}{good}"),
            "another text" => line(&key, "w", "text\n"),
            "another key" => stranger,
            _ => line(&key, "v", note.text()),
        };
        place.add("w", &public, Some(Behind::Says(vec![says(200, &body)])));
        let round = place
            .witnesses("quorum w")
            .submit(&note, &mut leaves)
            .unwrap();
        assert_eq!(round.is_met, cosigned, "{case}");
        let status = &round.witnesses[0].status;
        assert_eq!(
            *status == WitnessStatus::Cosigned { time: 77 },
            cosigned,
            "{case}"
        );
        let signatures = if cosigned { 2 } else { 1 };
        assert_eq!(round.checkpoint.signatures().len(), signatures, "{case}");
        assert_eq!(round.witnesses[0].time, cosigned.then_some(77), "{case}");
    }
    let mut place = Place::new();
    place.policy = format!("witness w {public}\n");
    let note = place.checkpoint(&leaves, 9);
    let round = place
        .witnesses("quorum w")
        .submit(&note, &mut leaves)
        .unwrap();
    let status = &round.witnesses[0].status;
    assert!(matches!(status, WitnessStatus::Unreachable { why } if why.contains("no address")));
    let text = Note::new("text\n").unwrap();
    assert!(
        place
            .witnesses("quorum w")
            .submit(&text, &mut leaves)
            .is_err()
    );
}
