//! The gateway that writes, for itself and for the others over the log.

mod entries;

pub(super) use self::entries::is_unique;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use wardlet_keys::{EntryKey, PrivateFolder};

use super::message::{Answer, Hello, REQUEST_WITHIN, Request, VERSION, receive, send};
use super::session::{Alive, is_name};
use crate::error::AuditError;
use crate::line::Seal;
use crate::log::Log;
use crate::record::Gateway;
use crate::signer::{peer_is, wait_for_byte};
use crate::tree::path;

/// How long the calls of other gateways are left open after the writer ended, until those gateways name them as theirs: each
/// finds out with its next call, and asks once a second at the latest. As long again while one that lives has not come.
const CLAIM_WITHIN: Duration = Duration::from_secs(3);

/// How often is looked whether a gateway that hung up has ended.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Connections that are served at once: each is a thread, and two of the 1,024 descriptors that a process commonly has.
const MAX_CONNECTIONS: usize = 256;

/// The log, and who else writes to it.
pub(super) struct Owner {
    log: Log,
    folder: PrivateFolder,
    alive: Arc<Alive>,
    key: Arc<EntryKey>,
    origin: String,
    sessions: Mutex<Sessions>,
    /// Wakes the thread that looks after those who are gone.
    look: Condvar,
    closing: AtomicBool,
}

#[derive(Default)]
struct Sessions {
    others: BTreeMap<String, Session>,
    /// Calls that were open when the log was taken over, and that nobody has claimed yet; and until when they are left open.
    orphans: BTreeSet<u64>,
    until: Option<Instant>,
    connections: BTreeMap<u64, UnixStream>,
    next: u64,
}

/// Another gateway.
#[derive(Default)]
struct Session {
    connections: usize,
    open: BTreeSet<u64>,
}

/// An owner whose threads run. They end with it.
pub(super) struct Running {
    owner: Arc<Owner>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Running {
    /// Serves the log of this process to others. `orphans` are calls that may belong to those that live.
    pub(super) fn new(
        (log, folder): (Log, PrivateFolder),
        alive: Arc<Alive>,
        (key, origin): (Arc<EntryKey>, &str),
        orphans: BTreeSet<u64>,
    ) -> Result<Self, AuditError> {
        let io = |source| AuditError::Io {
            action: "listen in",
            path: folder.path().to_owned(),
            source,
        };
        let socket = folder.socket(path::SOCKET);
        // The log is this process's: a socket that is there is a dead one's.
        match std::fs::remove_file(&socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&socket).map_err(io)?;
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&socket, mode).map_err(io)?;
        let sessions = Sessions {
            until: (!orphans.is_empty()).then(|| Instant::now() + CLAIM_WITHIN),
            orphans,
            ..Sessions::default()
        };
        let owner = Arc::new(Owner {
            log,
            alive,
            key,
            origin: origin.to_owned(),
            sessions: Mutex::new(sessions),
            look: Condvar::new(),
            closing: AtomicBool::new(false),
            folder,
        });
        let running = Running {
            owner: Arc::clone(&owner),
            threads: Mutex::default(),
        };
        let served = Arc::clone(&owner);
        let io = |source| AuditError::Write { source };
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            let thread = std::thread::Builder::new().name(name.to_owned());
            thread.spawn(work).map_err(io)
        };
        let accept = Box::new(move || served.accept(&listener));
        let keep = Box::new(move || owner.keep());
        // Where the second one cannot be had, dropping this ends the first.
        for (name, work) in [
            ("audit-accept", accept as Box<dyn FnOnce() + Send>),
            ("audit-keep", keep),
        ] {
            let thread = spawn(name, work)?;
            let mut threads = running
                .threads
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            threads.push(thread);
        }
        Ok(running)
    }

    pub(super) fn owner(&self) -> &Owner {
        &self.owner
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.close();
    }
}

