//! Checking a log with nothing but its public key.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use wardlet_keys::VerifyingKey;

use crate::error::Damage;
use crate::line::{self, Checked, ENTRIES_FILE, Reference};
use crate::lines::{Lines, Piece};
use crate::merkle::{self, Tree};

/// Clocks are set back a little by time servers; more than this is worth a look.
const STEP_BACK_MS: u64 = 5_000;

/// Progress is told after so many entries, some tens of milliseconds of work.
const PROGRESS_ENTRIES: u64 = 512;

/// The size of a log and its Merkle root (RFC 6962). Kept elsewhere it finds a cut tail later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of entries.
    pub size: u64,
    /// The root over them.
    pub root: merkle::Hash,
}

/// How far a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Entries checked so far.
    pub entries: u64,
    /// Bytes read so far.
    pub bytes: u64,
    /// The size of the file when the check began.
    pub total_bytes: u64,
}

/// What to check beside the log itself.
#[derive(Default)]
pub struct Options<'a> {
    /// A head from earlier, which the log must still begin with.
    pub against: Option<Head>,
    /// Told now and then how far the check has come.
    pub progress: Option<&'a mut dyn FnMut(Progress)>,
}

/// What a log without damage holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its size and root.
    pub head: Head,
    /// Entries of each kind.
    pub kinds: BTreeMap<String, u64>,
    /// Decisions of each effect.
    pub effects: BTreeMap<String, u64>,
    /// Allowed calls without an outcome: under way while a gateway runs, or left by a crash until
    /// the next start.
    pub open: Vec<u64>,
    /// Bytes after the last line break: a write under way, or one that a crash left.
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
    #[error("entry {index}, at byte {offset}: {damage}")]
    Broken {
        /// The position of the entry, from 0.
        index: u64,
        /// Where its line begins.
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
            _ => Some(
                "keep the log and its folder as evidence; do not start a gateway on it".to_owned(),
            ),
        }
    }
}

/// Checks the log in `folder` from its first byte to its last, in memory that does not grow with
/// it: each line's form, index, origin, time and signature, that each outcome belongs to exactly
/// one earlier allowance, and that the log still begins as [`Options::against`] says. The name of
/// `key` is the origin. A gateway may go on writing meanwhile.
///
/// A log whose tail was cut off at the end of a line verifies by itself; only an earlier head
/// finds that.
///
/// # Errors
/// [`VerifyError::Unreadable`]; the others say that the log is broken.
pub fn verify(
    folder: &Path,
    key: &VerifyingKey,
    options: Options<'_>,
) -> Result<Report, VerifyError> {
    let path = folder.join(ENTRIES_FILE);
    let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
    match opened {
        Ok((total_bytes, file)) => {
            verify_from(BufReader::new(file), total_bytes, &path, key, options)
        }
        Err(source) => Err(VerifyError::Unreadable { path, source }),
    }
}

/// Checks a log that is read from `reader`; `path` is for messages.
fn verify_from(
    reader: impl BufRead,
    total_bytes: u64,
    path: &Path,
    key: &VerifyingKey,
    mut options: Options<'_>,
) -> Result<Report, VerifyError> {
    let unreadable = |source| VerifyError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut lines = Lines::new(reader);
    let mut check = Check::new(options.against);
    check.compare()?;
    while let Some((offset, piece)) = lines.next().map_err(unreadable)? {
        let index = check.tree.size();
        let broken = |damage| VerifyError::Broken {
            index,
            offset,
            damage,
        };
        let bytes = match piece {
            Piece::Line(bytes) => bytes,
            Piece::Unfinished(bytes) => {
                check.report.unfinished_bytes = bytes.len() as u64;
                break;
            }
            Piece::TooLong => return Err(broken(Damage::TooLong)),
        };
        line::check(bytes, key)
            .and_then(|entry| check.take(entry))
            .map_err(broken)?;
        check.tree.push(merkle::leaf(bytes));
        check.compare()?;
        if let Some(progress) = &mut options.progress
            && check.tree.size().is_multiple_of(PROGRESS_ENTRIES)
        {
            let bytes = offset + bytes.len() as u64 + 1;
            progress(Progress {
                entries: check.tree.size(),
                bytes,
                total_bytes,
            });
        }
    }
    check.finish()
}

/// What is known after some entries.
struct Check {
    against: Option<Head>,
    tree: Tree,
    open: BTreeSet<u64>,
    latest_ms: u64,
    report: Report,
}

impl Check {
    fn new(against: Option<Head>) -> Self {
        let tree = Tree::new();
        let report = Report {
            head: Head {
                size: 0,
                root: tree.root(),
            },
            kinds: BTreeMap::new(),
            effects: BTreeMap::new(),
            open: Vec::new(),
            unfinished_bytes: 0,
            step_back: None,
        };
        Check {
            against,
            tree,
            open: BTreeSet::new(),
            latest_ms: 0,
            report,
        }
    }

    /// Takes in the next entry, whose line is right by itself.
    fn take(&mut self, entry: Checked) -> Result<(), Damage> {
        let index = self.tree.size();
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
    fn compare(&self) -> Result<(), VerifyError> {
        match self.against {
            Some(head) if head.size == self.tree.size() && head.root != self.tree.root() => {
                Err(VerifyError::Forked { size: head.size })
            }
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<Report, VerifyError> {
        let size = self.tree.size();
        match self.against {
            Some(head) if head.size > size => Err(VerifyError::Cut {
                size,
                expected: head.size,
            }),
            _ => Ok(Report {
                head: Head {
                    size,
                    root: self.tree.root(),
                },
                open: self.open.into_iter().collect(),
                ..self.report
            }),
        }
    }
}

#[cfg(test)]
mod tests;
