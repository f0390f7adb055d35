//! The entries of other gateways: what they may write, and what they may have written already.

use wardlet_call::Json;

use super::super::message::{Answer, Append};
use super::Owner;
use crate::error::AuditError;
use crate::line::{self, Reference, Seal};
use crate::log::Durability;
use crate::show::{Select, show};

/// The kinds of entry that others write. The rest are the writer's own.
const KINDS: [&str; 9] = [
    "access",
    "approval-request",
    "approval-vote",
    "config",
    "decision",
    "erasure",
    "outcome",
    "policy",
    "quarantine",
];

impl Owner {
    /// The index of an entry that may have been written already, from `since` on.
    pub(in crate::shared) fn find(
        &self,
        since: u64,
        (kind, body): (&str, &[u8]),
    ) -> Result<Option<u64>, AuditError> {
        let start = [br#"{"body":"#, body, br#","gateway":"#].concat();
        let kind = Json::text(kind);
        for entry in show(self.folder.path(), Select::From(since))? {
            let entry = entry?;
            if entry.line.as_bytes().starts_with(&start)
                && entry.value.member("kind") == Some(&kind)
            {
                return Ok(Some(entry.index));
            }
        }
        Ok(None)
    }

    /// Says that a call that was open when the log was taken over is this one's.
    pub(in crate::shared) fn claim(&self, index: u64) -> bool {
        self.lock().orphans.remove(&index)
    }

    /// Writes an entry of another gateway, once it is what one may be.
    pub(super) fn append(
        &self,
        session: &str,
        seal: &Seal,
        append: &Append,
    ) -> Result<Answer, AuditError> {
        let (kind, body) = (append.kind.as_str(), append.body.get());
        let unrecordable = |why: &str| AuditError::Unrecordable {
            why: why.to_owned(),
        };
        if !KINDS.contains(&kind) {
            return Err(unrecordable("its kind is none that others write"));
        }
        let value = Json::parse(body)
            .ok()
            .filter(|value| matches!(value, Json::Object(_)));
        if value.and_then(|value| value.canonical().ok()).as_deref() != Some(body) {
            return Err(unrecordable("its body is not in canonical form"));
        }
        let reference = line::reference(kind, body);
        let reference = reference.map_err(|damage| unrecordable(&damage.to_string()))?;
        let found = match append.since {
            Some(since) if is_unique(kind) => self.find(since, (kind, body.as_bytes()))?,
            _ => None,
        };
        let durability = if append.durable {
            Durability::Durable
        } else {
            Durability::Written
        };
        let index = match found {
            Some(index) => {
                if durability == Durability::Durable {
                    self.log.sync(index)?;
                }
                index
            }
            None => self.write(session, seal, (kind, body), (reference, durability))?,
        };
        self.settle(session, index, reference, found.is_some())?;
        Ok(Answer::Written {
            index,
            size: self.log.size()?,
            room: self.log.room().into(),
        })
    }

    fn write(
        &self,
        session: &str,
        seal: &Seal,
        (kind, body): (&str, &str),
        (reference, durability): (Reference, Durability),
    ) -> Result<u64, AuditError> {
        if let Reference::Closes(decision) = reference {
            // Taken out before it is written, so that nobody else closes it meanwhile.
            let mut sessions = self.lock();
            let session = sessions.others.get_mut(session);
            let was_its = session.is_some_and(|session| session.open.remove(&decision));
            // One that was answered in the moment of the change of writers may not have been named.
            if !was_its && !sessions.orphans.remove(&decision) {
                return Err(AuditError::Closed);
            }
        }
        let written = self
            .log
            .append_for(seal, (kind, body.as_bytes()), reference, durability);
        if let (Err(AuditError::Full), Reference::Closes(decision)) = (&written, reference) {
            // Nothing was written: it is open still.
            self.settle(session, decision, Reference::Opens, false)?;
        }
        written
    }

    /// Notes what an entry opened or closed.
    ///
    /// # Errors
    /// [`AuditError::Closed`] where a decision that was there already was closed as nobody's: its call must not go on.
    fn settle(
        &self,
        session: &str,
        index: u64,
        reference: Reference,
        was_there: bool,
    ) -> Result<(), AuditError> {
        let mut sessions = self.lock();
        let claimed = was_there && sessions.orphans.remove(&index);
        let Some(session) = sessions.others.get_mut(session) else {
            return Ok(());
        };
        match reference {
            Reference::Opens if !was_there || claimed => drop(session.open.insert(index)),
            Reference::Opens if !session.open.contains(&index) => return Err(AuditError::Closed),
            Reference::Closes(decision) => drop(session.open.remove(&decision)),
            Reference::Opens | Reference::Neither => {}
        }
        Ok(())
    }
}

/// Whether no two entries of this kind have one body: a decision has a transaction of its own, and an outcome its decision.
/// The others may, and are rather written twice than taken for another's.
pub(in crate::shared) fn is_unique(kind: &str) -> bool {
    matches!(kind, "decision" | "outcome")
}
