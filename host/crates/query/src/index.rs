//! The index itself: opening, bringing it up to the log, asking.

mod file;
mod find;
mod rows;
mod words;
mod write;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};
use wardlet_keys::{PrivateFolder, digest};

pub use self::file::INDEX_FILE;
pub use self::find::{Cursor, MAX_PAGE, Order, Page};
use self::words::Words;
use self::write::Writer;
use crate::error::IndexError;
use crate::field::Field;
use crate::source::{Numbered, Source};

/// Entries in one transaction: at some 40 microseconds each it commits about twice a second, so that a
/// killed process repeats little, and waits for the disk rarely.
/// Tests have small logs.
const BATCH: usize = if cfg!(test) { 64 } else { 16_384 };

/// Progress is told after so many entries, some tens of milliseconds of work.
const PROGRESS_ENTRIES: u64 = if cfg!(test) { 16 } else { 1_024 };

/// All statements of this crate that are used again and again, and some.
const STATEMENTS: usize = 32;

/// Where an index is kept.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// In this folder, which is its owner's alone, as [`INDEX_FILE`]: found again by the next who asks.
    Beside(&'a Path),
    /// In a temporary file that SQLite removes with the [`Index`]: for a log that is somebody else's or
    /// cannot be written beside.
    Temporary,
}

/// How far the index has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Entries of the log that it holds.
    pub entries: u64,
}

/// Why an index was made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebuilt {
    /// There was none, or one without entries.
    Missing,
    /// It had another version of the index's format.
    Version,
    /// It was damaged.
    Damaged,
    /// The log does not hold what the index last read of it: it is another one, or is shorter.
    OtherLog,
}

/// What bringing an index up to its log did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Updated {
    /// Entries that were read into it.
    pub added: u64,
    /// All that it holds now.
    pub entries: u64,
    /// Whether it was made anew, and why.
    pub rebuilt: Option<Rebuilt>,
}

/// An index over one log.
pub struct Index {
    connection: Connection,
    /// Its folder, unless it is temporary.
    folder: Option<PrivateFolder>,
    words: Words,
    /// Why it began empty.
    fresh: Option<Rebuilt>,
}

/// How far an index has read its log.
struct Mark {
    /// The index of the next entry to read.
    next: u64,
    origin: String,
    /// The SHA-256 of the entry before.
    last: Vec<u8>,
}

