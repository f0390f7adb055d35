use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::value::RawValue;
use tempfile::TempDir;
use wardlet_keys::{ENTRY_KEY_FILE, EntryKey, PrivateFolder};

use super::message::{Answer, Append, Hello, Request, VERSION, receive, send};
use super::{Role, SharedLog};
use crate::error::AuditError;
use crate::fixture::{ORIGIN, decision, gateway};
use crate::log::{Durability, WrittenDecision};
use crate::record::{Effect, Event, Gateway, Outcome, Status};
use crate::show::{Select, show};
use crate::signer::LocalSigner;
use crate::tree::path;
use crate::verify::{Options, verify};

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("log")
    }

    fn key(&self) -> Arc<EntryKey> {
        Arc::new(EntryKey::open(&self.0.path().join("keys"), ENTRY_KEY_FILE).unwrap())
    }

    fn try_open(&self, origin: &str, gateway: &Gateway) -> Result<SharedLog, AuditError> {
        let signer = self.0.path().join("signer");
        let name = origin.to_owned();
        let signer = move || Ok(Box::new(LocalSigner::open(&signer, &name)?) as _);
        SharedLog::open(
            &self.folder(),
            origin,
            gateway,
            self.key(),
            Box::new(signer),
        )
    }

    fn open(&self) -> SharedLog {
        self.try_open(ORIGIN, &gateway()).unwrap()
    }

    /// What stands in the log in the end: the number of entries, and that it is whole.
    fn check(&self) -> u64 {
        let key = self.key().verifying_key(ORIGIN).unwrap();
        let report = verify(&self.folder(), &key, Options::default()).unwrap();
        assert!(report.open.is_empty(), "{:?}", report.open);
        assert_eq!(report.checkpoint, Some(report.head));
        report.head.size
    }
}

fn allow(log: &SharedLog) -> WrittenDecision {
    log.decision(&decision(Effect::Allow), Durability::Durable)
        .unwrap()
}

fn answer(log: &SharedLog, decision: WrittenDecision) {
    log.outcome(decision, &Outcome::new(Status::Answered))
        .unwrap();
}

