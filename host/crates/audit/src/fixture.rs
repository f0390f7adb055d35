//! Small logs for the tests, with a clock that ticks by itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;
use wardlet_call::{Blame, Json};
use wardlet_keys::{EntryKey, VerifyingKey, base64url};

use crate::clock::Clock;
use crate::error::AuditError;
use crate::line::ENTRIES_FILE;
use crate::log::{Durability, Log, WrittenDecision};
use crate::record::*;
use crate::verify::{Options, Report, verify};

pub(crate) const ORIGIN: &str = "laptop.example/log";

/// Starts at 2026-11-23T00:00:00Z and ticks a millisecond each time it is read.
pub(crate) struct Ticking(AtomicU64);

impl Ticking {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Ticking(AtomicU64::new(1_795_392_000_000)))
    }
}

impl Clock for Ticking {
    fn now_ms(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// A folder for a log, and its key.
pub(crate) struct Place {
    temporary: TempDir,
    pub(crate) key: Arc<EntryKey>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let key = Arc::new(EntryKey::generate().unwrap());
        Place {
            temporary: tempfile::tempdir().unwrap(),
            key,
        }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.temporary.path().join("log")
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder().join(ENTRIES_FILE)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.file()).unwrap()
    }

    pub(crate) fn try_open(&self) -> Result<Log, AuditError> {
        Log::open(
            &self.folder(),
            ORIGIN,
            &gateway(),
            Arc::clone(&self.key),
            Ticking::new(),
        )
    }

    pub(crate) fn open(&self) -> Log {
        self.try_open().unwrap()
    }

    pub(crate) fn public(&self) -> VerifyingKey {
        self.key.verifying_key(ORIGIN).unwrap()
    }

    pub(crate) fn verified(&self) -> Report {
        verify(&self.folder(), &self.public(), Options::default()).unwrap()
    }

    /// Signs an entry that was written by hand, and gives its canonical line.
    pub(crate) fn forge(&self, unsigned: &str) -> String {
        let Ok(Json::Object(mut members)) = Json::parse(unsigned) else {
            panic!("{unsigned}");
        };
        let canonical = Json::Object(members.clone()).canonical().unwrap();
        let message = format!("wardlet-entry/v1\n{ORIGIN}\n{canonical}");
        let signature = base64url::encode(&self.key.sign(message.as_bytes()));
        members.push(("sig".to_owned(), Json::String(signature)));
        Json::Object(members).canonical().unwrap()
    }

    /// A decision, its outcome and a refusal.
    pub(crate) fn three_entries(&self) -> Vec<u8> {
        let log = self.open();
        let written = log
            .decision(&decision(Effect::Allow), Durability::Written)
            .unwrap();
        log.outcome(written, &outcome(Status::Answered)).unwrap();
        log.refusal(&decision(Effect::Deny)).unwrap();
        drop(log);
        self.bytes()
    }
}

pub(crate) fn allow(log: &Log) -> Result<WrittenDecision, AuditError> {
    log.decision(&decision(Effect::Allow), Durability::Written)
}

pub(crate) fn gateway() -> Gateway {
    Gateway {
        build: "0.1.0".to_owned(),
        name: "laptop".to_owned(),
    }
}

pub(crate) fn target() -> Target {
    Target {
        definition: None,
        method: "tools/call".to_owned(),
        server: "files".to_owned(),
        tool: Some("read_file".to_owned()),
        tool_known: true,
    }
}

/// A decision with only what every decision has.
pub(crate) fn decision(effect: Effect) -> Decision {
    Decision {
        approval: None,
        arguments: None,
        blame: (effect != Effect::Allow).then_some(Blame::Agent),
        count: None,
        effect,
        plugins: vec![],
        policy_set: None,
        principal: "uVXFRiYxlYPmTdYVkhrJrw".to_owned(),
        protocol: None,
        reason: "allowed".to_owned(),
        redactions: vec![],
        request: None,
        rules: vec![],
        shadow: vec![],
        shadow_omitted: None,
        target: target(),
        timings: Timings::default(),
        token: None,
        txn: "1Lt3EJ5uvMUN9HyzAhRQxw".to_owned(),
    }
}

fn plugin(role: Role) -> PluginRun {
    PluginRun {
        digest: "sha256:9f86d081884c7d65".to_owned(),
        fault: Some("deadline".to_owned()),
        memory_bytes: 65_536,
        name: "path-guard".to_owned(),
        reason: Some("outside-root".to_owned()),
        role,
        struck: Vec::new(),
        time_us: 12,
        verdict: Some("deny".to_owned()),
        waited_us: None,
    }
}

