//! What gateways over one log say to one another: frames as those of the signer, of JSON.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::line::MAX_ENTRY_BYTES;
use crate::log::Room;
use crate::signer::message::{receive_within, send_within};

/// Gateways that speak another version of this do not share a log.
pub(super) const VERSION: u64 = 1;

/// The longest message: a body, or some thousand indices of calls that are under way.
const MAX_MESSAGE_BYTES: usize = 2 * MAX_ENTRY_BYTES;

/// How long a gateway waits for the one that writes: for an fdatasync on a busy disk a second, and less for all else.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How long a request of some kilobytes may take once it began: a peer that stalls holds a thread.
pub(super) const REQUEST_WITHIN: Duration = Duration::from_secs(5);

/// What a gateway asks for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Request {
    /// The first on each connection.
    Hello(Hello),
    /// Write an entry.
    Append(Append),
    /// Put all on disk.
    Flush,
    /// Publish what was written.
    Publish,
    /// How the log is.
    State,
}

/// Who asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hello {
    pub(super) version: u64,
    /// Which gateway, by the name of its lock.
    pub(super) session: String,
    pub(super) origin: String,
    pub(super) build: String,
    pub(super) name: String,
    /// Its calls that are allowed and have no outcome.
    pub(super) open: Vec<u64>,
}

/// An entry.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Append {
    pub(super) kind: String,
    pub(super) body: Box<RawValue>,
    pub(super) durable: bool,
    /// It was sent before and not answered, when the log had so many entries: it may stand there from here on.
    pub(super) since: Option<u64>,
}

/// What the writer answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Answer {
    /// How the log is.
    State {
        size: u64,
        room: Space,
        published: Option<u64>,
        problem: Option<String>,
    },
    /// The entry stands.
    Written { index: u64, size: u64, room: Space },
    /// No room on the disk.
    Full,
    /// The decision has its outcome.
    Closed,
    /// The writer's log has ended.
    Poisoned,
    /// Nothing was done, and why.
    Refused(String),
}

/// As [`Room`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Space {
    Plenty,
    Nearly,
    Full,
}

impl From<Room> for Space {
    fn from(room: Room) -> Self {
        match room {
            Room::Plenty => Space::Plenty,
            Room::Nearly => Space::Nearly,
            Room::Full => Space::Full,
        }
    }
}

impl From<Space> for Room {
    fn from(space: Space) -> Self {
        match space {
            Space::Plenty => Room::Plenty,
            Space::Nearly => Room::Nearly,
            Space::Full => Room::Full,
        }
    }
}

pub(super) fn send(stream: &mut UnixStream, message: &impl Serialize) -> io::Result<()> {
    send_within(MAX_MESSAGE_BYTES, stream, message)
}

pub(super) fn receive<M: DeserializeOwned>(stream: &mut UnixStream) -> io::Result<M> {
    receive_within(MAX_MESSAGE_BYTES, stream)
}
