//! Our server with our client, and with clients that mean no good.

use std::io::Write as _;
use std::net::TcpStream;

use wardlet_audit::witness::{MAX_REQUEST_BYTES, WitnessStatus, Witnesses};
use wardlet_keys::digest::{hex, sha256};
use wardlet_witness::{MAX_CONNECTIONS, MAX_HEAD_BYTES};

use crate::served::{Served, checkpoint, post, talk, witness};
use crate::support::{Entries, ORIGIN, key};

#[test]
fn our_client_with_our_server() {
    let folder = tempfile::tempdir().unwrap();
    let log = key(0).verifying_key(ORIGIN).unwrap();
    let witness = witness(&folder.path().join("witness"), log.clone());
    let served = Served::start(witness);
    let policy = format!("witness w {}\nquorum w\n", served.entry);
    let new = || Witnesses::new(policy.parse().unwrap(), post());
    let (mut entries, mut forked) = (Entries::new(600), Entries::forked(700, 300));
    let mut witnesses = new();
    for size in [0, 1, 2, 2, 255, 256, 600] {
        let note = checkpoint(&mut entries, size);
        let round = witnesses.submit(&note, &mut entries).unwrap();
        assert!(round.is_met, "{round:?}");
        let checked = witnesses
            .policy()
            .check(&round.checkpoint, std::slice::from_ref(&log));
        assert_eq!(checked.unwrap().size, size);
    }
    let note = checkpoint(&mut entries, 500);
    let round = new().submit(&note, &mut entries).unwrap();
    assert_eq!(
        round.witnesses[0].status,
        WitnessStatus::Ahead { size: 600 }
    );
    for size in [600, 700] {
        let note = checkpoint(&mut forked, size);
        let round = new().submit(&note, &mut forked).unwrap();
        let status = &round.witnesses[0].status;
        assert!(status.is_alarm() && !round.is_met, "{size}: {status:?}");
    }
    // Monitors get what was cosigned, and others the key.
    let get = |path: &str| {
        talk(
            &served.host,
            format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes(),
        )
    };
    let latest = get(&format!("/{}/checkpoint", hex(&sha256(ORIGIN.as_bytes()))));
    assert!(
        latest.contains(&format!("\r\n\r\n{ORIGIN}\n600\n")),
        "{latest}"
    );
    let vkey = get("/vkey");
    let (public, _) = served.entry.split_once(' ').unwrap();
    assert!(vkey.ends_with(&format!("\r\n\r\n{public}\n")), "{vkey}");
}

fn request(first: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("{first} HTTP/1.1\r\nhost: w\r\n{headers}\r\n{body}").into_bytes()
}

const POST: &str = "POST /add-checkpoint";

/// Requests that just pass a limit, each with the status that it gets. Nothing of them is left
/// unread: a server that closes with unread bytes may cut its own answer off.
fn giants() -> [(&'static str, Vec<u8>, &'static str); 3] {
    let length = format!("content-length: {}\r\n", MAX_REQUEST_BYTES + 1);
    let body = "a".repeat(MAX_REQUEST_BYTES + 1);
    let chunk = format!("{:x}\r\n{body}", body.len());
    let chunks = "transfer-encoding: chunked\r\n";
    let mut head = request(POST, "x: ", "");
    head.truncate(head.len() - 2);
    head.resize(MAX_HEAD_BYTES, b'a');
    [
        ("a giant body", request(POST, &length, &body), "413"),
        ("a giant chunk", request(POST, chunks, &chunk), "413"),
        ("a giant head", head, "431"),
    ]
}

#[test]
fn hostile_requests_get_an_error_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log = key(0).verifying_key(ORIGIN).unwrap();
    let witness = witness(&folder.path().join("witness"), log);
    let served = Served::start(witness.clone());
    let none = "content-length: 0\r\n";
    let no_http = b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n".to_vec();
    let requests = [
        ("an empty body", POST, none, "", "400"),
        (
            "a body of no use",
            POST,
            "content-length: 3\r\n",
            "abc",
            "400",
        ),
        ("no length", POST, "content-length: -1\r\n", "", "400"),
        ("another path", "POST /add", none, "", "404"),
        ("a path that leads out", "GET /../vkey", "", "", "404"),
        ("a file of the folder", "GET /witness.key", "", "", "404"),
        ("another method", "GET /add-checkpoint", "", "", "405"),
        ("a key that is put", "PUT /vkey", none, "", "405"),
        ("an unknown log", "GET /00/checkpoint", "", "", "404"),
    ]
    .map(|(case, first, headers, body, status)| (case, request(first, headers, body), status));
    let others = giants().into_iter().chain([("no HTTP", no_http, "400")]);
    for (case, bytes, status) in requests.into_iter().chain(others) {
        let answer = talk(&served.host, &bytes);
        let expected = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&expected), "{case}: {answer}");
        assert_eq!(witness.latest(ORIGIN), None, "{case}");
    }
}

/// Each takes a place and ends it without a request, over and over the number that there is.
#[test]
fn connections_that_ask_nothing_keep_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let log = key(0).verifying_key(ORIGIN).unwrap();
    let served = Served::start(witness(&folder.path().join("witness"), log));
    for first in [
        "",
        "POST /add-checkpoint HTTP/1.1\r\ncontent-length: 9\r\n\r\nold",
    ] {
        let mut open = Vec::new();
        for _ in 0..2 * MAX_CONNECTIONS {
            let mut stream = TcpStream::connect(&served.host).unwrap();
            stream.write_all(first.as_bytes()).unwrap();
            open.push(stream);
        }
        drop(open);
        let answer = talk(&served.host, b"GET /vkey HTTP/1.0\r\n\r\n");
        assert!(answer.contains(" 200 OK\r\n"), "{first}: {answer}");
    }
}

/// With the clock of the runtime, which jumps ahead where nothing else is to be done.
#[tokio::test(start_paused = true)]
async fn slow_clients_lose_their_places() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    let folder = tempfile::tempdir().unwrap();
    let log = key(0).verifying_key(ORIGIN).unwrap();
    let witness = witness(&folder.path().join("witness"), log);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(wardlet_witness::serve(listener, witness, async {
        drop(stopped.await);
    }));
    // A head that does not end, and a body that does not.
    for first in [
        "POST /add-checkpoint HTTP/1.1\r\nx:",
        "POST /add-checkpoint HTTP/1.1\r\ncontent-length: 9\r\n\r\nold",
    ] {
        let mut slow = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            let mut stream = TcpStream::connect(host).await.unwrap();
            stream.write_all(first.as_bytes()).await.unwrap();
            slow.push(stream);
        }
        let mut late = TcpStream::connect(host).await.unwrap();
        late.write_all(b"GET /vkey HTTP/1.0\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        late.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains(" 200 OK\r\n"), "{first}: {answer}");
        for mut stream in slow {
            let mut answer = Vec::new();
            // The end, whether or not there was still an answer.
            let _ = stream.read_to_end(&mut answer).await;
            let answer = String::from_utf8(answer).unwrap();
            assert!(!answer.contains(" 200 "), "{first}: {answer}");
        }
    }
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}