fn payload() -> Payload {
    Payload {
        bytes: 40,
        commitment: "TZjouOTrBKEwUNjNDs9yeMzBoQn8FFLPaJjRRmAtwrM".to_owned(),
    }
}

fn redaction() -> Redaction {
    Redaction {
        count: 2,
        entity: "api-key".to_owned(),
        rule: "no \"secrets\" \u{1f512}".to_owned(),
    }
}

/// A shadow rule with every field set.
pub(crate) fn shadow() -> Shadow {
    Shadow {
        concluded: ShadowEffect::RequireApproval,
        differs: Some(Difference {
            decided: ShadowEffect::Allow,
            would: ShadowEffect::RequireApproval,
        }),
        faults: vec![ShadowFault {
            fault: "trap".to_owned(),
            plugin: "path-guard".to_owned(),
        }],
        plugins: vec![plugin(Role::Policy)],
        reason: Some("outside-root".to_owned()),
        redactions: vec![redaction()],
        redacts: true,
        rule: "tried".to_owned(),
    }
}

fn timings() -> Timings {
    Timings {
        find_us: Some(1),
        hold_us: Some(2),
        redact_us: Some(3),
        screen_us: Some(4),
        shadow_us: Some(5),
        upstream_us: Some((1 << 53) - 1),
    }
}

/// A decision with every field set.
pub(crate) fn full_decision(effect: Effect) -> Decision {
    let vote = |choice| Vote {
        approver: "ops\u{7f}\u{1}".to_owned(),
        choice,
    };
    Decision {
        approval: Some(Approval {
            statement: "s".to_owned(),
            votes: vec![vote(Choice::Approve), vote(Choice::Deny)],
        }),
        arguments: Some(payload()),
        blame: Some(Blame::Approver),
        count: Some(1_000),
        plugins: vec![plugin(Role::Redactor), plugin(Role::Policy)],
        policy_set: Some("sha256:5891b5b522d5df08".to_owned()),
        protocol: Some("2025-11-25".to_owned()),
        redactions: vec![redaction()],
        request: Some("c".to_owned()),
        rules: vec!["a".to_owned(), "b".to_owned()],
        shadow: vec![shadow()],
        shadow_omitted: Some(3),
        target: Target {
            definition: Some("d".to_owned()),
            ..target()
        },
        timings: timings(),
        token: Some(Token {
            aud: "https://a.example/".to_owned(),
            exp: 9,
            jti: "j".to_owned(),
        }),
        ..decision(effect)
    }
}

/// An outcome with only its status.
pub(crate) fn outcome(status: Status) -> Outcome {
    Outcome {
        blame: None,
        is_error: None,
        plugins: vec![],
        reason: None,
        redactions: vec![],
        result: None,
        shadow: vec![],
        status,
        timings: Timings::default(),
        token: None,
    }
}

/// An outcome with every field set.
pub(crate) fn full_outcome() -> Outcome {
    Outcome {
        blame: Some(Blame::Upstream),
        is_error: Some(true),
        plugins: vec![plugin(Role::Redactor)],
        reason: Some("upstream-timeout".to_owned()),
        redactions: vec![redaction()],
        result: Some(payload()),
        shadow: vec![shadow()],
        timings: timings(),
        token: Some("t".to_owned()),
        ..outcome(Status::Timeout)
    }
}

/// One event of each kind.
pub(crate) fn events() -> Vec<Event> {
    let request = ApprovalRequest {
        arguments: Some(payload()),
        expires: 1_795_392_600,
        principal: "p".to_owned(),
        rules: vec!["r".to_owned()],
        statement: "s".to_owned(),
        target: target(),
        txn: "x".to_owned(),
    };
    let vote = ApprovalVote {
        approver: "ops".to_owned(),
        choice: Choice::Approve,
        request: 2,
        statement: "s".to_owned(),
    };
    let pin = PluginPin {
        digest: "d".to_owned(),
        name: "path-guard".to_owned(),
    };
    vec![
        Event::ApprovalRequest(request),
        Event::ApprovalVote(vote),
        Event::Policy {
            digest: "d".to_owned(),
            plugins: vec![pin],
        },
        Event::Config {
            digest: "d".to_owned(),
        },
        Event::Quarantine(Quarantine {
            by: Some("ops".to_owned()),
            change: QuarantineChange::Lifted,
            fault: "trap".to_owned(),
            plugin: "path-guard".to_owned(),
            principal: "p".to_owned(),
        }),
    ]
}
