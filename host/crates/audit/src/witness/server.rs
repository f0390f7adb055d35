//! A witness: which logs it knows, what it cosigned last, and what it answers to a request.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use wardlet_keys::digest::{hex, sha256};
use wardlet_keys::{
    CosignerKey, EntryKey, KeyError, PrivateFolder, VerifyingKey, WITNESS_KEY_FILE,
};

use super::cosignature::cosign;
use super::request::AddCheckpoint;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::clock::Clock;
use crate::lock;
use crate::merkle::Tree;
use crate::merkle::proof::verify_consistency;
use crate::note::{MAX_NOTE_BYTES, Note, NoteError};
use crate::verify::Head;

/// Held by the one process that may cosign.
const LOCK_FILE: &str = "witness.lock";

/// Why a witness cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// Its folder, its key or a record cannot be used, or a name cannot be that of a key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Another process cosigns with this key.
    #[error("`{path}` is in use by another witness")]
    InUse {
        /// The file that it has locked.
        path: PathBuf,
    },
    /// A record does not hold what this witness writes.
    #[error("`{path}` is not the record of this witness: {why}")]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

impl WitnessError {
    /// What the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            WitnessError::Key(error) => error.hint(),
            WitnessError::InUse { .. } => Some(
                "stop the other witness, or give this one a folder and a key of its own".to_owned(),
            ),
            WitnessError::Record { .. } => Some(
                "restore it from a backup; without it the witness would cosign a log that was \
                 written anew, so else begin a new witness with a new key"
                    .to_owned(),
            ),
        }
    }
}

/// What a witness has to say to a request. [`Verdict::status`] and [`Verdict::body`] are the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It cosigned.
    Cosigned {
        /// The log.
        origin: String,
        /// The entries of the checkpoint.
        size: u64,
        /// The line that was added to its record.
        line: String,
    },
    /// The request is none, or its sizes make no sense.
    Malformed {
        /// What is wrong.
        why: String,
    },
    /// It does not know the log.
    UnknownOrigin,
    /// No key of the log signed the checkpoint, or a signature does not fit.
    Untrusted {
        /// What is wrong.
        why: String,
    },
    /// The request begins at another size than it cosigned last.
    Stale {
        /// The entries that it cosigned last.
        size: u64,
        /// As in [`Verdict::Inconsistent`].
        evidence: Option<PathBuf>,
    },
    /// The checkpoint does not continue what it cosigned last.
    Inconsistent {
        /// The log.
        origin: String,
        /// What is wrong.
        why: String,
        /// Where the checkpoint is kept, if the log signed two of one size: nobody else can have
        /// made them, so the two together show that the log has two histories.
        evidence: Option<PathBuf>,
    },
    /// It could not write its record, or its clock is behind, and so it signs nothing.
    Unable {
        /// What is wrong.
        why: String,
    },
}

impl Verdict {
    /// The status of HTTP.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Verdict::Cosigned { .. } => 200,
            Verdict::Malformed { .. } => 400,
            Verdict::Untrusted { .. } => 403,
            Verdict::UnknownOrigin => 404,
            Verdict::Stale { .. } => 409,
            Verdict::Inconsistent { .. } => 422,
            Verdict::Unable { .. } => 503,
        }
    }

    /// The type of the body.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        match self {
            Verdict::Stale { .. } => "text/x.tlog.size",
            _ => "text/plain; charset=utf-8",
        }
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> String {
        match self {
            Verdict::Cosigned { line, .. } => line.clone(),
            Verdict::Stale { size, .. } => format!("{size}\n"),
            Verdict::UnknownOrigin => "this witness does not know the log\n".to_owned(),
            // The reason names files of this machine, which are nobody else's business.
            Verdict::Unable { .. } => "this witness cannot cosign now\n".to_owned(),
            Verdict::Malformed { why }
            | Verdict::Untrusted { why }
            | Verdict::Inconsistent { why, .. } => format!("{why}\n"),
        }
    }
}

/// What a witness keeps of a log: the checkpoint that it cosigned last.
#[derive(Debug)]
struct Kept {
    head: Head,
    time: u64,
    note: String,
}

