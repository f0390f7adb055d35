//! The local sockets of running gateways: one line of JSON asks, one line answers.
//!
//! A socket lies in the state folder, which only its owner can enter. Whoever can connect is the
//! owner, or root; the peer's user id is what votes are recorded under.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use wardlet_audit::Choice;
use wardlet_keys::PrivateFolder;

use crate::gate::{Gate, Pending};
use crate::principals::{Erased, Operator, Shown, ShownSubject};
use crate::quarantine::Quarantined;
use crate::reload::{Change, Reloads, Running, Trigger};
use crate::state::{GATEWAYS, MAX_GATEWAYS, socket};
use crate::status::Status;

/// Bytes of a question: an id and a digest.
const MAX_QUESTION: u64 = 4 << 10;

/// How long one connection may take: a person waits for the answer, and a connection that asks
/// nothing must not keep its descriptor.
const ANSWER_WITHIN: std::time::Duration = std::time::Duration::from_secs(10);

/// How long whoever asks waits: longer than a gateway takes for any answer but that of a reload.
const ASK_WITHIN: std::time::Duration = std::time::Duration::from_secs(20);

/// How long a reload may take: as long as many plugins take to compile on a busy machine.
const RELOAD_WITHIN: std::time::Duration = std::time::Duration::from_secs(600);

/// What can be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ask")]
pub enum Question {
    /// The calls that wait.
    List,
    /// The callers in quarantine.
    Quarantine,
    /// Let callers out of quarantine.
    Lift {
        /// The plugin that they made fault.
        plugin: String,
        /// Which of them; all where none is named.
        principal: Option<String>,
    },
    /// Vote on a statement.
    Vote {
        /// The id of the call.
        id: String,
        /// The digest of the statement that was shown.
        statement: String,
        /// Yes or no.
        approve: bool,
    },
    /// Read the configuration again.
    Reload {
        /// Whether faults may be coloured.
        colour: bool,
    },
    /// What runs.
    Status,
    /// The values of a transaction that are kept.
    Disclose {
        /// The transaction.
        txn: String,
    },
    /// Whose the pseudonyms are.
    Subjects,
    /// Erase somebody.
    Erase {
        /// The pseudonym or the name.
        who: String,
    },
}

/// What is answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "answer")]
pub enum Reply {
    /// The calls that wait.
    Waiting {
        /// The oldest first.
        calls: Vec<WaitingCall>,
    },
    /// Callers that are in quarantine, or were and are lifted now.
    Quarantined {
        /// In the order of the plugins.
        callers: Vec<Quarantined>,
    },
    /// The vote counts.
    Counted,
    /// The configuration is in force.
    Reloaded {
        /// The server that the gateway stands in front of.
        server: String,
        /// What it changed.
        change: Box<Change>,
    },
    /// It is not taken, and nothing has changed.
    NotReloaded {
        /// The server that the gateway stands in front of.
        server: String,
        /// The faults for people.
        text: String,
        /// The faults for programs.
        faults: serde_json::Value,
        /// Whether the configuration is to blame, and not the machine.
        wrong: bool,
    },
    /// What runs.
    Status {
        /// All of it.
        status: Box<Status>,
    },
    /// Values that are kept.
    Disclosed {
        /// In the order in which they were written.
        values: Vec<Shown>,
    },
    /// Everybody who is known.
    Subjects {
        /// In the order in which they were first seen.
        subjects: Vec<ShownSubject>,
    },
    /// Somebody is erased.
    Erased {
        /// Who; none where nobody is known by what was asked for.
        pseudonym: Option<String>,
        /// How many values went.
        disclosures: u64,
    },
    /// The vote does not count, or the question cannot be answered, and why.
    Refused {
        /// One sentence.
        why: String,
    },
}

impl Reply {
    /// What came of an erasure.
    #[must_use]
    pub fn erased(erased: Option<Erased>) -> Self {
        Reply::Erased {
            disclosures: erased.as_ref().map_or(0, |erased| erased.disclosures),
            pseudonym: erased.map(|erased| erased.pseudonym),
        }
    }
}

/// A call that waits, as it is told over the socket.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WaitingCall {
    /// What the person types.
    pub id: String,
    /// The upstream.
    pub server: String,
    /// The tool or method.
    pub name: String,
    /// The canonical arguments.
    pub arguments: String,
    /// What is sent beside them, canonical JSON, where there is anything.
    pub beside: Option<String>,
    /// The rules that ask, with a policy's sentence where one asked.
    pub reasons: Vec<(String, Option<String>)>,
    /// The statement to vote on, canonical JSON.
    pub statement: String,
    /// The base64url of its SHA-256.
    pub digest: String,
    /// Seconds since 1970.
    pub created: u64,
    /// Seconds since 1970.
    pub expires: u64,
}

