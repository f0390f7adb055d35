use wardlet_keys::{EntryKey, VerifyingKey};

use super::{MAX_NOTE_BYTES, MAX_SIGNATURES, Note, NoteError};

const NAME: &str = "laptop.example/log";

/// The example of golang.org/x/mod/sumdb/note, whose key and signature others made.
const PUBLISHED_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PUBLISHED: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn signed(text: &str, keys: &[(&EntryKey, &str)]) -> String {
    let mut note = Note::new(text).unwrap();
    for (key, name) in keys {
        note.sign(key, name).unwrap();
    }
    note.to_string()
}

#[test]
fn a_published_note_verifies_and_each_change_is_found() {
    let key: VerifyingKey = PUBLISHED_KEY.parse().unwrap();
    let note = Note::parse(PUBLISHED.as_bytes()).unwrap();
    assert_eq!(note.signed_by(&key), Ok(vec![()]));
    assert_eq!(note.to_string(), PUBLISHED);
    for at in 0..PUBLISHED.len() {
        for bit in 0..8 {
            let mut changed = PUBLISHED.as_bytes().to_vec();
            changed[at] ^= 1 << bit;
            let checked = Note::parse(&changed).and_then(|note| note.signed_by(&key));
            assert!(checked.is_err(), "byte {at}, bit {bit}");
        }
    }
    for end in 0..PUBLISHED.len() {
        let cut = Note::parse(&PUBLISHED.as_bytes()[..end]);
        assert!(cut.and_then(|note| note.signed_by(&key)).is_err(), "{end}");
    }
}

#[test]
fn which_keys_count() {
    let keys: Vec<EntryKey> = (0..3).map(|_| EntryKey::generate().unwrap()).collect();
    let key = |which: usize, name: &str| keys[which].verifying_key(name).unwrap();
    let two = signed("text\n", &[(&keys[0], NAME), (&keys[1], "other")]);
    let forged = two.replace("text\n\n", "test\n\n");
    let unsigned = |name: &str| {
        Err(NoteError::Unsigned {
            name: name.to_owned(),
        })
    };
    let is_forged = |name: &str| {
        Err(NoteError::Forged {
            name: name.to_owned(),
        })
    };
    for (note, key, expected) in [
        (&two, key(0, NAME), Ok(vec![()])),
        (&two, key(1, "other"), Ok(vec![()])),
        // The same name with another key, and the same key under another name.
        (&two, key(2, NAME), unsigned(NAME)),
        (&two, key(0, "other"), unsigned("other")),
        (&two, key(2, "third"), unsigned("third")),
        (&forged, key(0, NAME), is_forged(NAME)),
        (&forged, key(1, "other"), is_forged("other")),
        (&forged, key(2, "third"), unsigned("third")),
    ] {
        let note = Note::parse(note.as_bytes()).unwrap();
        assert_eq!(note.signed_by(&key), expected, "{key}");
    }
    // One signature that fits makes up for none that does not.
    let (first, second) = (
        signed("text\n", &[(&keys[0], NAME)]),
        signed("test\n", &[(&keys[0], NAME)]),
    );
    let line = second.rsplit_once("\n\n").unwrap().1;
    let both = Note::parse(format!("{first}{line}").as_bytes()).unwrap();
    assert_eq!(both.signed_by(&key(0, NAME)), is_forged(NAME));
    // A signature is added once.
    let mut note = Note::parse(first.as_bytes()).unwrap();
    note.sign(&keys[0], NAME).unwrap();
    assert_eq!(note.signatures().len(), 1);
    assert!(note.sign(&keys[0], "a name").is_err());
}

#[test]
fn forms() {
    let key = EntryKey::generate().unwrap();
    let public = key.verifying_key(NAME).unwrap();
    let good = signed("text\n", &[(&key, NAME)]);
    let line = good.rsplit_once("\n\n").unwrap().1;
    let base64 = line.trim_end().rsplit_once(' ').unwrap().1;
    let many = |count: usize| format!("text\n\n{}", line.repeat(count));
    for (note, fits) in [
        (good.clone(), true),
        (many(16), true),
        (many(MAX_SIGNATURES), true),
        (many(MAX_SIGNATURES + 1), false),
        (format!("\n\n{line}"), true),
        (format!("\n{line}"), false),
        (format!("a\n\nb\n\n{line}"), true),
        (format!("a\n\n\n{line}"), true),
        (format!("t\u{e9}xt \u{7f}\n\n{line}"), true),
        (String::new(), false),
        ("text\n".to_owned(), false),
        ("text\n\n".to_owned(), false),
        (format!("text\n{line}"), false),
        (good.trim_end().to_owned(), false),
        (format!("{good}\n"), false),
        (format!("{good}text\n"), false),
        (good.replace('\n', "\r\n"), false),
        (good.replace("text", "te\txt"), false),
        (good.replace("text", "te\0xt"), false),
        (good.replace('\u{2014}', "-"), false),
        (good.replace("\u{2014} ", "\u{2014}"), false),
        (good.replace("\u{2014} ", "\u{2014}  "), false),
        (good.replace(NAME, "a+b"), false),
        (good.replace(NAME, "a\u{2003}b"), false),
        (good.replace(NAME, "a\u{a0}b"), false),
        (good.replace(NAME, ""), false),
        (good.replace(base64, "AAAAAA=="), false),
        (good.replace(base64, "AAAAAAA="), true),
        (good.replace(base64, ""), false),
        (good.replace(base64, &base64.replace('=', "")), false),
        (good.replace(base64, &format!("{base64} ")), false),
        (good.replace(base64, "*"), false),
        (format!("{}\n\n{line}", "x".repeat(MAX_NOTE_BYTES)), false),
    ] {
        let shown: String = note.chars().take(200).collect();
        match Note::parse(note.as_bytes()) {
            Ok(parsed) => {
                assert!(fits, "{shown:?}");
                assert_eq!(parsed.to_string(), note, "a note is kept to the byte");
            }
            Err(error) => assert!(
                !fits && matches!(error, NoteError::Malformed { .. }),
                "{shown:?}: {error}"
            ),
        }
    }
    assert!(Note::parse(b"te\xffxt\n\n").is_err());
    for text in ["", "text", "te\rxt\n"] {
        assert!(Note::new(text).is_err(), "{text:?}");
    }
    let sixteen = Note::parse(many(16).as_bytes()).unwrap();
    assert_eq!(sixteen.signed_by(&public).unwrap().len(), 16);
}