impl Running {
    /// Hangs up, so that the others look for the next writer, and closes what is nobody's. A second time it does nothing.
    pub(super) fn close(&self) {
        let owner = &self.owner;
        if owner.closing.swap(true, Ordering::AcqRel) {
            return;
        }
        // Wakes the thread that accepts.
        drop(UnixStream::connect(owner.folder.socket(path::SOCKET)));
        for stream in owner.lock().connections.values() {
            // One that hung up already needs no telling.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        owner.look.notify_all();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // They do not panic; if one did, the log says poisoned.
            drop(thread.join());
        }
        let _ = owner.folder.remove(path::SOCKET);
        // Where others live, the next writer closes what is left.
        if let Ok(others) = owner.alive.others()
            && others.is_empty()
        {
            let mut sessions = owner.lock();
            let mut left = std::mem::take(&mut sessions.orphans);
            left.extend(
                std::mem::take(&mut sessions.others)
                    .into_values()
                    .flat_map(|one| one.open),
            );
            drop(sessions);
            // A log that takes nothing more has them closed by the next start.
            drop(owner.log.close_unknown(left));
        }
    }
}

impl Owner {
    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts others until the log is closed.
    fn accept(self: Arc<Self>, listener: &UnixListener) {
        let mut threads: Vec<JoinHandle<()>> = Vec::new();
        loop {
            let accepted = listener.accept();
            if self.closing.load(Ordering::Acquire) {
                break;
            }
            threads.retain(|thread| !thread.is_finished());
            match accepted {
                Ok((stream, _)) => threads.extend(self.take(stream)),
                // Out of descriptors: others end, and so does the shortage.
                Err(_) => std::thread::sleep(LOOK_EVERY),
            }
        }
        for thread in threads {
            drop(thread.join());
        }
    }

    /// Begins to serve one connection. One too many is closed at once, as is one of another user.
    fn take(self: &Arc<Self>, stream: UnixStream) -> Option<JoinHandle<()>> {
        if !peer_is(&stream, &[rustix::process::geteuid().as_raw()]) {
            return None;
        }
        let mut sessions = self.lock();
        // Under the lock, since `close` looks at all connections under it once.
        if self.closing.load(Ordering::Acquire) || sessions.connections.len() >= MAX_CONNECTIONS {
            return None;
        }
        let number = sessions.next;
        sessions.next += 1;
        sessions
            .connections
            .insert(number, stream.try_clone().ok()?);
        drop(sessions);
        let owner = Arc::clone(self);
        let thread = std::thread::Builder::new().name("audit-serve".to_owned());
        let spawned = thread.spawn(move || {
            let mut stream = stream;
            // Whatever went wrong with this peer ends its connection.
            let _ = owner.serve(&mut stream);
            owner.lock().connections.remove(&number);
        });
        if spawned.is_err() {
            self.lock().connections.remove(&number);
        }
        spawned.ok()
    }

    fn serve(&self, stream: &mut UnixStream) -> io::Result<()> {
        stream.set_write_timeout(Some(REQUEST_WITHIN))?;
        stream.set_read_timeout(Some(REQUEST_WITHIN))?;
        let Request::Hello(hello) = receive(stream)? else {
            return Ok(());
        };
        let seal = match self.welcome(&hello) {
            Ok(seal) => seal,
            Err(why) => return send(stream, &Answer::Refused(why)),
        };
        let session = hello.session;
        let served =
            send(stream, &self.state()).and_then(|()| self.answer_all(stream, &session, &seal));
        self.leave(&session);
        served
    }

    fn answer_all(&self, stream: &mut UnixStream, session: &str, seal: &Seal) -> io::Result<()> {
        loop {
            // Between two requests a gateway may be idle for days; within one it may not.
            stream.set_read_timeout(None)?;
            if !wait_for_byte(stream)? {
                return Ok(());
            }
            stream.set_read_timeout(Some(REQUEST_WITHIN))?;
            let request = receive(stream)?;
            // Who did not wait for the answer has told its agent that the call is refused.
            if has_hung_up(stream) {
                return Ok(());
            }
            let answer = match request {
                Request::Hello(_) => return Ok(()),
                Request::Append(append) => self.append(session, seal, &append),
                Request::Flush => self.log.flush().map(|()| self.state()),
                Request::Publish => self.log.publish().map(|()| self.state()),
                Request::State => Ok(self.state()),
            };
            send(stream, &answer.unwrap_or_else(refusal))?;
        }
    }

