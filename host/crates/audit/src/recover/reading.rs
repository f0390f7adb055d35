//! Reading a log's entries from the first that matters to the last.

use std::collections::BTreeSet;
use std::fs;
use std::io::BufReader;
use std::path::PathBuf;

use wardlet_keys::VerifyingKey;

use crate::error::{AuditError, Damage};
use crate::line::{self, Reference};
use crate::log::files::Store;
use crate::log::open_mark::OpenMark;
use crate::merkle::tiles::TileHashes;
use crate::merkle::{self, Tree, proof};
use crate::tree::bundles::{self, Bundle};
use crate::tree::frames::{Frames, Piece};
use crate::tree::levels::Levels;
use crate::tree::path::{self, BUNDLE_ENTRIES};
use crate::tree::tiles::FolderTiles;
use crate::verify::Head;

/// Where and how the entries of a bundle end before they should.
pub(crate) struct Bad {
    pub(crate) number: u64,
    pub(crate) index: u64,
    pub(crate) offset: u64,
    pub(crate) damage: Damage,
    /// It may be what a crash left; else it is damage.
    pub(crate) may_be_torn: bool,
}

impl Bad {
    /// It is no crash's.
    pub(crate) fn damaged(&self, path: PathBuf) -> AuditError {
        AuditError::Damaged {
            path,
            index: self.index,
            offset: self.offset,
            damage: self.damage.clone(),
        }
    }
}

