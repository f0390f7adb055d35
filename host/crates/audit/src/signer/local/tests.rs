use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use wardlet_keys::{CHECKPOINT_KEY_FILE, EntryKey};

use super::{LocalSigner, RECORD_FILE};
use crate::checkpoint::Checkpoint;
use crate::merkle::Hash;
use crate::merkle::leaves::Leaves;
use crate::merkle::proof::ProofError;
use crate::signer::{CheckpointSigner, SignError};
use crate::verify::Head;

const ORIGIN: &str = "laptop.example/log";

fn place() -> (TempDir, PathBuf) {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("signer");
    (temporary, folder)
}

fn open(folder: &Path) -> LocalSigner {
    LocalSigner::open(folder, ORIGIN).unwrap()
}

/// Lets the signer sign `leaves` up to `size`, with the proof from what it signed last.
fn sign(signer: &mut LocalSigner, leaves: &mut Leaves, size: u64) -> Result<Checkpoint, SignError> {
    let last = signer.last()?.map_or(0, |head| head.size);
    let proof = leaves.proof(last.min(size), size);
    let note = signer.sign(size, &leaves.root(size), &proof)?;
    let keys = signer.verifying_keys()?;
    Ok(Checkpoint::open(note.as_bytes(), &keys).unwrap().0)
}

#[test]
fn each_checkpoint_continues_the_one_before_also_after_a_restart() {
    let (_temporary, folder) = place();
    let mut leaves = Leaves::new(40);
    let key = open(&folder).verifying_keys().unwrap();
    assert_eq!(open(&folder).last().unwrap(), None);
    for size in [0, 0, 1, 1, 2, 7, 8, 8, 31, 40] {
        let mut signer = open(&folder);
        assert_eq!(signer.verifying_keys().unwrap(), key);
        let signed = sign(&mut signer, &mut leaves, size).unwrap();
        let head = Head {
            size,
            root: leaves.root(size),
        };
        assert_eq!(signed, Checkpoint::new(ORIGIN, size, head.root));
        assert_eq!(signer.last().unwrap(), Some(head));
        drop(signer);
        assert_eq!(open(&folder).last().unwrap(), Some(head));
    }
}

/// A log that comes after a checkpoint of 20 entries, and what the signer says to it: the size where
/// it is shorter, what is wrong with the proof where it is no continuation.
type Case = (
    &'static str,
    u64,
    Hash,
    Vec<Hash>,
    Result<(), Result<u64, ProofError>>,
);

fn after_twenty() -> Vec<Case> {
    use ProofError::{EarlierRoot, Length, Root};
    let mut leaves = Leaves::new(40);
    let mut forked = Leaves::forked(40, 19);
    let (twenty, thirty) = (leaves.root(20), leaves.root(30));
    let good = leaves.proof(20, 30);
    let long = [good.as_slice(), &[[0; 32]]].concat();
    let fork = forked.proof(20, 30);
    let (forked_twenty, forked_thirty) = (forked.root(20), forked.root(30));
    let not = |why| Err(Err(why));
    vec![
        ("rolled back", 19, leaves.root(19), vec![], Err(Ok(19))),
        ("emptied", 0, leaves.root(0), vec![], Err(Ok(0))),
        ("written anew", 20, forked_twenty, vec![], not(EarlierRoot)),
        ("anew, longer", 30, forked_thirty, fork, not(EarlierRoot)),
        ("another root", 30, forked_thirty, good.clone(), not(Root)),
        ("another size", 33, thirty, good.clone(), not(Length)),
        ("no proof", 30, thirty, vec![], not(Length)),
        ("a longer proof", 30, thirty, long, not(Length)),
        ("a proof too many", 20, twenty, good.clone(), not(Length)),
        ("the same again", 20, twenty, vec![], Ok(())),
        ("the continuation", 30, thirty, good, Ok(())),
    ]
}

#[test]
fn what_is_no_continuation_is_refused() {
    let (_temporary, folder) = place();
    sign(&mut open(&folder), &mut Leaves::new(20), 20).unwrap();
    for (case, size, root, proof, expected) in after_twenty() {
        // Each meets a signer that was just started, so what was refused left nothing behind.
        let mut signer = open(&folder);
        let found = signer.sign(size, &root, &proof).map(drop).map_err(|error| {
            assert!(error.is_refusal() && error.hint().is_some(), "{case}");
            match error {
                SignError::Shorter { size, last: 20 } => Ok(size),
                SignError::NotAnExtension { last: 20, why } => Err(why),
                error => panic!("{case}: {error}"),
            }
        });
        assert_eq!(found, expected, "{case}");
    }
}

