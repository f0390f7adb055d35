//! How the vectors of notes are made.

use serde_json::{Value, json};
use wardlet_audit::checkpoint::Checkpoint;
use wardlet_audit::merkle::Hash;
use wardlet_audit::note::Note;
use wardlet_audit::witness::cosign;

use crate::proofs;
use crate::support::{Entries, ORIGIN, WITNESS, base64, key, unbase64};

/// When the witness of the vectors signs: 2026-11-23T00:00:00Z.
const TIME: u64 = 1_795_392_000;

/// Each file with what is in it.
pub(crate) fn all() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        ("notes.json", notes()),
        ("checkpoints.json", checkpoints()),
        ("cosignatures.json", cosignatures()),
        ("inclusion.json", proofs::inclusion()),
        ("consistency.json", proofs::consistency()),
    ]
}

pub(crate) fn vkey(which: usize) -> String {
    key(which).verifying_key(ORIGIN).unwrap().to_string()
}

pub(crate) fn signed(text: &str, which: &[usize]) -> String {
    let mut note = Note::new(text).unwrap();
    for which in which {
        note.sign(&key(*which), ORIGIN).unwrap();
    }
    note.to_string()
}

/// The lines after the last empty one.
fn lines(note: &str) -> &str {
    note.rsplit_once("\n\n").unwrap().1
}

/// A signature that nobody checks, by a key that nobody knows.
fn stranger(which: usize) -> String {
    let note = Note::new("text\n").unwrap();
    let name = format!("stranger{which}.example");
    let line = cosign(&key(2), &name, TIME, note.text()).unwrap();
    line.to_string()
}

/// A name, a text, and what it is.
type Case = (&'static str, String, &'static str);

fn notes_of(cases: Vec<Case>) -> Vec<Value> {
    let vector = |(name, note, expect)| json!({"name": name, "keys": [vkey(0)], "note": note, "expect": expect});
    cases.into_iter().map(vector).collect()
}

fn notes() -> Vec<Value> {
    let strangers: String = (0..15).map(stranger).collect();
    let good = signed("a text\n", &[0]);
    let two = signed("a text\n", &[1, 0]);
    let sixteen = format!("{good}{strangers}");
    let empty_lines = signed("a\n\n\nb\n\n", &[0]);
    let scripts = signed("\u{f1}\u{4e2d}\u{1f512}\n", &[0]);
    let other_key = signed("a text\n", &[1]);
    let other = signed("another text\n", &[0]);
    let after = format!("{other}{}", lines(&good));
    let before = format!("another text\n\n{}{}", lines(&good), lines(&other));
    let good_and_untrusted = vec![
        ("one signature", good.clone(), "good"),
        ("two signatures, one known", two, "good"),
        ("sixteen signatures", sixteen, "good"),
        ("empty lines in the text", empty_lines, "good"),
        ("an empty line as the text", signed("\n", &[0]), "good"),
        ("other scripts", scripts, "good"),
        ("another key of the same name", other_key, "unsigned"),
        ("another name", good.replace(ORIGIN, "other"), "unsigned"),
        ("another text", good.replace("a text", "b text"), "forged"),
        (
            "a longer text",
            good.replace("text\n", "text\n\n"),
            "forged",
        ),
        ("one that fits after one that does not", before, "forged"),
        ("one that fits before one that does not", after, "forged"),
    ];
    notes_of([good_and_untrusted, notes_malformed(&good)].concat())
}

fn notes_malformed(good: &str) -> Vec<Case> {
    let signature = good.trim_end().rsplit_once(' ').unwrap().1;
    let dash = "\u{2014} ";
    let cases = [
        ("empty", String::new()),
        ("no signature", "a text\n\n".to_owned()),
        ("no empty line", good.replacen("\n\n", "\n", 1)),
        ("no line break at the end", good.trim_end().to_owned()),
        ("an empty line at the end", format!("{good}\n")),
        ("carriage returns", good.replace('\n', "\r\n")),
        ("a tab", good.replace("a text", "a\ttext")),
        ("a hyphen for the dash", good.replace(dash, "- ")),
        ("no space after the dash", good.replace(dash, "\u{2014}")),
        (
            "two spaces after the dash",
            good.replace(dash, "\u{2014}  "),
        ),
        ("a plus sign in a name", good.replace(ORIGIN, "a+b")),
        ("a wide space in a name", good.replace(ORIGIN, "a\u{2003}b")),
        ("no name", good.replace(ORIGIN, "")),
        ("no base64", good.replace(signature, "*")),
        (
            "a signature of four bytes",
            good.replace(signature, "AAAAAA=="),
        ),
    ];
    cases.map(|(name, note)| (name, note, "malformed")).into()
}

