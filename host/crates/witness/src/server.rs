//! A witness that answers over HTTP/1.1.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use wardlet_audit::witness::{ADD_CHECKPOINT, MAX_REQUEST_BYTES, Verdict, Witness};

/// The most connections at once; others wait until one ends. A log asks once in some seconds, so
/// that this serves hundreds of logs.
pub const MAX_CONNECTIONS: usize = 64;

/// How long the head of a request may take to come.
pub const HEAD_WITHIN: Duration = Duration::from_secs(5);

/// How long a connection may last. Each takes one request, so that nobody keeps a place for long.
pub const CONNECTION_WITHIN: Duration = Duration::from_secs(15);

/// How long requests that are under way may take to end once the witness is told to stop.
pub const STOP_WITHIN: Duration = Duration::from_secs(5);

/// The longest head of a request: those of known clients have some hundred bytes. The parser takes
/// no smaller limit.
pub const MAX_HEAD_BYTES: usize = 8 * 1024;

/// How long to wait after a connection could not be taken, most likely for want of file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Where the witness gives its key, for the policies of others. It says nothing that its operator
/// need not confirm: whoever can change the answer can change the key.
pub const VKEY_PATH: &str = "/vkey";

/// What monitors ask for after the hash of an origin.
const CHECKPOINT_PATH: &str = "/checkpoint";

const TEXT: &str = "text/plain; charset=utf-8";

/// Answers for `witness` on `listener` until `stop` is there, then lets what is under way end, for
/// [`STOP_WITHIN`] at most. Takes `POST /add-checkpoint`, and gives `GET /vkey` and
/// `GET /<hash of an origin>/checkpoint`. There is no TLS: what is sent proves itself, and a proxy
/// in front can add it.
///
/// # Errors
/// [`io::Error`] where the key of the witness cannot be shown, which does not happen to one that
/// was opened.
pub async fn serve(
    listener: TcpListener,
    witness: Arc<Witness>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let vkey = witness.cosigner_key().map_err(io::Error::other)?;
    let served = Arc::new(Served {
        witness,
        vkey: format!("{vkey}\n"),
    });
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        // A place first, so that who has none waits with the operating system.
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            biased;
            () = &mut stop => break,
            next = next => next,
        };
        // The ended ones are let go.
        while connections.try_join_next().is_some() {}
        match (place, accepted) {
            (Ok(place), Ok((stream, peer))) => {
                connections.spawn(converse(stream, peer, Arc::clone(&served), place));
            }
            (Ok(_), Err(error)) => {
                tracing::warn!(%error, "a connection to the witness could not be taken");
                sleep(ACCEPT_AGAIN).await;
            }
            // The places are never closed.
            (Err(_), _) => break,
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    if timeout(STOP_WITHIN, ended).await.is_err() {
        tracing::warn!("connections to the witness were cut off");
    }
    Ok(())
}

struct Served {
    witness: Arc<Witness>,
    vkey: String,
}

/// Answers the one request of a connection.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    served: Arc<Served>,
    place: OwnedSemaphorePermit,
) {
    // Work that outlasts its connection keeps the place, so that a disk that hangs is not given more.
    let place = Arc::new(place);
    let service = service_fn(|request| {
        let (served, place) = (Arc::clone(&served), Arc::clone(&place));
        async move { Ok::<_, Infallible>(answer(request, peer, served, place).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(MAX_HEAD_BYTES)
        .keep_alive(false);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    match timeout(CONNECTION_WITHIN, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%peer, %error, "a connection to the witness broke"),
        Err(_) => tracing::debug!(%peer, "a connection to the witness took too long"),
    }
}

async fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    served: Arc<Served>,
    place: Arc<OwnedSemaphorePermit>,
) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    let is_post = path == ADD_CHECKPOINT;
    let origin_hash = path
        .strip_prefix('/')
        .and_then(|path| path.strip_suffix(CHECKPOINT_PATH));
    match (request.method(), origin_hash) {
        (&Method::POST, _) if is_post => judge(request, peer, served, place).await,
        (&Method::GET, _) if path == VKEY_PATH => reply(StatusCode::OK, TEXT, served.vkey.clone()),
        (&Method::GET, Some(hash)) => match served.witness.latest_of_hash(hash) {
            Some(note) => reply(StatusCode::OK, TEXT, note),
            None => reply(StatusCode::NOT_FOUND, TEXT, "no such log\n".to_owned()),
        },
        _ if is_post => not_allowed("POST"),
        _ if path == VKEY_PATH || origin_hash.is_some() => not_allowed("GET"),
        _ => reply(StatusCode::NOT_FOUND, TEXT, "no such path\n".to_owned()),
    }
}

/// Has the witness judge the body of a request.
async fn judge(
    request: Request<Incoming>,
    peer: SocketAddr,
    served: Arc<Served>,
    place: Arc<OwnedSemaphorePermit>,
) -> Response<Full<Bytes>> {
    let limited = Limited::new(request.into_body(), MAX_REQUEST_BYTES);
    let body = match limited.collect().await {
        Ok(body) => body,
        Err(error) if error.is::<LengthLimitError>() => {
            let why = format!("the body has more than {MAX_REQUEST_BYTES} bytes\n");
            return reply(StatusCode::PAYLOAD_TOO_LARGE, TEXT, why);
        }
        Err(error) => return reply(StatusCode::BAD_REQUEST, TEXT, format!("{error}\n")),
    };
    let body = body.to_bytes();
    // It waits for the disk.
    let judged = tokio::task::spawn_blocking(move || {
        let _place = place;
        served.witness.add_checkpoint(&body)
    });
    let Ok(verdict) = judged.await else {
        let why = "this witness cannot cosign now\n".to_owned();
        return reply(StatusCode::SERVICE_UNAVAILABLE, TEXT, why);
    };
    report(peer, &verdict);
    let status = StatusCode::from_u16(verdict.status());
    reply(
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        verdict.content_type(),
        verdict.body(),
    )
}

/// Tells the operator what should be looked at.
fn report(peer: SocketAddr, verdict: &Verdict) {
    match verdict {
        Verdict::Cosigned { origin, size, .. } => {
            tracing::info!(%peer, origin, size, "cosigned");
        }
        Verdict::Inconsistent {
            origin,
            why,
            evidence,
        } => {
            tracing::warn!(%peer, origin, why, ?evidence, "a log does not continue what was cosigned");
        }
        Verdict::Stale {
            evidence: Some(evidence),
            ..
        } => tracing::warn!(%peer, ?evidence, "a log signed two checkpoints of one size"),
        Verdict::Unable { why } => tracing::error!(%peer, why, "the witness cannot cosign"),
        verdict => tracing::debug!(%peer, status = verdict.status(), "refused"),
    }
}

fn not_allowed(allowed: &'static str) -> Response<Full<Bytes>> {
    let why = format!("this path takes {allowed} alone\n");
    let mut response = reply(StatusCode::METHOD_NOT_ALLOWED, TEXT, why);
    let allowed = HeaderValue::from_static(allowed);
    response.headers_mut().insert(ALLOW, allowed);
    response
}

fn reply(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
