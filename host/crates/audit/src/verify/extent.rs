//! How far a log goes at one moment, while a gateway may go on writing.

use std::io::{BufReader, Read as _};
use std::path::Path;

use super::VerifyError;
use crate::recover::{MAX_TORN_BYTES, holds_an_entry};
use crate::tree::bundles::{self, Bundle, Place};
use crate::tree::frames::{Frames, Piece};
use crate::tree::path::BUNDLE_ENTRIES;

/// How far a log goes.
pub(super) struct Extent {
    /// The number of entries, whatever is missing before the last one.
    pub(super) size: u64,
    /// Bytes after the last whole entry.
    pub(super) unfinished_bytes: u64,
    /// Bytes of all bundles, where that was asked for.
    pub(super) total_bytes: u64,
}

impl Extent {
    /// The extent of the log in `folder`; the sum of bytes takes a look at each bundle.
    pub(super) fn of(folder: &Path, with_bytes: bool) -> Result<Self, VerifyError> {
        let unreadable = |source| VerifyError::Unreadable {
            path: folder.to_owned(),
            source,
        };
        // A folder that cannot be listed is not an empty log.
        std::fs::read_dir(folder).map_err(unreadable)?;
        let mut extent = Extent {
            size: 0,
            unfinished_bytes: 0,
            total_bytes: 0,
        };
        let end = bundles::end(folder).map_err(unreadable)?;
        for number in (0..end).rev() {
            let bundle = bundles::open(folder, number).map_err(unreadable)?;
            // One that is gone is found missing by whoever reads all, if anything follows it.
            let Some(bundle) = bundle else { continue };
            extent.size = number * BUNDLE_ENTRIES;
            if extent.take(bundle)? > 0 || extent.unfinished_bytes > 0 {
                break;
            }
        }
        if with_bytes {
            for number in 0..extent.size.div_ceil(BUNDLE_ENTRIES) {
                let bundle = bundles::open(folder, number).map_err(unreadable)?;
                let metadata = bundle.map(|bundle| bundle.file.metadata()).transpose();
                let length = metadata.map_err(unreadable)?.map_or(0, |found| found.len());
                extent.total_bytes += length;
            }
        }
        Ok(extent)
    }

    /// Counts the entries of the last bundle that has any.
    fn take(&mut self, bundle: Bundle) -> Result<u64, VerifyError> {
        let first = self.size;
        let Bundle { path, file, place } = bundle;
        let unreadable = |source| VerifyError::Unreadable {
            path: path.clone(),
            source,
        };
        let mut frames = Frames::new(BufReader::new(file), 0);
        while let Some((_, piece)) = frames.next().map_err(unreadable)? {
            // Whoever reads the entries meets what is wrong, after those before it.
            let mut rest = match piece {
                Piece::Entry(_) if self.size - first == BUNDLE_ENTRIES => break,
                Piece::Entry(_) => {
                    self.size += 1;
                    continue;
                }
                Piece::TooLong => {
                    self.size += 1;
                    break;
                }
                Piece::Unfinished(bytes) => bytes.to_vec(),
            };
            let mut limited = frames.into_inner().take(MAX_TORN_BYTES);
            limited.read_to_end(&mut rest).map_err(unreadable)?;
            // A changed length may hide whole entries.
            if place != Place::Pending || holds_an_entry(&rest) {
                self.size += 1;
            } else {
                self.unfinished_bytes = rest.len() as u64;
            }
            break;
        }
        Ok(self.size - first)
    }
}
