//! What is known of a call so far: it grows from step to step and ends in the entries.

use std::sync::Arc;
use std::time::Duration;

use wardlet_audit::{
    Approval, Decision, Effect, Outcome, Payload, PluginRun, Redaction, Role, Shadow, Status,
    Target, Timings, Token,
};
use wardlet_call::{Blame, Found, Reason, RuleName};
use wardlet_keys::base64url;
use wardlet_mcp::Id;
use wardlet_sandbox::Usage;
use wardlet_vault::Subject;

use super::under_way::OneUnderWay;
use super::{Call, Gate, PolicySet};
use crate::config::Keep;
use crate::plugins::Bound;

/// How long a token lives, in seconds: long enough for clocks that differ a little and for a
/// server that is slow to look, short enough that a stolen one is worth nothing.
pub(crate) const TOKEN_LIFETIME_S: u64 = 30;

/// Facts about one call.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) id: Id,
    pub(crate) txn: String,
    pub(crate) target: Target,
    /// The tool's or method's name as the agent wrote it. Not for entries.
    pub(crate) name: String,
    pub(crate) tool_call: bool,
    pub(crate) arguments: Option<(Payload, Salt)>,
    pub(crate) rules: Vec<RuleName>,
    pub(crate) plugins: Vec<PluginRun>,
    pub(crate) redactions: Vec<Redaction>,
    pub(crate) shadow: Vec<Shadow>,
    pub(crate) approval: Option<Approval>,
    pub(crate) token: Option<Token>,
    pub(crate) timings: Timings,
    /// What the call is judged by, from the first step to the last.
    pub(crate) set: Arc<PolicySet>,
    protocol: Option<String>,
    request: String,
    subject: Arc<Subject>,
    _under_way: OneUnderWay,
}

/// The salt of the arguments' commitment, in base64url. It travels in the token, never in the log.
#[derive(Clone, Debug)]
pub(crate) struct Salt(pub(crate) String);

impl Gate {
    /// The facts at the beginning. A transaction id that cannot be drawn is told by an empty one,
    /// which no entry takes: without randomness no call is let through.
    pub(crate) fn facts(&self, call: &Call, set: Arc<PolicySet>) -> Box<Facts> {
        let txn = wardlet_keys::random::<16>()
            .map(|id| base64url::encode(&id))
            .unwrap_or_default();
        let subject = self.principal();
        let request = subject.commit(&txn, "request", call.id.raw());
        self.principals.keep(&subject, &txn, (Keep::All, &request));
        Box::new(Facts {
            id: call.id.clone(),
            target: self.target(call, &set, (&subject, &txn)),
            name: call.tool.clone().unwrap_or_else(|| call.method.clone()),
            tool_call: call.is_tool_call(),
            arguments: None,
            rules: Vec::new(),
            plugins: Vec::new(),
            redactions: Vec::new(),
            shadow: Vec::new(),
            approval: None,
            token: None,
            timings: Timings::default(),
            set,
            protocol: call.protocol.clone().filter(|version| is_date(version)),
            request: request.digest,
            subject,
            _under_way: self.under_way.begin(),
            txn,
        })
    }

    /// A tool that the upstream lists stands by its name, any other text by a commitment.
    fn target(
        &self,
        call: &Call,
        set: &PolicySet,
        (subject, txn): (&Arc<Subject>, &str),
    ) -> Target {
        let committed = |name: &str, value: &str| {
            let value = wardlet_call::Json::String(value.to_owned()).to_text();
            let commitment = subject.commit(txn, name, &value);
            self.principals
                .keep(subject, txn, (Keep::Arguments, &commitment));
            commitment.digest
        };
        let tool = call.tool.as_ref().map(|name| match call.listed {
            Some(_) => name.clone(),
            None => committed("tool", name),
        });
        let known =
            wardlet_mcp::name::is_standard(&call.method) || set.rules().names_method(&call.method);
        Target {
            definition: call.listed.as_ref().map(|tool| tool.digest.clone()),
            method: if known {
                call.method.clone()
            } else {
                committed("method", &call.method)
            },
            server: self.server.to_string(),
            tool,
            tool_known: call.listed.is_some(),
        }
    }

