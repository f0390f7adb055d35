//! One call, as it is found.

use serde::{Serialize, Serializer};
use wardlet_audit::rfc3339;

/// A decision with what became of it. Names and words are those of the log's `FORMAT.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The index of the decision's entry.
    pub entry: u64,
    /// When it was decided, in milliseconds since 1970; serialised as RFC 3339.
    #[serde(rename = "time", serialize_with = "time")]
    pub time_ms: u64,
    /// What was decided.
    pub effect: String,
    /// The code for machines.
    pub reason: String,
    /// Whose doing a refusal is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blame: Option<String>,
    /// The pseudonym of who called.
    pub principal: String,
    /// The upstream.
    pub server: String,
    /// The MCP method.
    pub method: String,
    /// The tool; a commitment to its name where `tool_known` is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Whether the upstream's own list holds the tool.
    pub tool_known: bool,
    /// The rules that matched, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// The plugins that ran over the call and its answer, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<Ran>,
    /// The digest of the policy set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_set: Option<String>,
    /// The version of MCP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// The transaction id.
    pub txn: String,
    /// The size of the arguments in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub argument_bytes: Option<u64>,
    /// How many messages the entry sums up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The name of the gateway that decided.
    pub gateway: String,
    /// The build of that gateway.
    pub build: String,
    /// The name of the log.
    pub origin: String,
    /// The approval, where a human was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// What came of an allowed call; none while it is open, and none for a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

impl Call {
    /// Server and tool, or the method where no tool is named.
    #[must_use]
    pub fn target(&self) -> String {
        let name = self.tool.as_deref().unwrap_or(&self.method);
        format!("{}/{name}", self.server)
    }

    /// How an allowed call ended: a status of the log, or `open`; none for a refusal.
    #[must_use]
    pub fn status(&self) -> Option<&str> {
        match &self.outcome {
            Some(outcome) => Some(&outcome.status),
            None => self.is_open().then_some(crate::field::OPEN),
        }
    }

    /// Whether it was allowed and has no outcome.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.effect == "allow" && self.outcome.is_none()
    }

    /// The code that says the most: of the outcome, or else of the decision.
    #[must_use]
    pub fn last_reason(&self) -> &str {
        let of_outcome = self.outcome.as_ref().and_then(|o| o.reason.as_deref());
        of_outcome.unwrap_or(&self.reason)
    }

    /// Whose doing a refusal or a bad end is.
    #[must_use]
    pub fn last_blame(&self) -> Option<&str> {
        let of_outcome = self.outcome.as_ref().and_then(|o| o.blame.as_deref());
        of_outcome.or(self.blame.as_deref())
    }
}

/// One check of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ran {
    /// Its name.
    pub name: String,
    /// The digest of its component.
    pub digest: String,
    /// As what it ran.
    pub role: String,
    /// What it said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// How it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// What humans were asked, and how they voted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// The index of the request's entry, where the log holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
    /// The votes that counted.
    pub votes: Vec<Vote>,
}

/// One vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Vote {
    /// The index of its entry, where the log holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// The pseudonym of who voted.
    pub approver: String,
    /// The choice.
    pub choice: String,
}

/// What came of an allowed call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The index of its entry.
    pub entry: u64,
    /// When it was written, in milliseconds since 1970; serialised as RFC 3339.
    #[serde(rename = "time", serialize_with = "time")]
    pub time_ms: u64,
    /// How the call ended.
    pub status: String,
    /// The code for machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whose doing it is that there is no good answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blame: Option<String>,
    /// Whether the tool's result says that it is an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_error: Option<bool>,
    /// The size of the answer in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_bytes: Option<u64>,
    /// How long the upstream took, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_us: Option<u64>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn time<S: Serializer>(ms: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*ms))
}
