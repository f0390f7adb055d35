//! Asking the witnesses of a policy to cosign a checkpoint.

use std::thread;

use super::ADD_CHECKPOINT;
use super::policy::{Policy, PolicyWitness};
use super::request::{AddCheckpoint, MAX_PROOF_LINES};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::merkle::Hash;
use crate::merkle::proof::{Hashes, consistency};
use crate::note::{MAX_SIGNATURES, Note, NoteError, NoteSignature};
use crate::text;

/// The longest answer that is looked at: the lines of 100 cosignatures are half of it.
pub const MAX_REPLY_BYTES: usize = 32 * 1024;

/// The longest part of a witness's own words that is passed on.
const MAX_WORDS: usize = 200;

/// Posts bytes to an address. What stands behind it gives up after some seconds, follows no
/// redirection to another host, and reads no more than [`MAX_REPLY_BYTES`].
pub trait Post: Sync {
    /// Posts `body` to `url`.
    ///
    /// # Errors
    /// What went wrong, where there was no answer.
    fn post(&self, url: &str, body: &[u8]) -> Result<Posted, String>;
}

/// The answer to a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The status of HTTP.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// How a witness answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WitnessStatus {
    /// It cosigned, at this time in seconds since 1970.
    Cosigned {
        /// The time.
        time: u64,
    },
    /// There was no answer, or one that says that the witness is not able to.
    Unreachable {
        /// What went wrong.
        why: String,
    },
    /// It refused.
    Refused {
        /// The status of HTTP: 403 where it does not know the key of the log, 404 where it does not
        /// know the log, 422 where the log does not continue what it cosigned.
        status: u16,
        /// The witness's own words, in printable characters.
        why: String,
    },
    /// It cosigned a longer log than this one: the log was rolled back, or has another writer.
    Ahead {
        /// The entries that it cosigned.
        size: u64,
    },
    /// Its answer is not what the protocol says, or its cosignature does not fit.
    Nonsense {
        /// What is wrong.
        why: String,
    },
}

impl WitnessStatus {
    /// Whether the witness says that the log has another history than it once had, so that somebody
    /// should look.
    #[must_use]
    pub fn is_alarm(&self) -> bool {
        matches!(
            self,
            WitnessStatus::Ahead { .. } | WitnessStatus::Refused { status: 422, .. }
        )
    }
}

/// How one witness stands after a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessReport {
    /// Its name within the policy.
    pub name: String,
    /// How it answered this time.
    pub status: WitnessStatus,
    /// The entries of the checkpoint that it cosigned last, as far as is known.
    pub cosigned: u64,
    /// How many entries of the log it has not cosigned.
    pub lag: u64,
    /// When it cosigned last, in seconds since 1970; none where it did not since the start.
    pub time: Option<u64>,
}

/// What came of asking all witnesses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// The checkpoint with the cosignatures that came.
    pub checkpoint: Note,
    /// Each witness of the policy, in its order.
    pub witnesses: Vec<WitnessReport>,
    /// Whether the policy takes these cosignatures for enough.
    pub is_met: bool,
}

/// Why no witness could be asked.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError<E> {
    /// The note is no checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The hashes for a proof cannot be read.
    #[error("the proof for a witness cannot be built: {0}")]
    Hashes(E),
}

/// What is known of a witness from one round to the next.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// The entries that it cosigned last. A witness that knows better says so.
    size: u64,
    time: Option<u64>,
}

/// The witnesses of a policy, and what each of them cosigned last. Nothing of it needs to outlive
/// the process: a witness tells what it knows.
pub struct Witnesses<P> {
    policy: Policy,
    post: P,
    known: Vec<Known>,
}

