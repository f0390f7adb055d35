//! The file of the last checkpoint that enough witnesses cosigned.

use std::path::{Path, PathBuf};

use wardlet_audit::AuditError;
use wardlet_audit::checkpoint::Checkpoint;
use wardlet_audit::merkle::proof::{ProofError, consistency, verify_consistency};
use wardlet_audit::note::{MAX_NOTE_BYTES, Note, NoteError};
use wardlet_audit::proof::{LogHashes, ProveError, at_checkpoint};
use wardlet_audit::witness::{Policy, Unwitnessed};
use wardlet_keys::{KeyError, PrivateFolder, VerifyingKey};

/// The name of the file, beside `checkpoint` in the folder of a log. It is a signed note as that
/// one, with cosignatures.
pub const WITNESSED: &str = "witnessed";

/// A checkpoint that enough witnesses cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// What was cosigned.
    pub checkpoint: Checkpoint,
    /// When, in seconds since 1970: the earliest that one of the policy's witnesses says, so that
    /// one whose clock is ahead does not make it younger.
    pub time: u64,
}

/// Why the witnessed checkpoint of a log does not hold.
#[derive(Debug, thiserror::Error)]
pub enum WitnessedError {
    /// There is none.
    #[error("`{path}` is missing: no checkpoint of this log was witnessed")]
    Missing {
        /// Where it would be.
        path: PathBuf,
    },
    /// It cannot be read or written.
    #[error(transparent)]
    File(#[from] KeyError),
    /// It is no note.
    #[error("`{path}`: {source}")]
    Note {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: NoteError,
    },
    /// It does not fit the policy.
    #[error("`{path}`: {source}")]
    Unwitnessed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Unwitnessed,
    },
    /// The log cannot be read, or its checkpoint is not to be trusted.
    #[error(transparent)]
    Log(#[from] ProveError),
    /// The log has fewer entries than were witnessed.
    #[error("the log has {size} entries, and {witnessed} were witnessed: it was rolled back")]
    RolledBack {
        /// The entries of its checkpoint.
        size: u64,
        /// Those of the witnessed one.
        witnessed: u64,
    },
    /// The log has another history than the one that was witnessed.
    #[error("the log does not continue the {witnessed} entries that were witnessed: {why}")]
    Forked {
        /// The entries of the witnessed checkpoint.
        witnessed: u64,
        /// What is wrong.
        why: ProofError,
    },
}

impl From<AuditError> for WitnessedError {
    fn from(error: AuditError) -> Self {
        WitnessedError::Log(error.into())
    }
}

impl WitnessedError {
    /// What the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            WitnessedError::File(error) => error.hint(),
            WitnessedError::Missing { .. } => {
                Some("name the policy in the gateway's configuration, and let it run".to_owned())
            }
            WitnessedError::RolledBack { .. } | WitnessedError::Forked { .. } => Some(
                "keep the folder as it is: the witnessed checkpoint and the log's own together \
                 show that its history was changed"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

/// Checks the witnessed checkpoint of the log in `folder`: that one of `keys` or a log of the policy
/// signed it, that enough witnesses cosigned it, and that the published checkpoint continues it. The
/// entries themselves are for [`wardlet_audit::verify`].
///
/// # Errors
/// Any [`WitnessedError`].
pub fn verify_witnessed(
    folder: &Path,
    keys: &[VerifyingKey],
    policy: &Policy,
) -> Result<Witnessed, WitnessedError> {
    let missing = || WitnessedError::Missing {
        path: folder.join(WITNESSED),
    };
    let private = PrivateFolder::existing(folder)?.ok_or_else(missing)?;
    let (witnessed, _) = read(&private, keys, policy)?.ok_or_else(missing)?;
    at_checkpoint(folder, keys, |checkpoint, _| {
        continues(folder, &witnessed.checkpoint, checkpoint)
    })?;
    Ok(witnessed)
}

/// Reads the file and checks it; none where it is not there.
pub(crate) fn read(
    folder: &PrivateFolder,
    keys: &[VerifyingKey],
    policy: &Policy,
) -> Result<Option<(Witnessed, Note)>, WitnessedError> {
    let path = || folder.path().join(WITNESSED);
    let Some(bytes) = folder.read(WITNESSED, MAX_NOTE_BYTES)? else {
        return Ok(None);
    };
    let note = Note::parse(&bytes).map_err(|source| WitnessedError::Note {
        path: path(),
        source,
    })?;
    let witnessed = judge(&note, keys, policy).map_err(|source| WitnessedError::Unwitnessed {
        path: path(),
        source,
    })?;
    Ok(Some((witnessed, note)))
}

/// Checks a note against a policy.
pub(crate) fn judge(
    note: &Note,
    keys: &[VerifyingKey],
    policy: &Policy,
) -> Result<Witnessed, Unwitnessed> {
    let checkpoint = policy.check(note, keys)?;
    let times = policy.witnesses().iter();
    let times = times.flat_map(|witness| note.signed_by(&witness.key).unwrap_or_default());
    Ok(Witnessed {
        checkpoint,
        time: times.min().unwrap_or(0),
    })
}

/// Checks that the log in `folder`, whose checkpoint is `now`, continues an earlier one.
pub(crate) fn continues(
    folder: &Path,
    earlier: &Checkpoint,
    now: &Checkpoint,
) -> Result<(), WitnessedError> {
    let witnessed = earlier.size;
    if now.size < witnessed {
        return Err(WitnessedError::RolledBack {
            size: now.size,
            witnessed,
        });
    }
    let proof = consistency(&mut LogHashes::new(folder, now.size), witnessed, now.size)?;
    verify_consistency(
        witnessed,
        &earlier.root,
        now.size,
        &now.root,
        &proof.unwrap_or_default(),
    )
    .map_err(|why| WitnessedError::Forked { witnessed, why })
}
