//! How long a call took.

use serde::Serialize;

use crate::field;

/// How long the stages of a call took, in microseconds; none where a stage did not run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Timings {
    /// Redactors over the arguments.
    #[serde(
        serialize_with = "field::maybe_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub find_us: Option<u64>,
    /// Waiting for a human.
    #[serde(
        serialize_with = "field::maybe_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub hold_us: Option<u64>,
    /// Redactors over the answer.
    #[serde(
        serialize_with = "field::maybe_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub redact_us: Option<u64>,
    /// Policies.
    #[serde(
        serialize_with = "field::maybe_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub screen_us: Option<u64>,
    /// Shadow rules: policies and redactors that ran for them alone.
    #[serde(
        serialize_with = "field::maybe_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub shadow_us: Option<u64>,
    /// The upstream.
    #[serde(
        serialize_with = "field::maybe_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub upstream_us: Option<u64>,
}

impl Timings {
    pub(super) fn is_empty(&self) -> bool {
        *self == Timings::default()
    }
}
