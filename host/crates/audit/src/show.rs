//! Reading entries back.

use std::collections::VecDeque;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use wardlet_call::Json;

use crate::error::{AuditError, Damage};
use crate::line::ENTRIES_FILE;
use crate::lines::{Lines, Piece};

/// One entry as it stands in the log. Its signature was not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its position, from 0.
    pub index: u64,
    /// The line, without its line break.
    pub line: String,
    /// The line, parsed.
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

/// Reads the entries of the log in `folder`, oldest first. A line that is not finished yet is left
/// out, since a gateway may be writing it. The iterator ends after the first error.
///
/// # Errors
/// [`AuditError::Io`] where there is no log that can be read; the iterator's items also
/// [`AuditError::Damaged`].
pub fn show(folder: &Path, select: Select) -> Result<Entries, AuditError> {
    let path = folder.join(ENTRIES_FILE);
    let opened = File::open(&path);
    let file = opened.map_err(|source| AuditError::Io {
        action: "read",
        path: path.clone(),
        source,
    })?;
    let lines = Lines::new(BufReader::new(file));
    let mut entries = Entries {
        lines,
        path,
        next: 0,
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
    lines: Lines<BufReader<File>>,
    path: PathBuf,
    next: u64,
    select: Select,
    held: VecDeque<Raw>,
    ended: bool,
}

/// A line that was not parsed yet.
struct Raw {
    index: u64,
    offset: u64,
    bytes: Vec<u8>,
}

impl Entries {
    /// Reads to the end and keeps the last lines.
    fn hold_last(&mut self, count: usize) -> Result<(), AuditError> {
        while let Some(raw) = self.read()? {
            self.held.push_back(raw);
            if self.held.len() > count {
                self.held.pop_front();
            }
        }
        Ok(())
    }

    /// The next line that may be wanted.
    fn read(&mut self) -> Result<Option<Raw>, AuditError> {
        loop {
            let io = |source| AuditError::Io {
                action: "read",
                path: self.path.clone(),
                source,
            };
            let index = self.next;
            let (offset, bytes) = match self.lines.next().map_err(io)? {
                Some((offset, Piece::Line(bytes))) => (offset, bytes),
                Some((offset, Piece::TooLong)) => {
                    return Err(damaged(&self.path, index, offset, Damage::TooLong));
                }
                Some((_, Piece::Unfinished(_))) | None => return Ok(None),
            };
            self.next += 1;
            match self.select {
                Select::One(wanted) | Select::From(wanted) if index < wanted => {}
                Select::One(wanted) if index > wanted => return Ok(None),
                _ => {
                    return Ok(Some(Raw {
                        index,
                        offset,
                        bytes: bytes.to_vec(),
                    }));
                }
            }
        }
    }

    fn parse(&self, raw: Raw) -> Result<Entry, AuditError> {
        let Raw {
            index,
            offset,
            bytes,
        } = raw;
        let wrong = |damage| damaged(&self.path, index, offset, damage);
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
