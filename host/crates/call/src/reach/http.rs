//! Behind the capability `http-fetch`.

use std::fmt::Debug;
use std::time::Instant;

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpMethod {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl HttpMethod {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            HttpMethod::Get => "GET",
            HttpMethod::Head => "HEAD",
            HttpMethod::Post => "POST",
            HttpMethod::Put => "PUT",
            HttpMethod::Patch => "PATCH",
            HttpMethod::Delete => "DELETE",
        }
    }
}

/// A request as a plugin wrote it. Nothing of it has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// What it does.
    pub method: HttpMethod,
    /// An absolute URL.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body; none for none.
    pub body: Option<Vec<u8>>,
}

/// An answer that passed all limits and shows no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// 200 to 599.
    pub status: u16,
    /// Names in lower case, and values, in their order.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

/// Why there is no answer for the plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpFailure {
    /// The URL, a header or the body is not one that may be sent.
    #[error("the request is malformed or has a header that only the host may set")]
    BadRequest,
    /// Scheme, host and port are not in the grant, at first or after a redirect.
    #[error("the origin is not granted")]
    NotGranted,
    /// An attached secret is not for this origin.
    #[error("an attached secret is not for this origin")]
    SecretOrigin,
    /// The name has no address.
    #[error("the name has no address")]
    Unresolved,
    /// The name has an address, among others perhaps, that may not be connected to.
    #[error("the name has an address that is refused")]
    RefusedAddress,
    /// No connection, or it broke before the answer began.
    #[error("the server cannot be reached")]
    Unreachable,
    /// The server does not prove that it is the one that was named.
    #[error("the server's certificate is refused")]
    BadCertificate,
    /// A redirect that is malformed, goes from `https` to `http`, or is one too many.
    #[error("the redirect is refused")]
    BadRedirect,
    /// The answer is malformed, compressed, or ended early.
    #[error("the answer is malformed")]
    BadResponse,
    /// The answer is over the limit.
    #[error("the answer is too large")]
    TooLarge,
    /// The check has made as many requests as it may, or too many look-ups of names that the plugin gave up still
    /// wait for an answer.
    #[error("too many requests")]
    TooMany,
    /// It was not over in time.
    #[error("the time is over")]
    TimedOut,
    /// The answer shows a secret.
    #[error("the answer shows a secret")]
    ShowsSecret,
}

/// HTTP requests to the servers that an operator named.
pub trait Http: Debug + Send + Sync {
    /// The requests that one check may make. Redirects do not count.
    fn requests_per_check(&self) -> u32;

    /// Sends one request and reads the answer. `attached` are the names of secrets for which
    /// [`Secrets::may_attach`](super::Secrets::may_attach) said yes. Blocks until `until` at the latest, the resolution
    /// of names included.
    ///
    /// # Errors
    /// [`HttpFailure`]. The request may have had its effect all the same.
    fn fetch(
        &self,
        request: &HttpRequest,
        attached: &[String],
        until: Instant,
    ) -> Result<HttpResponse, HttpFailure>;
}
