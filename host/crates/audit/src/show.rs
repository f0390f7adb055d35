//! Reading entries back.

use std::collections::VecDeque;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use wardlet_call::Json;

use crate::error::{AuditError, Damage};
use crate::tree::bundles;
use crate::tree::frames::{Frames, Piece};
use crate::tree::path::{self, BUNDLE_ENTRIES};

/// One entry as it stands in the log. Its signature was not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its position, from 0.
    pub index: u64,
    /// The entry as it stands in the log: one line of text, without a line break.
    pub line: String,
    /// The same, parsed.
    pub value: Json,
}

/// Which entries to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Select {
    /// All.
    All,
    /// The one with this index.
    One(u64),
    /// Those from this index on.
    From(u64),
    /// So many at the end, which are held in memory.
    Last(usize),
}

/// Reads the entries of the log in `folder`, oldest first. An entry that is not finished yet is left
/// out, since a gateway may be writing it. What stands before the entries that were asked for is
/// not read, but for their bundle. The iterator ends after the first error.
///
/// # Errors
/// [`AuditError::Io`] where there is no log that can be read; the iterator's items also
/// [`AuditError::Damaged`].
pub fn show(folder: &Path, select: Select) -> Result<Entries, AuditError> {
    let io = |source| AuditError::Io {
        action: "read",
        path: folder.to_owned(),
        source,
    };
    std::fs::read_dir(folder).map_err(io)?;
    let first = match select {
        Select::All => 0,
        Select::One(index) | Select::From(index) => index,
        Select::Last(count) => {
            // The last bundle may be empty, and the one before it not full.
            let bundles = count as u64 / BUNDLE_ENTRIES + 3;
            let end = bundles::end(folder).map_err(io)?;
            end.saturating_sub(bundles) * BUNDLE_ENTRIES
        }
    };
    let mut entries = Entries {
        folder: folder.to_owned(),
        bundle: None,
        next: first / BUNDLE_ENTRIES * BUNDLE_ENTRIES,
        select,
        held: VecDeque::new(),
        ended: false,
    };
    if let Select::Last(count) = select {
        entries.hold_last(count)?;
    }
    Ok(entries)
}

/// The entries that [`show`] selected.
pub struct Entries {
    folder: PathBuf,
    /// The open bundle.
    bundle: Option<(PathBuf, Frames<BufReader<File>>)>,
    next: u64,
    select: Select,
    held: VecDeque<Raw>,
    ended: bool,
}

/// An entry that was not parsed yet.
struct Raw {
    index: u64,
    offset: u64,
    bytes: Vec<u8>,
}

impl Entries {
    /// Reads to the end and keeps the last entries.
    fn hold_last(&mut self, count: usize) -> Result<(), AuditError> {
        while let Some(raw) = self.read()? {
            self.held.push_back(raw);
            if self.held.len() > count {
                self.held.pop_front();
            }
        }
        Ok(())
    }

    /// The next entry that may be wanted.
    fn read(&mut self) -> Result<Option<Raw>, AuditError> {
        loop {
            let index = self.next;
            if matches!(self.select, Select::One(wanted) if index > wanted) {
                return Ok(None);
            }
            if !self.is_open(index / BUNDLE_ENTRIES)? {
                return Ok(None);
            }
            let Some((path, frames)) = &mut self.bundle else {
                return Ok(None);
            };
            let piece = frames.next().map_err(|source| AuditError::Io {
                action: "read",
                path: path.clone(),
                source,
            })?;
            let (offset, bytes) = match piece {
                Some((offset, Piece::Entry(bytes))) => (offset, bytes),
                Some((offset, Piece::TooLong)) => {
                    return Err(damaged(path, index, offset, Damage::TooLong));
                }
                Some((_, Piece::Unfinished(_))) | None => return Ok(None),
            };
            self.next += 1;
            if !matches!(self.select, Select::One(wanted) | Select::From(wanted) if index < wanted)
            {
                return Ok(Some(Raw {
                    index,
                    offset,
                    bytes: bytes.to_vec(),
                }));
            }
        }
    }

    /// Opens the bundle of the next entry, unless it is open. Says whether there is one.
    fn is_open(&mut self, number: u64) -> Result<bool, AuditError> {
        if self.bundle.is_some() && !self.next.is_multiple_of(BUNDLE_ENTRIES) {
            return Ok(true);
        }
        let opened = bundles::open(&self.folder, number).map_err(|source| AuditError::Io {
            action: "read",
            path: self.folder.join(path::entries(number)),
            source,
        })?;
        let found = opened.map(|bundle| (bundle.path, Frames::new(BufReader::new(bundle.file), 0)));
        self.bundle = found;
        Ok(self.bundle.is_some())
    }

    fn parse(&self, raw: Raw) -> Result<Entry, AuditError> {
        let Raw {
            index,
            offset,
            bytes,
        } = raw;
        let path = self.bundle.as_ref().map_or(&self.folder, |(path, _)| path);
        let wrong = |damage| damaged(path, index, offset, damage);
        let line = String::from_utf8(bytes).map_err(|_| wrong(Damage::NotAnEntry))?;
        let value = Json::parse(&line).map_err(|_| wrong(Damage::NotAnEntry))?;
        match value.member("index") {
            Some(Json::Number(number)) if *number == index.to_string() => {
                Ok(Entry { index, line, value })
            }
            _ => Err(wrong(Damage::Index)),
        }
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, AuditError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let raw = match self.select {
            Select::Last(_) => Ok(self.held.pop_front()),
            _ => self.read(),
        };
        let item = raw.transpose()?.and_then(|raw| self.parse(raw));
        self.ended = item.is_err();
        Some(item)
    }
}

fn damaged(path: &Path, index: u64, offset: u64, damage: Damage) -> AuditError {
    AuditError::Damaged {
        path: path.to_owned(),
        index,
        offset,
        damage,
    }
}