#[test]
fn a_record_that_is_not_its_own_is_no_record() {
    let (_temporary, folder) = place();
    let mut leaves = Leaves::new(9);
    let mut signer = open(&folder);
    sign(&mut signer, &mut leaves, 5).unwrap();
    let again = LocalSigner::open(&folder, ORIGIN);
    assert!(matches!(again, Err(SignError::InUse { .. })));
    drop(signer);
    let record = folder.join(RECORD_FILE);
    let good = fs::read(&record).unwrap();
    let is_refused = |case: &str| match LocalSigner::open(&folder, ORIGIN) {
        Err(error @ SignError::Record { .. }) => assert!(error.hint().is_some(), "{case}"),
        other => panic!("{case}: {other:?}"),
    };
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 1;
        fs::write(&record, changed).unwrap();
        is_refused(&format!("byte {at}"));
    }
    for (case, bytes) in [
        ("empty", vec![]),
        ("cut", good[..good.len() - 1].to_vec()),
        ("longer", [good.as_slice(), b"\n"].concat()),
    ] {
        fs::write(&record, bytes).unwrap();
        is_refused(case);
    }
    fs::write(&record, &good).unwrap();
    let aside = folder.join("aside");
    fs::rename(&record, &aside).unwrap();
    is_refused("missing");
    fs::rename(&aside, &record).unwrap();
    assert!(matches!(
        LocalSigner::open(&folder, "other.example/log"),
        Err(SignError::Record { .. })
    ));
    sign(&mut open(&folder), &mut leaves, 9).unwrap();
    fs::remove_file(folder.join(CHECKPOINT_KEY_FILE)).unwrap();
    is_refused("another key");
}

#[test]
fn a_record_that_cannot_be_written_signs_nothing() {
    let (_temporary, folder) = place();
    let mut leaves = Leaves::new(9);
    let mut signer = open(&folder);
    sign(&mut signer, &mut leaves, 5).unwrap();
    let record = folder.join(RECORD_FILE);
    let aside = folder.join("aside");
    // A folder that is not empty cannot be replaced by a file.
    fs::rename(&record, &aside).unwrap();
    fs::create_dir_all(record.join("in the way")).unwrap();
    let refused = sign(&mut signer, &mut leaves, 9).unwrap_err();
    assert!(matches!(refused, SignError::Key(_)) && !refused.is_refusal());
    assert_eq!(signer.last().unwrap().unwrap().size, 5);
    let left: Vec<_> = fs::read_dir(&folder).unwrap().collect();
    assert_eq!(left.len(), 4, "no temporary file stays: {left:?}");
    fs::remove_dir_all(&record).unwrap();
    fs::rename(&aside, &record).unwrap();
    sign(&mut signer, &mut leaves, 9).unwrap();
}

#[test]
fn a_crash_before_the_key_was_made_is_a_beginning() {
    let (_temporary, folder) = place();
    drop(open(&folder));
    fs::remove_file(folder.join(CHECKPOINT_KEY_FILE)).unwrap();
    let mut signer = open(&folder);
    sign(&mut signer, &mut Leaves::new(3), 3).unwrap();
}

#[test]
fn two_keys_sign_while_one_follows_the_other() {
    let (_temporary, folder) = place();
    let mut leaves = Leaves::new(9);
    sign(&mut open(&folder), &mut leaves, 3).unwrap();
    let next = Arc::new(EntryKey::open(&folder, "next").unwrap());
    let mut both = LocalSigner::open_with(&folder, ORIGIN, vec![Arc::clone(&next)]).unwrap();
    let note = both.sign(5, &leaves.root(5), &leaves.proof(3, 5)).unwrap();
    let keys = both.verifying_keys().unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        assert!(Checkpoint::open(note.as_bytes(), &[key]).is_ok());
    }
    drop(both);
    // The next key takes over: what both signed is its own record.
    fs::rename(folder.join("next"), folder.join(CHECKPOINT_KEY_FILE)).unwrap();
    let mut signer = open(&folder);
    assert_eq!(signer.last().unwrap().unwrap().size, 5);
    let public = next.verifying_key(ORIGIN).unwrap();
    assert_eq!(signer.verifying_keys().unwrap(), [public]);
    sign(&mut signer, &mut leaves, 9).unwrap();
}
