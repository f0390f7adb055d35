//! One entry: how it is sealed, and how it is checked.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wardlet_call::Json;
use wardlet_keys::{EntryKey, SIGNATURE_BYTES, VerifyingKey, base64url};

use crate::error::{AuditError, Damage};
use crate::record::Gateway;
use crate::time;

/// The longest entry, without its length before it. It leaves room in the 65,535 bytes of an entry in a
/// C2SP tlog-tiles bundle.
pub const MAX_ENTRY_BYTES: usize = 60 * 1024;

/// The version of the format, in every entry as `v`.
pub const VERSION: u64 = 1;

/// What every signed text begins with, so that no signature of another kind can be taken for one.
const DOMAIN: &str = "wardlet-entry/v1\n";

/// What an entry has at most beside body, gateway and origin: the names and signs of its members, an
/// index of 20 digits, a kind of 16 characters, a time of 24 and a signature of 86.
const OTHER_BYTES: usize = 256;

/// The members of an entry, in canonical order.
const MEMBERS: [&str; 8] = [
    "body", "gateway", "index", "kind", "origin", "sig", "time", "v",
];

/// Serialises a body. Its fields stand in canonical order already.
pub(crate) fn body(record: &impl Serialize) -> Result<Vec<u8>, AuditError> {
    serde_json::to_vec(record).map_err(|error| AuditError::Unrecordable {
        why: error.to_string(),
    })
}

/// What all entries of one log have in common, with the key that signs them.
pub(crate) struct Seal {
    key: Arc<EntryKey>,
    name: String,
    /// The start of every signed text: domain, origin, and the canonical text up to the body.
    start: Vec<u8>,
    /// Where in `start` the canonical text begins.
    text_at: usize,
    /// The canonical text between body and index.
    gateway: Vec<u8>,
    /// The canonical text between kind and signature.
    origin: Vec<u8>,
}

