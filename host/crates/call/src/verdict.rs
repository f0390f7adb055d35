//! What a policy is asked, and what it answers.

use crate::name::Code;

/// On which side of the upstream a check happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before anything leaves.
    Request,
    /// Before anything of the answer reaches the agent.
    Response,
}

/// What is being judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// On which side.
    pub phase: Phase,
    /// The MCP method.
    pub method: String,
    /// The operator's name for the upstream.
    pub server: String,
    /// The tool; empty where the method names none.
    pub name: String,
}

/// What one policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Its conclusion.
    pub ruling: Ruling,
    /// Conditions on an allowance.
    pub obligations: Vec<Obligation>,
}

/// A policy's conclusion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Nothing to say. Not an allowance.
    Abstain,
    /// Allowed, as far as this policy is concerned.
    Allow,
    /// Refused.
    Deny(Code),
    /// Allowed if a human agrees.
    RequireApproval(Code),
}

impl Ruling {
    /// The word for it in entries.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Ruling::Abstain => "abstain",
            Ruling::Allow => "allow",
            Ruling::Deny(_) => "deny",
            Ruling::RequireApproval(_) => "require-approval",
        }
    }

    /// The code it gave.
    #[must_use]
    pub fn code(&self) -> Option<&Code> {
        match self {
            Ruling::Deny(code) | Ruling::RequireApproval(code) => Some(code),
            Ruling::Abstain | Ruling::Allow => None,
        }
    }
}

/// A condition on an allowance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obligation {
    /// `durable`: the decision entry is on disk before the call leaves.
    Durable,
    /// A kind that this host does not know.
    Unknown {
        /// Whether ignoring it would break the allowance.
        must_understand: bool,
    },
}
