//! Messages of the agent that cannot be judged: answered, recorded, and cut off when they flood.

use wardlet_call::Json;
use wardlet_mcp::{Flaw, Id, WireError, encode};

use super::Session;

/// Malformed messages that get an entry each. An agent that works sends none at all.
const RECORDED: u64 = 16;

/// After this many the agent is disconnected.
const FLOOD: u64 = 256;

/// The agent sent nothing but rubbish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flood;

/// How many there were.
#[derive(Debug, Default)]
pub(crate) struct Malformed {
    seen: u64,
    /// Those without an entry yet.
    unrecorded: u64,
}

impl Session {
    /// Counts a message that cannot be judged, and says whether it gets an entry of its own: the
    /// first few do, the rest are summed up.
    pub(super) fn count_malformed(&self) -> Result<bool, Flood> {
        let mut malformed = self.malformed.borrow_mut();
        malformed.seen += 1;
        let recorded = malformed.seen <= RECORDED;
        malformed.unrecorded += u64::from(!recorded);
        if malformed.seen >= FLOOD {
            Err(Flood)
        } else {
            Ok(recorded)
        }
    }

    /// Answers a malformed message.
    pub(super) fn malformed(&self, error: &WireError) -> Result<(), Flood> {
        let counted = self.count_malformed();
        if counted == Ok(true) {
            self.gate.record_malformed(None);
        }
        tracing::info!(target: "wardlet::gate", reason = %error, "a malformed message is refused");
        let message = format!("refused: {}", error.message());
        let hint = error
            .hint()
            .map(|hint| Json::object([("hint", Json::text(hint))]).to_text());
        self.reply(encode::failure(
            error.id.as_ref(),
            error.code(),
            &message,
            hint.as_deref(),
        ));
        counted.map(|_| ())
    }

    /// Answers a malformed request whose id could be read.
    pub(super) fn malformed_request(&self, id: &Id, kind: Flaw) -> Result<(), Flood> {
        let id = Some(id.clone());
        self.malformed(&WireError { kind, id })
    }

    /// Records in one entry what has none of its own.
    pub(super) fn sum_up_malformed(&self) {
        let unrecorded = std::mem::take(&mut self.malformed.borrow_mut().unrecorded);
        if unrecorded > 0 {
            self.gate.record_malformed(Some(unrecorded));
        }
    }
}
