use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use tempfile::TempDir;

use super::super::message::{Answer, MAX_MESSAGE_BYTES, Request, receive, send};
use super::super::{
    CheckpointSigner, LocalSigner, MAX_CLIENTS, SignError, SignerClient, SignerServer, in_thread,
    listen,
};
use crate::checkpoint::Checkpoint;
use crate::merkle::leaves::Leaves;

const ORIGIN: &str = "laptop.example/log";

/// A signer behind a socket; its threads end with the test.
fn serve(place: &Path, others: &[u32]) -> SignerClient {
    let socket = place.join("signer.sock");
    let listener = listen(&socket, !others.is_empty()).unwrap();
    let signer = LocalSigner::open(&place.join("signer"), ORIGIN).unwrap();
    let server = SignerServer::new(Box::new(signer), others);
    std::thread::spawn(move || server.serve(&listener));
    SignerClient::new(&socket, None)
}

fn place() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn both_seams_do_as_the_signer_itself() {
    let (local, socket, thread) = (place(), place(), place());
    let open = |place: &TempDir| LocalSigner::open(&place.path().join("signer"), ORIGIN).unwrap();
    let seams: [(&str, Box<dyn CheckpointSigner>); 3] = [
        ("local", Box::new(open(&local))),
        ("socket", Box::new(serve(socket.path(), &[]))),
        (
            "thread",
            Box::new(in_thread(Box::new(open(&thread))).unwrap()),
        ),
    ];
    for (seam, mut signer) in seams {
        let mut leaves = Leaves::new(40);
        let forked = Leaves::forked(40, 3);
        assert_eq!(signer.last().unwrap(), None, "{seam}");
        let keys = signer.keys().unwrap();
        assert_eq!(keys.len(), 1, "{seam}");
        signer.sign(9, &leaves.root(9), &[]).unwrap();
        assert_eq!(signer.last().unwrap().unwrap().root, leaves.root(9));
        let note = signer
            .sign(40, &leaves.root(40), &leaves.proof(9, 40))
            .unwrap();
        let (checkpoint, _) = Checkpoint::open(note.as_bytes(), &keys).unwrap();
        assert_eq!(
            (checkpoint.origin.as_str(), checkpoint.size),
            (ORIGIN, 40),
            "{seam}"
        );
        let shorter = signer.sign(39, &leaves.root(39), &[]).unwrap_err();
        let forked = signer.sign(40, &forked.root(40), &[]).unwrap_err();
        for (error, expected) in [
            (
                shorter,
                "the log has 39 entries, and a checkpoint of 40 was signed",
            ),
            (
                forked,
                "the log does not continue the checkpoint of 40 entries that was signed: the proof \
                 does not lead to the root of the earlier tree",
            ),
        ] {
            assert!(error.is_refusal(), "{seam}");
            assert_eq!(error.to_string(), expected, "{seam}");
        }
    }
}

/// A listener that answers the first request of each connection with the bytes of one of `answers`,
/// and closes it.
fn answering(answers: Vec<Vec<u8>>) -> (TempDir, SignerClient) {
    let place = place();
    let path = place.path().join("signer.sock");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        for bytes in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let _: Request = receive(&mut stream).unwrap();
            // A client that does not like the beginning does not wait for the rest.
            let _ = stream.write_all(&bytes);
        }
    });
    (place, SignerClient::new(&path, None))
}

fn message(answer: &Answer) -> Vec<u8> {
    let mut bytes = Vec::new();
    send(&mut bytes, answer).unwrap();
    bytes
}

fn framed(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    [&length, text.as_bytes()].concat()
}

