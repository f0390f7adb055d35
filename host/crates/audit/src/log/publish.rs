//! Publishing: from pending bundles to tiles and a signed checkpoint.
//!
//! The steps of a turn stand in the order in which they must reach the disk. After a crash between
//! any two of them, opening the log makes the next turn begin anew from the full bundles that
//! stand in `tile/entries`, which nothing but a turn that went well puts there.

use std::collections::{BTreeSet, VecDeque};
use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};

use rustix::fs::Advice;

use super::files::{Keep, Store};
use super::open_mark::OpenMark;
use super::writer::Writer;
use crate::error::AuditError;
use crate::line::Seal;
use crate::merkle::tiles::TileHashes;
use crate::merkle::{self, proof};
use crate::signer::CheckpointSigner;
use crate::tree::bundles::{self, Bundle};
use crate::tree::frames::{Frames, Piece};
use crate::tree::levels::Levels;
use crate::tree::path::{self, BUNDLE_ENTRIES};
use crate::tree::tiles::{self, FolderTiles};

/// A page of memory: no more of a bundle is read from the disk anew than the pages that are full,
/// since a writer would wait for the last one.
const PAGE_BYTES: u64 = 4096;

/// How many checkpoints' partial tiles are kept: those of the one before too, for whoever has just
/// read it.
const KEPT_CHECKPOINTS: usize = 2;

/// Publishes one log.
pub(super) struct Publisher {
    store: Store,
    signer: Option<Box<dyn CheckpointSigner>>,
    /// The edge of the tree over what was read back.
    levels: Levels,
    /// Bytes of the last bundle that were read back.
    offset: u64,
    /// The full bundles that stand in `tile/entries`.
    full: u64,
    /// The size of what was published last; none before the first turn, which makes the partial
    /// tiles again that a power cut may have taken.
    published: Option<u64>,
    /// The partial tiles of the last checkpoints.
    partials: VecDeque<Vec<String>>,
}

impl Publisher {
    /// Goes on after `levels`, the edge of the full bundles that stand in `tile/entries`.
    pub(super) fn new(
        store: Store,
        levels: Levels,
        signer: Option<Box<dyn CheckpointSigner>>,
    ) -> Self {
        Publisher {
            store,
            signer,
            full: levels.size() / BUNDLE_ENTRIES,
            levels,
            offset: 0,
            published: None,
            partials: VecDeque::new(),
        }
    }

    /// The size of what was published last.
    pub(super) fn published(&self) -> Option<u64> {
        self.published
    }

    /// Publishes all that was written so far, unless it is published already.
    ///
    /// # Errors
    /// [`AuditError::ReadBack`] poisons the log. After any other error the next turn tries again,
    /// with files of its own.
    pub(super) fn turn(&mut self, writer: &Writer, seal: &Seal) -> Result<(), AuditError> {
        let snapshot = writer.snapshot()?;
        let size = snapshot.tree.size();
        if self.published == Some(size) {
            return Ok(());
        }
        // 1. The entries. A crash after this leaves them pending, and recovery finds them whole.
        if let Some(last) = size.checked_sub(1) {
            writer.sync(last)?;
        }
        // 2. The tiles that became full, on every level. A crash leaves some without their bundle
        // in `tile/entries`; they are written again.
        let mut tiles = BTreeSet::new();
        let (levels, offset) = self.read_back(size, &mut tiles)?;
        if levels.root() != snapshot.tree.root() {
            writer.poison();
            let (from, to) = (self.levels.size(), size);
            return Err(AuditError::ReadBack { from, to });
        }
        for tile in &tiles {
            let synced = self.store.sync_parent(tile);
            synced.map_err(self.store.failed("write", tile))?;
        }
        // 3. The full bundles.
        self.link(size / BUNDLE_ENTRIES)?;
        (self.levels, self.offset) = (levels, offset);
        // The mark is good from its size on, whatever happens after it. A power cut may leave an
        // older one or none, and the next start reads more.
        let mark = OpenMark {
            size,
            lowest: snapshot.lowest_open,
        };
        self.write(path::OPEN, &mark.signed(seal), Keep::Derived)?;
        // 4. The signature. A crash leaves a signer that has signed more than is published: it will
        // sign any continuation, and the log is one, since the entries are on disk.
        if let Some(note) = self.sign()? {
            // 5. The tiles and the bundle that are not full, and only then the checkpoint that needs
            // them. A crash leaves some that no checkpoint needs, and the next turn takes them away.
            let partials = self.write_partials()?;
            self.write(path::CHECKPOINT, &note, Keep::Durable)?;
            self.sweep(partials);
        }
        self.published = Some(size);
        Ok(())
    }

