//! Where things stand in the folder of a log: C2SP tlog-tiles, and what a gateway needs beside it.

/// Entries in a full bundle and hashes in a full tile: tiles of C2SP tlog-tiles have a height of 8.
pub const BUNDLE_ENTRIES: u64 = 256;

/// How many bits of an index one level of tiles takes.
pub(crate) const TILE_HEIGHT: u32 = 8;

/// The signed head of the published tree.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// The folder of bundles that are being filled, or were not published yet.
pub(crate) const PENDING: &str = "pending";

/// The folder of unfinished ends that crashes left.
pub(crate) const TORN: &str = "torn";

/// The folder of everything that is published beside the checkpoint.
pub(crate) const TILE: &str = "tile";

/// The folder of published bundles.
pub(crate) const ENTRIES: &str = "tile/entries";

/// What a file is called while it is written.
pub(crate) const TEMPORARY: &str = "tmp";

/// The file of the log of version 1 of the folder: one line for each entry.
pub(crate) const OLD_ENTRIES: &str = "entries.jsonl";

/// What that file is called once it was taken over.
pub(crate) const OLD_ENTRIES_KEPT: &str = "entries.v1.jsonl";

/// Where bundles are made from it.
pub(crate) const UPGRADE: &str = "upgrade";

/// The mark of the first open decision.
pub(crate) const OPEN: &str = "open";

/// The file that the writer of a log holds a lock on.
pub(crate) const LOCK: &str = "lock";

/// The socket of the writer, for other gateways over the log.
pub(crate) const SOCKET: &str = "writer.sock";

/// The folder of the marks of gateways that live.
pub(crate) const SESSIONS: &str = "sessions";

/// A number as tlog-tiles writes it: three digits a part, all but the last one after an `x`.
pub(crate) fn number(n: u64) -> String {
    let mut text = format!("{:03}", n % 1000);
    let mut rest = n / 1000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    text
}

/// The full bundle `n`, of the entries from 256 n on.
pub(crate) fn entries(n: u64) -> String {
    format!("{ENTRIES}/{}", number(n))
}

/// The full tile `n` of a level.
pub(crate) fn tile(level: usize, n: u64) -> String {
    format!("{TILE}/{level}/{}", number(n))
}

/// The partial form of a bundle or tile, with so many entries or hashes.
pub(crate) fn partial(full: &str, width: usize) -> String {
    format!("{full}.p/{width}")
}

/// The folder of a file; empty for one that stands in the log's folder itself.
pub(crate) fn parent(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The bundle `n` while it is filled.
pub(crate) fn pending(n: u64) -> String {
    format!("{PENDING}/{n}")
}

#[cfg(test)]
mod tests {
    use super::{entries, number, partial, tile};

    #[test]
    fn numbers_as_the_specification_writes_them() {
        for (n, text) in [
            (0, "000"),
            (67, "067"),
            (999, "999"),
            (1_000, "x001/000"),
            (1_234_067, "x001/x234/067"),
            (1_000_000_000, "x001/x000/x000/000"),
        ] {
            assert_eq!(number(n), text);
        }
        // The specification's example: a tree of 70,000 entries.
        assert_eq!(partial(&tile(0, 273), 112), "tile/0/273.p/112");
        assert_eq!(partial(&tile(2, 0), 1), "tile/2/000.p/1");
        assert_eq!(entries(272), "tile/entries/272");
    }
}
