//! Our client with servers that mean no good.

use std::io::{Read, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use wardlet_audit::witness::{MAX_REPLY_BYTES, WitnessStatus, Witnesses, cosign};
use wardlet_keys::EntryKey;
use wardlet_witness::HttpPost;

use crate::served::{ANSWER_WITHIN, checkpoint, post};
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
fn take_request(stream: &mut impl Read) {
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

fn line(key: &EntryKey, size: u64) -> String {
    let note = checkpoint(&mut Entries::new(20), size);
    let line = cosign(key, WITNESS, 1_700_000_000, note.text());
    line.unwrap().to_string()
}

/// Checks what is made of each answer.
fn check(answers: impl IntoIterator<Item = (&'static str, Answer, &'static str)>) {
    for (case, answer, expected) in answers {
        let found = status(post(), &answering(answer));
        assert_eq!(name(&found), expected, "{case}: {found:?}");
    }
}

#[test]
fn false_answers_are_no_cosignatures() {
    let right = line(&key(2), 10);
    let cut = &right[..right.len() - 9];
    let (by_another, of_another) = (line(&key(1), 10), line(&key(2), 9));
    let long = "a".repeat(MAX_REPLY_BYTES + 1);
    let over = "99999999999999999999\n";
    let answers = [
        ("a cosignature", 200, right.as_str(), "cosigned"),
        ("that of another key", 200, &by_another, "nonsense"),
        ("that of another size", 200, &of_another, "nonsense"),
        ("one that was cut", 200, cut, "nonsense"),
        ("none", 200, "", "nonsense"),
        ("too long", 200, &long, "nonsense"),
        ("a larger size", 409, "11\n", "ahead 11"),
        ("a small size again and again", 409, "4\n", "nonsense"),
        ("a size that is none", 409, "-1\n", "nonsense"),
        ("a size over all", 409, over, "nonsense"),
        ("another history", 422, "no\n", "refused 422"),
        ("busy", 503, "", "unreachable"),
    ];
    check(answers.map(|(case, status, body, expected)| (case, whole(status, body), expected)));
}

#[test]
fn broken_answers_are_no_cosignatures() {
    let bytes = |text: &str| text.as_bytes().to_vec();
    let chunked = bytes("HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n");
    let cut = bytes("HTTP/1.1 200 x\r\ncontent-length: 99\r\n\r\nabc");
    let answers: [(_, _, &[u8], _); 6] = [
        (
            "an endless body",
            bytes("HTTP/1.1 200 x\r\n\r\n"),
            b"aaaa",
            "nonsense",
        ),
        ("endless chunks", chunked, b"4\r\naaaa\r\n", "nonsense"),
        (
            "an endless head",
            bytes("HTTP/1.1 200 x\r\n"),
            b"x: aaaa\r\n",
            "unreachable",
        ),
        ("no HTTP", bytes("hello\r\n\r\n"), b"", "unreachable"),
        ("nothing", Vec::new(), b"", "unreachable"),
        ("a body that is cut off", cut, b"", "unreachable"),
    ];
    check(answers.map(|(case, first, again, expected)| (case, (first, again), expected)));
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

/// Answers each connection over TLS with a cosignature, and gives the address and the certificate.
fn tls_server(name: &str, answer: Answer) -> (String, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let private = made.signing_key.serialize_der().try_into().unwrap();
    let certificates = vec![made.cert.der().clone()];
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ));
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth();
    let config = Arc::new(config.with_single_cert(certificates, private).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            take_request(&mut stream);
            // A client that does not trust the certificate has gone.
            let _ = stream.write_all(&answer.0);
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    (address, made.cert.pem())
}

#[test]
fn tls_is_checked() {
    let server = |name| tls_server(name, whole(200, &line(&key(2), 10)));
    let (address, pem) = server("127.0.0.1");
    let (elsewhere, other) = server("192.0.2.1");
    let with = |pem: &str| HttpPost::with_roots(ANSWER_WITHIN, pem.as_bytes()).unwrap();
    for (case, post, address, expected) in [
        ("trusted", with(&pem), &address, "cosigned"),
        (
            "one of two",
            with(&format!("{other}{pem}")),
            &address,
            "cosigned",
        ),
        (
            "another's certificate",
            with(&other),
            &address,
            "unreachable",
        ),
        (
            "a name that does not fit",
            with(&other),
            &elsewhere,
            "unreachable",
        ),
        (
            "the authorities of the world",
            post(),
            &address,
            "unreachable",
        ),
    ] {
        let found = status(post, address);
        assert_eq!(name(&found), expected, "{case}: {found:?}");
    }
    for (pem, words) in [
        (String::new(), "there is no certificate in it"),
        ("hello".to_owned(), "there is no certificate in it"),
        (pem.replace("MII", "M*I"), "cannot be read"),
    ] {
        let error = HttpPost::with_roots(ANSWER_WITHIN, pem.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(words), "{pem}: {error}");
    }
}

#[test]
fn a_slow_witness_holds_up_no_other() {
    // It takes connections, by way of the operating system, and says nothing.
    let slow = TcpListener::bind("127.0.0.1:0").unwrap();
    let slow = slow.local_addr().map(|address| (slow, address)).unwrap();
    let mut entries = Entries::new(20);
    let note = checkpoint(&mut entries, 10);
    let good = answering(whole(200, &line(&key(2), 10)));
    let [first, second] = [1, 2].map(|at| key(at).cosigner_key(WITNESS).unwrap());
    let policy = format!(
        "witness slow {first} http://{}\nwitness good {second} {good}\ngroup g any slow good\nquorum g\n",
        slow.1
    );
    let post = HttpPost::new(Duration::from_millis(500));
    let mut witnesses = Witnesses::new(policy.parse().unwrap(), post);
    let round = witnesses.submit(&note, &mut entries).unwrap();
    let names: Vec<String> = round.witnesses.iter().map(|it| name(&it.status)).collect();
    assert_eq!(names, ["unreachable", "cosigned"], "{round:?}");
    assert!(round.is_met);
}