impl From<Pending> for WaitingCall {
    fn from(pending: Pending) -> Self {
        let reasons = pending.reasons.into_iter();
        WaitingCall {
            id: pending.id,
            server: pending.server,
            name: pending.name,
            arguments: pending.arguments,
            beside: pending.beside,
            reasons: reasons
                .map(|(rule, sentence)| (rule.to_string(), sentence))
                .collect(),
            statement: pending.statement.text,
            digest: pending.statement.digest,
            created: pending.created,
            expires: pending.expires,
        }
    }
}

/// Why a running gateway cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// None runs over this folder.
    #[error("no gateway runs with the state folder `{}`", .0.display())]
    NotRunning(PathBuf),
    /// The socket fails.
    #[error("the running gateway cannot be asked: {0}")]
    Io(#[from] std::io::Error),
    /// It answers something else.
    #[error("the running gateway gave an answer that this version does not understand")]
    BadAnswer,
}

impl ControlError {
    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            ControlError::NotRunning(_) => {
                Some("name the configuration of the running one with `--config`")
            }
            ControlError::BadAnswer => Some("use the `wardlet` that runs the gateway"),
            ControlError::Io(_) => None,
        }
    }
}

/// Begins to listen on the socket with this name in a folder. The gateway holds the lock of its place, so a
/// socket that is there is a dead one's.
///
/// # Errors
/// The system's.
pub fn listen(folder: &Path, name: &str) -> std::io::Result<UnixListener> {
    let folder = PrivateFolder::open(folder).map_err(std::io::Error::other)?;
    let path = folder.socket(name);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers questions, each connection one. Never ends.
pub async fn serve(listener: UnixListener, running: Arc<Running>, reloads: Reloads) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors: others end, and so does the shortage.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            continue;
        };
        let (running, reloads) = (Arc::clone(&running), reloads.clone());
        tokio::spawn(async move {
            if let Err(error) = connection(stream, &running, &reloads).await {
                tracing::debug!(%error, "a question over the local socket failed");
            }
        });
    }
}

async fn connection(
    stream: UnixStream,
    running: &Running,
    reloads: &Reloads,
) -> std::io::Result<()> {
    let approver = format!("uid:{}", stream.peer_cred()?.uid());
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    let mut reader = tokio::io::BufReader::new(reader.take(MAX_QUESTION));
    within(reader.read_line(&mut line)).await?;
    let reply = match serde_json::from_str::<Question>(&line) {
        Ok(question) => answer(question, running, reloads, &approver).await,
        Err(_) => Reply::Refused {
            why: "not a question".to_owned(),
        },
    };
    let mut text = serde_json::to_string(&reply).map_err(std::io::Error::other)?;
    text.push('\n');
    within(writer.write_all(text.as_bytes())).await
}

async fn within<T>(work: impl Future<Output = std::io::Result<T>>) -> std::io::Result<T> {
    tokio::time::timeout(ANSWER_WITHIN, work).await?
}

async fn reload(reloads: &Reloads, server: String, colour: bool) -> Reply {
    match &*reloads.ask(Trigger::Command).await {
        Ok(change) => Reply::Reloaded {
            server,
            change: Box::new(change.clone()),
        },
        Err(error) => Reply::NotReloaded {
            server,
            text: error.render(colour),
            faults: error.to_json(),
            wrong: error.is_wrong(),
        },
    }
}

async fn answer(question: Question, running: &Running, reloads: &Reloads, approver: &str) -> Reply {
    match question {
        Question::List => {
            let waiting = running.approvals().list().into_iter();
            let calls = waiting.map(WaitingCall::from).collect();
            Reply::Waiting { calls }
        }
        Question::Vote {
            id,
            statement,
            approve,
        } => {
            let choice = if approve {
                Choice::Approve
            } else {
                Choice::Deny
            };
            let ballot = (id.as_str(), statement.as_str());
            let voted = running
                .approvals()
                .vote(running.gate(), ballot, choice, approver);
            match voted {
                Ok(()) => Reply::Counted,
                Err(error) => Reply::Refused {
                    why: error.to_string(),
                },
            }
        }
        Question::Quarantine => Reply::Quarantined {
            callers: running.gate().quarantine().list(),
        },
        Question::Lift { plugin, principal } => {
            lift(running.gate(), &plugin, principal.as_deref(), approver)
        }
        Question::Disclose { .. } | Question::Subjects | Question::Erase { .. } => {
            operate(&question, running.gate(), approver)
        }
        Question::Status => Reply::Status {
            status: Box::new(Status::of(running)),
        },
        // Takes as long as the plugins take to compile.
        Question::Reload { colour } => {
            reload(reloads, running.fixed().server.to_string(), colour).await
        }
    }
}

