//! The lines of a log, one at a time and in bounded memory.

use std::io::{self, BufRead, Read as _};

use crate::line::MAX_ENTRY_BYTES;

/// One piece of the file.
pub(crate) enum Piece<'a> {
    /// A line, without its line break.
    Line(&'a [u8]),
    /// The end of the file without a line break, which a crash or a write under way leaves.
    Unfinished(&'a [u8]),
    /// More bytes than an entry may have. Nothing after it can be read.
    TooLong,
}

/// Reads lines and knows where each begins.
pub(crate) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    next: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Lines {
            reader,
            buffer: Vec::new(),
            next: 0,
        }
    }

    /// The next piece and the offset at which it begins; none at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, Piece<'_>)>> {
        self.buffer.clear();
        // One byte more than an entry may have is its line break.
        let most = MAX_ENTRY_BYTES as u64 + 1;
        let read = self
            .reader
            .by_ref()
            .take(most)
            .read_until(b'\n', &mut self.buffer)?;
        let offset = self.next;
        self.next += read as u64;
        let piece = match self.buffer.split_last() {
            None => return Ok(None),
            Some((b'\n', line)) => Piece::Line(line),
            Some(_) if self.buffer.len() > MAX_ENTRY_BYTES => Piece::TooLong,
            Some(_) => Piece::Unfinished(&self.buffer),
        };
        Ok(Some((offset, piece)))
    }
}