impl Index {
    /// Opens the index, or makes it, and reads what the log got since. One that is damaged, of another
    /// version or of another log is made anew. `progress` is told now and then, and never where there is
    /// nothing to read.
    ///
    /// One process at a time does this; others wait for it. A process that is killed meanwhile loses
    /// what it read since its last commit, at most 16,384 entries, which the next reads again.
    ///
    /// # Errors
    /// [`IndexError`]; where an entry cannot be read, what stands before it stays in the index.
    pub fn current(
        place: &Place<'_>,
        source: &impl Source,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(Self, Updated), IndexError> {
        let path = match place {
            Place::Beside(path) => path,
            Place::Temporary => {
                let index = Index::over(file::temporary()?, Some(Rebuilt::Missing));
                return index.filled(source, progress);
            }
        };
        let no_folder = || IndexError::NoFolder {
            path: PathBuf::from(path),
        };
        let folder = PrivateFolder::existing(path)?.ok_or_else(no_folder)?;
        let lock = file::lock(&folder)?;
        let opened = file::open(&folder).and_then(|(connection, fresh)| {
            let index = Index::over(connection, fresh);
            index.filled(source, progress)
        });
        let (mut index, updated) = match opened {
            Err(IndexError::Damaged) => {
                file::remove(&folder)?;
                let (connection, _) = file::open(&folder)?;
                let index = Index::over(connection, Some(Rebuilt::Damaged));
                index.filled(source, progress)?
            }
            opened => opened?,
        };
        drop(lock);
        index.folder = Some(folder);
        Ok((index, updated))
    }

    /// Throws away the index in a folder, where there is one. For one that turned out to be damaged only
    /// when it was asked: [`Index::current`] sees the damage that it comes across, and makes it anew.
    ///
    /// # Errors
    /// [`IndexError::Folder`]
    pub fn discard(folder: &Path) -> Result<(), IndexError> {
        let Some(folder) = PrivateFolder::existing(folder)? else {
            return Ok(());
        };
        let lock = file::lock(&folder)?;
        file::remove(&folder)?;
        drop(lock);
        Ok(())
    }

    fn over(connection: Connection, fresh: Option<Rebuilt>) -> Self {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Index {
            connection,
            folder: None,
            words: Words::default(),
            fresh,
        }
    }

    /// The index, up to the log.
    fn filled(
        mut self,
        source: &impl Source,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(Self, Updated), IndexError> {
        let updated = self.read(source, progress)?;
        Ok((self, updated))
    }

    /// Reads what the log got since the index was last brought up to it.
    ///
    /// # Errors
    /// As [`Index::current`]; a damaged index is not mended here.
    pub fn update(
        &mut self,
        source: &impl Source,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Updated, IndexError> {
        let lock = self.folder.as_ref().map(file::lock).transpose()?;
        // Another process may have made the index anew since, with other numbers.
        self.words.forget();
        let updated = self.read(source, progress);
        drop(lock);
        updated
    }

    /// The same, under the lock.
    fn read(
        &mut self,
        source: &impl Source,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Updated, IndexError> {
        let read = self.read_on(source, progress);
        if read.is_err() {
            // Words of a transaction that was rolled back are not in the file.
            self.words.forget();
        }
        read
    }

    fn read_on(
        &mut self,
        source: &impl Source,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Updated, IndexError> {
        let mut rebuilt = self.fresh.take();
        let mut mark = file::mark(&self.connection)?;
        let mut entries = None;
        if let Some(found) = &mark {
            entries = follows(found, source)?;
            if entries.is_none() {
                file::clear(&mut self.connection)?;
                self.words.forget();
                rebuilt = Some(Rebuilt::OtherLog);
                mark = None;
            }
        }
        let mut entries = match entries {
            Some(entries) => entries,
            None => source.entries(0)?,
        };
        let begun = mark.as_ref().map_or(0, |mark| mark.next);
        while let Some(first) = entries.next().transpose()? {
            let mut batch = std::iter::once(Ok(first)).chain(entries.by_ref().take(BATCH - 1));
            mark = Some(self.take(mark, &mut batch, progress)?);
        }
        let entries = mark.map_or(0, |mark| mark.next);
        let added = entries - begun;
        if added > 0 {
            progress(Progress { entries });
        }
        Ok(Updated {
            added,
            entries,
            rebuilt,
        })
    }

    /// Reads one batch into the index, with the mark, or nothing of it. Where an entry cannot be read,
    /// what stands before it is kept.
    fn take(
        &mut self,
        mark: Option<Mark>,
        batch: &mut dyn Iterator<Item = Numbered>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Mark, IndexError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut writer = Writer::new(&transaction, &mut self.words, mark);
        let mut last = None;
        let mut failed = None;
        for item in batch {
            let text = match item {
                Ok((_, text)) => text,
                Err(error) => {
                    failed = Some(IndexError::Log(error));
                    break;
                }
            };
            if let Err(error) = writer.take(&text) {
                failed = Some(error);
                break;
            }
            if writer.next().is_multiple_of(PROGRESS_ENTRIES) {
                progress(Progress {
                    entries: writer.next(),
                });
            }
            last = Some(text);
        }
        // A half-written call is not kept: whatever failed between two statements of one entry is undone
        // with its whole batch.
        let keep = matches!(
            failed,
            None | Some(IndexError::Log(_) | IndexError::Entry { .. })
        );
        let mut mark = None;
        if let (true, Some(last)) = (keep, last) {
            let digest = digest::sha256(last.as_bytes());
            mark = Some(writer.finish(&digest)?);
            transaction.commit()?;
        }
        match (failed, mark) {
            (None, Some(mark)) => Ok(mark),
            (Some(error), _) => Err(error),
            // A batch has at least one entry.
            (None, None) => Err(IndexError::Damaged),
        }
    }

    /// How many entries of the log the index holds.
    ///
    /// # Errors
    /// [`IndexError`]
    pub fn entries(&self) -> Result<u64, IndexError> {
        Ok(file::mark(&self.connection)?.map_or(0, |mark| mark.next))
    }

    /// The entries of each kind, also of those that this build does not know, by name.
    ///
    /// # Errors
    /// [`IndexError`]
    pub fn kinds(&self) -> Result<Vec<(String, u64)>, IndexError> {
        let mut statement = self
            .connection
            .prepare("SELECT name, entries FROM kind ORDER BY name")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What calls have in a field, with how many have it, those with the most calls first.
    ///
    /// # Errors
    /// [`IndexError`]
    pub fn values(&self, field: Field, most: u32) -> Result<Vec<(String, u64)>, IndexError> {
        words::values(&self.connection, field, most)
    }
}

/// The entries that follow what the index holds; none where the log does not hold what the index last
/// read of it.
fn follows<'a>(
    mark: &Mark,
    source: &'a impl Source,
) -> Result<Option<Box<dyn Iterator<Item = Numbered> + 'a>>, IndexError> {
    let Some(before) = mark.next.checked_sub(1) else {
        return Ok(None);
    };
    let mut entries = source.entries(before)?;
    match entries.next().transpose()? {
        Some((index, text))
            if index == before && digest::sha256(text.as_bytes())[..] == mark.last[..] =>
        {
            Ok(Some(entries))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
pub(crate) mod tests;
