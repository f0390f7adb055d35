//! How the vectors of proofs are made.

use serde_json::{Value, json};
use wardlet_audit::merkle::Hash;
use wardlet_audit::note::Note;
use wardlet_audit::proof::ProofFile;

use crate::made::{checkpoint, signed, vkey};
use crate::support::{Entries, base64};

fn proof_file(index: u64, size: u64) -> ProofFile {
    let mut entries = Entries::new(300);
    let note = signed(&checkpoint(size, entries.root(size)), &[0]);
    ProofFile {
        extra: None,
        index,
        hashes: entries.inclusion(index, size),
        checkpoint: Note::parse(note.as_bytes()).unwrap(),
    }
}

pub(crate) fn inclusion() -> Vec<Value> {
    let good = proof_file(217, 300);
    let text = good.to_string();
    let with = |change: &dyn Fn(&mut ProofFile)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed.to_string()
    };
    let resigned = signed(good.checkpoint.text(), &[1]);
    let resigned = Note::parse(resigned.as_bytes()).unwrap();
    let cut = text.split_once("\n\n").unwrap().0.to_owned();
    let cases = [
        ("entry 217 of 300", 217, text.clone(), "good"),
        ("the first entry", 0, proof_file(0, 300).to_string(), "good"),
        (
            "the last entry",
            299,
            proof_file(299, 300).to_string(),
            "good",
        ),
        ("the only entry", 0, proof_file(0, 1).to_string(), "good"),
        (
            "extra data",
            217,
            with(&|it| it.extra = Some(b"extra".to_vec())),
            "good",
        ),
        ("another entry", 218, text.clone(), "not-included"),
        (
            "another index",
            217,
            with(&|it| it.index = 216),
            "not-included",
        ),
        (
            "an index outside",
            217,
            with(&|it| it.index = 300),
            "not-included",
        ),
        (
            "a hash changed",
            217,
            with(&|it| it.hashes[3][0] ^= 1),
            "not-included",
        ),
        (
            "a hash missing",
            217,
            with(&|it| it.hashes.truncate(8)),
            "not-included",
        ),
        (
            "a hash too many",
            217,
            with(&|it| it.hashes.push([7; 32])),
            "not-included",
        ),
        (
            "two hashes exchanged",
            217,
            with(&|it| it.hashes.swap(0, 1)),
            "not-included",
        ),
        (
            "another checkpoint",
            217,
            with(&|it| {
                it.checkpoint = proof_file(0, 299).checkpoint;
            }),
            "not-included",
        ),
        (
            "a checkpoint changed",
            217,
            text.replace("\n300\n", "\n301\n"),
            "forged",
        ),
        (
            "an unknown log",
            217,
            with(&|it| it.checkpoint = resigned.clone()),
            "unsigned",
        ),
        (
            "another version",
            217,
            text.replace("@v1", "@v2"),
            "malformed",
        ),
        (
            "no index",
            217,
            text.replace("index 217\n", ""),
            "malformed",
        ),
        (
            "a leading zero",
            217,
            text.replace("index 217", "index 0217"),
            "malformed",
        ),
        ("no checkpoint", 217, cut, "malformed"),
    ];
    let vector = |(name, entry, file, expect)| {
        let entry = Entries::new(300).entry(entry).to_owned();
        json!({"name": name, "keys": [vkey(0)], "entry": entry, "file": file, "expect": expect})
    };
    cases.map(vector).into()
}

/// Two sizes with their roots, and the proof that leads from one to the other.
#[derive(Clone)]
struct Step {
    old: (u64, Hash),
    new: (u64, Hash),
    proof: Vec<Hash>,
}

impl Step {
    fn of(entries: &mut Entries, old: u64, new: u64) -> Self {
        Step {
            old: (old, entries.root(old)),
            new: (new, entries.root(new)),
            proof: entries.consistency(old, new),
        }
    }

    fn with(&self, change: impl Fn(&mut Step)) -> Step {
        let mut changed = self.clone();
        change(&mut changed);
        changed
    }
}

pub(crate) fn consistency() -> Vec<Value> {
    let mut entries = Entries::new(300);
    let good = Step::of(&mut entries, 150, 300);
    let fork = Step::of(&mut Entries::forked(300, 100), 150, 300);
    let same = Step::of(&mut entries, 300, 300);
    let cases = [
        ("from 150 to 300", good.clone(), "good"),
        (
            "from a power of two",
            Step::of(&mut entries, 256, 300),
            "good",
        ),
        ("from one", Step::of(&mut entries, 1, 300), "good"),
        ("the same size", same.clone(), "good"),
        (
            "another beginning",
            good.with(|it| it.old = fork.old),
            "inconsistent",
        ),
        (
            "a log written anew",
            fork.with(|it| it.old = good.old),
            "inconsistent",
        ),
        (
            "another end",
            good.with(|it| it.new = fork.new),
            "inconsistent",
        ),
        (
            "two roots of one size",
            same.with(|it| it.new = fork.new),
            "inconsistent",
        ),
        (
            "a log that shrank",
            good.with(|it| it.old = same.old),
            "inconsistent",
        ),
        ("no proof", good.with(|it| it.proof.clear()), "inconsistent"),
        (
            "a hash missing",
            good.with(|it| it.proof.truncate(8)),
            "inconsistent",
        ),
        (
            "a hash too many",
            good.with(|it| it.proof.push([7; 32])),
            "inconsistent",
        ),
        (
            "a hash changed",
            good.with(|it| it.proof[0][31] ^= 1),
            "inconsistent",
        ),
        (
            "a proof too many",
            same.with(|it| it.proof.push([7; 32])),
            "inconsistent",
        ),
    ];
    let head = |(size, root): (u64, Hash)| json!({"size": size, "root": base64(&root)});
    let vector = |(name, step, expect): (&str, Step, &str)| {
        let proof: Vec<String> = step.proof.iter().map(|hash| base64(hash)).collect();
        json!({
            "name": name, "old": head(step.old), "new": head(step.new), "proof": proof,
            "expect": expect,
        })
    };
    cases.map(vector).into()
}
