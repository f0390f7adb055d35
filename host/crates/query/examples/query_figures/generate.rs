//! A log as a busy gateway writes it, from a seed: the same calls each time, under a key of its own.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wardlet_audit::{
    Approval, ApprovalRequest, ApprovalVote, AuditError, Choice, Clock, Decision, Durability,
    Effect, Event, Gateway, Log, Outcome, Payload, PluginPin, PluginRun, Redaction, Role, Status,
    Target, Timings, Token, Vote, WrittenDecision,
};
use wardlet_call::Blame;
use wardlet_keys::{EntryKey, base64url, digest};

pub(crate) const ORIGIN: &str = "generated.example/log";

/// 2026-01-01T00:00:00Z.
pub(crate) const BEGIN_MS: u64 = 1_767_225_600_000;

/// From one entry to the next: some four calls a second.
pub(crate) const STEP_MS: u64 = 125;

/// Calls that are under way at a time, and that the log ends with.
const UNDER_WAY: usize = 3;

struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now_ms(&self) -> u64 {
        self.0.fetch_add(STEP_MS, Ordering::Relaxed)
    }
}

/// Numbers from a seed: splitmix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `most`, the small ones more often: few agents do most of the calls.
    fn skewed(&mut self, most: u64) -> u64 {
        (self.next() % most).min(self.next() % most)
    }

    fn id(&mut self) -> String {
        let halves = [self.next(), self.next()];
        let bytes: Vec<u8> = halves.iter().flat_map(|half| half.to_be_bytes()).collect();
        base64url::encode(&bytes)
    }
}

/// Starts at [`BEGIN_MS`] and ticks a step for each entry.
pub(crate) fn clock() -> Box<dyn Clock> {
    Box::new(Ticking(AtomicU64::new(BEGIN_MS)))
}

pub(crate) fn gateway() -> Gateway {
    Gateway {
        build: "0.1.0".to_owned(),
        name: "generated".to_owned(),
    }
}

/// Writes a log of `entries` entries, more or less three, into `folder`.
pub(crate) fn write(folder: &Path, entries: u64, seed: u64) -> Result<(), AuditError> {
    let key = Arc::new(EntryKey::generate()?);
    let log = Log::open(folder, ORIGIN, &gateway(), key, clock())?;
    fill(&log, entries, seed)
}

/// The same into an open log without entries.
pub(crate) fn fill(log: &Log, entries: u64, seed: u64) -> Result<(), AuditError> {
    let mut dice = Dice(seed);
    let plugins = (0..4).map(|n| PluginPin {
        digest: component(n, 0),
        name: plugin(n),
    });
    log.record(&Event::Policy {
        digest: text_digest("set"),
        plugins: plugins.collect(),
    })?;
    let mut last = 0;
    let mut open: VecDeque<WrittenDecision> = VecDeque::new();
    while last + 1 < entries {
        if open.len() > UNDER_WAY
            && let Some(written) = open.pop_front()
        {
            let _ = log.outcome(written, &outcome(&mut dice))?;
        }
        let decision = decision(&mut dice, log)?;
        if decision.effect == Effect::Allow {
            let written = log.decision(&decision, Durability::Written)?;
            last = written.index();
            open.push_back(written);
        } else {
            last = log.refusal(&decision)?.index();
        }
    }
    log.flush()
}

fn text_digest(text: &str) -> String {
    digest::pin(&digest::sha256(text.as_bytes()))
}

fn plugin(n: u64) -> String {
    ["path-guard", "tool-allow", "call-limit", "secret-redactor"]
        .get(n as usize)
        .copied()
        .unwrap_or("other")
        .to_owned()
}

/// Components change now and then.
fn component(n: u64, version: u64) -> String {
    text_digest(&format!("{} {version}", plugin(n)))
}

fn decision(dice: &mut Dice, log: &Log) -> Result<Decision, AuditError> {
    let effect = match dice.next() % 100 {
        0..=89 => Effect::Allow,
        90..=97 => Effect::Deny,
        98 => Effect::Expired,
        _ => Effect::Malformed,
    };
    let mut decision = plain(dice, effect);
    if effect == Effect::Malformed {
        return Ok(Decision {
            arguments: None,
            plugins: Vec::new(),
            reason: "malformed".to_owned(),
            rules: Vec::new(),
            target: Target {
                definition: None,
                tool: None,
                tool_known: false,
                ..decision.target
            },
            token: None,
            ..decision
        });
    }
    // One call in a hundred waits for a human.
    if effect == Effect::Expired || dice.next().is_multiple_of(100) {
        decision.approval = Some(ask(dice, log, &decision)?);
    }
    Ok(decision)
}