impl Seal {
    pub(crate) fn new(
        key: Arc<EntryKey>,
        origin: &str,
        gateway: &Gateway,
    ) -> Result<Self, AuditError> {
        let text_at = DOMAIN.len() + origin.len() + 1;
        let gateway = [&br#","gateway":"#[..], &body(gateway)?, br#","index":"#].concat();
        let quoted = Json::String(origin.to_owned()).to_text();
        Ok(Seal {
            key,
            name: origin.to_owned(),
            start: format!("{DOMAIN}{origin}\n{{\"body\":").into_bytes(),
            text_at,
            gateway,
            origin: format!(r#"","origin":{quoted}"#).into_bytes(),
        })
    }

    /// The origin of the log.
    pub(crate) fn origin(&self) -> &str {
        &self.name
    }

    /// The public key, under the origin.
    pub(crate) fn verifying_key(&self) -> Result<VerifyingKey, AuditError> {
        Ok(self.key.verifying_key(&self.name)?)
    }

    /// Signs what is no entry, with the key of the entries.
    pub(crate) fn sign(&self, text: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.key.sign(text)
    }

    /// How long a body may be so that its entry is not over [`MAX_ENTRY_BYTES`], whatever its kind
    /// and index.
    pub(crate) fn room(&self) -> usize {
        let fixed = self.gateway.len() + self.origin.len() + OTHER_BYTES;
        MAX_ENTRY_BYTES.saturating_sub(fixed)
    }

    /// An entry as it stands in a bundle, with its length before it.
    pub(crate) fn frame(
        &self,
        index: u64,
        kind: &str,
        now_ms: u64,
        body: &[u8],
    ) -> Result<Vec<u8>, AuditError> {
        // Room for everything but the body: about 400 bytes, and 96 for the signature.
        let mut text = Vec::with_capacity(self.start.len() + body.len() + 512);
        text.extend_from_slice(&self.start);
        text.extend_from_slice(body);
        text.extend_from_slice(&self.gateway);
        text.extend_from_slice(index.to_string().as_bytes());
        text.extend_from_slice(br#","kind":""#);
        text.extend_from_slice(kind.as_bytes());
        text.extend_from_slice(&self.origin);
        let end_at = text.len();
        text.extend_from_slice(br#","time":""#);
        text.extend_from_slice(time::format(now_ms).as_bytes());
        text.extend_from_slice(br#"","v":1}"#);

        let signature = base64url::encode(&self.key.sign(&text));
        let member = [br#","sig":""#, signature.as_bytes(), b"\""].concat();
        text.splice(end_at..end_at, member);
        let length = text.len() - self.text_at;
        let prefix = u16::try_from(length)
            .ok()
            .filter(|_| length <= MAX_ENTRY_BYTES);
        let prefix = prefix.ok_or_else(|| AuditError::Unrecordable {
            why: format!("it has {length} bytes, of {MAX_ENTRY_BYTES} at most"),
        })?;
        text.splice(..self.text_at, prefix.to_be_bytes());
        Ok(text)
    }
}

/// What recovery reads of an entry. Only its shape is checked.
pub(crate) struct Skeleton {
    pub(crate) index: u64,
    pub(crate) reference: Reference,
}

/// How an entry takes part in the pairing of decisions and outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// It allows a call, so an outcome must follow.
    Opens,
    /// It is the outcome of the decision with this index.
    Closes(u64),
    /// Neither.
    Neither,
}

#[derive(Deserialize)]
struct Shape<'a> {
    #[serde(borrow)]
    body: &'a RawValue,
    index: u64,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    v: u64,
}

#[derive(Deserialize)]
struct DecisionShape<'a> {
    #[serde(borrow)]
    effect: Cow<'a, str>,
}

#[derive(Deserialize)]
struct OutcomeShape {
    decision: u64,
}

/// Reads the shape of an entry; cheap, and without its signature.
pub(crate) fn skeleton(line: &[u8]) -> Result<Skeleton, Damage> {
    let wrong = |_| Damage::NotAnEntry;
    let shape: Shape<'_> = serde_json::from_slice(line).map_err(wrong)?;
    if shape.v != VERSION {
        return Err(Damage::Version);
    }
    Ok(Skeleton {
        index: shape.index,
        reference: reference(&shape.kind, shape.body.get())?,
    })
}

/// How an entry of a kind with this body takes part in the pairing.
pub(crate) fn reference(kind: &str, body: &str) -> Result<Reference, Damage> {
    let wrong = |_| Damage::NotAnEntry;
    Ok(match kind {
        "decision" => {
            let decision: DecisionShape<'_> = serde_json::from_str(body).map_err(wrong)?;
            if decision.effect == "allow" {
                Reference::Opens
            } else {
                Reference::Neither
            }
        }
        "outcome" => {
            let outcome: OutcomeShape = serde_json::from_str(body).map_err(wrong)?;
            Reference::Closes(outcome.decision)
        }
        _ => Reference::Neither,
    })
}

/// Whether an entry stands whole at the beginning of the bytes, whatever follows it.
pub(crate) fn begins_with_an_entry(bytes: &[u8]) -> bool {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<Shape<'_>>();
    matches!(values.next(), Some(Ok(_)))
}

/// What a full check of an entry yields.
pub(crate) struct Checked {
    pub(crate) skeleton: Skeleton,
    pub(crate) kind: String,
    pub(crate) effect: Option<String>,
    pub(crate) time_ms: u64,
}

/// Checks an entry by itself: form, version, origin, time and signature.
pub(crate) fn check(line: &[u8], key: &VerifyingKey) -> Result<Checked, Damage> {
    let text = str::from_utf8(line).map_err(|_| Damage::NotAnEntry)?;
    let value = Json::parse(text).map_err(|_| Damage::NotAnEntry)?;
    if value.canonical().as_deref() != Ok(text) {
        return Err(Damage::NotCanonical);
    }
    let Json::Object(mut members) = value else {
        return Err(Damage::NotAnEntry);
    };
    let skeleton = skeleton(line)?;
    if !members.iter().map(|(name, _)| name.as_str()).eq(MEMBERS) {
        return Err(Damage::NotAnEntry);
    }
    let mut signature = None;
    members.retain(|(name, value)| {
        let kept = name != "sig";
        if !kept {
            signature = value.as_str().and_then(base64url::decode);
        }
        kept
    });
    let unsigned = Json::Object(members);
    let string = |name: &str| unsigned.member(name).and_then(Json::as_str);
    if string("origin") != Some(key.name()) {
        return Err(Damage::Origin);
    }
    let signed = format!("{DOMAIN}{}\n{}", key.name(), unsigned.to_text());
    if !key.verify(signed.as_bytes(), &signature.ok_or(Damage::Signature)?) {
        return Err(Damage::Signature);
    }
    let kind = string("kind").ok_or(Damage::NotAnEntry)?.to_owned();
    let effect = unsigned
        .member("body")
        .and_then(|body| body.member("effect"));
    Ok(Checked {
        skeleton,
        effect: effect
            .and_then(Json::as_str)
            .filter(|_| kind == "decision")
            .map(str::to_owned),
        kind,
        time_ms: string("time").and_then(time::parse).ok_or(Damage::Time)?,
    })
}

/// What an entry that is right by itself says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedEntry {
    /// Its kind.
    pub kind: String,
    /// Its time, in milliseconds since 1970.
    pub time_ms: u64,
}

/// Checks the text of one entry by itself: its length, form and version, that it says to be the one at
/// `index` of the log that is the name of `key`, its time, and its signature by `key`. Whether a log
/// holds it there is for a proof to show.
///
/// # Errors
/// What is wrong with it.
pub fn check_entry(text: &str, index: u64, key: &VerifyingKey) -> Result<CheckedEntry, Damage> {
    if text.len() > MAX_ENTRY_BYTES {
        return Err(Damage::TooLong);
    }
    let checked = check(text.as_bytes(), key)?;
    if checked.skeleton.index != index {
        return Err(Damage::Index);
    }
    Ok(CheckedEntry {
        kind: checked.kind,
        time_ms: checked.time_ms,
    })
}
