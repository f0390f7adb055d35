//! Servers on loopback, and clients that take names for it.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use wardlet_call::{Http as _, HttpFailure, HttpMethod, HttpRequest, HttpResponse, PluginName};

use super::super::{HttpClient, HttpGrant};
use crate::origin::Origin;
use crate::resolve::Resolve;
use crate::secret::Secret;
use crate::secrets::{Attached, PluginSecrets, SecretUse};

pub(super) const SECRET: &str = "hunter-hunter-22";

/// The requests that a server has received.
pub(super) type Received = Arc<Mutex<Vec<String>>>;

/// A server that is there until the process ends.
pub(super) struct Server {
    pub(super) port: u16,
    pub(super) received: Received,
}

impl Server {
    /// Each connection is given to `serve`.
    pub(super) fn raw(serve: impl Fn(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap());
            }
        });
        Server {
            port,
            received: Received::default(),
        }
    }

    /// Each request is recorded and answered.
    pub(super) fn answering(answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let received = Received::default();
        let record = Arc::clone(&received);
        let server = Server::raw(move |mut stream| {
            let Ok(request) = read(&mut stream) else {
                return;
            };
            let said = answer(&request);
            record.lock().unwrap().push(request);
            let _ = stream.write_all(said.as_bytes());
        });
        Server { received, ..server }
    }

    /// Each request is answered with this status line, headers and body.
    pub(super) fn saying(said: impl Into<String>) -> Self {
        let said = said.into();
        Server::answering(move |_| said.clone())
    }

    pub(super) fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }

    pub(super) fn origin(&self, host: &str) -> Origin {
        Origin::parse(&self.url(host, "")).unwrap()
    }

    pub(super) fn url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.port)
    }
}

/// A request with its body.
pub(super) fn read(stream: &mut impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        bytes.extend(byte);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body)?;
    Ok(head + &String::from_utf8(body).unwrap())
}

pub(super) fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub(super) fn redirect(place: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n")
}

/// Gives its answers one after the other, the last one again and again, and counts.
#[derive(Debug)]
pub(super) struct Names {
    answers: Vec<Vec<IpAddr>>,
    pub(super) asked: AtomicUsize,
}

impl Names {
    pub(super) fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parsed = |texts: &&[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Names {
            answers: answers.iter().map(parsed).collect(),
            asked: AtomicUsize::new(0),
        })
    }

    pub(super) fn loopback() -> Arc<Self> {
        Names::new(&[&["127.0.0.1"]])
    }
}

impl Resolve for Names {
    fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let at = self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.answers[at.min(self.answers.len() - 1)].clone())
    }
}

pub(super) fn grant(allow: &[Origin], allow_private: &[Origin]) -> HttpGrant {
    HttpGrant {
        allow: allow.to_vec(),
        allow_private: allow_private.to_vec(),
        max_response: 1 << 20,
        requests: 4,
    }
}

/// A client that may reach these origins on loopback, under whatever names.
pub(super) fn client(origins: &[Origin]) -> HttpClient {
    HttpClient::new(grant(&[], origins), None, None, Names::loopback()).unwrap()
}

/// The same, with a secret for the first of the origins.
pub(super) fn with_secret(origins: &[Origin]) -> HttpClient {
    with_secret_as("authorization", origins)
}

/// The same, with the secret in this header.
pub(super) fn with_secret_as(header: &str, origins: &[Origin]) -> HttpClient {
    let granted = SecretUse {
        secret: Secret::of(SECRET.as_bytes()),
        hmac: false,
        raw: false,
        attach: Some(Attached {
            header: header.into(),
            prefix: "Bearer ".into(),
            origins: origins[..1].to_vec(),
        }),
    };
    let plugin = PluginName::parse("guard").unwrap();
    let uses = [("token".to_owned(), granted)];
    let secrets = PluginSecrets::new(plugin, uses, |_, _| [0; 32]).unwrap();
    let secrets = Some(Arc::new(secrets));
    HttpClient::new(grant(&[], origins), None, secrets, Names::loopback()).unwrap()
}

pub(super) fn get(url: &str) -> HttpRequest {
    HttpRequest {
        method: HttpMethod::Get,
        url: url.into(),
        headers: Vec::new(),
        body: None,
    }
}

/// Far more than any test takes: what waits for it fails.
pub(super) const LONG: Duration = Duration::from_secs(60);

pub(super) fn fetch(
    client: &HttpClient,
    request: &HttpRequest,
) -> Result<HttpResponse, HttpFailure> {
    client.fetch(request, &[], Instant::now() + LONG)
}

pub(super) fn attached(
    client: &HttpClient,
    request: &HttpRequest,
) -> Result<HttpResponse, HttpFailure> {
    client.fetch(request, &["token".to_owned()], Instant::now() + LONG)
}