/// What was read so far.
pub(super) struct Reading<'a> {
    store: &'a Store,
    pub(super) tree: Tree,
    checkpoint: Option<Head>,
    pub(super) pairs: Pairs,
    /// The last entry, its bundle and its place there.
    last: Option<(u64, u64, Vec<u8>)>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        store: &'a Store,
        tree: Tree,
        checkpoint: Option<Head>,
        mark: Option<OpenMark>,
    ) -> Self {
        Reading {
            store,
            tree,
            checkpoint,
            pairs: Pairs {
                open: BTreeSet::new(),
                mark,
            },
            last: None,
        }
    }

    /// Compares the published tiles with the checkpoint, where it lies within them. `levels` are their edge: a crash after
    /// bundles got their place and before the next checkpoint leaves no partial tiles for it.
    pub(super) fn compare_published(&self, levels: &Levels) -> Result<(), AuditError> {
        let size = self.tree.size();
        match self.checkpoint {
            Some(head) if head.size < size => {
                let folder = self.store.folder();
                let mut hashes = TileHashes::new(FolderTiles::new(folder, Some(levels)), size);
                let root = proof::root(&mut hashes, head.size);
                let root = root.map_err(|error| error.of_folder(folder))?;
                self.fits(head, root)
            }
            _ => self.compare(),
        }
    }

    /// Compares the tree with the checkpoint, where it is just as large.
    fn compare(&self) -> Result<(), AuditError> {
        match self.checkpoint {
            Some(head) if head.size == self.tree.size() => self.fits(head, self.tree.root()),
            _ => Ok(()),
        }
    }

    fn fits(&self, head: Head, root: merkle::Hash) -> Result<(), AuditError> {
        match head.root == root {
            true => Ok(()),
            false => Err(AuditError::NotItsCheckpoint { size: head.size }),
        }
    }

    fn bundle(&self, number: u64) -> Result<(PathBuf, Frames<BufReader<fs::File>>), AuditError> {
        let name = path::entries(number);
        let opened = bundles::open(self.store.folder(), number);
        match opened.map_err(self.store.failed("read", &name))? {
            Some(Bundle { path, file, .. }) => Ok((path, Frames::new(BufReader::new(file), 0))),
            None => Err(AuditError::Damaged {
                path: self.store.path(&name),
                index: number * BUNDLE_ENTRIES,
                offset: 0,
                damage: Damage::Missing,
            }),
        }
    }

    /// Reads a published bundle, and takes its entries into account from the index `from` on.
    pub(super) fn published(&mut self, number: u64, from: u64) -> Result<(), AuditError> {
        let (path, mut frames) = self.bundle(number)?;
        let first = number * BUNDLE_ENTRIES;
        for index in first..first + BUNDLE_ENTRIES {
            let piece = frames.next().map_err(|source| AuditError::Io {
                action: "read",
                path: path.clone(),
                source,
            })?;
            let offset = piece.as_ref().map_or(0, |(offset, _)| *offset);
            let read = match piece {
                Some((_, Piece::Entry(_))) if index < from => Ok(()),
                Some((_, Piece::Entry(entry))) => self.pairs.take(index, entry).map(|()| {
                    self.last = Some((number, offset, entry.to_vec()));
                }),
                Some((_, Piece::TooLong)) => Err(Damage::TooLong),
                Some((_, Piece::Unfinished(_))) => Err(Damage::Unfinished),
                None => Err(Damage::Missing),
            };
            read.map_err(|damage| AuditError::Damaged {
                path: path.clone(),
                index,
                offset,
                damage,
            })?;
        }
        Ok(())
    }

    /// Reads a pending bundle to its end, or to where it is not what was written.
    pub(super) fn pending(&mut self, number: u64) -> Result<Option<Bad>, AuditError> {
        let (path, mut frames) = self.bundle(number)?;
        loop {
            let index = self.tree.size();
            let piece = frames.next().map_err(|source| AuditError::Io {
                action: "read",
                path: path.clone(),
                source,
            })?;
            let Some((offset, piece)) = piece else { break };
            let bad = |damage, may_be_torn| Bad {
                number,
                index,
                offset,
                damage,
                may_be_torn,
            };
            if index >= (number + 1) * BUNDLE_ENTRIES {
                return Ok(Some(bad(Damage::Surplus, false)));
            }
            let entry = match piece {
                Piece::Entry(entry) => entry,
                Piece::Unfinished(_) => return Ok(Some(bad(Damage::Unfinished, true))),
                Piece::TooLong => return Ok(Some(bad(Damage::TooLong, true))),
            };
            if let Err(damage) = self.pairs.take(index, entry) {
                // What is JSON to its last byte was not torn: it may be of a newer build.
                let whole = serde_json::from_slice::<serde::de::IgnoredAny>(entry).is_ok();
                return Ok(Some(bad(damage, !whole)));
            }
            let (_, _, kept) = self.last.get_or_insert_default();
            kept.clear();
            kept.extend_from_slice(entry);
            if let Some((n, at, _)) = &mut self.last {
                (*n, *at) = (number, offset);
            }
            self.tree.push(merkle::leaf(entry));
            self.compare()?;
        }
        // Shorter than a later bundle says: a crash may have kept that one and not this one's end.
        let index = self.tree.size();
        let short = index < (number + 1) * BUNDLE_ENTRIES;
        Ok(short.then(|| Bad {
            number,
            index,
            offset: frames.offset(),
            damage: Damage::Missing,
            may_be_torn: true,
        }))
    }

    /// Checks the last entry whole, which shows that the key at hand is the one that signed this
    /// log, and gives its time.
    pub(super) fn check_last(&self, key: &VerifyingKey) -> Result<u64, AuditError> {
        let size = self.tree.size();
        let Some((number, offset, entry)) = &self.last else {
            return Ok(0);
        };
        let checked = line::check(entry, key).map_err(|damage| {
            let names = [path::pending(*number), path::entries(*number)];
            let mut paths = names.iter().map(|name| self.store.path(name));
            AuditError::Damaged {
                path: paths.find(|path| path.exists()).unwrap_or_default(),
                index: size - 1,
                offset: *offset,
                damage,
            }
        })?;
        Ok(checked.time_ms)
    }
}

/// Decisions and their outcomes.
pub(super) struct Pairs {
    pub(super) open: BTreeSet<u64>,
    mark: Option<OpenMark>,
}

impl Pairs {
    /// Takes one entry into account.
    fn take(&mut self, index: u64, entry: &[u8]) -> Result<(), Damage> {
        let skeleton = line::skeleton(entry)?;
        if skeleton.index != index {
            return Err(Damage::Index);
        }
        match skeleton.reference {
            Reference::Opens => drop(self.open.insert(index)),
            Reference::Closes(decision) if self.open.remove(&decision) => {}
            Reference::Closes(decision) if self.was_closed(decision, index) => {}
            Reference::Closes(_) => return Err(Damage::Outcome),
            Reference::Neither => {}
        }
        Ok(())
    }

    /// Whether the mark says that a decision, which was not read, had its outcome when the log had
    /// come to `index`.
    fn was_closed(&self, decision: u64, index: u64) -> bool {
        let mark = self.mark;
        mark.is_some_and(|mark| decision < mark.lowest && index < mark.size)
    }
}
