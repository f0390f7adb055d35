//! The mark of the first allowed call without outcome, so that a start needs not read all entries.
//!
//! A decision that was closed stays closed. So below a mark no decision is open, however much was
//! written since, and an old mark only means more reading. It is signed with the key of the
//! entries, since a wrong one would hide an open decision.

use std::path::Path;

use wardlet_keys::{VerifyingKey, base64url};

use crate::line::Seal;
use crate::text;
use crate::tree::bundles::present;
use crate::tree::path;

/// What the signed text begins with, so that no signature of another kind can be taken for one.
const DOMAIN: &str = "wardlet-open/v1\n";

/// The first open decision of a log, when it had `size` entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenMark {
    pub(crate) size: u64,
    /// The index of the first open decision; the size where none was open.
    pub(crate) lowest: u64,
}

impl OpenMark {
    fn text(self, origin: &str) -> String {
        format!("{DOMAIN}{origin}\n{}\n{}\n", self.size, self.lowest)
    }

    /// The mark as it stands in its file.
    pub(crate) fn signed(self, seal: &Seal) -> String {
        let text = self.text(seal.origin());
        let signature = base64url::encode(&seal.sign(text.as_bytes()));
        format!("{text}{signature}\n")
    }

    fn parse(signed: &str, key: &VerifyingKey) -> Option<Self> {
        let mut lines = signed.strip_prefix(DOMAIN)?.lines();
        let (_, size, lowest, signature) =
            (lines.next()?, lines.next()?, lines.next()?, lines.next()?);
        let mark = OpenMark {
            size: text::decimal(size)?,
            lowest: text::decimal(lowest)?,
        };
        let text = mark.text(key.name());
        let signature = base64url::decode(signature)?;
        let fits = mark.lowest <= mark.size && key.verify(text.as_bytes(), &signature);
        fits.then_some(mark)
    }

    /// The mark of the log in `folder`; none where there is none that is signed with `key`, or that
    /// can be read: it saves time and nothing else.
    pub(crate) fn read(folder: &Path, key: &VerifyingKey) -> Option<Self> {
        let bytes = present(std::fs::read(folder.join(path::OPEN))).ok()??;
        Self::parse(str::from_utf8(&bytes).ok()?, key)
    }
}
