//! What operators do to what is kept. Each look and each erasure is an entry.

use serde::{Deserialize, Serialize};
use wardlet_audit::{Access, AuditError, Erasure, Event, SharedLog};
use wardlet_vault::{Disclosure, KnownSubject, VaultError};

use super::{Erased, Principals};

/// An authenticated operator before the vault and the log.
pub struct Operator<'a> {
    /// The vault.
    pub principals: &'a Principals,
    /// The log.
    pub log: &'a SharedLog,
    /// The operator's name, for example `uid:1000`.
    pub name: &'a str,
}

/// A value as it is shown to people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// What it is: `arguments`, `result`, `tool`, `method` or `request`.
    pub name: String,
    /// The value, a JSON text as it was committed to.
    pub value: String,
    /// The commitment in the entry.
    pub commitment: String,
    /// The disclosure of RFC 9901, which proves that the commitment is to this value.
    pub disclosure: String,
}

/// A subject as it is shown to people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownSubject {
    /// The name under which it stands in entries.
    pub pseudonym: String,
    /// Its name.
    pub name: String,
    /// When it was first seen, in milliseconds since 1970.
    pub made_ms: u64,
    /// How many values of it are kept.
    pub disclosures: u64,
}

/// Why an operator is not served.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Nothing is shown that has no entry.
    #[error("the look cannot be recorded, and nothing is shown: {0}")]
    Unseen(AuditError),
    /// It was erased.
    #[error("`{pseudonym}` is erased, and the entry of that cannot be written: {source}")]
    Unrecorded {
        /// Who.
        pseudonym: String,
        /// Why not.
        source: AuditError,
    },
}

impl OperatorError {
    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            OperatorError::Vault(error) => error.hint(),
            OperatorError::Unseen(error) => error.hint(),
            OperatorError::Unrecorded { .. } => {
                Some("keep this message: the log does not tell it".to_owned())
            }
        }
    }
}

impl Operator<'_> {
    /// Erases somebody, by pseudonym or by name, and writes the entry of it; none where nobody is known by it.
    ///
    /// # Errors
    /// [`OperatorError`]
    pub fn erase(&self, who: &str) -> Result<Option<Erased>, OperatorError> {
        let Some(erased) = self.principals.erase(who)? else {
            // Of somebody who was erased before, something may be left.
            self.principals.forget()?;
            return Ok(None);
        };
        // Asked now: whoever erases itself has another pseudonym already.
        let entry = Erasure {
            by: self.principals.pseudonym(self.name)?,
            disclosures: erased.disclosures,
            subject: erased.pseudonym.clone(),
        };
        let written = self.log.record(&Event::Erasure(entry));
        let written = written.and_then(|_| self.log.flush());
        written.map_err(|source| OperatorError::Unrecorded {
            pseudonym: erased.pseudonym.clone(),
            source,
        })?;
        self.principals.forget()?;
        Ok(Some(erased))
    }

    /// The values of a transaction that are kept, once the entry of the look is on disk.
    ///
    /// # Errors
    /// [`OperatorError`]
    pub fn disclose(&self, txn: &str) -> Result<Vec<Shown>, OperatorError> {
        let found = self.principals.disclosures(txn)?;
        self.look(found.len(), Some(txn.to_owned()))?;
        Ok(found.into_iter().map(Shown::from).collect())
    }

    /// Whose the pseudonyms are, once the entry of the look is on disk.
    ///
    /// # Errors
    /// [`OperatorError`]
    pub fn subjects(&self) -> Result<Vec<ShownSubject>, OperatorError> {
        let known = self.principals.known()?;
        self.look(known.len(), None)?;
        Ok(known.into_iter().map(ShownSubject::from).collect())
    }

    fn look(&self, shown: usize, txn: Option<String>) -> Result<(), OperatorError> {
        let entry = Access {
            by: self.principals.pseudonym(self.name)?,
            disclosures: shown as u64,
            txn,
        };
        let written = self.log.record(&Event::Access(entry));
        let written = written.and_then(|_| self.log.flush());
        written.map_err(OperatorError::Unseen)
    }
}

impl From<Disclosure> for Shown {
    fn from(found: Disclosure) -> Self {
        Shown {
            name: found.name,
            value: found.value,
            commitment: found.commitment,
            disclosure: found.disclosure,
        }
    }
}

impl From<KnownSubject> for ShownSubject {
    fn from(known: KnownSubject) -> Self {
        ShownSubject {
            pseudonym: known.pseudonym,
            name: known.name,
            made_ms: known.made_ms,
            disclosures: known.disclosures,
        }
    }
}
