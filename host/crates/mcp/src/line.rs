//! Lines out of a stream of bytes (MCP, stdio transport: one message per line).

/// The longest message. SDK servers refuse bodies over 4 MiB while local tools answer with more
/// (images, files of 5 MB are common), and a reader that holds one message per direction must
/// stay small beside the agent it serves.
pub const MAX_LINE_BYTES: usize = 16 << 20;

/// How much room is offered to a read: what a Linux pipe holds.
const READ_BYTES: usize = 64 << 10;

/// A buffer that grew beyond this is given back once it is empty, so that one large message
/// does not hold memory for the life of a connection.
const KEEP_BYTES: usize = 4 << 20;

/// One line of the stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line without its end, which is `\n` or `\r\n`. It is not empty.
    Whole(&'a [u8]),
    /// A line over the limit. Reported once; whatever else it holds is skipped.
    TooLong {
        /// How many bytes of it had been read when it was given up.
        bytes: usize,
    },
}

/// Cuts a stream into lines, with bounded memory and without looking at any byte twice.
///
/// Bytes come in through [`Lines::spare`] and [`Lines::advance`], or [`Lines::push`]. Take all lines
/// out before more bytes go in: the limit is checked when lines are taken.
#[derive(Debug)]
pub struct Lines {
    /// Always initialised; `filled` says how much of it is data.
    buffer: Vec<u8>,
    filled: usize,
    /// Where the line that is not yet taken begins.
    start: usize,
    /// Up to where the search for its end has come.
    scanned: usize,
    /// Inside of a line that was reported as too long.
    skipping: bool,
    max_bytes: usize,
}

impl Lines {
    /// Lines of at most `max_bytes` (see [`MAX_LINE_BYTES`]), without their ends.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        Lines {
            buffer: Vec::new(),
            filled: 0,
            start: 0,
            scanned: 0,
            skipping: false,
            max_bytes,
        }
    }

    /// Room for the next read; never empty. Follow with [`Lines::advance`].
    pub fn spare(&mut self) -> &mut [u8] {
        self.make_room(READ_BYTES.min(self.max_bytes.max(1)));
        self.buffer.get_mut(self.filled..).unwrap_or_default()
    }

    /// Says that the first `bytes` of [`Lines::spare`] are data now. More than was offered counts
    /// as all of it.
    pub fn advance(&mut self, bytes: usize) {
        self.filled = self.filled.saturating_add(bytes).min(self.buffer.len());
    }

    /// Copies bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        self.make_room(bytes.len());
        if let Some(room) = self.buffer.get_mut(self.filled..self.filled + bytes.len()) {
            room.copy_from_slice(bytes);
            self.filled += bytes.len();
        }
    }

    /// The next line, if all of it has been read. Empty lines are skipped.
    pub fn next_line(&mut self) -> Option<Line<'_>> {
        loop {
            let unseen = self
                .buffer
                .get(self.scanned..self.filled)
                .unwrap_or_default();
            let Some(offset) = memchr::memchr(b'\n', unseen) else {
                self.scanned = self.filled;
                return self.give_up_if_too_long();
            };
            let (start, end) = (self.start, self.scanned + offset);
            self.start = end + 1;
            self.scanned = self.start;
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            let line = self.buffer.get(start..end).unwrap_or_default();
            let length = line.strip_suffix(b"\r").unwrap_or(line).len();
            if length > self.max_bytes {
                return Some(Line::TooLong { bytes: length });
            }
            if length > 0 {
                return self.buffer.get(start..start + length).map(Line::Whole);
            }
        }
    }

    /// How many bytes of a line without an end there are. At the end of the stream they are
    /// no message: what was cut off may have been its larger part.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.filled - self.start
    }

    fn give_up_if_too_long(&mut self) -> Option<Line<'_>> {
        let bytes = self.unfinished();
        // One more than the limit may be the `\r` of the line's end.
        if !self.skipping && bytes <= self.max_bytes.saturating_add(1) {
            return None;
        }
        self.start = self.filled;
        (!std::mem::replace(&mut self.skipping, true)).then_some(Line::TooLong { bytes })
    }

    /// Has at least `bytes` behind `filled`, by moving the unfinished line to the front or by growing.
    /// Growing doubles, so that a long line is copied a constant number of times in all.
    fn make_room(&mut self, bytes: usize) {
        if self.start == self.filled {
            (self.start, self.scanned, self.filled) = (0, 0, 0);
            if self.buffer.len() > KEEP_BYTES {
                self.buffer = Vec::new();
            }
        }
        if self.buffer.len() - self.filled >= bytes {
            return;
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.scanned -= self.start;
            self.start = 0;
        }
        let needed = self.filled + bytes;
        if self.buffer.len() < needed {
            let most = self.max_bytes.saturating_add(READ_BYTES);
            self.buffer
                .resize(self.buffer.len().saturating_mul(2).min(most).max(needed), 0);
        }
    }
}

#[cfg(test)]
mod tests;