/// A witness. Its methods may be called from many threads; one request is judged at a time.
pub struct Witness {
    folder: PrivateFolder,
    /// Locked for as long as the witness lives.
    _lock: File,
    name: String,
    key: EntryKey,
    clock: Box<dyn Clock>,
    logs: BTreeMap<String, Vec<VerifyingKey>>,
    kept: Mutex<BTreeMap<String, Kept>>,
}

impl Witness {
    /// Opens the witness `name` in `folder` (0700), or makes one with a new key. `logs` are the keys
    /// of the logs that it knows; the name of a key is the origin of its log, and several with one
    /// name are those of one log. What it knows of a log that is not among them stays, and counts
    /// again once the log is named again.
    ///
    /// A file in the folder holds the checkpoint of each log that it cosigned last. Whoever removes
    /// one makes the witness forget that log.
    ///
    /// # Errors
    /// Any [`WitnessError`].
    pub fn open(
        folder: &Path,
        name: &str,
        logs: impl IntoIterator<Item = VerifyingKey>,
        clock: Box<dyn Clock>,
    ) -> Result<Self, WitnessError> {
        let private = PrivateFolder::open(folder)?;
        let lock = lock::take(&private, LOCK_FILE)?.ok_or_else(|| WitnessError::InUse {
            path: folder.join(LOCK_FILE),
        })?;
        let key = EntryKey::open(folder, WITNESS_KEY_FILE)?;
        let public = key.cosigner_key(name)?;
        let mut by_origin: BTreeMap<String, Vec<VerifyingKey>> = BTreeMap::new();
        for key in logs {
            by_origin
                .entry(key.name().to_owned())
                .or_default()
                .push(key);
        }
        let mut kept = BTreeMap::new();
        for origin in by_origin.keys() {
            let file = record_file(origin);
            if let Some(bytes) = private.read(&file, MAX_NOTE_BYTES)? {
                let read = read_record(&bytes, origin, &public);
                let record = read.map_err(|why| WitnessError::Record {
                    path: folder.join(file),
                    why,
                })?;
                kept.insert(origin.clone(), record);
            }
        }
        Ok(Witness {
            folder: private,
            _lock: lock,
            name: name.to_owned(),
            key,
            clock,
            logs: by_origin,
            kept: Mutex::new(kept),
        })
    }

    /// The key that checks its cosignatures, for the policies of others.
    ///
    /// # Errors
    /// [`KeyError::Name`] never, since the name was taken when it was opened.
    pub fn cosigner_key(&self) -> Result<CosignerKey, KeyError> {
        self.key.cosigner_key(&self.name)
    }

