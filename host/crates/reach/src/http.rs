//! HTTP requests of one plugin, to the servers that its operator named.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use wardlet_call::{Http, HttpFailure, HttpMethod, HttpRequest, HttpResponse};

use crate::address::may_reach;
use crate::connection::Connection;
use crate::header::may_send;
use crate::origin::{Host, Origin, Url};
use crate::resolve::{Lookups, Resolve, lookup};
use crate::secrets::PluginSecrets;
use crate::wire::Message;

/// The body of an answer: a decision is hundreds of bytes, a list of rules or keys some 100 KiB.
pub const DEFAULT_RESPONSE: usize = 1 << 20;

/// An operator cannot set more: each check under way may hold as much.
pub const MAX_RESPONSE: usize = 16 << 20;

/// Requests of one check: a token, a decision, and one more try of each.
pub const DEFAULT_REQUESTS: u32 = 4;

/// An operator cannot set more: a check that asks more often belongs on the server's side.
pub const MAX_REQUESTS: u32 = 64;

/// Redirects of one request: to `https`, to the host's full name, to the path with its final slash.
const MAX_REDIRECTS: usize = 3;

/// The body of a request: a call's arguments fit.
const MAX_BODY: usize = 256 << 10;

/// A file of authorities above this size is the wrong one; all that Mozilla lists are 230 KiB.
const MAX_CA_BYTES: u64 = 1 << 20;

/// What one plugin may connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpGrant {
    /// Reached only at public addresses.
    pub allow: Vec<Origin>,
    /// Reached at private and loopback addresses too.
    pub allow_private: Vec<Origin>,
    /// The bytes that the body of an answer may have.
    pub max_response: usize,
    /// The requests that one check may make.
    pub requests: u32,
}

/// Why a file of certificate authorities cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(std::io::ErrorKind),
    /// It is larger than 1 MiB.
    #[error("is larger than 1 MiB")]
    TooLarge,
    /// It has no certificate, or one that is none.
    #[error("holds no certificates in PEM")]
    NoCertificates,
}

/// The HTTP client of one plugin.
#[derive(Debug)]
pub struct HttpClient {
    grant: HttpGrant,
    tls: Arc<ClientConfig>,
    secrets: Option<Arc<PluginSecrets>>,
    resolver: Arc<dyn Resolve>,
    lookups: Arc<Lookups>,
}

