//! Where entries come from.

use std::path::Path;

use wardlet_audit::{AuditError, Select};

/// An entry's index and its canonical text.
pub type Numbered = Result<(u64, String), AuditError>;

/// Gives the entries of one log in their order.
pub trait Source {
    /// All whole entries from this index on; none where the log is shorter.
    ///
    /// # Errors
    /// Where there is no log that can be read.
    fn entries(&self, from: u64) -> Result<Box<dyn Iterator<Item = Numbered> + '_>, AuditError>;
}

/// The log in this folder.
#[derive(Clone, Copy, Debug)]
pub struct LogFolder<'a>(pub &'a Path);

impl LogFolder<'_> {
    /// How many whole entries the log has.
    ///
    /// # Errors
    /// Where there is no log that can be read.
    pub fn size(&self) -> Result<u64, AuditError> {
        let last = wardlet_audit::show(self.0, Select::Last(1))?.last();
        Ok(last.transpose()?.map_or(0, |entry| entry.index + 1))
    }
}

impl Source for LogFolder<'_> {
    fn entries(&self, from: u64) -> Result<Box<dyn Iterator<Item = Numbered> + '_>, AuditError> {
        let entries = wardlet_audit::show(self.0, Select::From(from))?;
        Ok(Box::new(
            entries.map(|entry| entry.map(|entry| (entry.index, entry.line))),
        ))
    }
}