    /// Reads from the disk what was written since the last turn, and grows the tree from that. The
    /// names of the tiles that it writes are not on disk yet; `last` gets one of each folder.
    fn read_back(
        &self,
        size: u64,
        last: &mut BTreeSet<String>,
    ) -> Result<(Levels, u64), AuditError> {
        let mut levels = self.levels.clone();
        let mut offset = self.offset;
        while levels.size() < size {
            let number = levels.size() / BUNDLE_ENTRIES;
            let end = size.min((number + 1) * BUNDLE_ENTRIES);
            let name = path::pending(number);
            let failed = self.store.failed("read back", &name);
            let opened = bundles::open(self.store.folder(), number).map_err(&failed)?;
            let Bundle { file, .. } =
                opened.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
            let mut frames = from_disk(file, offset).map_err(&failed)?;
            while levels.size() < end {
                let Some((_, Piece::Entry(entry))) = frames.next().map_err(&failed)? else {
                    // The hashes will not fit, which says it better.
                    return Ok((levels, offset));
                };
                levels.push(merkle::leaf(entry), |level, n, hashes| {
                    let name = path::tile(level, n);
                    let bytes = tiles::bytes(hashes);
                    let written = self.store.replace(&name, &bytes, Keep::Bytes);
                    written.map_err(self.store.failed("write", &name))?;
                    last.retain(|other| path::parent(other) != path::parent(&name));
                    last.insert(name);
                    Ok::<(), AuditError>(())
                })?;
            }
            offset = if end.is_multiple_of(BUNDLE_ENTRIES) {
                0
            } else {
                frames.offset()
            };
        }
        Ok((levels, offset))
    }

    /// Gives full bundles their place in `tile/entries`: a second name, which is on disk before the
    /// first one is taken away. A crash between leaves both names, and recovery takes the first one
    /// away.
    fn link(&mut self, full: u64) -> Result<(), AuditError> {
        if full == self.full {
            return Ok(());
        }
        let mut last_parent = String::new();
        for number in self.full..full {
            let (from, to) = (path::pending(number), path::entries(number));
            let failed = self.store.failed("write", &to);
            let parent = path::parent(&to).to_owned();
            if parent != last_parent {
                if !last_parent.is_empty() {
                    let synced = self.store.files.sync_folder(&self.store.path(&last_parent));
                    synced.map_err(&failed)?;
                }
                self.store.ensure(&parent).map_err(&failed)?;
                last_parent = parent;
            }
            let (from, to) = (self.store.path(&from), self.store.path(&to));
            match self.store.files.link(&from, &to) {
                // A turn that failed after this left it.
                Err(_) if bundles::is_linked(&from, &to).map_err(&failed)? => {}
                result => result.map_err(&failed)?,
            }
        }
        let last = path::entries(full - 1);
        self.store
            .sync_parent(&last)
            .map_err(self.store.failed("write", &last))?;
        for number in self.full..full {
            let name = path::pending(number);
            self.store
                .remove(&name)
                .map_err(self.store.failed("remove", &name))?;
        }
        self.full = full;
        Ok(())
    }

    /// Writes the tiles and the bundle that are not full, and gives their names.
    fn write_partials(&self) -> Result<Vec<String>, AuditError> {
        let mut names = Vec::new();
        for (level, n, hashes) in self.levels.partial() {
            let name = path::partial(&path::tile(level, n), hashes.len());
            self.write_partial(&name, || Ok(tiles::bytes(hashes)))?;
            names.push(name);
        }
        let (number, width) = (
            self.levels.size() / BUNDLE_ENTRIES,
            (self.levels.size() % BUNDLE_ENTRIES) as usize,
        );
        if width > 0 {
            let name = path::partial(&path::entries(number), width);
            self.write_partial(&name, || {
                let file = File::open(self.store.path(&path::pending(number)))?;
                let mut bytes = Vec::new();
                file.take(self.offset).read_to_end(&mut bytes)?;
                Ok(bytes)
            })?;
            names.push(name);
        }
        Ok(names)
    }

