//! Taking over a log of the earlier version of the folder, `entries.jsonl`, with a line for each
//! entry. The bytes of the entries stay as they are, and so does every hash over them.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _};

use serde::de::IgnoredAny;

use crate::error::{AuditError, Damage};
use crate::line::MAX_ENTRY_BYTES;
use crate::log::files::Store;
use crate::recover::MAX_TORN_BYTES;
use crate::tree::bundles;
use crate::tree::path::{self, BUNDLE_ENTRIES};

/// The length that no entry has, before a last line that is not finished: recovery sets it aside
/// like any other unfinished entry.
const NO_LENGTH: [u8; 2] = [0xff; 2];

/// Makes bundles of an `entries.jsonl`, if there is one.
///
/// They are made in `upgrade`, which becomes `pending` in the end. A crash before the old file gets
/// its other name leaves bundles that are made anew, and one after it leaves bundles that are whole.
pub(crate) fn upgrade(store: &Store) -> Result<(), AuditError> {
    let old = store.path(path::OLD_ENTRIES);
    let failed = store.failed("upgrade", path::OLD_ENTRIES);
    let opened = bundles::present(File::open(&old)).map_err(&failed)?;
    if let Some(file) = opened {
        if bundles::end(store.folder()).map_err(&failed)? > 0 {
            return Err(AuditError::TwoLogs { path: old });
        }
        for name in bundles::names(&store.path(path::UPGRADE)).map_err(&failed)? {
            let name = format!("{}/{name}", path::UPGRADE);
            store.remove(&name).map_err(&failed)?;
        }
        store.ensure(path::UPGRADE).map_err(&failed)?;
        take_over(store, BufReader::new(file))?;
        let kept = store.path(path::OLD_ENTRIES_KEPT);
        store.files.rename(&old, &kept).map_err(&failed)?;
        store.files.sync_folder(store.folder()).map_err(&failed)?;
    }
    let made = store.path(path::UPGRADE);
    if fs::exists(&made).map_err(&failed)? {
        // In the place of a folder without bundles, or of none.
        let pending = store.path(path::PENDING);
        store.files.rename(&made, &pending).map_err(&failed)?;
        store.files.sync_folder(store.folder()).map_err(&failed)?;
    }
    Ok(())
}

/// Makes bundles of the lines, and puts them on disk.
fn take_over(store: &Store, mut lines: impl BufRead) -> Result<(), AuditError> {
    let failed = store.failed("upgrade", path::OLD_ENTRIES);
    let (mut index, mut offset) = (0_u64, 0_u64);
    let mut bundle = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        let most = MAX_ENTRY_BYTES as u64 + 1;
        let read = (&mut lines).take(most).read_until(b'\n', &mut line);
        let read = read.map_err(&failed)? as u64;
        let entry = line.strip_suffix(b"\n");
        let whole = || serde_json::from_slice::<IgnoredAny>(&line).is_ok();
        match entry {
            Some(entry) => bundle.extend(frame(entry).map_err(&failed)?),
            None if line.is_empty() => break,
            // Nothing but its line break is missing.
            None if line.len() <= MAX_ENTRY_BYTES && whole() => {
                bundle.extend(frame(&line).map_err(&failed)?);
            }
            None => {
                let rest = rest(&mut lines).map_err(&failed)?;
                let rest = rest.ok_or_else(|| AuditError::Damaged {
                    path: store.path(path::OLD_ENTRIES),
                    index,
                    offset,
                    damage: Damage::TooLong,
                })?;
                bundle.extend([&NO_LENGTH[..], &line, &rest].concat());
                break;
            }
        }
        index += 1;
        offset += read;
        if index.is_multiple_of(BUNDLE_ENTRIES) {
            write(store, index / BUNDLE_ENTRIES - 1, &bundle).map_err(&failed)?;
            bundle.clear();
        }
    }
    if !bundle.is_empty() {
        write(store, index / BUNDLE_ENTRIES, &bundle).map_err(&failed)?;
    }
    let made = store.path(path::UPGRADE);
    store.files.sync_folder(&made).map_err(&failed)
}

/// An entry with its length before it.
fn frame(entry: &[u8]) -> io::Result<Vec<u8>> {
    let length = u16::try_from(entry.len()).map_err(io::Error::other)?;
    Ok([&length.to_be_bytes(), entry].concat())
}

/// All that is left, if it can be the end of one unfinished line.
fn rest(lines: impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut rest = Vec::new();
    lines.take(MAX_TORN_BYTES).read_to_end(&mut rest)?;
    let inner = rest.strip_suffix(b"\n").unwrap_or(&rest);
    let one_line = !inner.contains(&b'\n') && (rest.len() as u64) < MAX_TORN_BYTES;
    Ok(one_line.then_some(rest))
}

fn write(store: &Store, number: u64, bundle: &[u8]) -> io::Result<()> {
    let name = format!("{}/{number}", path::UPGRADE);
    let file = store.append(&name)?;
    store.write_all(&file, bundle)?;
    store.files.sync(&file)
}

#[cfg(test)]
mod tests;
