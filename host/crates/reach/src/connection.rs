//! One connection, to an address that was looked at, which nothing can hold past its deadline.
//!
//! Each read and write of the socket has what is left of the time as its own limit. A client library
//! that sets a limit for an operation as a whole, and a TLS layer that reads on until a record is complete,
//! can both be held by a server that sends one byte at a time; here the next byte finds the time over.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use wardlet_call::HttpFailure;

use crate::origin::{Host, Origin};

/// Addresses of a name that are tried, each with a fair part of the time that is left.
const MAX_ADDRESSES: usize = 4;

/// A socket whose every operation ends at one time.
#[derive(Debug)]
pub(crate) struct Timed {
    socket: TcpStream,
    until: Instant,
}

impl Timed {
    fn left(&self) -> io::Result<Duration> {
        left(self.until).ok_or_else(|| ErrorKind::TimedOut.into())
    }
}

/// What is left of the time; none where it is over. A socket takes no limit of zero.
fn left(until: Instant) -> Option<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    (!left.is_zero()).then_some(left)
}

/// A socket whose time is over says that it would block.
fn timed(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
        _ => error,
    }
}

impl Read for Timed {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(self.left()?))?;
        self.socket.read(bytes).map_err(timed)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(Some(self.left()?))?;
        self.socket.write(bytes).map_err(timed)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A connection, with or without TLS.
pub(crate) enum Connection {
    Plain(Timed),
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
}

impl Connection {
    /// Connects to the first of the addresses that answers.
    pub(crate) fn open(
        origin: &Origin,
        addresses: &[IpAddr],
        tls: &Arc<ClientConfig>,
        until: Instant,
    ) -> Result<Self, HttpFailure> {
        let socket = connect(origin, addresses, until)?;
        // One write carries the request, so there is nothing to gather.
        let _ = socket.set_nodelay(true);
        let stream = Timed { socket, until };
        if !origin.is_tls() {
            return Ok(Connection::Plain(stream));
        }
        let name = match origin.host() {
            Host::Name(name) => {
                ServerName::try_from(name.clone()).map_err(|_| HttpFailure::BadCertificate)?
            }
            Host::Address(address) => ServerName::IpAddress((*address).into()),
        };
        let session = ClientConnection::new(Arc::clone(tls), name)
            .map_err(|_| HttpFailure::BadCertificate)?;
        let mut stream = StreamOwned::new(session, stream);
        while stream.conn.is_handshaking() {
            stream
                .conn
                .complete_io(&mut stream.sock)
                .map_err(|error| failure_of(&error))?;
        }
        Ok(Connection::Tls(Box::new(stream)))
    }
}

fn connect(
    origin: &Origin,
    addresses: &[IpAddr],
    until: Instant,
) -> Result<TcpStream, HttpFailure> {
    let tried = addresses.len().min(MAX_ADDRESSES);
    let mut failure = HttpFailure::Unreachable;
    for (at, address) in addresses.iter().take(tried).enumerate() {
        let Some(left) = left(until) else {
            return Err(HttpFailure::TimedOut);
        };
        // The last one has all that is left.
        let rest = u32::try_from(tried - at).unwrap_or(1);
        let address = SocketAddr::new(*address, origin.port());
        match TcpStream::connect_timeout(&address, (left / rest).max(Duration::from_nanos(1))) {
            Ok(socket) => return Ok(socket),
            Err(error) => failure = failure_of(&error),
        }
    }
    Err(failure)
}

/// What an error of the connection means for the plugin.
pub(crate) fn failure_of(error: &io::Error) -> HttpFailure {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match (tls, error.kind()) {
        (Some(rustls::Error::InvalidCertificate(_)), _) => HttpFailure::BadCertificate,
        (None, ErrorKind::TimedOut) => HttpFailure::TimedOut,
        _ => HttpFailure::Unreachable,
    }
}

impl Read for Connection {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Connection::Plain(stream) => stream.read(bytes),
            Connection::Tls(stream) => stream.read(bytes),
        }
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Connection::Plain(stream) => stream.write(bytes),
            Connection::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Connection::Plain(stream) => stream.flush(),
            Connection::Tls(stream) => stream.flush(),
        }
    }
}
