//! A gateway that lets another one write for it.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use wardlet_keys::PrivateFolder;

use super::message::{
    ANSWER_WITHIN, Answer, Append, Hello, REQUEST_WITHIN, Request, receive, send,
};
use crate::error::AuditError;
use crate::log::{Durability, Published, Room};
use crate::signer::peer_is;
use crate::tree::path;

/// What is known of the disk's room is asked for anew after this time: a disk fills up over seconds.
const ROOM_FOR: Duration = Duration::from_secs(1);

/// Connections that are kept between requests: a gateway rarely waits for the disk with more calls at once, and each costs the writer a
/// thread.
const MAX_IDLE: usize = 4;

/// The connections of one gateway to the one that writes. Each serves one request at a time, so that whoever waits for the
/// disk holds up nobody else.
pub(super) struct Follower {
    folder: PrivateFolder,
    hello: Hello,
    /// The calls that are open, which each new connection names.
    open: Arc<Mutex<BTreeSet<u64>>>,
    idle: Mutex<Vec<UnixStream>>,
    /// The entries of the log at the last answer.
    size: AtomicU64,
    room: Mutex<(Room, Instant)>,
    /// The writer was there and is not any more.
    gone: AtomicBool,
}

/// Why there is no answer.
pub(super) enum Lost {
    /// The writer ended: whoever comes next may answer.
    Gone,
    /// The writer is there, and this is no answer of it.
    Failed(AuditError),
}

impl Lost {
    fn failed(why: impl ToString) -> Self {
        let why = why.to_string();
        Lost::Failed(AuditError::Owner { why })
    }
}

impl Follower {
    /// Connects to whoever writes the log.
    pub(super) fn connect(
        folder: PrivateFolder,
        hello: Hello,
        open: Arc<Mutex<BTreeSet<u64>>>,
    ) -> Result<Self, Lost> {
        let follower = Follower {
            folder,
            hello,
            open,
            idle: Mutex::default(),
            size: AtomicU64::new(0),
            room: Mutex::new((Room::Plenty, Instant::now())),
            gone: AtomicBool::new(false),
        };
        let stream = follower.open_connection()?;
        follower.put_back(stream);
        Ok(follower)
    }

    fn open_connection(&self) -> Result<UnixStream, Lost> {
        // Nobody listens: there is no writer, or not yet.
        let stream = UnixStream::connect(self.folder.socket(path::SOCKET));
        let mut stream = stream.map_err(|_| Lost::Gone)?;
        if !peer_is(&stream, &[rustix::process::geteuid().as_raw()]) {
            return Err(Lost::failed("another user listens in the log's folder"));
        }
        let limits = stream.set_read_timeout(Some(ANSWER_WITHIN));
        limits
            .and_then(|()| stream.set_write_timeout(Some(REQUEST_WITHIN)))
            .map_err(Lost::failed)?;
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let hello = Hello {
            open: open.iter().copied().collect(),
            ..self.hello.clone()
        };
        drop(open);
        match exchange(&mut stream, &Request::Hello(hello))? {
            Answer::Refused(why) => Err(Lost::failed(why)),
            answer => {
                self.note(&answer);
                Ok(stream)
            }
        }
    }

    /// Keeps a connection for the next request, unless enough are kept.
    fn put_back(&self, stream: UnixStream) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(stream);
        }
    }

    fn ask(&self, request: &Request) -> Result<Answer, Lost> {
        if self.gone.load(Ordering::Acquire) {
            return Err(Lost::Gone);
        }
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let answered = match idle {
            Some(stream) => Ok(stream),
            None => self.open_connection(),
        }
        .and_then(|mut stream| {
            let answer = exchange(&mut stream, request)?;
            // A connection that failed is not used again.
            self.put_back(stream);
            Ok(answer)
        });
        match answered {
            Ok(answer) => {
                self.note(&answer);
                Ok(answer)
            }
            Err(lost) => {
                if matches!(lost, Lost::Gone) {
                    self.gone.store(true, Ordering::Release);
                }
                Err(lost)
            }
        }
    }

    fn note(&self, answer: &Answer) {
        if let Answer::State { size, room, .. } | Answer::Written { size, room, .. } = answer {
            self.size.fetch_max(*size, Ordering::AcqRel);
            let mut known = self.room.lock().unwrap_or_else(PoisonError::into_inner);
            *known = ((*room).into(), Instant::now());
        }
    }

    /// The entries that the log is known to have.
    pub(super) fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    pub(super) fn append(
        &self,
        (kind, body): (&str, &[u8]),
        durability: Durability,
        since: Option<u64>,
    ) -> Result<u64, Lost> {
        let body = String::from_utf8(body.to_vec()).map_err(Lost::failed)?;
        let request = Request::Append(Append {
            kind: kind.to_owned(),
            body: RawValue::from_string(body).map_err(Lost::failed)?,
            durable: durability == Durability::Durable,
            since,
        });
        match self.ask(&request)? {
            Answer::Written { index, .. } => Ok(index),
            answer => Err(Lost::Failed(refusal(answer))),
        }
    }

    /// Asks for something that has no answer of its own.
    pub(super) fn state(&self, request: &Request) -> Result<Published, Lost> {
        match self.ask(request)? {
            Answer::State {
                published, problem, ..
            } => Ok(Published {
                size: published,
                error: problem,
            }),
            answer => Err(Lost::Failed(refusal(answer))),
        }
    }

    /// How much room the disk has, as was told lately.
    pub(super) fn room(&self) -> Result<Room, Lost> {
        let known = || *self.room.lock().unwrap_or_else(PoisonError::into_inner);
        if known().1.elapsed() > ROOM_FOR {
            self.state(&Request::State)?;
        }
        Ok(known().0)
    }
}

fn refusal(answer: Answer) -> AuditError {
    match answer {
        Answer::Full => AuditError::Full,
        Answer::Closed => AuditError::Closed,
        Answer::Poisoned => AuditError::Poisoned,
        Answer::Refused(why) => AuditError::Owner { why },
        Answer::State { .. } | Answer::Written { .. } => AuditError::Owner {
            why: "the answer to another request".to_owned(),
        },
    }
}

fn exchange(stream: &mut UnixStream, request: &Request) -> Result<Answer, Lost> {
    let answer = send(stream, request).and_then(|()| receive(stream));
    answer.map_err(|error| match error.kind() {
        // It lives, since its socket is open, and does not answer.
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            Lost::failed("no answer within 10 seconds")
        }
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
            Lost::failed(error)
        }
        _ => Lost::Gone,
    })
}