impl<P: Post> Witnesses<P> {
    /// The witnesses of `policy`, reached through `post`.
    pub fn new(policy: Policy, post: P) -> Self {
        let known = vec![Known::default(); policy.witnesses().len()];
        Witnesses {
            policy,
            post,
            known,
        }
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Asks all witnesses at once to cosign a checkpoint that the log signed. `hashes` are those of
    /// the log, for proofs from whatever a witness cosigned last. Takes as long as the slowest
    /// witness, twice where one has to be asked again.
    ///
    /// # Errors
    /// [`SubmitError`]; whatever a witness does is in the [`Round`].
    pub fn submit<H: Hashes>(
        &mut self,
        checkpoint: &Note,
        hashes: &mut H,
    ) -> Result<Round, SubmitError<H::Error>> {
        let size = Checkpoint::parse(checkpoint.text())?.size;
        let mut answers: Vec<Option<Answer>> = vec![None; self.known.len()];
        // The second time those are asked whose record is another than was thought.
        for is_last in [false, true] {
            let mut requests = Vec::new();
            for (at, known) in self.known.iter().enumerate() {
                if !matches!(answers.get(at), Some(None | Some(Answer::Stale(_)))) {
                    continue;
                }
                // A witness whose record is longer is asked all the same: it may have been set up
                // anew, and else it says that it is ahead.
                let old = known.size.min(size);
                let proof = consistency(hashes, old, size).map_err(SubmitError::Hashes)?;
                let proof = proof.unwrap_or_default();
                requests.push((at, request(old, proof, checkpoint)));
            }
            for (at, answer) in self.ask(&requests, checkpoint) {
                if let (Answer::Stale(found), Some(known)) = (&answer, self.known.get_mut(at)) {
                    known.size = *found;
                }
                let again = matches!(answer, Answer::Stale(found) if found <= size) && !is_last;
                if let Some(place) = answers.get_mut(at) {
                    *place = Some(match answer {
                        Answer::Stale(found) if !again => Answer::Status(stale(found, size)),
                        answer => answer,
                    });
                }
            }
        }
        Ok(self.round(checkpoint, size, answers))
    }

    /// Asks some witnesses at once.
    fn ask(
        &self,
        requests: &[(usize, Option<AddCheckpoint>)],
        checkpoint: &Note,
    ) -> Vec<(usize, Answer)> {
        thread::scope(|scope| {
            let asked: Vec<_> = requests
                .iter()
                .filter_map(|(at, request)| {
                    let witness = self.policy.witnesses().get(*at)?;
                    let asked = move || self.ask_one(witness, request.as_ref(), checkpoint);
                    Some((*at, thread::Builder::new().spawn_scoped(scope, asked)))
                })
                .collect();
            let broken = |why: &str| {
                let why = why.to_owned();
                Answer::Status(WitnessStatus::Unreachable { why })
            };
            asked
                .into_iter()
                .map(|(at, thread)| match thread {
                    Ok(thread) => {
                        let ended = thread.join();
                        (at, ended.unwrap_or_else(|_| broken("asking it panicked")))
                    }
                    Err(error) => (at, broken(&error.to_string())),
                })
                .collect()
        })
    }

    fn ask_one(
        &self,
        witness: &PolicyWitness,
        request: Option<&AddCheckpoint>,
        checkpoint: &Note,
    ) -> Answer {
        let unreachable = |why: &str| {
            let why = printable(why);
            Answer::Status(WitnessStatus::Unreachable { why })
        };
        let Some(url) = &witness.url else {
            return unreachable("the policy names no address for it");
        };
        let Some(request) = request else {
            return unreachable("the proof is longer than the protocol takes");
        };
        let url = format!("{}{ADD_CHECKPOINT}", url.trim_end_matches('/'));
        match self.post.post(&url, request.to_string().as_bytes()) {
            Ok(reply) if reply.body.len() > MAX_REPLY_BYTES => nonsense("its answer is too long"),
            Ok(reply) => read(&reply, witness, request.old, checkpoint),
            Err(why) => unreachable(&why),
        }
    }

    /// Takes in what the witnesses answered.
    fn round(&mut self, checkpoint: &Note, size: u64, answers: Vec<Option<Answer>>) -> Round {
        let mut cosigned = checkpoint.clone();
        let mut reports = Vec::new();
        let witnesses = self.policy.witnesses().iter().zip(&mut self.known);
        for ((witness, known), answer) in witnesses.zip(answers) {
            let status = match answer {
                Some(Answer::Cosigned { time, line }) => {
                    cosigned.add(line);
                    *known = Known {
                        size,
                        time: Some(time),
                    };
                    WitnessStatus::Cosigned { time }
                }
                Some(Answer::Status(status)) => status,
                Some(Answer::Stale(found)) => stale(found, size),
                None => WitnessStatus::Unreachable {
                    why: "it was not asked".to_owned(),
                },
            };
            reports.push(WitnessReport {
                name: witness.name.clone(),
                status,
                cosigned: known.size,
                lag: size.saturating_sub(known.size),
                time: known.time,
            });
        }
        let is_met = self.policy.is_met(|at| {
            let report = reports.get(at).map(|report| &report.status);
            matches!(report, Some(WitnessStatus::Cosigned { .. }))
        });
        Round {
            checkpoint: cosigned,
            witnesses: reports,
            is_met,
        }
    }
}

/// How one witness answered.
#[derive(Clone)]
enum Answer {
    Cosigned {
        time: u64,
        line: NoteSignature,
    },
    /// It cosigned this size last, and not the one that was thought.
    Stale(u64),
    Status(WitnessStatus),
}

/// None where the proof is too long for the protocol, which no log of this world comes to.
fn request(old: u64, proof: Vec<Hash>, checkpoint: &Note) -> Option<AddCheckpoint> {
    (proof.len() <= MAX_PROOF_LINES).then(|| AddCheckpoint {
        old,
        proof,
        checkpoint: checkpoint.clone(),
    })
}

/// What it means that a witness still begins elsewhere after it was asked again.
fn stale(found: u64, size: u64) -> WitnessStatus {
    if found > size {
        return WitnessStatus::Ahead { size: found };
    }
    WitnessStatus::Refused {
        status: 409,
        why: format!("it cosigned {found} entries meanwhile"),
    }
}

fn nonsense(why: &str) -> Answer {
    let why = why.to_owned();
    Answer::Status(WitnessStatus::Nonsense { why })
}

/// Reads the answer to a request that began at `old`.
fn read(reply: &Posted, witness: &PolicyWitness, old: u64, checkpoint: &Note) -> Answer {
    let body = String::from_utf8_lossy(&reply.body);
    match reply.status {
        200 => cosignature(&body, witness, checkpoint),
        409 => match body.strip_suffix('\n').and_then(text::decimal) {
            Some(found) if found != old => Answer::Stale(found),
            // It cosigned that very size, and with another root: version 1.0 of the protocol answers
            // so where later ones say 422.
            _ if Checkpoint::parse(checkpoint.text()).is_ok_and(|it| it.size == old) => {
                refused(422, "it cosigned another root of this size")
            }
            _ => nonsense("it names no other size"),
        },
        500.. | 429 => Answer::Status(WitnessStatus::Unreachable {
            why: format!("status {}: {}", reply.status, printable(&body)),
        }),
        status => refused(status, &body),
    }
}

fn refused(status: u16, body: &str) -> Answer {
    let why = printable(body);
    Answer::Status(WitnessStatus::Refused { status, why })
}

/// The cosignature by the witness among those that came.
fn cosignature(body: &str, witness: &PolicyWitness, checkpoint: &Note) -> Answer {
    let Some(lines) = body.strip_suffix('\n') else {
        return nonsense("its last line has no end");
    };
    let lines: Result<Vec<_>, _> = lines
        .split('\n')
        .take(MAX_SIGNATURES)
        .map(NoteSignature::parse)
        .collect();
    let lines = match lines {
        Ok(lines) => lines,
        Err(error) => return nonsense(&error.to_string()),
    };
    // Others are passed over; a forged one of this witness makes the answer worthless.
    for line in lines {
        match checkpoint.signed_with(&witness.key, &line) {
            Ok(time) => return Answer::Cosigned { time, line },
            Err(NoteError::Unsigned { .. }) => {}
            Err(error) => return nonsense(&error.to_string()),
        }
    }
    nonsense("it holds no cosignature by the witness's key")
}

/// A stranger's words, fit for a terminal and a log.
fn printable(words: &str) -> String {
    let words = words.trim().chars().take(MAX_WORDS);
    words.flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests;
