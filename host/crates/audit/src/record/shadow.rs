//! What entries say of shadow rules: what each would have done, had it enforced.

use serde::Serialize;

use super::{Decision, OutcomeBody, PluginRun, Redaction};
use crate::error::AuditError;
use crate::field;
use crate::line;

/// Bytes that `shadow_omitted` takes up at most, with its number and comma.
const OMITTED_BYTES: usize = 40;

/// What one shadow rule would have done to a call or to its answer. It had no effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shadow {
    /// What it concluded alone.
    pub concluded: ShadowEffect,
    /// The two effects, where that of the enforcing rules and this one together would have been
    /// another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differs: Option<Difference>,
    /// Those of its plugins that failed, wherever their check stands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<ShadowFault>,
    /// The checks that ran for it. A plugin that was asked already, for a rule that enforces or for
    /// an earlier shadow rule, is not asked again and does not stand here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<PluginRun>,
    /// The code of its refusal, or of its policy that asks for a human.
    #[serde(
        serialize_with = "field::maybe_name",
        skip_serializing_if = "Option::is_none"
    )]
    pub reason: Option<String>,
    /// What its redactors found. Nothing of it was replaced on their behalf.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redactions: Vec<Redaction>,
    /// Whether it would have replaced something that the enforcing rules let pass.
    #[serde(skip_serializing_if = "is_false")]
    pub redacts: bool,
    /// Its name.
    #[serde(serialize_with = "field::name")]
    pub rule: String,
}

/// What a rule concludes, or all rules together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShadowEffect {
    /// The call may go on.
    Allow,
    /// The call is refused.
    Deny,
    /// Of a rule without policies: it neither allows nor refuses.
    Nothing,
    /// The answer may reach the agent.
    Pass,
    /// A human must agree.
    RequireApproval,
    /// Its policies were not asked: redactors had refused the call, or its method is not judged.
    Unasked,
    /// The answer must not reach the agent.
    Withhold,
}

/// Two effects that are not the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// That of the enforcing rules, which counts. A human may have refused the call afterwards.
    pub decided: ShadowEffect,
    /// What it would have been, had the shadow rule enforced.
    pub would: ShadowEffect,
}

/// A plugin that failed for a shadow rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShadowFault {
    /// The kind of fault.
    #[serde(serialize_with = "field::name")]
    pub fault: String,
    /// Its name in the configuration.
    #[serde(serialize_with = "field::name")]
    pub plugin: String,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// A body with shadow rules in it.
pub(crate) trait Shadowed: Serialize {
    fn shadow(&self) -> &[Shadow];

    /// The same with the first so many shadow rules only, and with this count of the others.
    fn shortened(&self, keep: usize, omitted: Option<u64>) -> Self;
}

impl Shadowed for Decision {
    fn shadow(&self) -> &[Shadow] {
        &self.shadow
    }

    fn shortened(&self, keep: usize, omitted: Option<u64>) -> Self {
        let mut short = self.clone();
        short.shadow.truncate(keep);
        short.shadow_omitted = omitted;
        short
    }
}

impl Shadowed for OutcomeBody<'_> {
    fn shadow(&self) -> &[Shadow] {
        self.shadow
    }

    fn shortened(&self, keep: usize, omitted: Option<u64>) -> Self {
        OutcomeBody {
            shadow: self.shadow.get(..keep).unwrap_or_default(),
            shadow_omitted: omitted,
            ..*self
        }
    }
}

/// Serialises a body in at most `room` bytes, as far as that is up to shadow rules: they must not
/// keep an entry from being written. The last ones are left out and counted.
pub(crate) fn body_within(record: &impl Shadowed, room: usize) -> Result<Vec<u8>, AuditError> {
    let whole = line::body(record)?;
    if whole.len() <= room || record.shadow().is_empty() {
        return Ok(whole);
    }
    let mut excess = whole.len() + OMITTED_BYTES - room;
    let mut keep = record.shadow().len();
    for shadow in record.shadow().iter().rev() {
        if excess == 0 {
            break;
        }
        // With its comma.
        excess = excess.saturating_sub(line::body(shadow)?.len() + 1);
        keep -= 1;
    }
    let omitted = (record.shadow().len() - keep) as u64;
    let short = line::body(&record.shortened(keep, Some(omitted)))?;
    if short.len() <= room {
        return Ok(short);
    }
    // There may not even be room for the count.
    line::body(&record.shortened(0, None))
}

#[cfg(test)]
mod tests;