impl HttpClient {
    /// A client that trusts the authorities in the PEM file `ca`, or where there is none those that Mozilla
    /// lists, as they were compiled in. It never looks at proxies, files or variables of the system.
    ///
    /// # Errors
    /// [`CaError`]
    pub fn new(
        grant: HttpGrant,
        ca: Option<&Path>,
        secrets: Option<Arc<PluginSecrets>>,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, CaError> {
        let mut roots = RootCertStore::empty();
        match ca {
            Some(path) => {
                for certificate in certificates(path)? {
                    roots
                        .add(certificate)
                        .map_err(|_| CaError::NoCertificates)?;
                }
            }
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| CaError::NoCertificates)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(HttpClient {
            grant,
            tls: Arc::new(tls),
            secrets,
            resolver,
            lookups: Arc::default(),
        })
    }

    /// Whether an origin is granted, and if so, whether at private addresses too.
    fn granted(&self, origin: &Origin) -> Result<bool, HttpFailure> {
        if self.grant.allow_private.contains(origin) {
            return Ok(true);
        }
        let granted = self.grant.allow.contains(origin);
        granted.then_some(false).ok_or(HttpFailure::NotGranted)
    }

    /// The addresses of an origin: all of them are fit to be connected to. A name that has one that is not
    /// is refused as a whole, so that it is not a matter of luck or order which one is taken.
    fn addresses(&self, origin: &Origin, until: Instant) -> Result<Vec<IpAddr>, HttpFailure> {
        let private = self.granted(origin)?;
        let addresses = match origin.host() {
            Host::Address(address) => vec![*address],
            Host::Name(name) => lookup(&self.resolver, &self.lookups, name, until)?,
        };
        if addresses.iter().all(|address| may_reach(*address, private)) {
            Ok(addresses)
        } else {
            Err(HttpFailure::RefusedAddress)
        }
    }

    /// One request to one server. A name is resolved once, and the connection goes to what was looked at.
    fn step(&self, message: &Message<'_>, until: Instant) -> Result<HttpResponse, HttpFailure> {
        let origin = &message.url.origin;
        let addresses = self.addresses(origin, until)?;
        let mut connection = Connection::open(origin, &addresses, &self.tls, until)?;
        let response = message.exchange(&mut connection, self.grant.max_response)?;
        // Before a redirect is followed: its place would carry the secret on.
        let shows = |secrets: &Arc<PluginSecrets>| secrets.show_in(&response);
        if self.secrets.as_ref().is_some_and(shows) {
            return Err(HttpFailure::ShowsSecret);
        }
        Ok(response)
    }

    fn check(&self, request: &HttpRequest) -> Result<Url, HttpFailure> {
        let url = Url::parse(&request.url).map_err(|_| HttpFailure::BadRequest)?;
        let bodiless = matches!(request.method, HttpMethod::Get | HttpMethod::Head);
        let body_fits = match &request.body {
            Some(body) => !bodiless && body.len() <= MAX_BODY,
            None => true,
        };
        let taken = self.secrets.as_ref().map(|secrets| secrets.headers());
        if !body_fits || !may_send(&request.headers, &taken.unwrap_or_default()) {
            return Err(HttpFailure::BadRequest);
        }
        self.granted(&url.origin)?;
        Ok(url)
    }
}

impl Http for HttpClient {
    fn requests_per_check(&self) -> u32 {
        self.grant.requests
    }

    fn fetch(
        &self,
        request: &HttpRequest,
        attached: &[String],
        until: Instant,
    ) -> Result<HttpResponse, HttpFailure> {
        let mut url = self.check(request)?;
        let mut own = request.headers.clone();
        let mut carried = match &self.secrets {
            Some(secrets) => secrets.toward(&url.origin, attached)?,
            None if attached.is_empty() => Vec::new(),
            None => return Err(HttpFailure::SecretOrigin),
        };
        let follows = matches!(request.method, HttpMethod::Get | HttpMethod::Head);
        for _ in 0..=MAX_REDIRECTS {
            let message = Message {
                method: request.method,
                url: &url,
                headers: own
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .chain(carried.iter().copied())
                    .collect(),
                body: request.body.as_deref(),
            };
            let response = self.step(&message, until)?;
            if !follows || !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            let next = redirected(&url, &response)?;
            self.granted(&next.origin)?;
            if next.origin != url.origin {
                // For good: a way back to the first server brings nothing back.
                carried.clear();
                own.retain(|(name, _)| name.eq_ignore_ascii_case("accept"));
            }
            url = next;
        }
        Err(HttpFailure::BadRedirect)
    }
}

/// Where an answer leads to.
fn redirected(url: &Url, response: &HttpResponse) -> Result<Url, HttpFailure> {
    let mut places = response
        .headers
        .iter()
        .filter(|(name, _)| name == "location");
    let (Some((_, place)), None) = (places.next(), places.next()) else {
        return Err(HttpFailure::BadRedirect);
    };
    let next = url.join(place).map_err(|_| HttpFailure::BadRedirect)?;
    if url.origin.is_tls() && !next.origin.is_tls() {
        return Err(HttpFailure::BadRedirect);
    }
    Ok(next)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CaError> {
    use std::io::Read as _;
    let unreadable = |error: std::io::Error| CaError::Unreadable(error.kind());
    let mut pem = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(MAX_CA_BYTES + 1)
        .read_to_end(&mut pem)
        .map_err(unreadable)?;
    if pem.len() as u64 > MAX_CA_BYTES {
        return Err(CaError::TooLarge);
    }
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = read.map_err(|_| CaError::NoCertificates)?;
    if certificates.is_empty() {
        return Err(CaError::NoCertificates);
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests;
