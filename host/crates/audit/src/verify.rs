//! Checking a log with nothing but its public keys.

mod extent;
mod range;
mod read;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use wardlet_keys::VerifyingKey;

use self::extent::Extent;
pub use self::range::{RangeReport, verify_range};
use self::tree::{Published, TreeCheck};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::error::Damage;
use crate::line::{Checked, Reference};
use crate::merkle;

/// Clocks are set back a little by time servers; more than this, in milliseconds, is worth a look.
pub const STEP_BACK_MS: u64 = 5_000;

/// The size of a log and its Merkle root (RFC 6962). Kept elsewhere it finds a cut tail later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of entries.
    pub size: u64,
    /// The root over them.
    pub root: merkle::Hash,
}

impl From<&Checkpoint> for Head {
    fn from(checkpoint: &Checkpoint) -> Self {
        Head {
            size: checkpoint.size,
            root: checkpoint.root,
        }
    }
}

/// How far a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Entries checked so far.
    pub entries: u64,
    /// Bytes read so far.
    pub bytes: u64,
    /// The size of all bundles when the check began.
    pub total_bytes: u64,
}

/// What to check beside the log itself.
#[derive(Default)]
pub struct Options<'a> {
    /// A head from earlier, which the log must still begin with.
    pub against: Option<Head>,
    /// The keys of the log's checkpoints, each of which may sign. Without any, the checkpoint's
    /// signature is not checked, which the report says.
    pub checkpoint_keys: &'a [VerifyingKey],
    /// Told after each bundle how far the check has come.
    pub progress: Option<&'a mut dyn FnMut(Progress)>,
}

/// What a log without damage holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its size and root.
    pub head: Head,
    /// The published checkpoint, which fits; none before the first one.
    pub checkpoint: Option<Head>,
    /// Whether its signature was checked too.
    pub checkpoint_signed: bool,
    /// Entries of each kind.
    pub kinds: BTreeMap<String, u64>,
    /// Decisions of each effect.
    pub effects: BTreeMap<String, u64>,
    /// Allowed calls without an outcome: under way while a gateway runs, or left by a crash until
    /// the next start.
    pub open: Vec<u64>,
    /// Bytes after the last whole entry: a write under way, or one that a crash left.
    pub unfinished_bytes: u64,
    /// The furthest that the clock went back from one entry to the next, where it is over five
    /// seconds.
    pub step_back: Option<StepBack>,
}

/// A clock that went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepBack {
    /// The first entry with the earlier time.
    pub index: u64,
    /// By how many milliseconds.
    pub by_ms: u64,
}

/// Why a log does not verify.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It cannot be read, which says nothing about what it holds.
    #[error("cannot read `{path}`: {source}")]
    Unreadable {
        /// The log.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// An entry is not what was written. It is the first such entry.
    #[error("entry {index}, at byte {offset} of `{path}`: {damage}")]
    Broken {
        /// Its bundle.
        path: PathBuf,
        /// The position of the entry, from 0.
        index: u64,
        /// Where in the bundle it begins.
        offset: u64,
        /// What is wrong.
        damage: Damage,
    },
    /// The log is shorter than it once was: its tail was cut off.
    #[error("the log has {size} entries, and once had {expected}")]
    Cut {
        /// The entries found.
        size: u64,
        /// The entries of the earlier head.
        expected: u64,
    },
    /// A published tile, or a bundle that was published before it was full, is not what the entries
    /// make it.
    #[error("`{path}` {what} (entry {index} and those after it)")]
    Tile {
        /// The tile.
        path: PathBuf,
        /// The first entry that it does not fit.
        index: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The checkpoint is none, or nobody that is trusted signed it.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint is of other entries.
    #[error("the first {size} entries are not those of the checkpoint")]
    NotItsCheckpoint {
        /// The size of the checkpoint.
        size: u64,
    },
    /// The log begins with other entries than it once did.
    #[error("the first {size} entries are not those of the earlier head")]
    Forked {
        /// The size of the earlier head.
        size: u64,
    },
}

impl VerifyError {
    /// Whether the log was read and found broken, as opposed to not read.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        !matches!(self, VerifyError::Unreadable { .. })
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            VerifyError::Broken {
                damage: Damage::Origin | Damage::Signature,
                index: 0,
                ..
            } => Some("check that the key is the one of this log".to_owned()),
            VerifyError::Unreadable { .. } => None,
            VerifyError::Tile { path, .. } if is_partial(path) => Some(
                "a power cut may leave this: a gateway that starts on the log makes partial tiles \
                 again; if it is still so after that, keep the folder as evidence"
                    .to_owned(),
            ),
            _ => Some(
                "keep the log and its folder as evidence; do not start a gateway on it".to_owned(),
            ),
        }
    }
}

