//! What a crash left unfinished: telling it from damage, saving it and cutting it off.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};

use wardlet_keys::{base64url, digest};

use super::reading::Bad;
use crate::error::AuditError;
use crate::line;
use crate::log::files::{Keep, Store};
use crate::tree::bundles::present;
use crate::tree::path;

/// The most that is set aside. A power cut may leave many entries that never reached the disk whole,
/// or a file that grew before its bytes did.
pub(crate) const MAX_TORN_BYTES: u64 = 16 * 1024 * 1024;

/// So many unfinished ends are kept beside one log before it is refused: each is a crash.
const MAX_TORN_FILES: u32 = 10_000;

/// What every entry begins with.
const BEGINNING: &[u8] = b"{\"body\":";

/// Zeros that never stand together in whole entries, which are text with a length of two bytes
/// before it. A file system shows a page that did not reach the disk as zeros.
const HOLE: [u8; 3] = [0; 3];

/// An unfinished end that was saved and cut off.
pub(crate) struct Torn {
    pub(crate) file: String,
    pub(crate) bytes: u64,
    /// The base64url of its SHA-256.
    pub(crate) digest: String,
}

/// Saves what stands from the bad place on, up to the bundle `last`, and cuts it off; none where
/// nothing stands there. `kept` entries were on disk whole: a checkpoint or the mark says so.
pub(super) fn set_aside(
    store: &Store,
    bad: &Bad,
    last: u64,
    kept: u64,
) -> Result<Option<Torn>, AuditError> {
    let name = path::pending(bad.number);
    let damaged = || bad.damaged(store.path(&name));
    if !bad.may_be_torn || bad.index < kept {
        return Err(damaged());
    }
    let read = store.failed("read", &name);
    let mut bytes = rest(store, &name, bad.offset).map_err(&read)?;
    if holds_an_entry(&bytes) && !bytes.windows(HOLE.len()).any(|window| window == HOLE) {
        return Err(damaged());
    }
    // A bundle is put on disk before a later one: nobody was told that those are.
    for number in bad.number + 1..=last {
        bytes.extend(rest(store, &path::pending(number), 0).map_err(&read)?);
    }
    if bytes.len() as u64 > MAX_TORN_BYTES {
        return Err(damaged());
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    let failed = store.failed("cut", &name);
    let torn = save(store, &bytes).map_err(&failed)?;
    cut(store, bad, last).map_err(&failed)?;
    Ok(Some(torn))
}

/// The bytes of a bundle from `offset` on, up to one more than may be set aside.
fn rest(store: &Store, name: &str, offset: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut file) = present(File::open(store.path(name)))? {
        file.seek(SeekFrom::Start(offset))?;
        file.take(MAX_TORN_BYTES + 1).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Whether an entry stands anywhere in there whole, which no crash leaves behind a torn one.
pub(crate) fn holds_an_entry(bytes: &[u8]) -> bool {
    let mut windows = bytes.windows(BEGINNING.len()).enumerate();
    windows.any(|(at, window)| {
        window == BEGINNING && bytes.get(at..).is_some_and(line::begins_with_an_entry)
    })
}

/// Saves the bytes under the next name that is free.
fn save(store: &Store, bytes: &[u8]) -> io::Result<Torn> {
    for number in 0..MAX_TORN_FILES {
        let file = format!("{}/{number}", path::TORN);
        if !fs::exists(store.path(&file))? {
            store.replace(&file, bytes, Keep::Durable)?;
            return Ok(Torn {
                file,
                bytes: bytes.len() as u64,
                digest: base64url::encode(&digest::sha256(bytes)),
            });
        }
    }
    Err(io::Error::other("too many unfinished ends lie beside it"))
}

/// Cuts off what was saved. A crash before this leaves it in both places, and the next start saves
/// it once more. The later bundles go first, so that none of them ever follows one that is short.
fn cut(store: &Store, bad: &Bad, last: u64) -> io::Result<()> {
    for number in (bad.number + 1..=last).rev() {
        store.remove(&path::pending(number))?;
    }
    store.files.sync_folder(&store.path(path::PENDING))?;
    let file = store.append(&path::pending(bad.number))?;
    store.files.cut(&file, bad.offset)?;
    store.files.sync(&file)
}
