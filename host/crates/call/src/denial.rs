//! Refusals. Everything that goes wrong with a call ends as one of these.

use crate::name::{Code, PluginName, RuleName};

/// Whose doing a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The call itself: malformed, or against a policy.
    Agent,
    /// A plugin that failed.
    Plugin,
    /// The MCP server behind the gateway.
    Upstream,
    /// Wardlet, its configuration, or the machine.
    Host,
    /// The human who was asked, or who did not answer.
    Approver,
}

impl Blame {
    /// The word for it in entries.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Blame::Agent => "agent",
            Blame::Plugin => "plugin",
            Blame::Upstream => "upstream",
            Blame::Host => "host",
            Blame::Approver => "approver",
        }
    }
}

/// Why a call is refused. The host's own reasons are a closed set; a policy's is a declared code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A policy said no.
    Policy {
        /// The policy.
        plugin: PluginName,
        /// Its declared code.
        code: Code,
        /// The declared sentence for people.
        sentence: String,
    },
    /// Redactors found something in the arguments, and the rule does not mask it.
    SensitiveArguments {
        /// The entity that was found first.
        entity: Code,
    },
    /// Every policy of a rule abstained.
    NoPolicyAllowed,
    /// No rule with policies covers the tool or method.
    NoRule,
    /// An obligation that this host does not know must be understood.
    UnknownObligation,
    /// The upstream does not list this tool.
    UnknownTool,
    /// The upstream's list of tools cannot be had, so that no tool is known.
    NoToolList,
    /// The arguments are too large to be shown to a human.
    Uninspectable,
    /// The method is not among those that the configuration names.
    UnnamedMethod,
    /// The message is not one that can be judged.
    Malformed,
    /// The request came before the session was initialised.
    NotInitialised,
    /// An id that is already in use by a request under way.
    IdInUse,
    /// The agent put something under the gateway's own key in `_meta`.
    ReservedMeta,
    /// A number in the arguments has more digits than can be judged.
    InexactNumber,
    /// A plugin trapped, overran a limit, failed, or gave a bad answer.
    PluginFault {
        /// The plugin.
        plugin: PluginName,
        /// The kind of fault, a word of the sandbox.
        fault: &'static str,
    },
    /// The caller made a plugin fault too often, and is refused what needs it until an operator lifts
    /// that.
    Quarantined {
        /// The plugin.
        plugin: PluginName,
    },
    /// Too many calls wait for a human.
    TooManyHeld,
    /// Too many requests are under way.
    TooManyRequests,
    /// The tool's definition is another one than that which a human was asked about.
    ToolChanged,
    /// The policies are others than those by which a human was asked.
    PolicyChanged,
    /// A human said no.
    ApprovalDenied,
    /// No human answered in time.
    ApprovalExpired,
    /// The agent gave the call up while it was held.
    Cancelled,
    /// The audit log cannot be written.
    AuditUnavailable,
    /// The upstream ended or cannot be reached.
    UpstreamGone,
    /// The upstream did not answer in time.
    UpstreamTimeout,
    /// The upstream answered something that cannot be judged.
    UpstreamMalformed,
    /// The answer holds something that must not pass where it cannot be replaced.
    Withheld,
    /// The call was executed, and what came of it could not be recorded.
    OutcomeNotRecorded,
    /// The gateway is stopping.
    Stopping,
}