/// What operators do to what is kept.
fn operate(question: &Question, gate: &Gate, name: &str) -> Reply {
    let operator = Operator {
        principals: gate.principals(),
        log: gate.log(),
        name,
    };
    let reply = match question {
        Question::Disclose { txn } => {
            let values = operator.disclose(txn);
            values.map(|values| Reply::Disclosed { values })
        }
        Question::Erase { who } => operator.erase(who).map(Reply::erased),
        _ => {
            let subjects = operator.subjects();
            subjects.map(|subjects| Reply::Subjects { subjects })
        }
    };
    reply.unwrap_or_else(|error| Reply::Refused {
        why: match error.hint() {
            Some(hint) => format!("{error}; {hint}"),
            None => error.to_string(),
        },
    })
}

fn lift(gate: &Gate, plugin: &str, principal: Option<&str>, by: &str) -> Reply {
    match gate.lift(plugin, principal, by) {
        Ok(callers) => {
            for caller in &callers {
                let (plugin, principal) = (&caller.plugin, &caller.principal);
                tracing::warn!(plugin, principal, "let out of quarantine by the operator");
            }
            Reply::Quarantined { callers }
        }
        Err(error) => Reply::Refused {
            why: error.to_string(),
        },
    }
}

/// A gateway that runs, to be asked.
#[derive(Clone, Debug)]
pub struct Peer {
    folder: PathBuf,
    name: String,
}

/// The gateways that run over a state folder; never none.
///
/// # Errors
/// [`ControlError::NotRunning`]
pub fn running(state: &Path) -> Result<Vec<Peer>, ControlError> {
    let folder = state.join(GATEWAYS);
    let places = (0..MAX_GATEWAYS).map(|place| Peer {
        folder: folder.clone(),
        name: socket(place),
    });
    let peers: Vec<Peer> = places.filter(|peer| peer.connect().is_ok()).collect();
    if peers.is_empty() {
        return Err(ControlError::NotRunning(state.to_owned()));
    }
    Ok(peers)
}

impl Peer {
    fn connect(&self) -> std::io::Result<std::os::unix::net::UnixStream> {
        let folder = PrivateFolder::existing(&self.folder).map_err(std::io::Error::other)?;
        let folder = folder.ok_or(std::io::ErrorKind::NotFound)?;
        std::os::unix::net::UnixStream::connect(folder.socket(&self.name))
    }

    /// Asks. Blocks.
    ///
    /// # Errors
    /// [`ControlError::Io`] and [`ControlError::BadAnswer`]
    pub fn ask(&self, question: &Question) -> Result<Reply, ControlError> {
        let mut stream = self.connect()?;
        let wait = match question {
            Question::Reload { .. } => RELOAD_WITHIN,
            _ => ASK_WITHIN,
        };
        stream.set_read_timeout(Some(wait))?;
        stream.set_write_timeout(Some(ASK_WITHIN))?;
        let text = serde_json::to_string(question).map_err(|_| ControlError::BadAnswer)?;
        stream.write_all(format!("{text}\n").as_bytes())?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        serde_json::from_str(&line).map_err(|_| ControlError::BadAnswer)
    }
}

/// Asks all gateways that run over a state folder, one after the other. Blocks. One that ended meanwhile is
/// left out, as if it had not run.
///
/// # Errors
/// [`ControlError`]
pub fn ask_all(state: &Path, question: &Question) -> Result<Vec<(Peer, Reply)>, ControlError> {
    let mut replies = Vec::new();
    for peer in running(state)? {
        match peer.ask(question) {
            Ok(reply) => replies.push((peer, reply)),
            Err(ControlError::Io(_)) if peer.connect().is_err() => {}
            Err(error) => return Err(error),
        }
    }
    if replies.is_empty() {
        return Err(ControlError::NotRunning(state.to_owned()));
    }
    Ok(replies)
}
