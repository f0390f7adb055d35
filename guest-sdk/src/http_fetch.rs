//! Capability `http-fetch`: HTTP requests to the servers that the operator named.
//!
//! ```
//! use wardlet_sdk::http_fetch::{self, Request};
//!
//! fn ask(input: &[u8]) -> Result<bool, String> {
//!     let request = Request::post("https://opa.example.com/v1/data/tools/allow", input)
//!         .header("content-type", "application/json");
//!     let response = http_fetch::fetch(&request)?;
//!     Ok(response.status == 200 && response.body == b"{\"result\":true}")
//! }
//! ```

pub use crate::bindings::wardlet::plugin::http_fetch::{
    Failure, Header, Method, Request, Response,
};

/// Sends a request and waits for the whole answer, within the deadline of the check. Secrets that
/// [`crate::secret_use::attach`] attached go with it and with no other.
///
/// # Errors
/// [`Failure`]. The request may have had its effect all the same.
pub fn fetch(request: &Request) -> Result<Response, Failure> {
    crate::host::http_fetch::fetch(request)
}

impl Request {
    /// A `GET` of a URL.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Request {
            method: Method::Get,
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// A `POST` of at most 256 KiB.
    #[must_use]
    pub fn post(url: &str, body: &[u8]) -> Self {
        Request {
            method: Method::Post,
            body: Some(body.to_vec()),
            ..Request::get(url)
        }
    }

    /// Adds a header. The contract names those that only the host may set.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(Header {
            name: name.to_owned(),
            value: value.to_owned(),
        });
        self
    }
}

impl Response {
    /// The value of the first header of this name, which is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|header| header.name == name)?;
        Some(&found.value)
    }
}
