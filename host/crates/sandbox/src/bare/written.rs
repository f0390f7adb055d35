//! What sandboxes wrote to their memories, as the kernel counts it.
//!
//! The pool reserves its memories as one huge mapping that nobody can access. A sandbox that begins opens
//! its place there: what is accessible within such a reservation, and was not before, is linear memory, and
//! the pages of it that belong to nobody else (`Anonymous`) are those that were written. What was only read
//! is the memory's first image or the kernel's page of zeros, and does not count.

use std::ops::Range;

/// Where the kernel lists the mappings of this process.
const MAPPINGS: &str = "/proc/self/smaps";

/// No allocator reserves as much at once: those of C libraries take some dozen megabytes.
const HUGE: u64 = 1 << 30;

/// A mapping.
struct Mapping {
    at: Range<u64>,
    accessible: bool,
    /// Bytes that were written.
    anonymous: u64,
}

/// The reservations of the pools.
pub(super) struct Reserved(Vec<Range<u64>>);

impl Reserved {
    /// Those of which nothing is used at this moment.
    pub(super) fn now() -> Option<Self> {
        let all = mappings()?.into_iter();
        let huge = all.filter(|one| !one.accessible && one.at.end - one.at.start >= HUGE);
        Some(Reserved(huge.map(|one| one.at).collect()))
    }

    /// Bytes that were written since.
    pub(super) fn written_since(&self) -> Option<u64> {
        let within = |one: &Mapping| {
            let mut all = self.0.iter();
            all.any(|huge| huge.start <= one.at.start && one.at.end <= huge.end)
        };
        let all = mappings()?.into_iter();
        Some(all.filter(within).map(|one| one.anonymous).sum())
    }
}

fn mappings() -> Option<Vec<Mapping>> {
    Some(parse(&std::fs::read_to_string(MAPPINGS).ok()?))
}

fn parse(text: &str) -> Vec<Mapping> {
    let mut all: Vec<Mapping> = Vec::new();
    for line in text.lines() {
        if let Some(mapping) = head(line) {
            all.push(mapping);
        } else if let Some(rest) = line.strip_prefix("Anonymous:")
            && let Some(last) = all.last_mut()
        {
            let number = rest.trim().strip_suffix("kB").unwrap_or_default();
            last.anonymous = number.trim().parse::<u64>().unwrap_or(0) << 10;
        }
    }
    all
}

/// The first line of a mapping: `7f00-7f10 rw-p …`.
fn head(line: &str) -> Option<Mapping> {
    let mut words = line.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).ok());
    let (start, end) = (start?, end?);
    let accessible = words.next()?.starts_with('r');
    (start <= end).then_some(Mapping {
        at: start..end,
        accessible,
        anonymous: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn mappings_are_read_as_the_kernel_lists_them() {
        let text = "\
7f0000000000-7f0080000000 ---p 00000000 00:00 0 \n\
Size:            2097152 kB\n\
Anonymous:             0 kB\n\
VmFlags: mr mw me nr sd \n\
7f0080000000-7f0080010000 rw-p 00000000 00:01 2053   /memfd:wasm-memory-image (deleted)\n\
Anonymous:            12 kB\n";
        let read = parse(text);
        let read: Vec<_> = read
            .iter()
            .map(|one| (one.at.end - one.at.start, one.accessible, one.anonymous))
            .collect();
        assert_eq!(read, [(2 << 30, false, 0), (64 << 10, true, 12 << 10)]);
    }
}