    /// Commits to the arguments in their canonical form.
    pub(crate) fn commit_arguments(&self, facts: &mut Facts, canonical: &str, bytes: usize) {
        let commitment = facts.subject.commit(&facts.txn, "arguments", canonical);
        let kept = (Keep::Arguments, &commitment);
        self.principals.keep(&facts.subject, &facts.txn, kept);
        let payload = Payload {
            bytes: bytes as u64,
            commitment: commitment.digest,
        };
        facts.arguments = Some((payload, Salt(commitment.salt)));
    }

    /// Commits to an answer as it came.
    pub(crate) fn commit_result(&self, facts: &Facts, text: &str) -> Payload {
        let commitment = facts.subject.commit(&facts.txn, "result", text);
        self.principals
            .keep(&facts.subject, &facts.txn, (Keep::All, &commitment));
        Payload {
            bytes: text.len() as u64,
            commitment: commitment.digest,
        }
    }

    /// The current time in seconds since 1970.
    pub(crate) fn now_s(&self) -> u64 {
        self.clock.now_ms() / 1000
    }
}

impl Facts {
    /// The pseudonym of the caller, the same from the first step to the last.
    pub(crate) fn principal(&self) -> &str {
        self.subject.pseudonym()
    }

    /// The method, and the tool's name or the empty text.
    pub(crate) fn subject(&self) -> (&str, &str) {
        if self.tool_call {
            (wardlet_mcp::name::TOOLS_CALL, &self.name)
        } else {
            (&self.name, "")
        }
    }

    /// The decision entry of these facts.
    pub(crate) fn decision(&self, effect: Effect, refusal: Option<&Reason>) -> Decision {
        Decision {
            approval: self.approval.clone(),
            arguments: self.arguments.as_ref().map(|(payload, _)| payload.clone()),
            blame: refusal.map(Reason::blame),
            count: None,
            effect,
            plugins: self.plugins.clone(),
            policy_set: Some(self.set.digest().to_owned()),
            principal: self.principal().to_owned(),
            protocol: self.protocol.clone(),
            reason: refusal.map_or("allowed", Reason::code).to_owned(),
            redactions: self.redactions.clone(),
            request: Some(self.request.clone()),
            rules: self.rules.iter().map(RuleName::to_string).collect(),
            shadow: self.shadow.clone(),
            shadow_omitted: None,
            target: self.target.clone(),
            timings: self.timings.clone(),
            token: self.token.clone(),
            txn: self.txn.clone(),
        }
    }

    /// Notes one check of a plugin.
    pub(crate) fn ran(
        bound: &Bound,
        role: Role,
        usage: Usage,
        verdict: Option<(&str, Option<&str>)>,
        fault: Option<&str>,
    ) -> PluginRun {
        PluginRun {
            digest: bound.digest.clone(),
            fault: fault.map(str::to_owned),
            memory_bytes: usage.memory as u64,
            name: bound.name.to_string(),
            reason: verdict.and_then(|(_, code)| code).map(str::to_owned),
            role,
            struck: usage.struck.iter().map(|l| l.name().to_owned()).collect(),
            time_us: micros(usage.time),
            verdict: verdict.map(|(word, _)| word.to_owned()),
            waited_us: Some(micros(usage.waited)).filter(|time| *time > 0),
        }
    }
}

/// Versions of MCP are dates. What a stranger writes there instead does not stand in entries.
fn is_date(version: &str) -> bool {
    let form = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    version.len() == 10 && version.bytes().enumerate().all(form)
}

/// An outcome without an answer.
pub(crate) fn outcome(status: Status, blame: Option<Blame>, reason: Option<&str>) -> Outcome {
    Outcome {
        blame,
        is_error: None,
        plugins: Vec::new(),
        reason: reason.map(str::to_owned),
        redactions: Vec::new(),
        result: None,
        shadow: Vec::new(),
        status,
        timings: Timings::default(),
        token: None,
    }
}

/// What was found under a rule, as entries have it.
pub(crate) fn redactions(found: &[Found], rule: &RuleName) -> Vec<Redaction> {
    let redaction = |found: &Found| Redaction {
        count: u64::from(found.count),
        entity: found.entity.to_string(),
        rule: rule.to_string(),
    };
    found.iter().map(redaction).collect()
}

/// Whole microseconds.
pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