pub(crate) fn checkpoint(size: u64, root: Hash) -> String {
    Checkpoint::new(ORIGIN, size, root).to_string()
}

fn checkpoints() -> Vec<Value> {
    let mut entries = Entries::new(300);
    let text = checkpoint(300, entries.root(300));
    let root = base64(&entries.root(300));
    let good = signed(&text, &[0]);
    let empty = signed(&checkpoint(0, entries.root(0)), &[0]);
    let most = signed(&checkpoint((1 << 63) - 1, [7; 32]), &[0]);
    let extension = signed(&format!("{text}an extension\n"), &[0]);
    let other_log = signed(&text.replace(ORIGIN, "other.example/log"), &[0]);
    let other_root = good.replace(&root, &base64(&[7; 32]));
    let twice = format!("{good}{}", lines(&good));
    let mut cases = vec![
        ("300 entries", good.clone(), "good"),
        ("no entry", empty, "good"),
        ("the most entries", most, "good"),
        ("two keys, one known", signed(&text, &[0, 1]), "good"),
        ("a line of extensions", extension, "good"),
        ("another size", good.replace("\n300\n", "\n301\n"), "forged"),
        ("another root", other_root, "forged"),
        ("another key", signed(&text, &[1]), "unsigned"),
        ("another log", other_log, "other-log"),
        ("signed twice by one key", twice, "malformed"),
    ];
    let short = base64(&[7; 31]);
    let after_empty = format!("{root}\n\nan extension");
    for (name, from, to) in [
        ("a leading zero", "\n300\n", "\n0300\n"),
        ("a sign", "\n300\n", "\n+300\n"),
        ("no size", "\n300\n", "\n\n"),
        ("a size in hexadecimal", "\n300\n", "\n12c\n"),
        ("a root that is too short", &root, &short),
        ("a root that is no base64", &root, "*"),
        ("no root", &format!("{root}\n"), ""),
        ("an empty line", &root, &after_empty),
        ("no origin", ORIGIN, ""),
    ] {
        let changed = signed(&text.replace(from, to), &[0]);
        cases.push((name, changed, "malformed"));
    }
    notes_of(cases)
}

fn cosignatures() -> Vec<Value> {
    let mut entries = Entries::new(300);
    let root = entries.root(300);
    let text = checkpoint(300, root);
    let log = signed(&text, &[0]);
    let witness = key(1).cosigner_key(WITNESS).unwrap().to_string();
    let line = |which: usize, name: &str, time: u64| {
        cosign(&key(which), name, time, &text).unwrap().to_string()
    };
    let good = line(1, WITNESS, TIME);
    let other = cosign(&key(1), WITNESS, TIME, &checkpoint(299, root));
    let mut plain = Note::new(text.as_str()).unwrap();
    plain.sign(&key(1), WITNESS).unwrap();
    let cases = [
        ("cosigned", good.clone(), "good"),
        ("beside a stranger", stranger(0) + &good, "good"),
        ("not cosigned", String::new(), "unsigned"),
        (
            "the signature of a log",
            lines(&plain.to_string()).to_owned(),
            "unsigned",
        ),
        ("another key", line(2, WITNESS, TIME), "unsigned"),
        (
            "another name",
            line(1, "witness.example/w2", TIME),
            "unsigned",
        ),
        (
            "another time",
            retimed(&good, &line(1, WITNESS, TIME + 1)),
            "forged",
        ),
        ("another checkpoint", other.unwrap().to_string(), "forged"),
        ("a time after 2^63 - 1", line(1, WITNESS, 1 << 63), "forged"),
    ];
    let vector = |(name, line, expect)| {
        json!({
            "name": name, "keys": [vkey(0)], "witness": witness, "time": TIME,
            "note": format!("{log}{line}"), "expect": expect,
        })
    };
    cases.map(vector).into()
}

/// A cosignature with the time of another.
fn retimed(line: &str, other: &str) -> String {
    let bytes = |line: &str| unbase64(line.trim_end().rsplit_once(' ').unwrap().1);
    let (mut mixed, other) = (bytes(line), bytes(other));
    // After the four bytes of the key id.
    mixed[4..12].copy_from_slice(&other[4..12]);
    format!("\u{2014} {WITNESS} {}\n", base64(&mixed))
}
