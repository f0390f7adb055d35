//! What the index reads of an entry. Members that it does not know are let be, so that later builds may
//! add some; what it needs must be there.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use wardlet_audit::{Damage, VERSION, parse_time};

type Text<'a> = Cow<'a, str>;

/// An entry.
pub(crate) struct Entry<'a> {
    pub(crate) index: u64,
    pub(crate) time_ms: u64,
    pub(crate) origin: Text<'a>,
    pub(crate) gateway: Gateway<'a>,
    pub(crate) kind: Text<'a>,
    pub(crate) body: Body<'a>,
}

/// What it says, of the kinds that calls are made of.
pub(crate) enum Body<'a> {
    Decision(Box<Decision<'a>>),
    Outcome(Box<Outcome<'a>>),
    Request(Request<'a>),
    Ballot(Ballot<'a>),
    /// Another kind, also one that this build does not know.
    Other,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    body: &'a RawValue,
    #[serde(borrow)]
    gateway: Gateway<'a>,
    index: u64,
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    origin: Text<'a>,
    #[serde(borrow)]
    time: Text<'a>,
    v: u64,
}

#[derive(Deserialize)]
pub(crate) struct Gateway<'a> {
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    #[serde(borrow)]
    pub(crate) build: Text<'a>,
}

#[derive(Deserialize)]
pub(crate) struct Decision<'a> {
    #[serde(borrow)]
    pub(crate) approval: Option<Approval<'a>>,
    pub(crate) arguments: Option<Payload>,
    #[serde(borrow)]
    pub(crate) blame: Option<Text<'a>>,
    pub(crate) count: Option<u64>,
    #[serde(borrow)]
    pub(crate) effect: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) plugins: Vec<Ran<'a>>,
    #[serde(borrow)]
    pub(crate) policy_set: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) principal: Text<'a>,
    #[serde(borrow)]
    pub(crate) protocol: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) reason: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) rules: Vec<Text<'a>>,
    #[serde(borrow)]
    pub(crate) target: Target<'a>,
    #[serde(borrow)]
    pub(crate) txn: Text<'a>,
}

#[derive(Deserialize)]
pub(crate) struct Target<'a> {
    #[serde(borrow)]
    pub(crate) method: Text<'a>,
    #[serde(borrow)]
    pub(crate) server: Text<'a>,
    #[serde(borrow)]
    pub(crate) tool: Option<Text<'a>>,
    pub(crate) tool_known: bool,
}

#[derive(Deserialize)]
pub(crate) struct Payload {
    pub(crate) bytes: u64,
}

#[derive(Deserialize)]
pub(crate) struct Ran<'a> {
    #[serde(borrow)]
    pub(crate) digest: Text<'a>,
    #[serde(borrow)]
    pub(crate) fault: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    #[serde(borrow)]
    pub(crate) role: Text<'a>,
    #[serde(borrow)]
    pub(crate) verdict: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct Approval<'a> {
    #[serde(borrow)]
    pub(crate) statement: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) votes: Vec<Vote<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct Vote<'a> {
    #[serde(borrow)]
    pub(crate) approver: Text<'a>,
    #[serde(borrow)]
    pub(crate) choice: Text<'a>,
}

#[derive(Deserialize)]
pub(crate) struct Outcome<'a> {
    #[serde(borrow)]
    pub(crate) blame: Option<Text<'a>>,
    pub(crate) decision: u64,
    pub(crate) is_error: Option<bool>,
    #[serde(borrow, default)]
    pub(crate) plugins: Vec<Ran<'a>>,
    #[serde(borrow)]
    pub(crate) reason: Option<Text<'a>>,
    pub(crate) result: Option<Payload>,
    #[serde(borrow)]
    pub(crate) status: Text<'a>,
    #[serde(default)]
    pub(crate) timings: Timings,
}

#[derive(Default, Deserialize)]
pub(crate) struct Timings {
    pub(crate) upstream_us: Option<u64>,
}

#[derive(Deserialize)]
pub(crate) struct Request<'a> {
    #[serde(borrow)]
    pub(crate) statement: Text<'a>,
}

#[derive(Deserialize)]
pub(crate) struct Ballot<'a> {
    #[serde(borrow)]
    pub(crate) approver: Text<'a>,
    #[serde(borrow)]
    pub(crate) choice: Text<'a>,
    pub(crate) request: u64,
}

impl<'a> Entry<'a> {
    /// Reads an entry's text.
    ///
    /// # Errors
    /// Where it lacks what every entry of its kind has.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Damage> {
        let envelope: Envelope<'a> = parse(text)?;
        if envelope.v != VERSION {
            return Err(Damage::Version);
        }
        let body = envelope.body.get();
        let body = match &*envelope.kind {
            "decision" => Body::Decision(Box::new(parse(body)?)),
            "outcome" => Body::Outcome(Box::new(parse(body)?)),
            "approval-request" => Body::Request(parse(body)?),
            "approval-vote" => Body::Ballot(parse(body)?),
            _ => Body::Other,
        };
        Ok(Entry {
            index: envelope.index,
            time_ms: parse_time(&envelope.time).ok_or(Damage::Time)?,
            origin: envelope.origin,
            gateway: envelope.gateway,
            kind: envelope.kind,
            body,
        })
    }
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Damage> {
    serde_json::from_str(text).map_err(|_| Damage::NotAnEntry)
}
