//! What passes is written down, and answered again without what answered it first.

use std::sync::Arc;
use std::time::Instant;

use super::{HostCall, StandIn, Tape};
use crate::json::Json;
use crate::reach::{
    Buckets, Caller, Entropy, Entry, FileKind, FileStatus, FolderFailure, Folders, Http,
    HttpFailure, HttpMethod, HttpRequest, HttpResponse, Moment, Reach, SecretFailure, Secrets,
    Store, StoreError, TakeError, Taken,
};

/// Everything outside, which answers each call in its own way.
#[derive(Debug)]
struct Outside;

const MAC: [u8; 32] = [0xab; 32];

impl Entropy for Outside {
    fn fill(&self, bytes: &mut [u8]) -> bool {
        bytes.fill(0xfe);
        bytes.len() < 100
    }
}

impl Store for Outside {
    fn get(&self, key: &str, _: Moment) -> Result<Option<Vec<u8>>, StoreError> {
        Ok((key == "text").then(|| b"kept".to_vec()))
    }
    fn set(&self, _: &str, entry: Entry, _: Moment) -> Result<bool, StoreError> {
        Ok(entry.only_new)
    }
    fn delete(&self, _: &str, _: Moment) -> Result<bool, StoreError> {
        Err(StoreError::Unavailable)
    }
    fn count(&self, _: &str, _: Moment) -> Result<i64, StoreError> {
        Ok(i64::MIN)
    }
    fn add(&self, _: &str, delta: i64, window: Option<u64>, _: Moment) -> Result<i64, StoreError> {
        window.map(|_| delta).ok_or(StoreError::OutOfRange)
    }
}

impl Buckets for Outside {
    fn take(&self, bucket: &str, amount: u32, _: &Caller) -> Result<Taken, TakeError> {
        match bucket {
            "full" => Ok(Taken::Taken(amount)),
            "dry" => Ok(Taken::Refused(u64::MAX)),
            _ => Err(TakeError::NotGranted),
        }
    }
}

impl Http for Outside {
    fn requests_per_check(&self) -> u32 {
        2
    }
    fn fetch(
        &self,
        request: &HttpRequest,
        _: &[String],
        _: Instant,
    ) -> Result<HttpResponse, HttpFailure> {
        request
            .body
            .clone()
            .map_or(Err(HttpFailure::TimedOut), |body| {
                let headers = vec![
                    ("a".to_owned(), "1".to_owned()),
                    ("a".to_owned(), "2".to_owned()),
                ];
                Ok(HttpResponse {
                    status: 201,
                    headers,
                    body,
                })
            })
    }
}

impl Folders for Outside {
    fn read(&self, _: &str, path: &str, _: Instant) -> Result<Vec<u8>, FolderFailure> {
        if path == "x" {
            Ok(vec![0xff, 0])
        } else {
            Err(FolderFailure::NotFound)
        }
    }
    fn list(&self, _: &str, _: &str, _: Instant) -> Result<Vec<(String, FileKind)>, FolderFailure> {
        Ok(vec![
            ("a".to_owned(), FileKind::Link),
            ("b".to_owned(), FileKind::Other),
        ])
    }
    fn stat(&self, _: &str, _: &str) -> Result<FileStatus, FolderFailure> {
        Ok(FileStatus {
            kind: FileKind::Folder,
            size: u64::MAX,
            modified_ms: 5,
        })
    }
}

impl Secrets for Outside {
    fn hmac(&self, secret: &str, _: &[u8]) -> Result<[u8; 32], SecretFailure> {
        if secret == "key" {
            Ok(MAC)
        } else {
            Err(SecretFailure::NotGranted)
        }
    }
    fn may_attach(&self, _: &str, attached: &[String]) -> Result<(), SecretFailure> {
        if attached.is_empty() {
            Ok(())
        } else {
            Err(SecretFailure::TooMany)
        }
    }
}

#[derive(Debug)]
struct Zeros;

impl StandIn for Zeros {
    fn mac(&self, _: &str, _: &[u8]) -> [u8; 32] {
        [0; 32]
    }
    fn forms(&self, mac: &[u8; 32]) -> Vec<String> {
        vec![format!("<{}>", mac[0])]
    }
}

fn real() -> Reach {
    let outside = Arc::new(Outside);
    Reach {
        log: None,
        entropy: Some(outside.clone()),
        store: Some(outside.clone()),
        buckets: Some(outside.clone()),
        http: Some(outside.clone()),
        folders: Some(outside.clone()),
        secrets: Some(outside),
    }
}

/// Asks everything, and tells what was answered.
fn ask(reach: &Reach) -> Vec<String> {
    let entropy = reach.entropy.as_ref().unwrap();
    let mut bytes = [0; 4];
    let filled = entropy.fill(&mut bytes);
    let unfilled = entropy.fill(&mut [0; 100]);
    let mut answered = vec![format!("{filled} {bytes:?} {unfilled}")];
    answered.extend(ask_store(&**reach.store.as_ref().unwrap()));
    let (buckets, caller) = (reach.buckets.as_ref().unwrap(), Caller::default());
    for (bucket, amount) in [("full", 3), ("dry", 1), ("none", 0)] {
        answered.push(format!("{:?}", buckets.take(bucket, amount, &caller)));
    }
    answered.extend(ask_waiting(reach));
    let secrets = reach.secrets.as_ref().unwrap();
    answered.push(format!("{:?}", secrets.hmac("other", b"d")));
    for attached in [&[][..], &["key".to_owned()]] {
        answered.push(format!("{:?}", secrets.may_attach("key", attached)));
    }
    answered
}

