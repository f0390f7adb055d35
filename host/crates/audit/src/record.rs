//! What entries say. The fields of each struct stand in the order of their names, since that is
//! the order in which RFC 8785 wants them written; a test holds it.

use serde::Serialize;
use wardlet_call::Blame;

use crate::field;

mod event;
mod least;
mod shadow;
mod timings;

pub use event::{
    Access, ApprovalRequest, ApprovalVote, Erasure, Event, PluginPin, Quarantine, QuarantineChange,
};
pub(crate) use event::{HeartbeatBody, RecoveryBody};
pub use shadow::{Difference, Shadow, ShadowEffect, ShadowFault};
pub(crate) use shadow::{Shadowed, body_within};
pub use timings::Timings;

/// The gateway that writes, in every entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gateway {
    /// Its build: program and version.
    #[serde(serialize_with = "field::name")]
    pub build: String,
    /// Its name in the configuration.
    #[serde(serialize_with = "field::name")]
    pub name: String,
}

/// What the gate concluded about one call. Names have 1 to 128 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The approval, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// The arguments as judged, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Payload>,
    /// Whose doing a refusal is; none where the call was allowed.
    #[serde(
        serialize_with = "field::blame",
        skip_serializing_if = "Option::is_none"
    )]
    pub blame: Option<Blame>,
    /// How many messages this entry sums up, for a flood of malformed ones.
    #[serde(
        serialize_with = "field::maybe_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub count: Option<u64>,
    /// The conclusion.
    pub effect: Effect,
    /// The plugins that ran, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<PluginRun>,
    /// The digest of the set of policies that it was judged by; entries of early builds have none.
    #[serde(
        serialize_with = "field::maybe_name",
        skip_serializing_if = "Option::is_none"
    )]
    pub policy_set: Option<String>,
    /// The pseudonym of who called.
    #[serde(serialize_with = "field::name")]
    pub principal: String,
    /// The version of MCP that the session speaks.
    #[serde(
        serialize_with = "field::maybe_name",
        skip_serializing_if = "Option::is_none"
    )]
    pub protocol: Option<String>,
    /// The code for machines.
    #[serde(serialize_with = "field::name")]
    pub reason: String,
    /// What redactors found in the arguments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redactions: Vec<Redaction>,
    /// A commitment to the JSON-RPC id, which is a stranger's text.
    #[serde(
        serialize_with = "field::maybe_name",
        skip_serializing_if = "Option::is_none"
    )]
    pub request: Option<String>,
    /// The rules that matched.
    #[serde(
        serialize_with = "field::names",
        skip_serializing_if = "<[String]>::is_empty"
    )]
    pub rules: Vec<String>,
    /// What the shadow rules that matched would have done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shadow: Vec<Shadow>,
    /// How many more there were, for whom the entry had no room; the log sets it.
    #[serde(
        serialize_with = "field::maybe_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub shadow_omitted: Option<u64>,
    /// What was to be called.
    pub target: Target,
    /// How long the stages took.
    #[serde(skip_serializing_if = "Timings::is_empty")]
    pub timings: Timings,
    /// The token for this call, where one is minted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// The transaction id: base64url of 128 random bits.
    #[serde(serialize_with = "field::name")]
    pub txn: String,
}

/// The gate's conclusion about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It may be forwarded.
    Allow,
    /// It was refused.
    Deny,
    /// No human answered in time.
    Expired,
    /// It was no message that can be judged.
    Malformed,
}

/// A payload, by its size and a commitment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Payload {
    /// The length of the bytes, as they came or went.
    #[serde(serialize_with = "field::integer")]
    pub bytes: u64,
    /// The digest of a [`Commitment`](crate::Commitment): to the canonical form of arguments, to a
    /// result as it came.
    #[serde(serialize_with = "field::name")]
    pub commitment: String,
}

/// What was to be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// The digest of the tool's definition.
    #[serde(
        serialize_with = "field::maybe_name",
        skip_serializing_if = "Option::is_none"
    )]
    pub definition: Option<String>,
    /// The MCP method.
    #[serde(serialize_with = "field::name")]
    pub method: String,
    /// The operator's name for the upstream.
    #[serde(serialize_with = "field::name")]
    pub server: String,
    /// The tool, or a commitment to its name where the upstream does not list it.
    #[serde(
        serialize_with = "field::maybe_name",
        skip_serializing_if = "Option::is_none"
    )]
    pub tool: Option<String>,
    /// Whether the upstream's own list holds the tool, so that `tool` is its name.
    pub tool_known: bool,
}

