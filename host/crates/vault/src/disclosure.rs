//! What is kept, given out again.

use std::collections::BTreeMap;

use rusqlite::Connection;
use wardlet_call::Json;
use wardlet_keys::{SealingKey, base64url, digest::sha256};

use crate::error::VaultError;
use crate::subject::{self, Subject};

/// A value of which an entry holds the commitment, with what proves that it is the one.
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// The commitment in the entry: base64url of SHA-256 over `disclosure`.
    pub commitment: String,
    /// What was committed to: `arguments`, `result` and others.
    pub name: String,
    /// The value, a JSON text as it was committed to.
    pub value: String,
    /// The disclosure of RFC 9901, section 4.2.1: base64url of `["<salt>","<name>",<value>]`.
    pub disclosure: String,
    /// The pseudonym of whose it is.
    pub subject: String,
}

/// A value is shown where it is asked for, and not by accident.
impl std::fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Disclosure({} of {})", self.name, self.subject)
    }
}

/// A row, before it is opened.
struct Row {
    id: i64,
    pseudonym: String,
    wrapped: Vec<u8>,
    digest: String,
    sealed: Vec<u8>,
}

pub(crate) fn of_transaction(
    connection: &Connection,
    vault: &SealingKey,
    txn: &str,
) -> Result<Vec<Disclosure>, VaultError> {
    let mut rows = connection.prepare_cached(
        "SELECT subject.id, subject.pseudonym, subject.key, digest, sealed
        FROM disclosure JOIN subject ON subject.id = disclosure.subject
        WHERE txn = ? ORDER BY disclosure.id",
    )?;
    let rows = rows.query_map([txn], |row| {
        Ok(Row {
            id: row.get(0)?,
            pseudonym: row.get(1)?,
            wrapped: row.get(2)?,
            digest: row.get(3)?,
            sealed: row.get(4)?,
        })
    })?;
    let mut subjects: BTreeMap<i64, Subject> = BTreeMap::new();
    let mut found = Vec::new();
    for row in rows {
        let row = row?;
        let subject = match subjects.entry(row.id) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(subject::open(vault, &row.pseudonym, &row.wrapped)?)
            }
        };
        let opened = open(subject, &row.digest, &row.sealed);
        found.push(opened.ok_or(VaultError::Damaged { what: row.digest })?);
    }
    Ok(found)
}

/// Opens a value; none unless it is what the commitment is to.
fn open(subject: &Subject, digest: &str, sealed: &[u8]) -> Option<Disclosure> {
    let disclosure = subject.unseal(digest, sealed)?;
    if base64url::encode(&sha256(&disclosure)) != digest {
        return None;
    }
    let array = base64url::decode(str::from_utf8(&disclosure).ok()?)?;
    let array = str::from_utf8(&array).ok()?;
    let Ok(Json::Array(items)) = Json::parse(array) else {
        return None;
    };
    let [Json::String(salt), Json::String(name), _] = items.as_slice() else {
        return None;
    };
    // The value's own text: it was committed to as it stands.
    let name_text = Json::String(name.clone()).to_text();
    let before = format!("[\"{salt}\",{name_text},");
    let value = array.strip_prefix(&before)?.strip_suffix(']')?;
    Some(Disclosure {
        commitment: digest.to_owned(),
        name: name.clone(),
        value: value.to_owned(),
        disclosure: String::from_utf8(disclosure.to_vec()).ok()?,
        subject: subject.pseudonym().to_owned(),
    })
}
