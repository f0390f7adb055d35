use wardlet_keys::EntryKey;

use super::{MAX_POLICY_BYTES, MAX_POLICY_ITEMS, Policy, Unwitnessed};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::note::{Note, NoteError};
use crate::witness::cosign;

const ORIGIN: &str = "laptop.example/log";

/// The verifier key of a witness.
fn witness(key: &EntryKey, name: &str) -> String {
    key.cosigner_key(name).unwrap().to_string()
}

fn keys(count: usize) -> Vec<EntryKey> {
    (0..count).map(|_| EntryKey::generate().unwrap()).collect()
}

/// The example of C2SP tlog-policy, with keys.
fn example(keys: &[EntryKey]) -> String {
    let log = keys[6].verifying_key(ORIGIN).unwrap();
    let mut text = format!("# a comment\nlog {log} https://log.example\n\n");
    for (at, name) in ["X1", "X2", "X3", "Y1", "Y2", "Y3"].iter().enumerate() {
        let key = witness(&keys[at], &format!("{name}.example"));
        text += &format!("witness\t{name}  {key}\thttps://{name}.example/w \n");
    }
    text + "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y1 Y2 Y3\n\
        \tgroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

#[test]
fn the_example_of_the_specification() {
    let keys = keys(7);
    let policy: Policy = example(&keys).parse().unwrap();
    assert_eq!((policy.logs().len(), policy.witnesses().len()), (1, 6));
    assert_eq!(policy.logs()[0].url.as_deref(), Some("https://log.example"));
    let first = &policy.witnesses()[0];
    assert_eq!(first.name, "X1");
    assert_eq!(first.url.as_deref(), Some("https://X1.example/w"));
    assert!(!policy.asks_for_none());
    for (cosigned, expected) in [
        (&[0, 1, 3][..], true),
        (&[1, 2, 5], true),
        (&[0, 1, 2, 3, 4, 5], true),
        (&[0, 3, 4, 5], false),
        (&[0, 1, 2], false),
        (&[3], false),
        (&[], false),
    ] {
        assert_eq!(policy.is_met(|at| cosigned.contains(&at)), expected);
    }
}

#[test]
fn checkpoints() {
    let keys = keys(8);
    let policy: Policy = example(&keys).parse().unwrap();
    let checkpoint = Checkpoint::new(ORIGIN, 7, [7; 32]);
    let signed = checkpoint.sign([&keys[6]]).unwrap();
    let cosigned = |by: &[(usize, &str)]| {
        let mut note = signed.clone();
        for (at, name) in by {
            note.add(cosign(&keys[*at], name, 9, note.text()).unwrap());
        }
        note
    };
    let enough = cosigned(&[(0, "X1.example"), (2, "X3.example"), (4, "Y2.example")]);
    assert_eq!(policy.check(&enough, &[]), Ok(checkpoint.clone()));
    let quorum = |found: &str| Unwitnessed::Quorum {
        found: found.to_owned(),
    };
    let unsigned = Unwitnessed::Checkpoint(CheckpointError::Note(NoteError::Unsigned {
        name: ORIGIN.to_owned(),
    }));
    let later = enough.to_string().replace("log\n7\n", "log\n8\n");
    let other = checkpoint.sign([&keys[7]]).unwrap();
    let forged = cosigned(&[(0, "X1.example")]).to_string();
    let line = cosigned(&[(1, "X1.example")]).signatures()[1].to_string();
    let stranger = forged.clone() + &line;
    for (note, expected) in [
        (signed.to_string(), quorum("no witness")),
        (
            cosigned(&[(0, "X1.example"), (4, "Y2.example")]).to_string(),
            quorum("`X1`, `Y2`"),
        ),
        // The right key under another name, and another key under the right one.
        (
            cosigned(&[(0, "X2.example")]).to_string(),
            quorum("no witness"),
        ),
        (stranger, quorum("`X1`")),
        (other.to_string(), unsigned),
        (
            later,
            Unwitnessed::Checkpoint(CheckpointError::Note(NoteError::Forged {
                name: ORIGIN.to_owned(),
            })),
        ),
    ] {
        let note = Note::parse(note.as_bytes()).unwrap();
        assert_eq!(policy.check(&note, &[]), Err(expected), "{note}");
    }
    let forged = cosign(&keys[0], "X1.example", 9, "another text\n").unwrap();
    let mut note = signed.clone();
    note.add(forged);
    assert!(matches!(
        policy.check(&note, &[]),
        Err(Unwitnessed::Cosignature(NoteError::Forged { .. }))
    ));
    let none: Policy = "quorum none\n".parse().unwrap();
    assert!(none.asks_for_none() && none.is_met(|_| false));
    let log = keys[6].verifying_key(ORIGIN).unwrap();
    assert_eq!(none.check(&signed, &[log]), Ok(checkpoint));
}

fn check(policy: &str, line: usize, why: &str) {
    let error = policy.parse::<Policy>().unwrap_err();
    assert_eq!(error.line, line, "{why}: {error}");
    assert!(error.why.contains(why), "{why}: {error}");
}

#[test]
fn quorums_and_groups_that_make_no_sense() {
    let keys = keys(2);
    let (a, b) = (witness(&keys[0], "a"), witness(&keys[1], "b"));
    let two = format!("witness a {a}\nwitness b {b}\n");
    for (policy, line, why) in [
        (String::new(), 1, "no `quorum`"),
        (two.clone(), 3, "no `quorum`"),
        (
            "quorum none\nquorum none\n".to_owned(),
            2,
            "a quorum already",
        ),
        ("quorum a\n".to_owned(), 1, "no line before it defines `a`"),
        (format!("quorum a\nwitness a {a}\n"), 1, "no line before"),
        ("group g any a\n".to_owned(), 1, "no line before"),
        ("group g all\n".to_owned(), 1, "asks for 0 of 0"),
        (format!("{two}group g 0 a b\n"), 3, "asks for 0 of 2"),
        (format!("{two}group g 3 a b\n"), 3, "asks for 3 of 2"),
        (format!("{two}group g 02 a b\n"), 3, "a number"),
        (format!("{two}group g most a b\n"), 3, "a number"),
        (format!("{two}group g 2 a a\n"), 3, "a group already"),
        (
            format!("{two}group g 1 a\ngroup h 1 a b\n"),
            4,
            "a group already",
        ),
        (format!("{two}group a any b\n"), 3, "a `a` already"),
        (format!("{two}group none any b\n"), 3, "`none`"),
        (format!("{two}group g any none\n"), 3, "defines `none`"),
    ] {
        check(&policy, line, why);
    }
    let spaced = format!("  \t\n \t# comment\n {two}quorum\t a \t");
    assert!(spaced.parse::<Policy>().unwrap().is_met(|at| at == 0));
}

#[test]
fn lines_that_make_no_sense() {
    let keys = keys(MAX_POLICY_ITEMS + 1);
    let a = witness(&keys[0], "a");
    let log = keys[2].verifying_key(ORIGIN).unwrap();
    let many: String = keys
        .iter()
        .enumerate()
        .map(|(at, key)| format!("witness w{at} {}\n", witness(key, "w")))
        .collect();
    for (policy, line, why) in [
        (format!("witness none {a}\n"), 1, "`none`"),
        (
            format!("witness a {a}\nwitness c {a}\n"),
            2,
            "this key already",
        ),
        (
            format!("witness a {a}\nwitness c {}\n", witness(&keys[0], "c")),
            2,
            "this key already",
        ),
        (format!("log {log}\nlog {log}\n"), 2, "this key already"),
        (format!("log {a}\n"), 1, "type"),
        (format!("witness a {log}\n"), 1, "type"),
        ("witness a vkey\n".to_owned(), 1, "three parts"),
        (format!("witness a {a} url more\n"), 1, "too many"),
        ("witness a\n".to_owned(), 1, "too few"),
        ("log\n".to_owned(), 1, "too few"),
        ("logs x\n".to_owned(), 1, "`logs` is none of"),
        ("quorum none\r\n".to_owned(), 1, "control character"),
        ("# \u{7f}\n".to_owned(), 1, "control character"),
        ("\u{2003}quorum none\n".to_owned(), 1, "is none of"),
        (many, MAX_POLICY_ITEMS + 1, "more than 64 witnesses"),
        ("#".repeat(MAX_POLICY_BYTES + 1), 1, "bytes"),
    ] {
        check(&policy, line, why);
    }
}