/// One plugin's check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PluginRun {
    /// The digest of the component.
    #[serde(serialize_with = "field::name")]
    pub digest: String,
    /// The kind of fault, where it failed.
    #[serde(
        serialize_with = "field::maybe_name",
        skip_serializing_if = "Option::is_none"
    )]
    pub fault: Option<String>,
    /// The most memory it had.
    #[serde(serialize_with = "field::integer")]
    pub memory_bytes: u64,
    /// Its name in the configuration.
    #[serde(serialize_with = "field::name")]
    pub name: String,
    /// The declared code that came with its verdict.
    #[serde(
        serialize_with = "field::maybe_name",
        skip_serializing_if = "Option::is_none"
    )]
    pub reason: Option<String>,
    /// As what it ran.
    pub role: Role,
    /// The limits that struck, by their names in the configuration; also those that ended nothing.
    #[serde(
        serialize_with = "field::names",
        skip_serializing_if = "<[String]>::is_empty"
    )]
    pub struck: Vec<String>,
    /// Wall time in microseconds.
    #[serde(serialize_with = "field::integer")]
    pub time_us: u64,
    /// The word for its verdict; none for a redactor or a fault.
    #[serde(
        serialize_with = "field::maybe_name",
        skip_serializing_if = "Option::is_none"
    )]
    pub verdict: Option<String>,
    /// That part of the time, in microseconds, which the host waited for a disk or a network on its
    /// behalf; none where it waited for nothing.
    #[serde(
        serialize_with = "field::maybe_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub waited_us: Option<u64>,
}

/// As what a plugin ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It judged.
    Policy,
    /// It found what to redact.
    Redactor,
}

/// What was found, how often, and by which rule; never where or what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Redaction {
    /// How many.
    #[serde(serialize_with = "field::integer")]
    pub count: u64,
    /// The declared entity.
    #[serde(serialize_with = "field::name")]
    pub entity: String,
    /// The rule.
    #[serde(serialize_with = "field::name")]
    pub rule: String,
}

/// An approval and its votes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// The digest of the statement that was voted on.
    #[serde(serialize_with = "field::name")]
    pub statement: String,
    /// Who voted and how.
    pub votes: Vec<Vote>,
}

/// One vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Vote {
    /// The pseudonym of who voted.
    #[serde(serialize_with = "field::name")]
    pub approver: String,
    /// The choice.
    pub choice: Choice,
}

/// A human's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// Yes.
    Approve,
    /// No.
    Deny,
}

/// The token that is minted for a call, without its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Token {
    /// The audience, at most 1024 bytes.
    #[serde(serialize_with = "field::uri")]
    pub aud: String,
    /// When it expires, in seconds since 1970.
    #[serde(serialize_with = "field::integer")]
    pub exp: u64,
    /// Its id.
    #[serde(serialize_with = "field::name")]
    pub jti: String,
}

/// What came of an allowed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whose doing it is that there is no good answer.
    pub blame: Option<Blame>,
    /// Whether the tool's result says that it is an error.
    pub is_error: Option<bool>,
    /// The plugins that ran over the answer, in their order.
    pub plugins: Vec<PluginRun>,
    /// The code for machines, where the status needs one.
    pub reason: Option<String>,
    /// What was redacted from the answer.
    pub redactions: Vec<Redaction>,
    /// The answer as it came from the upstream.
    pub result: Option<Payload>,
    /// What the shadow rules of the call would have done to the answer.
    pub shadow: Vec<Shadow>,
    /// How it ended.
    pub status: Status,
    /// How long the stages took.
    pub timings: Timings,
    /// SHA-256 of the token that was sent.
    pub token: Option<String>,
}

/// How an allowed call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The upstream answered with a result.
    Answered,
    /// The upstream answered with a JSON-RPC error.
    Error,
    /// Nobody knows whether it took effect.
    Unknown,
    /// The upstream did not answer in time; it may have taken effect.
    Timeout,
    /// The agent gave it up; it may have taken effect.
    Cancelled,
    /// It is proven that nothing was delivered.
    NotSent,
}

/// An outcome as it is written, with the index of its decision.
#[derive(Serialize)]
pub(crate) struct OutcomeBody<'a> {
    #[serde(
        serialize_with = "field::blame",
        skip_serializing_if = "Option::is_none"
    )]
    blame: Option<Blame>,
    #[serde(serialize_with = "field::integer")]
    decision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_error: Option<bool>,
    #[serde(skip_serializing_if = "<[PluginRun]>::is_empty")]
    plugins: &'a [PluginRun],
    #[serde(
        serialize_with = "field::maybe_name",
        skip_serializing_if = "Option::is_none"
    )]
    reason: &'a Option<String>,
    #[serde(skip_serializing_if = "<[Redaction]>::is_empty")]
    redactions: &'a [Redaction],
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a Payload>,
    #[serde(skip_serializing_if = "<[Shadow]>::is_empty")]
    shadow: &'a [Shadow],
    #[serde(
        serialize_with = "field::maybe_integer",
        skip_serializing_if = "Option::is_none"
    )]
    shadow_omitted: Option<u64>,
    status: Status,
    #[serde(skip_serializing_if = "Timings::is_empty")]
    timings: &'a Timings,
    #[serde(
        serialize_with = "field::maybe_name",
        skip_serializing_if = "Option::is_none"
    )]
    token: &'a Option<String>,
}

impl<'a> OutcomeBody<'a> {
    pub(crate) fn new(decision: u64, outcome: &'a Outcome) -> Self {
        OutcomeBody {
            blame: outcome.blame,
            decision,
            is_error: outcome.is_error,
            plugins: &outcome.plugins,
            reason: &outcome.reason,
            redactions: &outcome.redactions,
            result: outcome.result.as_ref(),
            shadow: &outcome.shadow,
            shadow_omitted: None,
            status: outcome.status,
            timings: &outcome.timings,
            token: &outcome.token,
        }
    }
}