/// Whether a file is a tile or bundle that was not full.
fn is_partial(path: &Path) -> bool {
    let folder = path.parent().and_then(Path::extension);
    folder.is_some_and(|extension| extension == "p")
}

/// Checks the log in `folder` from its first entry to its last, in memory that does not grow with
/// it: each entry's form, index, origin, time and signature, that each outcome belongs to exactly
/// one earlier allowance, each published tile, the checkpoint, and that the log still begins as
/// [`Options::against`] says. The name of `key` is the origin. A gateway may go on writing meanwhile;
/// what it writes after this began is not looked at. Signatures are checked on all cores.
///
/// A log whose tail was cut off at the end of an entry, with its checkpoint and tiles, verifies by
/// itself; only an earlier head finds that.
///
/// # Errors
/// [`VerifyError::Unreadable`]; the others say that the log is broken.
pub fn verify(
    folder: &Path,
    key: &VerifyingKey,
    mut options: Options<'_>,
) -> Result<Report, VerifyError> {
    // In this order: the log never has less than its checkpoint says.
    let checkpoint = Published::read(folder, key, options.checkpoint_keys)?;
    let extent = Extent::of(folder, options.progress.is_some())?;
    let mut check = Check::new(options.against);
    let mut tree = TreeCheck::new(folder, checkpoint);
    check.compare(&tree)?;
    tree.compare()?;
    read::each_bundle(folder, key, extent.size, |batch| {
        for (offset, read) in batch.entries {
            let index = tree.size();
            let broken = |damage| VerifyError::Broken {
                path: batch.path.clone(),
                index,
                offset,
                damage,
            };
            let (entry, leaf) = read.map_err(broken)?;
            check.take(index, entry).map_err(broken)?;
            tree.push(leaf, batch.place)?;
            check.compare(&tree)?;
            tree.compare()?;
        }
        check.bytes += batch.bytes;
        if let Some(progress) = &mut options.progress {
            progress(Progress {
                entries: tree.size(),
                bytes: check.bytes,
                total_bytes: extent.total_bytes,
            });
        }
        Ok(())
    })?;
    check.report.unfinished_bytes = extent.unfinished_bytes;
    check.finish(&tree)
}

/// What is known after some entries.
struct Check {
    against: Option<Head>,
    open: BTreeSet<u64>,
    latest_ms: u64,
    bytes: u64,
    report: Report,
}

impl Check {
    fn new(against: Option<Head>) -> Self {
        let report = Report {
            head: Head {
                size: 0,
                root: [0; 32],
            },
            checkpoint: None,
            checkpoint_signed: false,
            kinds: BTreeMap::new(),
            effects: BTreeMap::new(),
            open: Vec::new(),
            unfinished_bytes: 0,
            step_back: None,
        };
        Check {
            against,
            open: BTreeSet::new(),
            latest_ms: 0,
            bytes: 0,
            report,
        }
    }

    /// Takes in the next entry, which is right by itself.
    fn take(&mut self, index: u64, entry: Checked) -> Result<(), Damage> {
        if entry.skeleton.index != index {
            return Err(Damage::Index);
        }
        match entry.skeleton.reference {
            Reference::Opens => drop(self.open.insert(index)),
            Reference::Closes(decision) if self.open.remove(&decision) => {}
            Reference::Closes(_) => return Err(Damage::Outcome),
            Reference::Neither => {}
        }
        let by_ms = self.latest_ms.saturating_sub(entry.time_ms);
        if by_ms
            > self
                .report
                .step_back
                .map_or(STEP_BACK_MS, |furthest| furthest.by_ms)
        {
            self.report.step_back = Some(StepBack { index, by_ms });
        }
        self.latest_ms = entry.time_ms;
        *self.report.kinds.entry(entry.kind).or_default() += 1;
        if let Some(effect) = entry.effect {
            *self.report.effects.entry(effect).or_default() += 1;
        }
        Ok(())
    }

    /// Compares with the earlier head, where the log is just as long.
    fn compare(&self, tree: &TreeCheck<'_>) -> Result<(), VerifyError> {
        match self.against {
            Some(head) if head.size == tree.size() && head != tree.head() => {
                Err(VerifyError::Forked { size: head.size })
            }
            _ => Ok(()),
        }
    }

    fn finish(self, tree: &TreeCheck<'_>) -> Result<Report, VerifyError> {
        let head = tree.head();
        let published = tree.published();
        let expected = [self.against, published.map(|published| published.head)];
        let expected = expected.iter().flatten().map(|head| head.size).max();
        match expected {
            Some(expected) if expected > head.size => Err(VerifyError::Cut {
                size: head.size,
                expected,
            }),
            _ => Ok(Report {
                head,
                checkpoint: published.map(|published| published.head),
                checkpoint_signed: published.is_some_and(|published| published.signed),
                open: self.open.into_iter().collect(),
                ..self.report
            }),
        }
    }
}

#[cfg(test)]
mod tests;
