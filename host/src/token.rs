//! The token of one call: a JWT access token (RFC 9068) with the call in `authorization_details`
//! (RFC 9396).

use wardlet_audit::Token;
use wardlet_call::Json;
use wardlet_keys::digest::PIN_PREFIX;

/// The member of `_meta` in which a stdio upstream finds the token. A reverse-DNS prefix, as MCP's
/// `_meta` wants it.
pub const META_KEY: &str = "dev.wardlet/token";

/// The audience of a server without a URI of its own: it is known by its name at this gateway.
#[must_use]
pub fn audience(gateway: &str, server: &str) -> String {
    format!("urn:wardlet:{gateway}:{server}")
}

/// The issuer of a gateway's tokens.
#[must_use]
pub fn issuer(gateway: &str) -> String {
    format!("urn:wardlet:{gateway}")
}

/// What a token says.
pub(crate) struct Minted<'a> {
    pub(crate) gateway: &'a str,
    pub(crate) token: &'a Token,
    /// Seconds.
    pub(crate) lifetime: u64,
    pub(crate) principal: &'a str,
    pub(crate) txn: &'a str,
    pub(crate) tool: &'a str,
    /// The commitment to the arguments as forwarded, the same as in the decision entry.
    pub(crate) arguments: &'a str,
    pub(crate) salt: &'a str,
    pub(crate) definition: Option<&'a str>,
    /// The digest of the statement that humans agreed to.
    pub(crate) approval: Option<&'a str>,
    /// The index of the decision entry.
    pub(crate) decision: u64,
}

impl Minted<'_> {
    /// The claims as JSON.
    pub(crate) fn claims(&self) -> String {
        let issued = self.token.exp.saturating_sub(self.lifetime);
        Json::object([
            ("iss", Json::text(&issuer(self.gateway))),
            ("aud", Json::text(&self.token.aud)),
            ("sub", Json::text(self.principal)),
            ("client_id", Json::text(self.gateway)),
            ("iat", Json::number(issued)),
            ("nbf", Json::number(issued)),
            ("exp", Json::number(self.token.exp)),
            ("jti", Json::text(&self.token.jti)),
            (
                "scope",
                Json::text(&format!("mcp:tools/call:{}", self.tool)),
            ),
            ("txn", Json::text(self.txn)),
            (
                "log",
                Json::object([
                    ("origin", Json::text(&crate::state::origin(self.gateway))),
                    ("index", Json::number(self.decision)),
                ]),
            ),
            ("authorization_details", Json::Array(vec![self.details()])),
        ])
        .to_text()
    }

    fn details(&self) -> Json {
        let arguments = Json::object([
            ("canon", Json::text("jcs")),
            ("alg", Json::text("sha-256")),
            ("salt", Json::text(self.salt)),
            ("digest", Json::text(self.arguments)),
        ]);
        let mut members = vec![
            ("type", Json::text("mcp_tool_call")),
            ("locations", Json::Array(vec![Json::text(&self.token.aud)])),
            ("actions", Json::Array(vec![Json::text("tools/call")])),
            ("identifier", Json::text(self.tool)),
            ("args", arguments),
        ];
        if let Some(digest) = self.definition {
            members.push((
                "tool_def_sha256",
                Json::text(digest.trim_start_matches(PIN_PREFIX)),
            ));
        }
        if let Some(statement) = self.approval {
            members.push(("approval", Json::text(statement)));
        }
        Json::object(members)
    }
}
