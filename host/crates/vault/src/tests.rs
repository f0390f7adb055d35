use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;
use wardlet_keys::{base64url, digest::sha256};

use super::{KnownSubject, MAX_DISCLOSURE_BYTES, VAULT_FILE, Vault, VaultError};

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("vault")
    }

    fn try_open(&self) -> Result<Vault, VaultError> {
        Vault::open(&self.folder(), &self.0.path().join("keys"))
    }

    fn open(&self) -> Vault {
        self.try_open().unwrap()
    }

    /// Runs SQL on the file, as somebody who changes it does.
    fn sql(&self, sql: &str) {
        let connection = Connection::open(self.folder().join(VAULT_FILE)).unwrap();
        connection.execute_batch(sql).unwrap();
    }
}

/// Keeps a value, and gives its commitment.
fn keep(vault: &Vault, who: &str, txn: &str, value: &str) -> String {
    let subject = vault.subject(who, 7).unwrap();
    let commitment = subject.commit(txn, "arguments", value);
    vault.keep(&subject, txn, &commitment);
    vault.flush().unwrap();
    commitment.digest
}

fn values(vault: &Vault, txn: &str) -> Vec<String> {
    let found = vault.of_transaction(txn).unwrap();
    found.into_iter().map(|found| found.value).collect()
}

/// Everything that stands in the files of a folder.
fn bytes(folder: &Path) -> Vec<u8> {
    let files = fs::read_dir(folder).unwrap();
    let files = files.map(|file| fs::read(file.unwrap().path()).unwrap());
    files.flatten().collect()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|part| part == needle)
}

#[test]
fn values_come_back_as_they_were_committed_to() {
    let place = Place::new();
    let vault = place.open();
    let cases = [
        r#"{"a":1.10}"#,
        r#"[1, 2 ,3]"#,
        "\"\"",
        "null",
        r#"{"salt\",\"x":"\u0000]"}"#,
        "\"ü€😀\"",
    ];
    for (number, value) in cases.iter().enumerate() {
        let txn = format!("t{number}");
        let digest = keep(&vault, "uid:1000", &txn, value);
        let [found] = vault.of_transaction(&txn).unwrap().try_into().unwrap();
        assert_eq!(
            (found.value.as_str(), found.name.as_str()),
            (*value, "arguments")
        );
        assert_eq!(found.commitment, digest);
        let hash = sha256(found.disclosure.as_bytes());
        assert_eq!(base64url::encode(&hash), digest, "as RFC 9901 says");
        assert_eq!(
            found.subject,
            vault.subject("uid:1000", 9).unwrap().pseudonym()
        );
    }
    let known = KnownSubject {
        pseudonym: vault.subject("uid:1000", 9).unwrap().pseudonym().to_owned(),
        name: "uid:1000".to_owned(),
        made_ms: 7,
        disclosures: cases.len() as u64,
    };
    assert_eq!(vault.subjects().unwrap(), [known]);
    assert!(vault.of_transaction("other").unwrap().is_empty());
    // Nothing of it stands there in clear.
    let bytes = bytes(&place.folder());
    for clear in ["uid:1000", "1.10", "ü€😀"] {
        assert!(!holds(&bytes, clear.as_bytes()), "{clear}");
    }
    for file in fs::read_dir(place.folder()).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}

#[test]
fn subjects_are_the_same_in_each_process_and_salts_are_each_ones_own() {
    let place = Place::new();
    let (one, other) = (place.open(), place.open());
    let a = one.subject("a", 1).unwrap();
    let b = other.subject("b", 1).unwrap();
    assert_eq!(a.pseudonym().len(), 22);
    assert_ne!(a.pseudonym(), b.pseudonym());
    let again = other.subject("a", 2).unwrap();
    assert_eq!(a.pseudonym(), again.pseudonym());
    let base = a.commit("t", "n", "1");
    assert_eq!(base, again.commit("t", "n", "1"));
    for differs in [
        b.commit("t", "n", "1"),
        a.commit("u", "n", "1"),
        a.commit("t", "m", "1"),
    ] {
        assert_ne!(differs.salt, base.salt);
        assert_ne!(differs.digest, base.digest);
    }
}

