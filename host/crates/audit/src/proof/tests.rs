use wardlet_keys::EntryKey;

use super::{MAX_PROOF_FILE_BYTES, ProofFile, ProofFileError};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::merkle::leaves::Leaves;
use crate::merkle::proof::{MAX_PROOF_HASHES, ProofError, inclusion};
use crate::note::NoteError;

const ORIGIN: &str = "laptop.example/log";

fn proof(key: &EntryKey, index: u64, size: u64, extra: Option<&[u8]>) -> ProofFile {
    let mut leaves = Leaves::new(size);
    let checkpoint = Checkpoint::new(ORIGIN, size, leaves.root(size));
    ProofFile {
        extra: extra.map(<[u8]>::to_vec),
        index,
        hashes: inclusion(&mut leaves, index, size).unwrap().unwrap(),
        checkpoint: checkpoint.sign([key]).unwrap(),
    }
}

#[test]
fn what_is_proven_and_what_is_not() {
    let key = EntryKey::generate().unwrap();
    let public = [key.verifying_key(ORIGIN).unwrap()];
    for (index, size, extra) in [
        (0, 1, None),
        (5, 9, None),
        (8, 9, Some(&b"an entry"[..])),
        (63, 64, Some(&[])),
    ] {
        let written = proof(&key, index, size, extra).to_string();
        let read = ProofFile::parse(written.as_bytes()).unwrap();
        assert_eq!(read.to_string(), written);
        assert_eq!(read.extra.as_deref(), extra);
        let entry = index.to_be_bytes();
        let checkpoint = read.verify(&entry, &public).unwrap();
        assert_eq!(
            (checkpoint.size, checkpoint.origin.as_str()),
            (size, ORIGIN)
        );
        let other = read.verify(b"another", &public);
        assert_eq!(other, Err(ProofFileError::Proof(ProofError::Root)));
        let unsigned = CheckpointError::Note(NoteError::Unsigned {
            name: String::new(),
        });
        let untrusted = read.verify(&entry, &[]);
        assert_eq!(untrusted, Err(ProofFileError::Checkpoint(unsigned)));
        // No byte of it can be another, but for the data that nobody signs.
        for at in 0..written.len() {
            let mut changed = written.as_bytes().to_vec();
            changed[at] ^= 1;
            match ProofFile::parse(&changed) {
                Ok(parsed) if parsed.extra != read.extra => {}
                Ok(parsed) => assert!(parsed.verify(&entry, &public).is_err(), "byte {at}"),
                Err(_) => {}
            }
        }
        for end in 0..written.len() {
            assert!(ProofFile::parse(&written.as_bytes()[..end]).is_err());
        }
    }
}

#[test]
fn forms() {
    let key = EntryKey::generate().unwrap();
    let good = proof(&key, 5, 9, Some(b"x")).to_string();
    let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    let with_hashes = |count: usize| {
        let (_, checkpoint) = good.split_once("\n\n").unwrap();
        let hashes = hash.repeat(count);
        format!("c2sp.org/tlog-proof@v1\nindex 5\n{hashes}\n{checkpoint}")
    };
    let long = "A".repeat(MAX_PROOF_FILE_BYTES);
    for (case, file, fits) in [
        ("good", good.clone(), true),
        ("no hash", with_hashes(0), true),
        ("the most hashes", with_hashes(MAX_PROOF_HASHES), true),
        ("too many hashes", with_hashes(MAX_PROOF_HASHES + 1), false),
        ("another version", good.replace("@v1", "@v2"), false),
        (
            "no header",
            good.replace("c2sp.org/tlog-proof@v1\n", ""),
            false,
        ),
        (
            "extra not base64",
            good.replace("extra eA==", "extra e"),
            false,
        ),
        ("extra alone", good.replace("extra eA==", "extra"), false),
        (
            "two extras",
            good.replace("extra", "extra eA==\nextra"),
            false,
        ),
        ("no index", good.replace("index 5\n", ""), false),
        ("a leading zero", good.replace("index 5", "index 05"), false),
        (
            "a negative index",
            good.replace("index 5", "index -5"),
            false,
        ),
        (
            "the wrong order",
            good.replace("extra eA==\nindex 5", "index 5\nextra eA=="),
            false,
        ),
        (
            "a hash too short",
            good.replace("index 5\n", "index 5\nAAAA\n"),
            false,
        ),
        ("carriage returns", good.replace('\n', "\r\n"), false),
        (
            "no checkpoint",
            good.split_once("\n\n").unwrap().0.to_owned(),
            false,
        ),
        ("too long", good.replace("eA==", &long), false),
    ] {
        assert_eq!(ProofFile::parse(file.as_bytes()).is_ok(), fits, "{case}");
    }
    assert!(ProofFile::parse(b"\xff").is_err());
}
