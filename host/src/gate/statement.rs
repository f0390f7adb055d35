//! What a human votes on: everything that makes a held call this one and no other.

use std::time::Duration;

use wardlet_call::Json;
use wardlet_keys::{base64url, digest};

use super::Gate;
use super::facts::Facts;
use super::hold::Asking;

/// The version of the statement's form, in each one as `v`.
const VERSION: u64 = 1;

/// How many must agree.
const QUORUM: u64 = 1;

/// What is voted on.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The canonical JSON (RFC 8785).
    pub text: String,
    /// The base64url of its SHA-256.
    pub digest: String,
}

impl Gate {
    /// The statement of a call. Payloads stand in it as commitments and digests.
    pub(super) fn statement(
        &self,
        facts: &Facts,
        (asked, beside): (&[Asking], Option<&str>),
        (created, expires): (u64, Duration),
    ) -> Statement {
        let maybe = |value: Option<&str>| value.map_or(Json::Null, Json::text);
        let nonce = wardlet_keys::random::<16>()
            .map(|n| base64url::encode(&n))
            .unwrap_or_default();
        let reasons = asked.iter().map(|(rule, policy)| {
            let code = policy.as_ref().map(|(code, _)| code.as_str());
            Json::Array(vec![Json::text(rule.as_str()), maybe(code)])
        });
        let arguments = facts
            .arguments
            .as_ref()
            .map(|(payload, _)| payload.commitment.as_str());
        let beside = beside.map(digest_of);
        let text = Json::object([
            ("v", Json::number(VERSION)),
            ("txn", Json::text(&facts.txn)),
            ("principal", Json::text(facts.principal())),
            ("server", Json::text(self.server.as_str())),
            ("name", Json::text(&facts.name)),
            ("definition", maybe(facts.target.definition.as_deref())),
            ("arguments", maybe(arguments)),
            ("beside", maybe(beside.as_deref())),
            ("reasons", Json::Array(reasons.collect())),
            ("policies", Json::text(facts.set.digest())),
            ("quorum", Json::number(QUORUM)),
            ("created", Json::number(created)),
            ("expires", Json::number(created + expires.as_secs())),
            ("nonce", Json::text(&nonce)),
        ])
        .canonical_or_literal();
        let digest = digest_of(&text);
        Statement { text, digest }
    }
}

fn digest_of(text: &str) -> String {
    base64url::encode(&digest::sha256(text.as_bytes()))
}
