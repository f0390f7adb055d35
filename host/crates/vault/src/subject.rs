//! Subjects, and what is derived from the key of each.

use std::fmt;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use wardlet_audit::Commitment;
use wardlet_keys::{SealingKey, base64url, digest::hmac_sha256};
use zeroize::Zeroizing;

use crate::error::VaultError;

/// The length of a pseudonym before its encoding: 128 bits never collide by chance.
const PSEUDONYM_BYTES: usize = 16;

/// The length of the codes that handles and salts are: that of the digest, as RFC 2104 advises.
const CODE_KEY_BYTES: usize = 32;

/// Whoever calls, as the log knows it.
pub struct Subject {
    pseudonym: String,
    salts: Zeroizing<[u8; CODE_KEY_BYTES]>,
    key: SealingKey,
}

/// A subject as people are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSubject {
    /// The name under which it stands in entries.
    pub pseudonym: String,
    /// Its name.
    pub name: String,
    /// When it was first seen, in milliseconds since 1970.
    pub made_ms: u64,
    /// How many values of it are kept.
    pub disclosures: u64,
}

impl Subject {
    fn new(key: SealingKey) -> Self {
        let pseudonym = key.derive::<PSEUDONYM_BYTES>(b"wardlet-pseudonym/v1");
        Subject {
            pseudonym: base64url::encode(&pseudonym),
            salts: Zeroizing::new(key.derive(b"wardlet-salts/v1")),
            key,
        }
    }

    /// The name under which it stands in entries: 22 characters.
    #[must_use]
    pub fn pseudonym(&self) -> &str {
        &self.pseudonym
    }

    /// Commits to a value, a JSON text, under `name` within a transaction. The salt is the first 128 bits of
    /// an HMAC under this subject's own key, so that it needs no place to be found again, and is gone with it.
    #[must_use]
    pub fn commit(&self, txn: &str, name: &str, value: &str) -> Commitment {
        let code = hmac_sha256(&*self.salts, format!("{txn}\n{name}").as_bytes());
        let mut salt = [0; 16];
        salt.iter_mut()
            .zip(code)
            .for_each(|(salt, byte)| *salt = byte);
        Commitment::new(salt, name, value)
    }

    pub(crate) fn seal(&self, digest: &str, disclosure: &str) -> Result<Vec<u8>, VaultError> {
        Ok(self
            .key
            .seal(&of_disclosure(digest), disclosure.as_bytes())?)
    }

    pub(crate) fn unseal(&self, digest: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.key.unseal(&of_disclosure(digest), sealed)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({})", self.pseudonym)
    }
}

fn of_disclosure(digest: &str) -> Vec<u8> {
    format!("wardlet-disclosure/v1\n{digest}").into_bytes()
}

fn of_key(pseudonym: &str) -> Vec<u8> {
    format!("wardlet-subject-key/v1\n{pseudonym}").into_bytes()
}

const OF_NAME: &[u8] = b"wardlet-subject-name/v1";

/// The number of a subject.
pub(crate) fn row(connection: &Connection, pseudonym: &str) -> Result<Option<i64>, VaultError> {
    let mut found = connection.prepare_cached("SELECT id FROM subject WHERE pseudonym = ?")?;
    Ok(found.query_row([pseudonym], |row| row.get(0)).optional()?)
}

/// The subject with a name, which is made where there is none.
pub(crate) fn find_or_make(
    connection: &mut Connection,
    vault: &SealingKey,
    name: &str,
    now_ms: u64,
) -> Result<Subject, VaultError> {
    let handle = handle(vault, name);
    // Two processes that meet a new subject agree on the one of the first.
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = begun
        .query_row(
            "SELECT pseudonym, key FROM subject WHERE handle = ?",
            [handle],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)),
        )
        .optional()?;
    if let Some((pseudonym, wrapped)) = found {
        return open(vault, &pseudonym, &wrapped);
    }
    let subject = Subject::new(SealingKey::generate()?);
    let pseudonym = subject.pseudonym();
    let wrapped = vault.wrap(&of_key(pseudonym), &subject.key)?;
    let sealed = subject.key.seal(OF_NAME, name.as_bytes())?;
    begun.execute(
        "INSERT INTO subject (handle, pseudonym, key, name, made) VALUES (?, ?, ?, ?, ?)",
        params![handle, pseudonym, wrapped, sealed, now_ms],
    )?;
    begun.commit()?;
    Ok(subject)
}

/// The pseudonym of a name.
pub(crate) fn named(
    connection: &Connection,
    vault: &SealingKey,
    name: &str,
) -> Result<Option<String>, VaultError> {
    let mut found = connection.prepare_cached("SELECT pseudonym FROM subject WHERE handle = ?")?;
    let found = found.query_row([handle(vault, name)], |row| row.get(0));
    Ok(found.optional()?)
}

/// The code by which a name is found.
fn handle(vault: &SealingKey, name: &str) -> [u8; CODE_KEY_BYTES] {
    let codes: [u8; CODE_KEY_BYTES] = vault.derive(b"wardlet-handles/v1");
    hmac_sha256(&codes, name.as_bytes())
}

/// A subject out of its row.
pub(crate) fn open(
    vault: &SealingKey,
    pseudonym: &str,
    wrapped: &[u8],
) -> Result<Subject, VaultError> {
    let key = vault.unwrap_key(&of_key(pseudonym), wrapped);
    let subject = key.map(Subject::new);
    subject
        .filter(|subject| subject.pseudonym == pseudonym)
        .ok_or_else(|| VaultError::Damaged {
            what: pseudonym.to_owned(),
        })
}

pub(crate) fn all(
    connection: &Connection,
    vault: &SealingKey,
) -> Result<Vec<KnownSubject>, VaultError> {
    let mut rows = connection.prepare(
        "SELECT pseudonym, key, name, made,
            (SELECT count(*) FROM disclosure WHERE disclosure.subject = subject.id)
        FROM subject ORDER BY id",
    )?;
    let rows = rows.query_map([], |row| {
        let of_key: (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let rest: (Vec<u8>, u64, u64) = (row.get(2)?, row.get(3)?, row.get(4)?);
        Ok((of_key, rest))
    })?;
    let known = rows.map(|row| {
        let ((pseudonym, wrapped), (sealed, made_ms, disclosures)) = row?;
        let subject = open(vault, &pseudonym, &wrapped)?;
        let name = subject.key.unseal(OF_NAME, &sealed);
        let name = name.and_then(|name| String::from_utf8(name.to_vec()).ok());
        let damaged = || VaultError::Damaged {
            what: pseudonym.clone(),
        };
        Ok(KnownSubject {
            name: name.ok_or_else(damaged)?,
            pseudonym,
            made_ms,
            disclosures,
        })
    });
    known.collect()
}

/// Deletes a subject and what was kept of it, and says how much that was.
pub(crate) fn erase(
    connection: &mut Connection,
    pseudonym: &str,
) -> Result<Option<u64>, VaultError> {
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some(id) = row(&begun, pseudonym)? else {
        return Ok(None);
    };
    let values = begun.execute("DELETE FROM disclosure WHERE subject = ?", [id])?;
    begun.execute("DELETE FROM subject WHERE id = ?", [id])?;
    begun.commit()?;
    Ok(Some(values as u64))
}