fn ask_store(store: &dyn Store) -> [String; 4] {
    let moment = Moment {
        now_ms: 1,
        until: Instant::now(),
    };
    let set = |only_new: bool| {
        let entry = Entry {
            value: vec![0xff],
            lifetime_ms: only_new.then_some(9),
            only_new,
        };
        store.set("k", entry, moment)
    };
    let add = |delta, window| store.add("k", delta, window, moment);
    [
        format!("{:?}", ["text", "none"].map(|key| store.get(key, moment))),
        format!("{:?}", [true, false].map(set)),
        format!(
            "{:?} {:?}",
            store.delete("k", moment),
            store.count("k", moment)
        ),
        format!("{:?} {:?}", add(-1, Some(7)), add(1, None)),
    ]
}

fn ask_waiting(reach: &Reach) -> [String; 5] {
    let until = Instant::now();
    let (http, folders) = (
        reach.http.as_ref().unwrap(),
        reach.folders.as_ref().unwrap(),
    );
    let fetch = |body: Option<&[u8]>, attached: &[String]| {
        let request = HttpRequest {
            method: HttpMethod::Post,
            url: "https://x".to_owned(),
            headers: vec![("b".to_owned(), "c".to_owned())],
            body: body.map(<[u8]>::to_vec),
        };
        http.fetch(&request, attached, until)
    };
    [
        format!("{:?}", fetch(Some(b"t"), &["key".to_owned()])),
        format!("{:?} {}", fetch(None, &[]), http.requests_per_check()),
        format!(
            "{:?}",
            ["x", "y"].map(|path| folders.read("f", path, until))
        ),
        format!("{:?}", folders.list("f", ".", until)),
        format!("{:?}", folders.stat("f", ".")),
    ]
}

#[test]
fn a_replay_answers_as_the_outside_did() {
    let tape = Tape::recording(Box::new(Zeros));
    let answered = ask(&tape.reach(&real()));
    assert_eq!(
        answered,
        ask(&real()),
        "a tape that records changes nothing"
    );
    let calls = tape.calls();
    assert_eq!(calls.len(), 22);
    for call in &calls {
        assert_eq!(call.check(), Ok(()), "{call:?}");
    }
    let again = Tape::replaying(calls, 2, Box::new(Zeros));
    assert_eq!(ask(&again.reach(&Reach::default())), answered);
    assert_eq!(again.diverged(), None);
}

#[test]
fn a_mac_is_not_written_down_in_any_form() {
    let tape = Tape::recording(Box::new(Zeros));
    let reach = tape.reach(&real());
    let mac = reach.secrets.as_ref().unwrap().hmac("key", b"data");
    assert_eq!(mac, Ok(MAC), "the plugin gets the real one");
    let shown = format!("{} <171> {}", "ab".repeat(32), "AB".repeat(32));
    let concealed = tape.concealed(&Json::object([(
        "x",
        Json::Array(vec![Json::text(&shown)]),
    )]));
    let expected = format!(
        "{{\"x\":[\"{} <0> {}\"]}}",
        "00".repeat(32),
        "00".repeat(32)
    );
    assert_eq!(concealed.to_text(), expected);
    let written: String = tape
        .calls()
        .iter()
        .map(|call| call.to_json().to_text())
        .collect();
    assert_eq!(
        written,
        r#"{"call":"secret-use.hmac","with":{"secret":"key","data":"data"},"gives":"made"}"#
    );
    let again = Tape::replaying(tape.calls(), 0, Box::new(Zeros)).reach(&Reach::default());
    assert_eq!(again.secrets.unwrap().hmac("key", b"data"), Ok([0; 32]));
}

#[test]
fn another_call_than_the_recorded_one_is_told() {
    let moment = Moment {
        now_ms: 1,
        until: Instant::now(),
    };
    let recorded = |key: &str, value: &str| HostCall {
        call: "counter.get".to_owned(),
        with: Json::object([("key", Json::text(key))]),
        answer: Ok(Json::parse(value).unwrap()),
    };
    let calls = || vec![recorded("a", "1"), recorded("b", "2")];
    for (asked, answers, expected) in [
        (&["a", "b"][..], &[Some(1), Some(2)][..], None),
        (
            &["a"],
            &[Some(1)],
            Some((1, "counter.get {\"key\":\"b\"}", "nothing more")),
        ),
        (
            &["a", "c", "b"],
            &[Some(1), None, None],
            Some((
                1,
                "counter.get {\"key\":\"b\"}",
                "counter.get {\"key\":\"c\"}",
            )),
        ),
        (
            &["a", "b", "c"],
            &[Some(1), Some(2), None],
            Some((2, "no more host calls", "counter.get {\"key\":\"c\"}")),
        ),
        (
            &[],
            &[],
            Some((0, "counter.get {\"key\":\"a\"}", "nothing more")),
        ),
    ] {
        let tape = Tape::replaying(calls(), 0, Box::new(Zeros));
        let store = tape.reach(&Reach::default()).store.unwrap();
        let got: Vec<Option<i64>> = asked
            .iter()
            .map(|key| store.count(key, moment).ok())
            .collect();
        assert_eq!(got, answers, "{asked:?}");
        let diverged = tape.diverged();
        let told = diverged
            .as_ref()
            .map(|d| (d.position, d.recorded.as_str(), d.asked.as_str()));
        assert_eq!(told, expected, "{asked:?}");
    }
}