/// What became of a decision.
fn statuses(folder: &Path) -> Vec<String> {
    let entries = show(folder, Select::All).unwrap();
    let lines = entries.map(|entry| entry.unwrap().line);
    let outcomes = lines.filter(|line| line.contains("\"kind\":\"outcome\""));
    let status = |line: String| {
        line.split("\"status\":\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned()
    };
    outcomes.map(status).collect()
}

#[test]
fn the_first_writes_for_all_and_the_next_takes_over() {
    let place = Place::new();
    let logs: Vec<SharedLog> = (0..3).map(|_| place.open()).collect();
    let roles: Vec<Role> = logs.iter().map(SharedLog::role).collect();
    assert_eq!(roles, [Role::Owner, Role::Follower, Role::Follower]);
    let mut open: Vec<WrittenDecision> = logs.iter().map(allow).collect();
    assert_eq!(
        open.iter().map(WrittenDecision::index).collect::<Vec<_>>(),
        [0, 1, 2]
    );
    logs[1].refusal(&decision(Effect::Deny)).unwrap();
    let digest = "sha256:00".to_owned();
    assert_eq!(logs[2].record(&Event::Config { digest }).unwrap(), 4);
    logs[2].publish().unwrap();
    assert_eq!(logs[2].published().size, Some(5));
    // The writer leaves with a call of its own still open, and the others go on with theirs.
    let [first, second, third] = logs.try_into().unwrap();
    drop(first);
    drop(open.remove(0));
    answer(&second, open.remove(0));
    answer(&third, open.remove(0));
    let roles = [second.role(), third.role()];
    assert_eq!(roles, [Role::Owner, Role::Follower]);
    let late = allow(&third);
    answer(&third, late);
    drop(second);
    // As a gateway does at its end: nobody else is left to close what is open.
    third.publish().unwrap();
    drop(third);
    assert_eq!(place.check(), 10);
    let mut found = statuses(&place.folder());
    found.sort();
    assert_eq!(found, ["answered", "answered", "answered", "unknown"]);
}

#[test]
fn a_gateway_that_ends_leaves_its_calls_to_the_writer() {
    let place = Place::new();
    let (writer, other) = (place.open(), place.open());
    drop(allow(&other));
    drop(other);
    // Looked after by a thread; at the end in any case.
    drop(writer);
    assert_eq!(statuses(&place.folder()), ["unknown"]);
    place.check();
}

#[test]
fn who_does_not_belong_is_refused() {
    let place = Place::new();
    let _writer = place.open();
    let error = place
        .try_open("another.example/log", &gateway())
        .unwrap_err();
    assert!(matches!(error, AuditError::Owner { .. }), "{error}");
    assert!(
        error.to_string().contains("`another.example/log`"),
        "{error}"
    );
    assert!(error.hint().is_some());
}

/// A connection that speaks as another gateway does.
struct Stranger(UnixStream);

impl Stranger {
    fn connect(place: &Place) -> Self {
        let folder = PrivateFolder::open(&place.folder()).unwrap();
        Stranger(UnixStream::connect(folder.socket(path::SOCKET)).unwrap())
    }

    fn hello(place: &Place, session: &str) -> Self {
        let mut stranger = Self::connect(place);
        let hello = hello(session, ORIGIN, VERSION);
        assert!(matches!(stranger.ask(&hello), Some(Answer::State { .. })));
        stranger
    }

    /// The answer; none where the writer hung up.
    fn ask(&mut self, request: &Request) -> Option<Answer> {
        send(&mut self.0, request).ok()?;
        receive(&mut self.0).ok()
    }

    fn append(&mut self, kind: &str, body: &str, since: Option<u64>) -> Option<Answer> {
        let body = RawValue::from_string(body.to_owned()).unwrap();
        let kind = kind.to_owned();
        self.ask(&Request::Append(Append {
            kind,
            body,
            durable: false,
            since,
        }))
    }
}

fn hello(session: &str, origin: &str, version: u64) -> Request {
    Request::Hello(Hello {
        version,
        session: session.to_owned(),
        origin: origin.to_owned(),
        build: "b".to_owned(),
        name: "n".to_owned(),
        open: vec![0, 1, 999],
    })
}

const SESSION: &str = "00112233445566778899aabbccddeeff";

#[test]
fn strangers_cannot_write_what_is_no_entry() {
    let place = Place::new();
    let writer = place.open();
    let own = allow(&writer);
    for (session, origin, version) in [
        ("", ORIGIN, VERSION),
        ("../../../../../../../../etc/passw", ORIGIN, VERSION),
        (SESSION, "other", VERSION),
        (SESSION, ORIGIN, VERSION + 1),
    ] {
        let answer = Stranger::connect(&place).ask(&hello(session, origin, version));
        assert!(matches!(answer, Some(Answer::Refused(_))), "{answer:?}");
    }
    // Nothing before a hello, and no second one.
    assert!(Stranger::connect(&place).ask(&Request::Publish).is_none());
    let mut twice = Stranger::hello(&place, SESSION);
    assert!(twice.ask(&hello(SESSION, ORIGIN, VERSION)).is_none());
    for bytes in [
        &b"\xff\xff\xff\xff"[..],
        b"\0\0\0\x01{",
        b"\0\0\0\0",
        b"\0\0\0\x02{}",
    ] {
        let mut stranger = Stranger::hello(&place, SESSION);
        stranger.0.write_all(bytes).unwrap();
        assert!(receive::<Answer>(&mut stranger.0).is_err(), "{bytes:?}");
    }
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(60 * 1024));
    let mut stranger = Stranger::hello(&place, SESSION);
    let closing = format!(r#"{{"decision":{},"status":"answered"}}"#, own.index());
    for (kind, body) in [
        ("heartbeat", r#"{"published":0}"#),
        ("recovery", "{}"),
        ("x\",\"index\":7,\"", "{}"),
        ("config", "[]"),
        ("config", r#"{"b":1,"a":2}"#),
        ("config", r#"{"a": 1}"#),
        ("config", r#"{"a":1,"a":2}"#),
        ("config", &long),
        ("decision", "{}"),
        ("outcome", r#"{"decision":"0"}"#),
        // Calls of the writer, of others and of nobody are not a stranger's to close.
        ("outcome", &closing),
        ("outcome", r#"{"decision":999,"status":"answered"}"#),
    ] {
        let answer = stranger.append(kind, body, None);
        assert!(
            matches!(answer, Some(Answer::Refused(_) | Answer::Closed)),
            "{kind} {body}: {answer:?}"
        );
    }
    answer(&writer, own);
    drop(writer);
    assert_eq!(place.check(), 2);
}

#[test]
fn what_was_written_and_not_answered_is_found_again() {
    let place = Place::new();
    let writer = place.open();
    let own = allow(&writer);
    let mut stranger = Stranger::hello(&place, SESSION);
    let body = r#"{"effect":"deny","txn":"t"}"#;
    let Some(Answer::Written { index, .. }) = stranger.append("decision", body, None) else {
        panic!("it is an entry");
    };
    for (since, expected) in [(0, index), (index, index), (index + 1, index + 1)] {
        let Some(Answer::Written { index, .. }) = stranger.append("decision", body, Some(since))
        else {
            panic!("it is an entry");
        };
        assert_eq!(index, expected, "since {since}");
    }
    // Of kinds that may have one body twice, nothing is taken for another's.
    for index in 3..5 {
        let answer = stranger.append("config", r#"{"digest":"sha256:00"}"#, Some(0));
        assert!(
            matches!(answer, Some(Answer::Written { index: found, .. }) if found == index),
            "{answer:?}"
        );
    }
    answer(&writer, own);
    drop(writer);
    assert_eq!(place.check(), 6);
}
