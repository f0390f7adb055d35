//! Capability `http-fetch`: requests to the servers that the operator named.

use std::sync::Arc;

use wardlet_call::{HttpFailure, HttpMethod, HttpRequest, HttpResponse};
use wasmtime::Result;

use super::State;
use crate::bindings::http_fetch::{Failure, Header, Host, Method, Request, Response};

/// What a function of the interface answers.
type Answer<T> = std::result::Result<T, Failure>;

impl Host for State {
    fn fetch(&mut self, request: Request) -> Result<Answer<Response>> {
        self.meter.host_call()?;
        Ok(self.send(request))
    }
}

impl State {
    fn send(&mut self, request: Request) -> Answer<Response> {
        // Used up by this request, whatever becomes of it.
        let attached = std::mem::take(&mut self.attached);
        // A plugin that is only being loaded asks nobody for anything.
        let http = self.reach().http.as_ref().map(Arc::clone);
        let http = http.filter(|_| self.check.caller.is_some());
        let http = http.ok_or(Failure::NotGranted)?;
        if self.requests >= http.requests_per_check() {
            return Err(Failure::TooMany);
        }
        self.requests += 1;
        let request = HttpRequest {
            method: request.method.into(),
            url: request.url,
            headers: request
                .headers
                .into_iter()
                .map(|h| (h.name, h.value))
                .collect(),
            body: request.body,
        };
        let response = self
            .meter
            .wait(|until| http.fetch(&request, &attached, until))?;
        let texts = response.headers.iter().map(|(n, v)| n.len() + v.len());
        let bytes = response.body.len() + texts.sum::<usize>();
        let crosses = self.meter.cross(bytes);
        crosses.then(|| response.into()).ok_or(Failure::TooLarge)
    }
}

impl From<Method> for HttpMethod {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => HttpMethod::Get,
            Method::Head => HttpMethod::Head,
            Method::Post => HttpMethod::Post,
            Method::Put => HttpMethod::Put,
            Method::Patch => HttpMethod::Patch,
            Method::Delete => HttpMethod::Delete,
        }
    }
}

impl From<HttpResponse> for Response {
    fn from(response: HttpResponse) -> Self {
        let headers = response.headers.into_iter();
        Response {
            status: response.status,
            headers: headers
                .map(|(name, value)| Header { name, value })
                .collect(),
            body: response.body,
        }
    }
}

impl From<HttpFailure> for Failure {
    fn from(failure: HttpFailure) -> Self {
        match failure {
            HttpFailure::BadRequest => Failure::BadRequest,
            HttpFailure::NotGranted => Failure::NotGranted,
            HttpFailure::SecretOrigin => Failure::SecretOrigin,
            HttpFailure::Unresolved => Failure::Unresolved,
            HttpFailure::RefusedAddress => Failure::RefusedAddress,
            HttpFailure::Unreachable => Failure::Unreachable,
            HttpFailure::BadCertificate => Failure::BadCertificate,
            HttpFailure::BadRedirect => Failure::BadRedirect,
            HttpFailure::BadResponse => Failure::BadResponse,
            HttpFailure::TooLarge => Failure::TooLarge,
            HttpFailure::TooMany => Failure::TooMany,
            HttpFailure::TimedOut => Failure::TimedOut,
            HttpFailure::ShowsSecret => Failure::ShowsSecret,
        }
    }
}
