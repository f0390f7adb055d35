//! The gateway's end of the socket.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use wardlet_keys::{KeyError, VerifyingKey};

use super::message::{ANSWER_WITHIN, Answer, Request, receive, send};
use super::server::answer_all;
use super::{CheckpointSigner, SignError};
use crate::merkle::Hash;
use crate::text;
use crate::verify::Head;

/// Signs by asking a signer behind a socket. It connects when it is asked for the first time, and
/// again after a signer was started anew.
#[derive(Debug)]
pub struct SignerClient {
    /// Where to connect to; none where the other end is a thread, which is there once.
    path: Option<PathBuf>,
    /// The user id that the signer runs as.
    user: u32,
    stream: Option<UnixStream>,
}

/// Puts a signer into a thread of its own, which ends with the client.
///
/// # Errors
/// What the operating system said when it had no socket or no thread to give.
pub fn in_thread(signer: Box<dyn CheckpointSigner>) -> io::Result<SignerClient> {
    let (near, mut far) = UnixStream::pair()?;
    near.set_read_timeout(Some(ANSWER_WITHIN))?;
    let thread = std::thread::Builder::new().name("signer".to_owned());
    thread.spawn(move || {
        // It ends when the client is dropped; there is nobody to tell of anything else.
        let _ = answer_all(&mut far, &Mutex::new(signer));
    })?;
    Ok(SignerClient {
        path: None,
        user: rustix::process::geteuid().as_raw(),
        stream: Some(near),
    })
}

impl SignerClient {
    /// Asks the signer that listens at `path` and runs as `user`, by its id; none for the user who
    /// runs this process.
    #[must_use]
    pub fn new(path: &Path, user: Option<u32>) -> Self {
        let own = || rustix::process::geteuid().as_raw();
        SignerClient {
            path: Some(path.to_owned()),
            user: user.unwrap_or_else(own),
            stream: None,
        }
    }

    fn ask(&mut self, request: &Request) -> Result<Answer, SignError> {
        // On a connection from earlier the signer may be gone since; each request may come twice,
        // since the same checkpoint is signed again with the same bytes.
        if let Some(stream) = &mut self.stream
            && let Ok(answer) = exchange(stream, request)
        {
            return Ok(answer);
        }
        self.stream = None;
        let unreachable = |source| SignError::Unreachable { source };
        let mut stream = self.connect().map_err(unreachable)?;
        let answer = exchange(&mut stream, request).map_err(|source| match source.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => SignError::Answer {
                why: source.to_string(),
            },
            _ => unreachable(source),
        })?;
        self.stream = Some(stream);
        Ok(answer)
    }

    fn connect(&self) -> io::Result<UnixStream> {
        let path = self.path.as_ref();
        let path = path.ok_or_else(|| io::Error::other("its thread has ended"))?;
        let stream = UnixStream::connect(path)?;
        if !peer_is(&stream, &[self.user]) {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "another user listens there",
            ));
        }
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        stream.set_write_timeout(Some(ANSWER_WITHIN))?;
        Ok(stream)
    }
}

fn exchange(stream: &mut UnixStream, request: &Request) -> io::Result<Answer> {
    send(stream, request)?;
    receive(stream)
}

impl CheckpointSigner for SignerClient {
    fn keys(&mut self) -> Result<Vec<VerifyingKey>, SignError> {
        let keys = match self.ask(&Request::Keys)? {
            Answer::Keys(keys) => keys,
            other => return Err(other.error()),
        };
        let keys = keys.iter().map(|key| key.parse());
        let keys: Result<_, KeyError> = keys.collect();
        keys.map_err(|error| SignError::Answer {
            why: error.to_string(),
        })
    }

    fn last(&mut self) -> Result<Option<Head>, SignError> {
        match self.ask(&Request::Last)? {
            Answer::Nothing => Ok(None),
            Answer::Last { size, root } => {
                let root = text::hash(&root).ok_or_else(|| SignError::Answer {
                    why: "its root is no hash".to_owned(),
                })?;
                Ok(Some(Head { size, root }))
            }
            other => Err(other.error()),
        }
    }

    fn sign(&mut self, size: u64, root: &Hash, consistency: &[Hash]) -> Result<String, SignError> {
        match self.ask(&Request::sign(size, root, consistency))? {
            Answer::Note(note) => Ok(note),
            other => Err(other.error()),
        }
    }
}

/// Whether the process at the other end runs as one of `users`.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn peer_is(stream: &UnixStream, users: &[u32]) -> bool {
    rustix::net::sockopt::socket_peercred(stream)
        .is_ok_and(|peer| users.contains(&peer.uid.as_raw()))
}

/// Elsewhere the system does not tell in a way that safe code can ask for: the permissions of the
/// socket alone keep others out.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn peer_is(_: &UnixStream, _: &[u32]) -> bool {
    true
}

#[cfg(test)]
mod tests;
