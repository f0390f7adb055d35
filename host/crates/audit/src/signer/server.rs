//! The signer's end of the socket.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::CheckpointSigner;
use super::message::{Answer, Request, hashes, receive, send};
use super::remote::peer_is;

/// The most gateways that are served at once: one log has one writer, and others may ask while
/// they wait to become it.
pub const MAX_CLIENTS: usize = 16;

/// How long a gateway may take to send a request of some kilobytes once it began, and to take in
/// the answer. A peer that stalls holds one of few places.
pub const REQUEST_WITHIN: Duration = Duration::from_secs(5);

/// Serves a signer to gateways over a Unix socket.
pub struct SignerServer {
    signer: Arc<Mutex<Box<dyn CheckpointSigner>>>,
    /// The user ids that are served.
    users: Vec<u32>,
    clients: Arc<AtomicUsize>,
}

impl SignerServer {
    /// Serves the user who runs this process, and `others` by their ids.
    #[must_use]
    pub fn new(signer: Box<dyn CheckpointSigner>, others: &[u32]) -> Self {
        let own = rustix::process::geteuid().as_raw();
        SignerServer {
            signer: Arc::new(Mutex::new(signer)),
            users: others.iter().copied().chain([own]).collect(),
            clients: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// Serves each gateway that connects, in a thread of its own, until the listener fails. What a
    /// gateway does wrong ends its own connection alone.
    ///
    /// # Errors
    /// What the operating system said when no more connections could be taken.
    pub fn serve(&self, listener: &UnixListener) -> io::Result<()> {
        loop {
            match listener.accept() {
                Ok((stream, _)) => self.take(stream)?,
                // The peer was gone before it was taken, or a signal came.
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted
                    ) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Begins to serve one connection; one too many is closed at once.
    fn take(&self, mut stream: UnixStream) -> io::Result<()> {
        let place = Place::take(&self.clients);
        let Some(place) = place.filter(|_| peer_is(&stream, &self.users)) else {
            return Ok(());
        };
        let signer = Arc::clone(&self.signer);
        let thread = std::thread::Builder::new().name("signer".to_owned());
        thread.spawn(move || {
            let _place = place;
            // Whatever went wrong with this peer ends its connection.
            let _ = answer_all(&mut stream, &signer);
        })?;
        Ok(())
    }
}

/// One of the places for clients, free again once it is dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(clients: &Arc<AtomicUsize>) -> Option<Self> {
        let place = Place(Arc::clone(clients));
        (clients.fetch_add(1, Ordering::Relaxed) < MAX_CLIENTS).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Answers the requests of one connection until it ends.
pub(super) fn answer_all(
    stream: &mut UnixStream,
    signer: &Mutex<Box<dyn CheckpointSigner>>,
) -> io::Result<()> {
    stream.set_write_timeout(Some(REQUEST_WITHIN))?;
    loop {
        // Between two requests a gateway may be idle for days; within one it may not.
        stream.set_read_timeout(None)?;
        if !wait_for_byte(stream)? {
            return Ok(());
        }
        stream.set_read_timeout(Some(REQUEST_WITHIN))?;
        let request = receive(stream)?;
        // A signer that panicked has written its record or not; both are told apart when it signs.
        let mut signer = signer.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = match request {
            Request::Keys => Answer::keys(signer.keys()),
            Request::Last => Answer::last(signer.last()),
            Request::Sign {
                size,
                root,
                consistency,
            } => match hashes(&root, &consistency) {
                Some((root, consistency)) => Answer::signed(signer.sign(size, &root, &consistency)),
                None => Answer::Unable("the request has no proof in it".to_owned()),
            },
        };
        drop(signer);
        send(stream, &answer)?;
    }
}

/// Waits until there is something to read; says whether the peer is still there.
pub(crate) fn wait_for_byte(stream: &UnixStream) -> io::Result<bool> {
    let mut byte = [0];
    let flags = rustix::net::RecvFlags::PEEK;
    let (_, count) = rustix::io::retry_on_intr(|| rustix::net::recv(stream, &mut byte, flags))?;
    Ok(count > 0)
}

/// Listens on a socket at `path`, in the place of one that an ended process left there. Only its
/// owner can connect where `others` is false; else everybody can, and [`SignerServer`] serves those
/// whom it names.
///
/// # Errors
/// What the operating system said; also where a signer listens there already.
pub fn listen(path: &Path, others: bool) -> io::Result<UnixListener> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "something that is no socket is in its place",
            ));
        }
        Ok(_) => match UnixStream::connect(path) {
            Ok(_) => return Err(io::ErrorKind::AddrInUse.into()),
            // Nobody listens there any more. Any other error tells nothing about that.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path)?;
            }
            Err(error) => return Err(error),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = UnixListener::bind(path)?;
    let mode = if others { 0o666 } else { 0o600 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    Ok(listener)
}
