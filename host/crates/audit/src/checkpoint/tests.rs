use wardlet_keys::EntryKey;

use super::{Checkpoint, CheckpointError};
use crate::note::NoteError;

const ORIGIN: &str = "laptop.example/log";

/// The example of C2SP tlog-checkpoint.
const PUBLISHED: &str =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

#[test]
fn texts() {
    let checkpoint = Checkpoint::parse(PUBLISHED).unwrap();
    assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
    assert_eq!(checkpoint.size, 20_852_163);
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    for (text, fits) in [
        (PUBLISHED.to_owned(), true),
        (format!("o\n0\n{root}\n"), true),
        (format!("an origin+\n7\n{root}\n"), true),
        (format!("o\n7\n{root}\nextension\nand more\n"), true),
        (format!("o\n7\n{root}"), false),
        (format!("o\n7\n{root}\n\n"), false),
        (format!("o\n7\n{root}\n\nextension\n"), false),
        (format!("\n7\n{root}\n"), false),
        (format!("o\n07\n{root}\n"), false),
        (format!("o\n-7\n{root}\n"), false),
        (format!("o\n+7\n{root}\n"), false),
        (format!("o\n\n{root}\n"), false),
        (format!("o\n18446744073709551616\n{root}\n"), false),
        (format!("o\n7 \n{root}\n"), false),
        ("o\n7\n\n".to_owned(), false),
        ("o\n7\nAAAA\n".to_owned(), false),
        (format!("o\n7\n{}\n", root.replace('=', "")), false),
        (format!("o\n7\n{}\n", root.replace("2I=", "2J=")), false),
        ("o\n7\n".to_owned(), false),
        ("o\n".to_owned(), false),
        (String::new(), false),
    ] {
        match Checkpoint::parse(&text) {
            Ok(checkpoint) => {
                assert!(fits, "{text:?}");
                assert_eq!(checkpoint.to_string(), text);
            }
            Err(error) => assert!(!fits, "{text:?}: {error}"),
        }
    }
}

fn unsigned(name: &str) -> Option<CheckpointError> {
    let name = name.to_owned();
    Some(CheckpointError::Note(NoteError::Unsigned { name }))
}

fn forged(name: &str) -> Option<CheckpointError> {
    let name = name.to_owned();
    Some(CheckpointError::Note(NoteError::Forged { name }))
}

fn malformed(why: &'static str) -> Option<CheckpointError> {
    Some(CheckpointError::Malformed { why })
}

#[test]
fn who_may_sign() {
    let keys: Vec<EntryKey> = (0..3).map(|_| EntryKey::generate().unwrap()).collect();
    let key = |which: usize, name: &str| keys[which].verifying_key(name).unwrap();
    let checkpoint = Checkpoint::new(ORIGIN, 7, [7; 32]);
    let one = checkpoint.sign([&keys[0]]).unwrap().to_string();
    let both = checkpoint.sign([&keys[0], &keys[1]]).unwrap().to_string();
    let mut foreign = checkpoint.note().unwrap();
    foreign.sign(&keys[0], "other.example/log").unwrap();
    let mut no_checkpoint = crate::note::Note::new("text\n").unwrap();
    no_checkpoint.sign(&keys[0], ORIGIN).unwrap();
    for (note, trusted, expected) in [
        (one.clone(), vec![key(0, ORIGIN)], None),
        (one.clone(), vec![key(1, ORIGIN), key(0, ORIGIN)], None),
        (both.clone(), vec![key(0, ORIGIN)], None),
        (both.clone(), vec![key(1, ORIGIN)], None),
        (one.clone(), vec![key(1, ORIGIN)], unsigned(ORIGIN)),
        (one.clone(), vec![], unsigned("")),
        (
            both.replace("\n7\n", "\n8\n"),
            vec![key(2, ORIGIN), key(0, ORIGIN)],
            forged(ORIGIN),
        ),
        (
            foreign.to_string(),
            vec![key(0, "other.example/log")],
            Some(CheckpointError::Origin {
                expected: "other.example/log".to_owned(),
            }),
        ),
        (
            format!("{one}{}", one.rsplit_once("\n\n").unwrap().1),
            vec![key(0, ORIGIN)],
            malformed("a key has signed it twice"),
        ),
        (
            no_checkpoint.to_string(),
            vec![key(0, ORIGIN)],
            malformed("its second line is no size"),
        ),
    ] {
        match Checkpoint::open(note.as_bytes(), &trusted) {
            Ok((read, kept)) => {
                assert_eq!(expected, None, "{note}");
                assert_eq!((read, kept.to_string()), (checkpoint.clone(), note));
            }
            Err(error) => assert_eq!(Some(error), expected, "{note}"),
        }
    }
    for origin in ["", "an origin", "a+b", "a\nb"] {
        let refused = Checkpoint::new(origin, 0, [0; 32]).sign([&keys[0]]);
        assert!(refused.is_err(), "{origin:?}");
    }
}