    /// The checkpoint of a log that it cosigned last, with both signatures; none where it cosigned
    /// none.
    #[must_use]
    pub fn latest(&self, origin: &str) -> Option<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(origin).map(|kept| kept.note.clone())
    }

    /// The same by the hash of the origin, 64 small hexadecimal digits: what stands in the path
    /// `<hash>/checkpoint` below the address where monitors ask (tlog-witness, version 1.1).
    #[must_use]
    pub fn latest_of_hash(&self, origin_hash: &str) -> Option<String> {
        let is_meant = |origin: &&String| hex(&sha256(origin.as_bytes())) == origin_hash;
        self.latest(self.logs.keys().find(is_meant)?)
    }

    /// Judges the body of a request. What it cosigned is on disk before this returns.
    #[must_use]
    pub fn add_checkpoint(&self, body: &[u8]) -> Verdict {
        self.judge(body).unwrap_or_else(|verdict| verdict)
    }

    /// The checks in the order of the specification; each that fails is the verdict.
    fn judge(&self, body: &[u8]) -> Result<Verdict, Verdict> {
        let request = AddCheckpoint::parse(body).map_err(malformed)?;
        let named = Checkpoint::parse(request.checkpoint.text()).map_err(malformed)?;
        let keys = self.logs.get(&named.origin).ok_or(Verdict::UnknownOrigin)?;
        let checkpoint = Checkpoint::from_note(&request.checkpoint, keys).map_err(untrusted)?;
        if request.old > checkpoint.size {
            return Err(malformed("the old size is over that of the checkpoint"));
        }
        // Held from the comparison to the record, so that no two requests continue the same
        // checkpoint.
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get(&checkpoint.origin);
        let nothing = || Head {
            size: 0,
            root: Tree::new().root(),
        };
        let head = kept.map_or_else(nothing, |kept| kept.head);
        let forked = head.size == checkpoint.size && head.root != checkpoint.root;
        let evidence = if kept.is_some() && forked {
            self.keep_evidence(&checkpoint.origin, &request.checkpoint.only_by(keys))
        } else {
            None
        };
        if request.old != head.size {
            let size = head.size;
            return Err(Verdict::Stale { size, evidence });
        }
        verify_consistency(
            head.size,
            &head.root,
            checkpoint.size,
            &checkpoint.root,
            &request.proof,
        )
        .map_err(|why| Verdict::Inconsistent {
            origin: checkpoint.origin.clone(),
            why: why.to_string(),
            evidence,
        })?;
        let last = kept.map_or(0, |kept| kept.time);
        let (kept, line) = self.cosign(&request.checkpoint, &checkpoint, keys, last)?;
        let verdict = Verdict::Cosigned {
            origin: checkpoint.origin.clone(),
            size: checkpoint.size,
            line,
        };
        all.insert(checkpoint.origin, kept);
        Ok(verdict)
    }

    /// Cosigns a checkpoint that was found to continue the last one, which was cosigned at `last`,
    /// and writes the record. Gives what to keep, and the line of the cosignature.
    fn cosign(
        &self,
        note: &Note,
        checkpoint: &Checkpoint,
        keys: &[VerifyingKey],
        last: u64,
    ) -> Result<(Kept, String), Verdict> {
        let unable = |error: KeyError| Verdict::Unable {
            why: error.to_string(),
        };
        let time = self.clock.now_ms() / 1000;
        if time < last {
            let why = "the clock of this witness is behind its last cosignature".to_owned();
            return Err(Verdict::Unable { why });
        }
        let text = note.text();
        let signature = cosign(&self.key, &self.name, time, text).map_err(unable)?;
        let line = signature.to_string();
        // Only the signatures that were checked are kept: others could be anything.
        let mut cosigned = note.only_by(keys);
        cosigned.add(signature);
        let cosigned = cosigned.to_string();
        let file = record_file(&checkpoint.origin);
        // Before the answer: else a crash would forget what others hold a cosignature of.
        let written = self.folder.replace(&file, cosigned.as_bytes());
        written.map_err(unable)?;
        let head = Head {
            size: checkpoint.size,
            root: checkpoint.root,
        };
        let note = cosigned;
        Ok((Kept { head, time, note }, line))
    }

    /// Keeps the first checkpoint that the log signed beside the one of the same size that was
    /// cosigned; says where.
    fn keep_evidence(&self, origin: &str, note: &Note) -> Option<PathBuf> {
        let file = format!("{}.fork", hex(&sha256(origin.as_bytes())));
        // The refusal stands also where the disk is full.
        let written = self.folder.create_new(&file, note.to_string().as_bytes());
        written.ok().map(|_| self.folder.path().join(file))
    }
}

/// The file of what was cosigned last of a log. An origin may hold any character.
fn record_file(origin: &str) -> String {
    format!("{}.checkpoint", hex(&sha256(origin.as_bytes())))
}

fn read_record(bytes: &[u8], origin: &str, key: &CosignerKey) -> Result<Kept, String> {
    let read = || {
        let note = Note::parse(bytes)?;
        let times = note.signed_by(key)?;
        Ok((Checkpoint::parse(note.text())?, times, note))
    };
    let (checkpoint, times, note) = read().map_err(|error: CheckpointError| error.to_string())?;
    if checkpoint.origin != origin {
        return Err("it is that of another log".to_owned());
    }
    Ok(Kept {
        head: Head {
            size: checkpoint.size,
            root: checkpoint.root,
        },
        time: times.into_iter().max().unwrap_or(0),
        note: note.to_string(),
    })
}

fn malformed(why: impl ToString) -> Verdict {
    let why = why.to_string();
    Verdict::Malformed { why }
}

/// What it means that a checkpoint of a known log cannot be trusted.
fn untrusted(error: CheckpointError) -> Verdict {
    let why = error.to_string();
    match error {
        CheckpointError::Note(NoteError::Malformed { .. }) => Verdict::Malformed { why },
        CheckpointError::Note(_)
        | CheckpointError::Origin { .. }
        | CheckpointError::Malformed { .. } => Verdict::Untrusted { why },
    }
}

#[cfg(test)]
mod tests;
