//! Posting over HTTP/1.1, with or without TLS.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use wardlet_audit::witness::{MAX_REPLY_BYTES, Post, Posted};

/// How long a witness may take to answer, from the look-up of its name to the end of the body: one
/// fsync and a way around the world take far less.
pub const POST_WITHIN: Duration = Duration::from_secs(5);

/// Why certificates cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The text is no PEM.
    #[error("the certificates cannot be read: {why}")]
    Pem {
        /// What is wrong.
        why: String,
    },
    /// There is nothing in it.
    #[error("there is no certificate in it")]
    Empty,
}

/// Posts over HTTP/1.1. It follows no redirection, uses no proxy, and reads no more of an answer
/// than the client of witnesses looks at.
///
/// Whether an address has TLS is up to whoever wrote it into the policy: cosignatures prove
/// themselves, and checkpoints are public, so that TLS hides who asks whom and nothing more.
#[derive(Clone, Debug)]
pub struct HttpPost {
    agent: Agent,
}

impl HttpPost {
    /// Trusts Mozilla's certificate authorities, and gives each exchange the time `within`, for
    /// instance [`POST_WITHIN`].
    #[must_use]
    pub fn new(within: Duration) -> Self {
        Self::build(within, RootCerts::WebPki)
    }

    /// Trusts these certificates (PEM) and no others: for witnesses of one's own.
    ///
    /// # Errors
    /// Any [`RootsError`].
    pub fn with_roots(within: Duration, pem: &[u8]) -> Result<Self, RootsError> {
        let mut roots: Vec<Certificate<'static>> = Vec::new();
        for item in parse_pem(pem) {
            let item = item.map_err(|error| RootsError::Pem {
                why: error.to_string(),
            })?;
            if let PemItem::Certificate(certificate) = item {
                roots.push(certificate);
            }
        }
        if roots.is_empty() {
            return Err(RootsError::Empty);
        }
        Ok(Self::build(within, RootCerts::Specific(Arc::new(roots))))
    }

    fn build(within: Duration, roots: RootCerts) -> Self {
        let tls = TlsConfig::builder().root_certs(roots).build();
        let config = Agent::config_builder()
            .timeout_global(Some(within))
            // A redirection is an answer like any other, and one that no witness gives.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            // Neither files nor variables of the machine decide whom it speaks to.
            .proxy(None)
            // A witness is asked now and then: a connection that was kept would be stale.
            .max_idle_connections(0)
            .tls_config(tls)
            .user_agent(concat!("wardlet/", env!("CARGO_PKG_VERSION")))
            .build();
        HttpPost {
            agent: config.new_agent(),
        }
    }
}

impl Post for HttpPost {
    fn post(&self, url: &str, body: &[u8]) -> Result<Posted, String> {
        let said = |error: ureq::Error| error.to_string();
        let request = self.agent.post(url).content_type("text/plain");
        let answer = request.send(body).map_err(said)?;
        let status = answer.status().as_u16();
        // One byte more, so that what is too long is seen to be.
        let most = u64::try_from(MAX_REPLY_BYTES).unwrap_or(u64::MAX);
        let mut body = Vec::new();
        let reader = answer.into_body().into_reader();
        let read = reader.take(most.saturating_add(1)).read_to_end(&mut body);
        read.map_err(|error| error.to_string())?;
        Ok(Posted { status, body })
    }
}