#[test]
fn nothing_is_left_of_what_is_erased_and_nothing_comes_back() {
    let place = Place::new();
    let vault = place.open();
    let subject = vault.subject("a", 1).unwrap();
    for n in 0..50 {
        keep(
            &vault,
            "a",
            &format!("a{n}"),
            &format!("\"{}\"", "x".repeat(n * 200)),
        );
        keep(&vault, "b", &format!("b{n}"), "1");
    }
    let connection = Connection::open(place.folder().join(VAULT_FILE)).unwrap();
    let secrets: Vec<Vec<u8>> = {
        let sql =
            "SELECT key FROM subject WHERE id = 1 UNION ALL SELECT name FROM subject WHERE id = 1
            UNION ALL SELECT substr(sealed, 1, 40) FROM disclosure WHERE subject = 1";
        let mut rows = connection.prepare(sql).unwrap();
        let rows = rows.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    drop(connection);
    let before = bytes(&place.folder());
    assert_eq!(secrets.len(), 52);
    assert!(secrets.iter().all(|secret| holds(&before, secret)));
    assert_eq!(
        vault.named("a").unwrap().as_deref(),
        Some(subject.pseudonym())
    );
    assert_eq!(vault.erase(subject.pseudonym()).unwrap(), Some(50));
    vault.forget().unwrap();
    assert_eq!(vault.named("a").unwrap(), None);
    let after = bytes(&place.folder());
    assert!(!secrets.iter().any(|secret| holds(&after, secret)));
    assert!(!holds(&after, subject.pseudonym().as_bytes()));
    assert!(vault.of_transaction("a7").unwrap().is_empty());
    assert_eq!(values(&vault, "b7"), ["1"]);
    assert_eq!(vault.erase(subject.pseudonym()).unwrap(), None);
    // A gateway that does not know yet: what it commits to with the old key is kept no more.
    assert!(!vault.holds(&subject).unwrap());
    let late = subject.commit("late", "arguments", "1");
    vault.keep(&subject, "late", &late);
    vault.flush().unwrap();
    assert!(vault.of_transaction("late").unwrap().is_empty());
    assert_eq!(vault.kept().erased, 1);
    // The same name is somebody else from now on.
    let anew = vault.subject("a", 2).unwrap();
    assert!(vault.holds(&anew).unwrap());
    assert_ne!(anew.pseudonym(), subject.pseudonym());
    assert_ne!(
        anew.commit("t", "n", "1").digest,
        subject.commit("t", "n", "1").digest
    );
}

#[test]
fn what_cannot_be_kept_is_counted() {
    let place = Place::new();
    let vault = place.open();
    let long = format!("\"{}\"", "x".repeat(MAX_DISCLOSURE_BYTES));
    let subject = vault.subject("a", 1).unwrap();
    vault.keep(&subject, "t", &subject.commit("t", "arguments", &long));
    keep(&vault, "a", "u", "1");
    assert_eq!((vault.kept().too_long, vault.kept().written), (1, 1));
    // The file is taken away under it.
    place.sql("DROP TABLE disclosure;");
    vault.keep(&subject, "v", &subject.commit("v", "arguments", "1"));
    let error = vault.flush().unwrap_err();
    assert!(matches!(error, VaultError::Write { .. }), "{error}");
    assert_eq!(vault.kept().lost, 1);
    assert!(vault.kept().problem.is_some());
}

#[test]
fn what_waits_is_written_at_the_end() {
    let place = Place::new();
    let vault = place.open();
    let subject = vault.subject("a", 1).unwrap();
    for n in 0..100 {
        vault.keep(&subject, "t", &subject.commit("t", &n.to_string(), "1"));
    }
    drop(vault);
    assert_eq!(values(&place.open(), "t").len(), 100);
}

#[test]
fn a_record_that_was_changed_is_not_shown() {
    let changes = [
        "UPDATE disclosure SET sealed = zeroblob(length(sealed)) WHERE txn = 't';",
        "UPDATE disclosure SET sealed = x'' WHERE txn = 't';",
        "UPDATE disclosure SET digest = 'x' || digest WHERE txn = 't';",
        // Each opens under its own digest and its own subject's key alone.
        "UPDATE disclosure SET sealed = (SELECT sealed FROM disclosure WHERE txn = 'u') WHERE txn = 't';",
        "UPDATE disclosure SET subject = 2 WHERE txn = 't';",
        "UPDATE subject SET key = (SELECT key FROM subject WHERE id = 2) WHERE id = 1;",
        "UPDATE subject SET key = zeroblob(60) WHERE id = 1;",
        "UPDATE subject SET pseudonym = 'somebody' WHERE id = 1;",
    ];
    for change in changes {
        let place = Place::new();
        let vault = place.open();
        keep(&vault, "a", "t", "1");
        keep(&vault, "a", "u", "2");
        keep(&vault, "b", "v", "3");
        place.sql(change);
        let error = vault.of_transaction("t").unwrap_err();
        assert!(
            matches!(error, VaultError::Damaged { .. }),
            "{change}: {error}"
        );
        assert!(error.hint().is_some());
        assert_eq!(values(&vault, "v"), ["3"], "{change}");
    }
}

#[test]
fn what_is_no_vault_of_ours_is_refused() {
    let made = || {
        let place = Place::new();
        keep(&place.open(), "a", "t", "1");
        place
    };
    type Break<'a> = (&'a str, &'a dyn Fn(&Place));
    let cases: [Break<'_>; 6] = [
        ("made with another key", &|place| {
            fs::remove_file(place.0.path().join("keys/vault.key")).unwrap();
        }),
        ("no vault of this version", &|place| {
            place.sql("PRAGMA user_version = 9;");
        }),
        ("no vault of this version", &|place| {
            place.sql("PRAGMA application_id = 1;");
        }),
        ("not a database", &|place| {
            fs::write(place.folder().join(VAULT_FILE), "x".repeat(8192)).unwrap();
        }),
        ("is open to others", &|place| {
            let path = place.folder().join(VAULT_FILE);
            fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        }),
        ("is not a plain file", &|place| {
            let path = place.folder().join(VAULT_FILE);
            let away = place.0.path().join("away");
            fs::rename(&path, &away).unwrap();
            std::os::unix::fs::symlink(away, path).unwrap();
        }),
    ];
    for (expected, change) in cases {
        let place = made();
        change(&place);
        let error = place.try_open().unwrap_err();
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert!(error.hint().is_some(), "{expected}");
    }
}

/// As a crash between the two steps of an erasure: what is left goes with the next one who opens.
#[test]
fn old_pages_that_another_keeps_in_use_are_told_and_go_later() {
    let place = Place::new();
    let vault = place.open();
    keep(&vault, "a", "t", "1");
    let reader = Connection::open(place.folder().join(VAULT_FILE)).unwrap();
    let sealed: Vec<u8> = reader
        .query_row("SELECT sealed FROM disclosure", [], |row| row.get(0))
        .unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM subject;")
        .unwrap();
    let pseudonym = vault.subject("a", 1).unwrap().pseudonym().to_owned();
    assert_eq!(vault.erase(&pseudonym).unwrap(), Some(1));
    let error = vault.forget().unwrap_err();
    assert!(matches!(error, VaultError::Busy), "{error}");
    assert!(error.hint().is_some());
    assert!(
        vault.of_transaction("t").unwrap().is_empty(),
        "it is erased"
    );
    assert!(
        holds(&bytes(&place.folder()), &sealed),
        "and the test sees old pages"
    );
    drop(reader);
    let other = place.open();
    assert!(!holds(&bytes(&place.folder()), &sealed));
    assert_eq!(other.subjects().unwrap(), []);
}

/// Two writers at once, as two gateways over one folder: nothing is lost, and nobody is refused.
#[test]
fn many_write_at_once() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let place = &place;
            scope.spawn(move || {
                let vault = place.open();
                let subject = vault.subject(&format!("s{}", writer % 2), 1).unwrap();
                for n in 0..200 {
                    let name = format!("{writer}-{n}");
                    vault.keep(&Arc::clone(&subject), "t", &subject.commit("t", &name, "1"));
                }
                vault.flush().unwrap();
            });
        }
    });
    assert_eq!(values(&place.open(), "t").len(), 800);
}
