//! The entries of a bundle, one at a time and in bounded memory.

use std::io::{self, Read};

use crate::line::MAX_ENTRY_BYTES;

/// The bytes before an entry in a bundle: its length, big-endian (C2SP tlog-tiles).
pub(crate) const PREFIX_BYTES: usize = 2;

/// One piece of a bundle.
pub(crate) enum Piece<'a> {
    /// An entry.
    Entry(&'a [u8]),
    /// The end of the file in the middle of an entry or its length, which a crash or a write under
    /// way leaves.
    Unfinished(&'a [u8]),
    /// A length that no entry may have. Nothing after it can be read.
    TooLong,
}

/// Reads entries and knows where each begins.
pub(crate) struct Frames<R> {
    reader: R,
    buffer: Vec<u8>,
    offset: u64,
}

impl<R: Read> Frames<R> {
    /// Reads on from a place that is `offset` bytes into the bundle.
    pub(crate) fn new(reader: R, offset: u64) -> Self {
        Frames {
            reader,
            buffer: Vec::new(),
            offset,
        }
    }

    /// How many bytes of the bundle were read.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The reader, behind what was read.
    pub(crate) fn into_inner(self) -> R {
        self.reader
    }

    /// The next piece and the offset at which it begins; none at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, Piece<'_>)>> {
        let begins = self.offset;
        self.buffer.clear();
        self.fill(PREFIX_BYTES)?;
        let length = match *self.buffer.as_slice() {
            [] => return Ok(None),
            [high, low] => usize::from(u16::from_be_bytes([high, low])),
            _ => return Ok(Some((begins, Piece::Unfinished(&self.buffer)))),
        };
        if length > MAX_ENTRY_BYTES {
            return Ok(Some((begins, Piece::TooLong)));
        }
        self.fill(length)?;
        let piece = match self.buffer.get(PREFIX_BYTES..) {
            Some(entry) if entry.len() == length => Piece::Entry(entry),
            _ => Piece::Unfinished(&self.buffer),
        };
        Ok(Some((begins, piece)))
    }

    /// Reads so many bytes, or what is left.
    fn fill(&mut self, count: usize) -> io::Result<()> {
        let read = (&mut self.reader)
            .take(count as u64)
            .read_to_end(&mut self.buffer)?;
        self.offset += read as u64;
        Ok(())
    }
}