#[test]
fn answers_that_make_no_sense() {
    let too_long = u32::try_from(MAX_MESSAGE_BYTES + 1).unwrap().to_be_bytes();
    let head = Answer::Last {
        size: 7,
        root: "no hash".to_owned(),
    };
    for (case, bytes, unreachable) in [
        ("nothing", vec![], true),
        ("half a length", vec![0, 0], true),
        (
            "half an answer",
            framed(r#"{"note":"x"}"#)[..9].to_vec(),
            true,
        ),
        ("too long", too_long.to_vec(), false),
        ("no JSON", framed("{"), true),
        ("another answer", framed(r#"{"signed":"x"}"#), false),
        ("a wrong member", framed(r#"{"last":{"size":7}}"#), false),
        (
            "the note of another request",
            message(&Answer::Note("x".to_owned())),
            false,
        ),
        ("no hash", message(&head), false),
    ] {
        let (_place, mut client) = answering(vec![bytes]);
        let error = client.last().unwrap_err();
        assert!(!error.is_refusal(), "{case}: {error}");
        assert!(error.hint().is_some(), "{case}");
        let found = matches!(error, SignError::Unreachable { .. });
        assert_eq!(found, unreachable, "{case}: {error}");
        assert!(found || matches!(error, SignError::Answer { .. }), "{case}");
    }
    let (_place, mut client) = answering(vec![message(&Answer::Keys(vec!["no key".to_owned()]))]);
    let error = client.keys().unwrap_err();
    assert!(matches!(error, SignError::Answer { .. }), "{error}");
    let (_place, mut client) = answering(vec![message(&Answer::Unable("no disk".to_owned()))]);
    let error = client.last().unwrap_err().to_string();
    assert_eq!(error, "the signer cannot sign: no disk");
}

#[test]
fn a_signer_that_was_started_anew_is_found_again() {
    let nothing = message(&Answer::Nothing);
    // Each connection ends after one answer, so that each request finds the one before closed.
    let (_place, mut client) = answering(vec![nothing.clone(), nothing.clone(), nothing]);
    for _ in 0..3 {
        assert_eq!(client.last().unwrap(), None);
    }
    let nobody = place();
    let mut client = SignerClient::new(&nobody.path().join("signer.sock"), None);
    assert!(matches!(client.last(), Err(SignError::Unreachable { .. })));
    let place = place();
    let mut client = serve(place.path(), &[]);
    client.user = client.user.wrapping_add(1);
    let error = client.last().unwrap_err().to_string();
    assert!(error.contains("another user"), "{error}");
}

#[test]
fn a_client_that_makes_no_sense_ends_its_own_connection_alone() {
    let place = place();
    let mut good = serve(place.path(), &[]);
    let path = place.path().join("signer.sock");
    let sign = |root: &str, proof: usize| Request::Sign {
        size: 1,
        root: root.to_owned(),
        consistency: vec!["AAAA".to_owned(); proof],
    };
    let mut unable = Vec::new();
    for request in [sign("no hash", 0), sign("", 0), sign("", 1), sign("", 65)] {
        let mut bytes = Vec::new();
        send(&mut bytes, &request).unwrap();
        unable.push(bytes);
    }
    let too_long = u32::try_from(MAX_MESSAGE_BYTES + 1).unwrap().to_be_bytes();
    let broken = [
        framed("{"),
        framed(r#""first""#),
        too_long.to_vec(),
        vec![0, 0],
    ];
    for (bytes, is_answered) in unable
        .into_iter()
        .map(|bytes| (bytes, true))
        .chain(broken.into_iter().map(|bytes| (bytes, false)))
    {
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.write_all(&bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let answer: Result<Answer, _> = receive(&mut stream);
        match answer {
            Ok(answer) => assert!(is_answered && matches!(answer, Answer::Unable(_))),
            Err(error) => assert!(!is_answered, "{error}"),
        }
        assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0, "closed");
    }
    assert_eq!(good.last().unwrap(), None);
}

#[test]
fn places_are_bounded_and_come_free() {
    let place = place();
    drop(serve(place.path(), &[]));
    let path = place.path().join("signer.sock");
    let mut clients: Vec<SignerClient> = (0..MAX_CLIENTS)
        .map(|_| SignerClient::new(&path, None))
        .collect();
    for client in &mut clients {
        assert_eq!(client.last().unwrap(), None);
    }
    let mut late = SignerClient::new(&path, None);
    assert!(matches!(late.last(), Err(SignError::Unreachable { .. })));
    drop(clients);
    // The server sees that they are gone in its own time.
    let is_served = (0..1_000_000).any(|_| {
        std::thread::yield_now();
        late.last().is_ok()
    });
    assert!(is_served);
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn whom_a_socket_belongs_to() {
    let (near, _far) = UnixStream::pair().unwrap();
    let own = rustix::process::geteuid().as_raw();
    for (users, expected) in [
        (vec![own], true),
        (vec![own.wrapping_add(1), own], true),
        (vec![own.wrapping_add(1)], false),
        (vec![], false),
    ] {
        assert_eq!(super::peer_is(&near, &users), expected, "{users:?}");
    }
}

#[test]
fn where_it_listens() {
    let place = place();
    let path = place.path().join("signer.sock");
    let listener = listen(&path, false).unwrap();
    let mode = |path: &Path| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode(&path), 0o600);
    let taken = listen(&path, false).unwrap_err();
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    drop(listener);
    listen(&path, true).unwrap();
    assert_eq!(mode(&path), 0o666);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "precious").unwrap();
    assert!(listen(&path, false).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}
