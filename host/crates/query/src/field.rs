//! What calls can be asked for by.

use std::fmt;

/// Something that a call has one or several of, and that it is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The pseudonym of who called: the agent's user.
    Principal,
    /// The operator's name for the upstream.
    Server,
    /// The tool; a commitment to its name where the upstream does not list it.
    Tool,
    /// The MCP method.
    Method,
    /// What was decided.
    Effect,
    /// How an allowed call ended; `open` while it has no outcome.
    Status,
    /// The code for machines, of the decision or of the outcome.
    Reason,
    /// Whose doing a refusal or a bad end is.
    Blame,
    /// A rule that matched.
    Rule,
    /// The name of a plugin that ran.
    Plugin,
    /// The digest of a plugin that ran.
    Digest,
    /// The pseudonym of somebody who voted.
    Approver,
}

/// The status of an allowed call that has no outcome: under way, or left by a crash until the next start.
pub(crate) const OPEN: &str = "open";

impl Field {
    /// All of them.
    pub const ALL: [Field; 12] = [
        Field::Principal,
        Field::Server,
        Field::Tool,
        Field::Method,
        Field::Effect,
        Field::Status,
        Field::Reason,
        Field::Blame,
        Field::Rule,
        Field::Plugin,
        Field::Digest,
        Field::Approver,
    ];

    /// Its name, as in a filter.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Field::Principal => "principal",
            Field::Server => "server",
            Field::Tool => "tool",
            Field::Method => "method",
            Field::Effect => "effect",
            Field::Status => "status",
            Field::Reason => "reason",
            Field::Blame => "blame",
            Field::Rule => "rule",
            Field::Plugin => "plugin",
            Field::Digest => "digest",
            Field::Approver => "approver",
        }
    }

    /// The field of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Field::ALL.into_iter().find(|field| field.name() == name)
    }

    /// Whether an outcome can change what a call has of it.
    pub(crate) fn is_of_outcome(self) -> bool {
        match self {
            Field::Status | Field::Reason | Field::Blame | Field::Plugin | Field::Digest => true,
            Field::Principal
            | Field::Server
            | Field::Tool
            | Field::Method
            | Field::Effect
            | Field::Rule
            | Field::Approver => false,
        }
    }

    /// The words that it may have, where they are a closed set (`FORMAT.md` of the log).
    #[must_use]
    pub fn words(self) -> Option<&'static [&'static str]> {
        match self {
            Field::Effect => Some(&["allow", "deny", "expired", "malformed"]),
            Field::Status => Some(&[
                "answered",
                "error",
                "unknown",
                "timeout",
                "cancelled",
                "not-sent",
                OPEN,
            ]),
            Field::Blame => Some(&["agent", "plugin", "upstream", "host", "approver"]),
            _ => None,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which of its vocabularies a word of the index belongs to: those of the fields, and those of what is
/// only shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Vocabulary {
    Of(Field),
    Gateway,
    Build,
    PolicySet,
    Protocol,
    Role,
    Verdict,
    Fault,
    Choice,
}

impl Vocabulary {
    /// Its number in the index. Part of the index's format.
    pub(crate) fn number(self) -> i64 {
        match self {
            Vocabulary::Of(field) => field as i64,
            Vocabulary::Gateway => 32,
            Vocabulary::Build => 33,
            Vocabulary::PolicySet => 34,
            Vocabulary::Protocol => 35,
            Vocabulary::Role => 36,
            Vocabulary::Verdict => 37,
            Vocabulary::Fault => 38,
            Vocabulary::Choice => 39,
        }
    }
}
