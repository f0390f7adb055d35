//! As much of HTTP/1.1 (RFC 9112) as two peers on this machine need: one request for each connection.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use wardlet_audit::witness::{ADD_CHECKPOINT, Post, Posted, Witness};

/// How long a peer on this machine may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Posts over the loopback network.
pub(crate) struct Loopback;

impl Post for Loopback {
    fn post(&self, url: &str, body: &[u8]) -> Result<Posted, String> {
        let rest = url.strip_prefix("http://").ok_or("no address of HTTP")?;
        let (host, path) = rest.split_at(rest.find('/').ok_or("no path")?);
        let exchange = || {
            let mut stream = TcpStream::connect(host)?;
            stream.set_read_timeout(Some(ANSWER_WITHIN))?;
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(&[head.as_bytes(), body].concat())?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
        };
        let answer = exchange().map_err(|error| error.to_string())?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("no head")?;
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Ok(Posted {
            status: status.ok_or("no status")?,
            body: body.as_bytes().to_vec(),
        })
    }
}

/// Serves a witness on the loopback network for as long as the test runs, and gives its address.
pub(crate) fn serve(witness: Arc<Witness>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            answer(&mut stream.unwrap(), &witness).unwrap();
        }
    });
    address
}

fn answer(stream: &mut TcpStream, witness: &Witness) -> std::io::Result<()> {
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    assert_eq!(first, format!("POST {ADD_CHECKPOINT} HTTP/1.1\r\n"));
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(found) = line.strip_prefix("content-length:") {
            length = found.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let verdict = witness.add_checkpoint(&body);
    let body = verdict.body();
    write!(
        stream,
        "HTTP/1.1 {} x\r\ncontent-type: {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        verdict.status(),
        verdict.content_type(),
        body.len(),
    )
}