impl Reason {
    /// The code for machines.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Reason::Policy { code, .. } => code.as_str(),
            Reason::SensitiveArguments { .. } => "sensitive-arguments",
            Reason::NoPolicyAllowed => "no-policy-allowed",
            Reason::NoRule => "no-rule",
            Reason::UnknownObligation => "unknown-obligation",
            Reason::UnknownTool => "unknown-tool",
            Reason::NoToolList => "no-tool-list",
            Reason::Uninspectable => "uninspectable",
            Reason::UnnamedMethod => "unnamed-method",
            Reason::Malformed => "malformed",
            Reason::NotInitialised => "not-initialised",
            Reason::IdInUse => "id-in-use",
            Reason::ReservedMeta => "reserved-meta",
            Reason::InexactNumber => "inexact-number",
            Reason::PluginFault { .. } => "plugin-fault",
            Reason::Quarantined { .. } => "quarantined",
            Reason::TooManyHeld => "too-many-held",
            Reason::TooManyRequests => "too-many-requests",
            Reason::ToolChanged => "tool-changed",
            Reason::PolicyChanged => "policy-changed",
            Reason::ApprovalDenied => "approval-denied",
            Reason::ApprovalExpired => "approval-expired",
            Reason::Cancelled => "cancelled",
            Reason::AuditUnavailable => "audit-unavailable",
            Reason::UpstreamGone => "upstream-gone",
            Reason::UpstreamTimeout => "upstream-timeout",
            Reason::UpstreamMalformed => "upstream-malformed",
            Reason::Withheld => "withheld",
            Reason::OutcomeNotRecorded => "outcome-not-recorded",
            Reason::Stopping => "stopping",
        }
    }

    /// Whose doing it is.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Reason::Policy { .. }
            | Reason::SensitiveArguments { .. }
            | Reason::NoPolicyAllowed
            | Reason::UnknownTool
            | Reason::Uninspectable
            | Reason::UnnamedMethod
            | Reason::Malformed
            | Reason::NotInitialised
            | Reason::IdInUse
            | Reason::ReservedMeta
            | Reason::InexactNumber
            | Reason::Quarantined { .. }
            | Reason::TooManyHeld
            | Reason::TooManyRequests
            | Reason::Cancelled => Blame::Agent,
            Reason::PluginFault { .. } | Reason::UnknownObligation => Blame::Plugin,
            Reason::NoRule
            | Reason::PolicyChanged
            | Reason::AuditUnavailable
            | Reason::OutcomeNotRecorded
            | Reason::Stopping => Blame::Host,
            Reason::ApprovalDenied | Reason::ApprovalExpired => Blame::Approver,
            Reason::UpstreamGone
            | Reason::UpstreamTimeout
            | Reason::UpstreamMalformed
            | Reason::NoToolList
            | Reason::ToolChanged
            | Reason::Withheld => Blame::Upstream,
        }
    }

    /// The sentence for the agent: what happened, nothing of settings, other tenants or payloads.
    #[must_use]
    pub fn sentence(&self) -> &str {
        match self {
            Reason::Policy { sentence, .. } => sentence,
            Reason::SensitiveArguments { .. } => {
                "the arguments hold something that must not leave, such as a credential"
            }
            Reason::NoPolicyAllowed => "no policy allowed this call",
            Reason::NoRule => "no rule allows this tool or method",
            Reason::UnknownObligation => "a policy asked for something that this gateway cannot do",
            Reason::UnknownTool => "the server has no such tool",
            Reason::NoToolList => "the server's list of tools cannot be had",
            Reason::Uninspectable => "the arguments are too large for a human to look at",
            Reason::UnnamedMethod => "this method is not allowed here",
            Reason::Malformed => "the message cannot be judged",
            Reason::NotInitialised => "the session is not initialised",
            Reason::IdInUse => "a request with this id is still under way",
            Reason::ReservedMeta => "a member of _meta is reserved for the gateway",
            Reason::InexactNumber => "a number in the arguments has too many digits to be judged",
            Reason::PluginFault { .. } => "a check could not be completed",
            Reason::Quarantined { .. } => {
                "a check failed too often on your calls; the operator of this gateway can lift this"
            }
            Reason::TooManyHeld => "too many calls wait for a human",
            Reason::TooManyRequests => "too many requests are under way",
            Reason::ToolChanged => "the tool was changed while the call waited for a human",
            Reason::PolicyChanged => "the policies were changed while the call waited for a human",
            Reason::ApprovalDenied => "a human refused this call",
            Reason::ApprovalExpired => "no human agreed in time",
            Reason::Cancelled => "the call was cancelled before it was decided",
            Reason::AuditUnavailable => {
                "the audit log cannot be written, so no call is let through"
            }
            Reason::UpstreamGone => {
                "the server ended before it answered; the call may have taken effect"
            }
            Reason::UpstreamTimeout => {
                "the server did not answer in time; the call may have taken effect"
            }
            Reason::UpstreamMalformed => {
                "the server answered something that cannot be judged; the call may have taken effect"
            }
            Reason::Withheld => "the answer holds something that must not pass",
            Reason::OutcomeNotRecorded => {
                "the call was executed, but its outcome could not be recorded; do not retry"
            }
            Reason::Stopping => "the gateway is stopping",
        }
    }
}

/// A refusal: why, and by which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Why.
    pub reason: Reason,
    /// The rule that refused, where one did.
    pub rule: Option<RuleName>,
}

impl Denial {
    /// A refusal that no rule of the configuration made.
    #[must_use]
    pub fn new(reason: Reason) -> Self {
        Denial { reason, rule: None }
    }

    /// A refusal made by a rule.
    #[must_use]
    pub fn by(rule: &RuleName, reason: Reason) -> Self {
        Denial {
            reason,
            rule: Some(rule.clone()),
        }
    }

    /// What the agent is told.
    #[must_use]
    pub fn message(&self) -> String {
        match &self.rule {
            Some(rule) => format!("refused by rule `{rule}`: {}", self.reason.sentence()),
            None => format!("refused: {}", self.reason.sentence()),
        }
    }
}