fn plain(dice: &mut Dice, effect: Effect) -> Decision {
    let allowed = effect == Effect::Allow;
    let (server, tool) = (dice.skewed(6), dice.skewed(12));
    let known = !dice.next().is_multiple_of(200);
    Decision {
        approval: None,
        arguments: Some(payload(dice)),
        blame: (!allowed).then_some(match effect {
            Effect::Expired => Blame::Approver,
            _ => Blame::Agent,
        }),
        count: None,
        effect,
        plugins: (0..2 + dice.next() % 2)
            .map(|n| run(dice, n, Role::Policy, allowed))
            .collect(),
        policy_set: Some(text_digest("set")),
        principal: principal(dice.skewed(300)),
        protocol: Some("2025-11-25".to_owned()),
        reason: match effect {
            Effect::Allow => "allowed".to_owned(),
            Effect::Expired => "approval-expired".to_owned(),
            _ => refusal(dice).to_owned(),
        },
        redactions: Vec::new(),
        request: Some(base64url::encode(&digest::sha256(
            &dice.next().to_be_bytes(),
        ))),
        rules: (0..1 + dice.next() % 2)
            .map(|n| format!("rule-{}", (server * 2 + n) % 9))
            .collect(),
        shadow: Vec::new(),
        shadow_omitted: None,
        target: Target {
            definition: Some(text_digest(&format!("{server} {tool}"))),
            method: "tools/call".to_owned(),
            server: format!("server-{server}"),
            tool: Some(if known {
                format!("tool_{tool}")
            } else {
                dice.id()
            }),
            tool_known: known,
        },
        timings: Timings {
            screen_us: Some(20 + dice.skewed(400)),
            ..Timings::default()
        },
        token: allowed.then(|| Token {
            aud: format!("urn:wardlet:generated:server-{server}"),
            exp: BEGIN_MS / 1_000 + 30,
            jti: dice.id(),
        }),
        txn: dice.id(),
    }
}

fn refusal(dice: &mut Dice) -> &'static str {
    match dice.next() % 3 {
        0 => "outside-root",
        1 => "tool-not-listed",
        _ => "too-many-calls",
    }
}

/// A pseudonym, of which some begin with a `-`.
fn principal(n: u64) -> String {
    base64url::encode(&digest::sha256(&n.to_be_bytes())[..16])
}

fn payload(dice: &mut Dice) -> Payload {
    Payload {
        bytes: 20 + dice.skewed(4_000),
        commitment: base64url::encode(&digest::sha256(&dice.next().to_be_bytes())),
    }
}

fn run(dice: &mut Dice, n: u64, role: Role, allowed: bool) -> PluginRun {
    let fault = (!allowed && dice.next().is_multiple_of(10)).then(|| "deadline".to_owned());
    let verdict = (role == Role::Policy && fault.is_none())
        .then(|| if allowed { "allow" } else { "deny" }.to_owned());
    PluginRun {
        digest: component(n, u64::from(dice.next().is_multiple_of(50))),
        fault,
        memory_bytes: 65_536,
        name: plugin(n),
        reason: None,
        role,
        struck: Vec::new(),
        time_us: 5 + dice.skewed(200),
        verdict,
        waited_us: None,
    }
}

/// A request for approval with its votes, written to the log.
fn ask(dice: &mut Dice, log: &Log, decision: &Decision) -> Result<Approval, AuditError> {
    let statement = dice.id();
    let request = log.record(&Event::ApprovalRequest(ApprovalRequest {
        arguments: decision.arguments.clone(),
        expires: BEGIN_MS / 1_000 + 600,
        principal: decision.principal.clone(),
        rules: decision.rules.clone(),
        statement: statement.clone(),
        target: decision.target.clone(),
        txn: decision.txn.clone(),
    }))?;
    let mut votes = Vec::new();
    if decision.effect != Effect::Expired {
        let choice = match decision.effect {
            Effect::Allow => Choice::Approve,
            _ => Choice::Deny,
        };
        let approver = principal(1_000 + dice.skewed(5));
        log.record(&Event::ApprovalVote(ApprovalVote {
            approver: approver.clone(),
            choice,
            request,
            statement: statement.clone(),
        }))?;
        votes.push(Vote { approver, choice });
    }
    Ok(Approval { statement, votes })
}

fn outcome(dice: &mut Dice) -> Outcome {
    let status = match dice.next() % 200 {
        0 => Status::Unknown,
        1 | 2 => Status::Timeout,
        3 => Status::Cancelled,
        4 => Status::NotSent,
        5..=8 => Status::Error,
        _ => Status::Answered,
    };
    let answered = status == Status::Answered;
    Outcome {
        blame: (!answered).then_some(Blame::Upstream),
        is_error: answered.then(|| dice.next().is_multiple_of(30)),
        plugins: vec![run(dice, 3, Role::Redactor, true)],
        reason: (!answered).then(|| "upstream-gone".to_owned()),
        redactions: if dice.next().is_multiple_of(20) {
            vec![Redaction {
                count: 1 + dice.skewed(5),
                entity: "api-key".to_owned(),
                rule: "rule-0".to_owned(),
            }]
        } else {
            Vec::new()
        },
        result: answered.then(|| payload(dice)),
        shadow: Vec::new(),
        status,
        timings: Timings {
            redact_us: Some(10 + dice.skewed(300)),
            upstream_us: Some(500 + dice.skewed(90_000)),
            ..Timings::default()
        },
        token: Some(base64url::encode(&digest::sha256(
            &dice.next().to_be_bytes(),
        ))),
    }
}