    fn state(&self) -> Answer {
        let published = self.log.published();
        Answer::State {
            size: self.log.size().unwrap_or(0),
            room: self.log.room().into(),
            published: published.size,
            problem: published.error,
        }
    }

    /// Takes a gateway in, or says why not.
    fn welcome(&self, hello: &Hello) -> Result<Seal, String> {
        if hello.version != VERSION {
            return Err("it is of another build".to_owned());
        }
        if hello.origin != self.origin {
            return Err(format!(
                "the log is `{}`, not `{}`",
                self.origin, hello.origin
            ));
        }
        if !is_name(&hello.session) {
            return Err("the name of the session is none".to_owned());
        }
        let gateway = Gateway {
            build: hello.build.clone(),
            name: hello.name.clone(),
        };
        let seal = Seal::new(Arc::clone(&self.key), &self.origin, &gateway);
        let seal = seal.map_err(|error| error.to_string())?;
        let mut sessions = self.lock();
        let claimed: Vec<u64> = hello
            .open
            .iter()
            .copied()
            .filter(|call| sessions.orphans.remove(call))
            .collect();
        let session = sessions.others.entry(hello.session.clone()).or_default();
        session.connections += 1;
        session.open.extend(claimed);
        Ok(seal)
    }

    fn leave(&self, session: &str) {
        let mut sessions = self.lock();
        if let Some(session) = sessions.others.get_mut(session) {
            session.connections = session.connections.saturating_sub(1);
        }
        drop(sessions);
        self.look.notify_all();
    }

    /// Closes the calls of gateways that are gone, until the log is closed.
    fn keep(&self) {
        let mut sessions = self.lock();
        while !self.closing.load(Ordering::Acquire) {
            let left = self.left(&mut sessions);
            if !left.is_empty() {
                drop(sessions);
                let closed = self.log.close_unknown(left.clone());
                sessions = self.lock();
                if closed.is_err() {
                    // On a full disk they are tried again; a log that takes nothing more has them closed by the next start.
                    sessions.orphans.extend(left);
                    sessions.until = Some(Instant::now() + CLAIM_WITHIN);
                }
                continue;
            }
            let gone = |session: &Session| session.connections == 0;
            let watched = sessions.until.is_some() || sessions.others.values().any(gone);
            sessions = if watched {
                let waited = self.look.wait_timeout(sessions, LOOK_EVERY);
                waited.unwrap_or_else(PoisonError::into_inner).0
            } else {
                self.look
                    .wait(sessions)
                    .unwrap_or_else(PoisonError::into_inner)
            };
        }
    }

    /// Takes out the calls that nobody will close.
    fn left(&self, sessions: &mut Sessions) -> BTreeSet<u64> {
        let mut left = BTreeSet::new();
        if sessions.until.is_some_and(|until| until <= Instant::now()) {
            // One that lives and has not come yet, since it is stopped or busy, may name them still.
            let others = self.alive.others();
            let all_came = others.is_ok_and(|others| {
                let came = |name: &String| sessions.others.contains_key(name);
                others.iter().all(came)
            });
            if all_came {
                sessions.until = None;
                left.append(&mut sessions.orphans);
            } else {
                sessions.until = Some(Instant::now() + CLAIM_WITHIN);
            }
        }
        sessions.others.retain(|name, session| {
            // One that cannot be looked at is taken for living, and looked at again.
            let lives = session.connections > 0 || self.alive.lives(name).unwrap_or(true);
            if !lives {
                left.append(&mut session.open);
            }
            lives
        });
        left
    }
}

/// Whether the other end closed the connection.
fn has_hung_up(stream: &UnixStream) -> bool {
    let mut byte = [0];
    let flags = rustix::net::RecvFlags::PEEK | rustix::net::RecvFlags::DONTWAIT;
    matches!(rustix::net::recv(stream, &mut byte, flags), Ok((_, 0)))
}

fn refusal(error: AuditError) -> Answer {
    match error {
        AuditError::Full => Answer::Full,
        AuditError::Closed => Answer::Closed,
        AuditError::Poisoned | AuditError::Write { .. } => Answer::Poisoned,
        error => Answer::Refused(error.to_string()),
    }
}
