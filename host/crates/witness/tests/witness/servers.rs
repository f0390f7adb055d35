//! Our client with servers that mean no good.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use wardlet_audit::witness::{MAX_REPLY_BYTES, WitnessStatus, Witnesses, cosign};
use wardlet_keys::EntryKey;
use wardlet_witness::HttpPost;

use crate::served::{checkpoint, post};
use crate::support::{Entries, WITNESS, key};

/// What a server sends; it repeats the second part until the connection ends.
type Answer = (Vec<u8>, &'static [u8]);

/// Answers each request the same way, and gives its address.
fn answering(answer: Answer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            take_request(&mut stream);
            let (first, again) = &answer;
            // The client may have gone.
            let mut sent = stream.write_all(first);
            while sent.is_ok() && !again.is_empty() {
                sent = stream.write_all(again);
            }
        }
    });
    address
}

/// Reads a request to its end: the last line of a checkpoint's signature.
fn take_request(stream: &mut TcpStream) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !(request.ends_with(b"\n") && contains(&request, b"\xe2\x80\x94 ")) {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend(&buffer[..count]),
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn whole(status: u16, body: &str) -> Answer {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n\r\n{body}");
    (head.into_bytes(), b"")
}

/// How one witness with this address stands after a checkpoint of 10 entries was sent to it.
fn status(post: HttpPost, address: &str) -> WitnessStatus {
    let public = key(2).cosigner_key(WITNESS).unwrap();
    let policy = format!("witness w {public} {address}\nquorum w\n");
    let mut witnesses = Witnesses::new(policy.parse().unwrap(), post);
    let mut entries = Entries::new(20);
    let note = checkpoint(&mut entries, 10);
    let mut round = witnesses.submit(&note, &mut entries).unwrap();
    assert_eq!(round.is_met, is_cosigned(&round.witnesses[0].status));
    round.witnesses.remove(0).status
}

fn is_cosigned(status: &WitnessStatus) -> bool {
    matches!(status, WitnessStatus::Cosigned { .. })
}

fn name(status: &WitnessStatus) -> String {
    match status {
        WitnessStatus::Cosigned { .. } => "cosigned".to_owned(),
        WitnessStatus::Unreachable { .. } => "unreachable".to_owned(),
        WitnessStatus::Refused { status, .. } => format!("refused {status}"),
        WitnessStatus::Ahead { size } => format!("ahead {size}"),
        WitnessStatus::Nonsense { .. } => "nonsense".to_owned(),
    }
}

#[test]
fn hostile_answers_are_no_cosignatures() {
    let mut entries = Entries::new(20);
    let line = |key: &EntryKey, entries: &mut Entries, size| {
        let text = checkpoint(entries, size).text().to_owned();
        cosign(key, WITNESS, 1_700_000_000, &text)
            .unwrap()
            .to_string()
    };
    let right = line(&key(2), &mut entries, 10);
    let long = "a".repeat(MAX_REPLY_BYTES + 1);
    let chunked = "HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n".as_bytes();
    for (case, answer, expected) in [
        ("a cosignature", whole(200, &right), "cosigned"),
        (
            "that of another key",
            whole(200, &line(&key(1), &mut entries, 10)),
            "nonsense",
        ),
        (
            "that of another size",
            whole(200, &line(&key(2), &mut entries, 9)),
            "nonsense",
        ),
        (
            "one that was cut",
            whole(200, &right[..right.len() - 9]),
            "nonsense",
        ),
        ("none", whole(200, ""), "nonsense"),
        ("a larger size", whole(409, "11\n"), "ahead 11"),
        (
            "the same small size again and again",
            whole(409, "4\n"),
            "nonsense",
        ),
        ("a size that is none", whole(409, "-1\n"), "nonsense"),
        (
            "a size over all",
            whole(409, "99999999999999999999\n"),
            "nonsense",
        ),
        ("another history", whole(422, "no\n"), "refused 422"),
        ("busy", whole(503, ""), "unreachable"),
        ("too long", whole(200, &long), "nonsense"),
        (
            "an endless body",
            (b"HTTP/1.1 200 x\r\n\r\n".to_vec(), b"aaaaaaaa"),
            "nonsense",
        ),
        (
            "endless chunks",
            (chunked.to_vec(), b"4\r\naaaa\r\n"),
            "nonsense",
        ),
        (
            "an endless head",
            (b"HTTP/1.1 200 x\r\n".to_vec(), b"x: aaaaaaaa\r\n"),
            "unreachable",
        ),
        ("no HTTP", (b"hello\r\n\r\n".to_vec(), b""), "unreachable"),
        ("nothing", (Vec::new(), b""), "unreachable"),
        (
            "a body that is cut off",
            (
                b"HTTP/1.1 200 x\r\ncontent-length: 99\r\n\r\nabc".to_vec(),
                b"",
            ),
            "unreachable",
        ),
    ] {
        let found = status(post(), &answering(answer));
        assert_eq!(name(&found), expected, "{case}: {found:?}");
    }
    for (case, address) in [
        ("no server", "http://127.0.0.1:1"),
        ("another protocol", "ftp://127.0.0.1"),
        ("no address", "here"),
        ("a port over all", "http://127.0.0.1:99999"),
    ] {
        let found = status(post(), address);
        assert_eq!(name(&found), "unreachable", "{case}: {found:?}");
    }
}

#[test]
fn a_redirection_is_not_followed() {
    let reached = Arc::new(AtomicBool::new(false));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = listener.local_addr().unwrap();
    let seen = Arc::clone(&reached);
    thread::spawn(move || {
        for _ in listener.incoming() {
            seen.store(true, Ordering::SeqCst);
        }
    });
    for code in [301, 302, 303, 307, 308] {
        let head = format!("HTTP/1.1 {code} x\r\nlocation: http://{other}/add-checkpoint\r\n");
        let answer = format!("{head}content-length: 0\r\n\r\n");
        let found = status(post(), &answering((answer.into_bytes(), b"")));
        assert_eq!(name(&found), format!("refused {code}"), "{found:?}");
    }
    assert!(!reached.load(Ordering::SeqCst));
}

/// The limit stands for the whole exchange: a server that sends a byte now and then does not
/// stretch it.
#[test]
fn a_server_that_does_not_end_is_given_up() {
    let head = b"HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\na".to_vec();
    for first in [Vec::new(), b"HTTP/1.1".to_vec(), head] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let said = String::from_utf8_lossy(&first).into_owned();
        thread::spawn(move || {
            let mut open = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                stream.write_all(&first).unwrap();
                open.push(stream);
            }
        });
        let found = status(HttpPost::new(Duration::from_millis(200)), &address);
        assert_eq!(name(&found), "unreachable", "{said}: {found:?}");
    }
}
