//! What is done with a log before it grows again: reading it through, setting aside what a crash
//! left unfinished, and finding the decisions that never got an outcome.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use wardlet_keys::{PrivateFolder, VerifyingKey, base64url, digest};

use crate::error::{AuditError, Damage};
use crate::line::{self, ENTRIES_FILE, Reference};
use crate::lines::{Lines, Piece};

/// The most that is set aside as an unfinished line. One write is at most 60 KiB; a power cut may
/// leave more, since a file can have grown before its bytes reached the disk.
const MAX_TORN_BYTES: u64 = 16 * 1024 * 1024;

/// So many unfinished lines are kept beside one log before it is refused: each is a crash.
const MAX_TORN_FILES: u32 = 10_000;

/// What opening a log had to mend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Where an unfinished last line was saved to.
    pub torn: Option<PathBuf>,
    /// How many decisions got the outcome "unknown".
    pub closed: u64,
}

/// A log as it was found.
pub(crate) struct Found {
    /// The number of entries.
    pub(crate) size: u64,
    /// The allowed calls without outcome.
    pub(crate) open: BTreeSet<u64>,
    /// The unfinished line that was cut off.
    pub(crate) torn: Option<Torn>,
}

/// An unfinished line that was saved and cut off.
pub(crate) struct Torn {
    pub(crate) file: String,
    pub(crate) bytes: u64,
    /// The base64url of its SHA-256.
    pub(crate) digest: String,
}

/// Reads the log, checks its shape, and cuts off an unfinished last line after saving it.
pub(crate) fn recover(
    folder: &PrivateFolder,
    file: &File,
    key: &VerifyingKey,
) -> Result<Found, AuditError> {
    let path = folder.path().join(ENTRIES_FILE);
    let io = |source| AuditError::Io {
        action: "read",
        path: path.clone(),
        source,
    };
    let mut lines = Lines::new(BufReader::new(file));
    let mut found = Found {
        size: 0,
        open: BTreeSet::new(),
        torn: None,
    };
    let mut last = None;
    while let Some((offset, piece)) = lines.next().map_err(io)? {
        let read = match piece {
            Piece::Line(bytes) => read_line(bytes, &mut found, &mut last).map_err(|damage| {
                // What is JSON to its last byte was not torn: it may be of a newer build.
                let whole = serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
                (damage, !whole)
            }),
            Piece::Unfinished(_) => Err((Damage::NotAnEntry, true)),
            Piece::TooLong => Err((Damage::TooLong, true)),
        };
        let index = found.size;
        let damaged = |damage| AuditError::Damaged {
            path: path.clone(),
            index,
            offset,
            damage,
        };
        match read {
            Ok(()) => found.size += 1,
            Err((damage, true)) => {
                let rest = rest(file, offset)
                    .map_err(io)?
                    .ok_or_else(|| damaged(damage))?;
                found.torn = Some(set_aside(folder, file, &path, offset, &rest)?);
                break;
            }
            Err((damage, false)) => return Err(damaged(damage)),
        }
        if let Some((at, _)) = &mut last {
            *at = offset;
        }
    }
    if let Some((offset, bytes)) = last {
        // One full check shows that the key at hand is the one that signed this log.
        line::check(&bytes, key).map_err(|damage| {
            let index = found.size - 1;
            AuditError::Damaged {
                path: path.clone(),
                index,
                offset,
                damage,
            }
        })?;
    }
    Ok(found)
}

/// Takes one line into account.
fn read_line(
    bytes: &[u8],
    found: &mut Found,
    last: &mut Option<(u64, Vec<u8>)>,
) -> Result<(), Damage> {
    let skeleton = line::skeleton(bytes)?;
    if skeleton.index != found.size {
        return Err(Damage::Index);
    }
    match skeleton.reference {
        Reference::Opens => drop(found.open.insert(skeleton.index)),
        Reference::Closes(decision) if found.open.remove(&decision) => {}
        Reference::Closes(_) => return Err(Damage::Outcome),
        Reference::Neither => {}
    }
    let (_, kept) = last.get_or_insert_default();
    kept.clear();
    kept.extend_from_slice(bytes);
    Ok(())
}

/// All bytes from `offset`, if they can be one unfinished line: no line break but at the very end,
/// and not more than a crash leaves.
fn rest(mut file: &File, offset: u64) -> std::io::Result<Option<Vec<u8>>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(MAX_TORN_BYTES + 1).read_to_end(&mut bytes)?;
    let inner = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let one_line = !inner.contains(&b'\n') && bytes.len() as u64 <= MAX_TORN_BYTES;
    Ok(one_line.then_some(bytes))
}

/// Saves the unfinished line and cuts it off. A crash between the two leaves the line in both
/// places, and the next start saves it once more.
fn set_aside(
    folder: &PrivateFolder,
    file: &File,
    path: &Path,
    offset: u64,
    bytes: &[u8],
) -> Result<Torn, AuditError> {
    let cut = |source| AuditError::Io {
        action: "cut",
        path: path.to_owned(),
        source,
    };
    for number in 0..MAX_TORN_FILES {
        let name = format!("entries.torn-{number}");
        // Looking first spares the writing of a file that would not get the name.
        let taken = folder.path().join(&name).symlink_metadata().is_ok();
        if !taken && folder.create_new(&name, bytes)? {
            file.set_len(offset)
                .and_then(|()| file.sync_all())
                .map_err(cut)?;
            let digest = base64url::encode(&digest::sha256(bytes));
            return Ok(Torn {
                file: name,
                bytes: bytes.len() as u64,
                digest,
            });
        }
    }
    Err(cut(std::io::Error::other(
        "too many unfinished lines lie beside it",
    )))
}

#[cfg(test)]
mod tests;
