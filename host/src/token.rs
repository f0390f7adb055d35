//! The token of one call: a JWT access token (RFC 9068) with the call in `authorization_details`
//! (RFC 9396).

use wardlet_audit::Token;
use wardlet_call::Json;

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
        object(vec![
            ("iss", text(&issuer(self.gateway))),
            ("aud", text(&self.token.aud)),
            ("sub", text(self.principal)),
            ("client_id", text(self.gateway)),
            ("iat", number(issued)),
            ("nbf", number(issued)),
            ("exp", number(self.token.exp)),
            ("jti", text(&self.token.jti)),
            ("scope", text(&format!("mcp:tools/call:{}", self.tool))),
            ("txn", text(self.txn)),
            (
                "log",
                object(vec![
                    ("origin", text(&crate::state::origin(self.gateway))),
                    ("index", number(self.decision)),
                ]),
            ),
            ("authorization_details", Json::Array(vec![self.details()])),
        ])
        .to_text()
    }

    fn details(&self) -> Json {
        let arguments = object(vec![
            ("canon", text("jcs")),
            ("alg", text("sha-256")),
            ("salt", text(self.salt)),
            ("digest", text(self.arguments)),
        ]);
        let mut members = vec![
            ("type", text("mcp_tool_call")),
            ("locations", Json::Array(vec![text(&self.token.aud)])),
            ("actions", Json::Array(vec![text("tools/call")])),
            ("identifier", text(self.tool)),
            ("args", arguments),
        ];
        if let Some(digest) = self.definition {
            members.push((
                "tool_def_sha256",
                text(digest.trim_start_matches("sha256:")),
            ));
        }
        if let Some(statement) = self.approval {
            members.push(("approval", text(statement)));
        }
        object(members)
    }
}

fn object(members: Vec<(&str, Json)>) -> Json {
    Json::Object(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn text(text: &str) -> Json {
    Json::String(text.to_owned())
}

fn number(number: u64) -> Json {
    Json::Number(number.to_string())
}
