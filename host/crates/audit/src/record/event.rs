//! What entries of the other kinds say: neither decisions nor outcomes.

use serde::Serialize;

use super::{Choice, Payload, Target};
use crate::error::AuditError;
use crate::field;
use crate::line;

/// What the log records beside decisions and outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A call is held until humans agree.
    ApprovalRequest(ApprovalRequest),
    /// A human voted.
    ApprovalVote(ApprovalVote),
    /// The set of plugins changed.
    Policy {
        /// The digest of the set.
        digest: String,
        /// The plugins.
        plugins: Vec<PluginPin>,
    },
    /// The configuration was loaded.
    Config {
        /// The digest of the configuration.
        digest: String,
    },
    /// A caller is in quarantine from here on, or no longer.
    Quarantine(Quarantine),
    /// What was kept of a subject was erased.
    Erasure(Erasure),
    /// Values that entries only commit to were shown to somebody.
    Access(Access),
}

impl Event {
    /// The kind of the entry, and its body.
    pub(crate) fn body(&self) -> Result<(&'static str, Vec<u8>), AuditError> {
        let set = |digest, plugins| line::body(&SetBody { digest, plugins });
        Ok(match self {
            Event::ApprovalRequest(request) => ("approval-request", line::body(request)?),
            Event::ApprovalVote(vote) => ("approval-vote", line::body(vote)?),
            Event::Erasure(erasure) => ("erasure", line::body(erasure)?),
            Event::Access(access) => ("access", line::body(access)?),
            Event::Quarantine(quarantine) => ("quarantine", line::body(quarantine)?),
            Event::Policy { digest, plugins } => ("policy", set(digest, Some(plugins))?),
            Event::Config { digest } => ("config", set(digest, None)?),
        })
    }
}

/// An erasure. The entries of the subject stay, and nobody can tell any more whose they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Erasure {
    /// The pseudonym of who did it.
    #[serde(serialize_with = "field::name")]
    pub by: String,
    /// How many values went.
    #[serde(serialize_with = "field::integer")]
    pub disclosures: u64,
    /// The pseudonym of whose they were.
    #[serde(serialize_with = "field::name")]
    pub subject: String,
}

/// A look at what is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Access {
    /// The pseudonym of who looked.
    #[serde(serialize_with = "field::name")]
    pub by: String,
    /// How many values were shown.
    #[serde(serialize_with = "field::integer")]
    pub disclosures: u64,
    /// The transaction that they belong to; none where the names of all subjects were shown.
    #[serde(
        serialize_with = "field::maybe_name",
        skip_serializing_if = "Option::is_none"
    )]
    pub txn: Option<String>,
}

/// A call that is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApprovalRequest {
    /// The arguments as shown to the approvers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Payload>,
    /// Until when votes count, in seconds since 1970.
    #[serde(serialize_with = "field::integer")]
    pub expires: u64,
    /// The pseudonym of who called.
    #[serde(serialize_with = "field::name")]
    pub principal: String,
    /// The rules that ask.
    #[serde(serialize_with = "field::names")]
    pub rules: Vec<String>,
    /// The digest of the statement to vote on.
    #[serde(serialize_with = "field::name")]
    pub statement: String,
    /// What is to be called.
    pub target: Target,
    /// The transaction id of the call.
    #[serde(serialize_with = "field::name")]
    pub txn: String,
}

/// A vote on a held call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApprovalVote {
    /// The pseudonym of who voted.
    #[serde(serialize_with = "field::name")]
    pub approver: String,
    /// The choice.
    pub choice: Choice,
    /// The index of the request's entry.
    #[serde(serialize_with = "field::integer")]
    pub request: u64,
    /// The digest of the statement that was shown.
    #[serde(serialize_with = "field::name")]
    pub statement: String,
}

/// Who is refused what needs which plugin, or is let go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quarantine {
    /// The pseudonym of the operator who lifted it; none where a caller comes into it.
    #[serde(
        serialize_with = "field::maybe_name",
        skip_serializing_if = "Option::is_none"
    )]
    pub by: Option<String>,
    /// What changed.
    pub change: QuarantineChange,
    /// The last fault that led to it.
    #[serde(serialize_with = "field::name")]
    pub fault: String,
    /// The name of the plugin in the configuration.
    #[serde(serialize_with = "field::name")]
    pub plugin: String,
    /// The pseudonym of the caller; or `upstream:` and the server's name.
    #[serde(serialize_with = "field::name")]
    pub principal: String,
}

/// What changed about a caller in quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuarantineChange {
    /// It is in quarantine from here on.
    Held,
    /// It is so no longer.
    Lifted,
}

/// A plugin by its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PluginPin {
    /// The digest of the component.
    #[serde(serialize_with = "field::name")]
    pub digest: String,
    /// Its name in the configuration.
    #[serde(serialize_with = "field::name")]
    pub name: String,
}

/// The body of a policy entry, and of a configuration entry, which lists no plugins.
#[derive(Serialize)]
pub(crate) struct SetBody<'a> {
    #[serde(serialize_with = "field::name")]
    pub(crate) digest: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plugins: Option<&'a [PluginPin]>,
}

/// Nothing happened for long.
#[derive(Serialize)]
pub(crate) struct HeartbeatBody {
    /// The number of entries published before it.
    #[serde(serialize_with = "field::integer")]
    pub(crate) published: u64,
}

/// A last entry that a crash left unfinished and that was set aside.
#[derive(Serialize)]
pub(crate) struct RecoveryBody<'a> {
    #[serde(serialize_with = "field::integer")]
    pub(crate) bytes: u64,
    /// The base64url of the SHA-256 of those bytes.
    #[serde(serialize_with = "field::name")]
    pub(crate) digest: &'a str,
    /// The file beside the log that holds them.
    #[serde(serialize_with = "field::name")]
    pub(crate) file: &'a str,
}
