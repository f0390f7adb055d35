//! Who calls and who decides: under which name each stands in entries, and what is kept of them.

mod operator;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use wardlet_audit::{Clock as _, Commitment, SystemClock};
use wardlet_vault::{Disclosure, Kept, KnownSubject, Subject, Vault, VaultError};

pub use self::operator::{Operator, OperatorError, Shown, ShownSubject};
use crate::config::Keep;

/// The folder of the vault in the state folder.
const VAULT: &str = "vault";

/// The people and programs that one gateway deals with.
pub struct Principals {
    vault: Vault,
    keep: Keep,
    /// The authenticated caller.
    caller: String,
    /// As whom it stands in entries, until that is erased.
    subject: RwLock<Arc<Subject>>,
}

/// What was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// The pseudonym that is nobody's any more.
    pub pseudonym: String,
    /// How many values went.
    pub disclosures: u64,
}

impl Principals {
    /// Opens the vault of a state folder, whose keys are in `keys`, for the sessions of `caller`.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn open(
        (state, keys): (&Path, &Path),
        keep: Keep,
        caller: &str,
    ) -> Result<Self, VaultError> {
        let vault = Vault::open(&state.join(VAULT), keys)?;
        let subject = vault.subject(caller, SystemClock.now_ms())?;
        Ok(Principals {
            vault,
            keep,
            caller: caller.to_owned(),
            subject: RwLock::new(subject),
        })
    }

    /// The caller as it stands in entries.
    #[must_use]
    pub fn caller(&self) -> Arc<Subject> {
        let subject = self.subject.read();
        Arc::clone(&subject.unwrap_or_else(PoisonError::into_inner))
    }

    /// The pseudonym of somebody else, who votes or operates.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn pseudonym(&self, name: &str) -> Result<String, VaultError> {
        let subject = self.vault.subject(name, SystemClock.now_ms())?;
        Ok(subject.pseudonym().to_owned())
    }

    /// Keeps a value that an entry commits to, if it is of a kind that is kept.
    pub(crate) fn keep(
        &self,
        subject: &Arc<Subject>,
        txn: &str,
        (kind, value): (Keep, &Commitment),
    ) {
        if kind <= self.keep {
            self.vault.keep(subject, txn, value);
        }
    }

    /// Waits until what was given to be kept is written.
    ///
    /// # Errors
    /// [`VaultError`] where it could not be.
    pub fn flush(&self) -> Result<(), VaultError> {
        self.vault.flush()
    }

    /// What was kept and what was not.
    #[must_use]
    pub fn kept(&self) -> Kept {
        self.vault.kept()
    }

    /// Gives the caller a new pseudonym where another process erased it. A vault that cannot be read changes
    /// nothing, and says so where values are kept.
    pub fn follow(&self) {
        if let Ok(false) = self.vault.holds(&self.caller()) {
            self.renew();
        }
    }

    fn renew(&self) {
        match self.vault.subject(&self.caller, SystemClock.now_ms()) {
            Ok(subject) => {
                *self.subject.write().unwrap_or_else(PoisonError::into_inner) = subject;
                tracing::warn!("the caller was erased, and has another pseudonym from here on");
            }
            // What is given to be kept of it is not, and counted.
            Err(error) => tracing::error!(%error, "an erased caller has no new pseudonym"),
        }
    }

    /// Erases somebody, by pseudonym or by name; none where nobody is known by it. What is left on the disk goes with
    /// [`Principals::forget`].
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn erase(&self, who: &str) -> Result<Option<Erased>, VaultError> {
        // What is on its way is erased with the rest; what cannot be written need not be.
        let _ = self.vault.flush();
        let (pseudonym, erased) = match self.vault.erase(who)? {
            Some(values) => (who.to_owned(), Some(values)),
            None => match self.vault.named(who)? {
                Some(pseudonym) => {
                    let erased = self.vault.erase(&pseudonym)?;
                    (pseudonym, erased)
                }
                None => return Ok(None),
            },
        };
        if self.caller().pseudonym() == pseudonym {
            self.renew();
        }
        Ok(erased.map(|disclosures| Erased {
            pseudonym,
            disclosures,
        }))
    }

    /// Takes from the disk what erasures left there.
    ///
    /// # Errors
    /// [`VaultError::Busy`]
    pub fn forget(&self) -> Result<(), VaultError> {
        self.vault.forget()
    }

    /// Everybody who is known.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn known(&self) -> Result<Vec<KnownSubject>, VaultError> {
        let _ = self.vault.flush();
        self.vault.subjects()
    }

    /// The values of a transaction that are kept.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn disclosures(&self, txn: &str) -> Result<Vec<Disclosure>, VaultError> {
        // What is on its way is part of it; what cannot be written is told by `kept`.
        let _ = self.vault.flush();
        self.vault.of_transaction(txn)
    }
}