    fn write_partial(
        &self,
        name: &str,
        bytes: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> Result<(), AuditError> {
        // Those of higher levels stay the same for long.
        if self.partials.iter().flatten().any(|kept| kept == name) {
            return Ok(());
        }
        let written = bytes().and_then(|bytes| self.store.replace(name, &bytes, Keep::Derived));
        written.map_err(self.store.failed("write", name))
    }

    /// The signed checkpoint; none without a signer, or for a log without entries.
    fn sign(&mut self) -> Result<Option<String>, AuditError> {
        let (size, root) = (self.levels.size(), self.levels.root());
        let Some(signer) = &mut self.signer else {
            return Ok(None);
        };
        if size == 0 {
            return Ok(None);
        }
        let from = signer.last()?.map_or(0, |head| head.size).min(size);
        let folder = self.store.folder();
        let mut hashes = TileHashes::new(FolderTiles::new(folder, Some(&self.levels)), size);
        let consistency = proof::consistency(&mut hashes, from, size);
        let consistency = consistency.map_err(|error| error.of_folder(folder))?;
        let consistency = consistency.unwrap_or_default();
        Ok(Some(signer.sign(size, &root, &consistency)?))
    }

    fn write(&self, name: &str, text: &str, keep: Keep) -> Result<(), AuditError> {
        let written = self.store.replace(name, text.as_bytes(), keep);
        written.map_err(self.store.failed("write", name))
    }

    /// Takes away the partial tiles that only older checkpoints need. What cannot be taken away
    /// takes room and does no harm.
    fn sweep(&mut self, newest: Vec<String>) {
        if self.partials.is_empty() {
            self.sweep_leftovers(&newest);
        }
        self.partials.push_back(newest);
        while self.partials.len() > KEPT_CHECKPOINTS {
            for old in self.partials.pop_front().unwrap_or_default() {
                if !self.partials.iter().flatten().any(|kept| *kept == old) {
                    self.take_away(&old);
                }
            }
        }
    }

    /// Takes away what an earlier process left beside the newest partial tiles: only where those
    /// stand, and in the tiles before them, can there be any.
    fn sweep_leftovers(&self, newest: &[String]) {
        let size = self.levels.size();
        let mut fulls = Vec::new();
        let mut level = 0;
        let mut count = size / BUNDLE_ENTRIES;
        loop {
            for n in count.saturating_sub(1)..=count {
                fulls.push(path::tile(level, n));
                if level == 0 {
                    fulls.push(path::entries(n));
                }
            }
            if count == 0 {
                break;
            }
            level += 1;
            count /= BUNDLE_ENTRIES;
        }
        for full in fulls {
            let folder = format!("{full}.p");
            for name in bundles::names(&self.store.path(&folder)).unwrap_or_default() {
                let name = format!("{folder}/{name}");
                if !newest.contains(&name) {
                    self.take_away(&name);
                }
            }
        }
    }

    fn take_away(&self, name: &str) {
        let removed = self.store.remove(name);
        if let (Ok(()), Some((folder, _))) = (removed, name.rsplit_once('/')) {
            // Only once it is empty, which is none of our business before.
            drop(std::fs::remove_dir(self.store.path(folder)));
        }
    }
}

/// The entries of a bundle from `offset` on, as they stand on the disk: full pages that the system
/// still holds in memory are let go first, so that a bit that flipped between memory and disk is
/// found before it is signed.
fn from_disk(mut file: File, offset: u64) -> io::Result<Frames<BufReader<File>>> {
    let whole = file.metadata()?.len() / PAGE_BYTES * PAGE_BYTES;
    let start = offset / PAGE_BYTES * PAGE_BYTES;
    if let Some(length) = std::num::NonZeroU64::new(whole.saturating_sub(start)) {
        rustix::fs::fadvise(&file, start, Some(length), Advice::DontNeed)?;
    }
    file.seek(SeekFrom::Start(offset))?;
    Ok(Frames::new(BufReader::new(file), offset))
}
