//! The traits of [`Reach`](crate::Reach), each behind a tape.

use std::sync::Arc;
use std::time::Instant;

use super::codec::{Made, NoEntropy, bytes_json, headers_json, hex};
use super::{Mode, Tape};
use crate::json::Json;
use crate::reach::{
    Buckets, Caller, Entropy, Entry, FileKind, FileStatus, FolderFailure, Folders, Http,
    HttpFailure, HttpRequest, HttpResponse, Moment, SecretFailure, Secrets, Store, StoreError,
    TakeError, Taken,
};

/// One of them behind a tape; none is there where the tape replays.
#[derive(Debug)]
pub(super) struct Taped<T: ?Sized> {
    tape: Arc<Tape>,
    real: Option<Arc<T>>,
}

impl<T: ?Sized> Taped<T> {
    pub(super) fn new(tape: Arc<Tape>, real: Option<Arc<T>>) -> Self {
        Taped { tape, real }
    }

    /// What the real one answers.
    fn real<A, E: super::codec::Failure>(
        &self,
        call: impl FnOnce(&T) -> Result<A, E>,
    ) -> Result<A, E> {
        self.real.as_deref().map_or(Err(E::LOST), call)
    }
}

fn text(name: &'static str, text: &str) -> (&'static str, Json) {
    (name, Json::text(text))
}

fn whole(number: impl ToString) -> Json {
    Json::Number(number.to_string())
}

impl Entropy for Taped<dyn Entropy> {
    fn fill(&self, bytes: &mut [u8]) -> bool {
        let count = bytes.len();
        let with = Json::object([("count", whole(count))]);
        let drawn = self.tape.call("random.bytes", with, || {
            self.real(|real| {
                let mut drawn = vec![0; count];
                real.fill(&mut drawn).then_some(drawn).ok_or(NoEntropy)
            })
        });
        match drawn {
            Ok(drawn) if drawn.len() == count => {
                bytes.copy_from_slice(&drawn);
                true
            }
            _ => false,
        }
    }
}

impl Store for Taped<dyn Store> {
    fn get(&self, key: &str, moment: Moment) -> Result<Option<Vec<u8>>, StoreError> {
        let with = Json::object([text("key", key)]);
        let real = || self.real(|real| real.get(key, moment));
        self.tape.call("key-value.get", with, real)
    }

    fn set(&self, key: &str, entry: Entry, moment: Moment) -> Result<bool, StoreError> {
        let mut with = vec![text("key", key), ("value", bytes_json(&entry.value))];
        with.extend(entry.lifetime_ms.map(|ms| ("lifetime", whole(ms))));
        if entry.only_new {
            with.push(("only_new", Json::Bool(true)));
        }
        let real = || self.real(|real| real.set(key, entry, moment));
        self.tape.call("key-value.set", Json::object(with), real)
    }

    fn delete(&self, key: &str, moment: Moment) -> Result<bool, StoreError> {
        let with = Json::object([text("key", key)]);
        let real = || self.real(|real| real.delete(key, moment));
        self.tape.call("key-value.delete", with, real)
    }

    fn count(&self, key: &str, moment: Moment) -> Result<i64, StoreError> {
        let with = Json::object([text("key", key)]);
        let real = || self.real(|real| real.count(key, moment));
        self.tape.call("counter.get", with, real)
    }

    fn add(
        &self,
        key: &str,
        delta: i64,
        window_ms: Option<u64>,
        moment: Moment,
    ) -> Result<i64, StoreError> {
        let mut with = vec![text("key", key), ("delta", whole(delta))];
        with.extend(window_ms.map(|ms| ("window", whole(ms))));
        let real = || self.real(|real| real.add(key, delta, window_ms, moment));
        self.tape.call("counter.add", Json::object(with), real)
    }
}

impl Buckets for Taped<dyn Buckets> {
    fn take(&self, bucket: &str, amount: u32, caller: &Caller) -> Result<Taken, TakeError> {
        let with = Json::object([text("bucket", bucket), ("amount", whole(amount))]);
        let real = || self.real(|real| real.take(bucket, amount, caller));
        self.tape.call("rate-limit.take", with, real)
    }
}

impl Http for Taped<dyn Http> {
    fn requests_per_check(&self) -> u32 {
        match (&self.tape.mode, &self.real) {
            (Mode::Replays { http_requests }, _) => *http_requests,
            (Mode::Records, Some(real)) => real.requests_per_check(),
            (Mode::Records, None) => 0,
        }
    }

    fn fetch(
        &self,
        request: &HttpRequest,
        attached: &[String],
        until: Instant,
    ) -> Result<HttpResponse, HttpFailure> {
        let mut with = vec![
            text("method", request.method.name()),
            text("url", &request.url),
            ("headers", headers_json(&request.headers)),
        ];
        with.extend(request.body.as_ref().map(|body| ("body", bytes_json(body))));
        if !attached.is_empty() {
            let names = attached.iter().map(|name| Json::text(name));
            with.push(("attached", Json::Array(names.collect())));
        }
        let real = || self.real(|real| real.fetch(request, attached, until));
        self.tape.call("http-fetch.fetch", Json::object(with), real)
    }
}

impl Folders for Taped<dyn Folders> {
    fn read(&self, folder: &str, path: &str, until: Instant) -> Result<Vec<u8>, FolderFailure> {
        let with = Json::object([text("folder", folder), text("path", path)]);
        let real = || self.real(|real| real.read(folder, path, until));
        self.tape.call("fs-read.read", with, real)
    }

    fn list(
        &self,
        folder: &str,
        path: &str,
        until: Instant,
    ) -> Result<Vec<(String, FileKind)>, FolderFailure> {
        let with = Json::object([text("folder", folder), text("path", path)]);
        let real = || self.real(|real| real.list(folder, path, until));
        self.tape.call("fs-read.list", with, real)
    }

    fn stat(&self, folder: &str, path: &str) -> Result<FileStatus, FolderFailure> {
        let with = Json::object([text("folder", folder), text("path", path)]);
        let real = || self.real(|real| real.stat(folder, path));
        self.tape.call("fs-read.stat", with, real)
    }
}

impl Secrets for Taped<dyn Secrets> {
    fn hmac(&self, secret: &str, data: &[u8]) -> Result<[u8; 32], SecretFailure> {
        let with = Json::object([text("secret", secret), ("data", bytes_json(data))]);
        let mut mac = None;
        let made = self.tape.call("secret-use.hmac", with, || {
            mac = Some(self.real(|real| real.hmac(secret, data))?);
            Ok(Made)
        });
        let Made = made?;
        let stand_in = self.tape.stand_in.mac(secret, data);
        Ok(match mac {
            Some(real) => {
                self.tape.hide(&real, &stand_in);
                real
            }
            None => stand_in,
        })
    }

    fn may_attach(&self, secret: &str, attached: &[String]) -> Result<(), SecretFailure> {
        let with = Json::object([text("secret", secret)]);
        let real = || self.real(|real| real.may_attach(secret, attached));
        self.tape.call("secret-use.attach", with, real)
    }
}

impl Tape {
    /// Has a MAC written down as its stand-in from now on, in every text in which it may be shown.
    fn hide(&self, real: &[u8; 32], stand_in: &[u8; 32]) {
        let mut forms = vec![
            (hex(real), hex(stand_in)),
            (hex(real).to_uppercase(), hex(stand_in).to_uppercase()),
        ];
        let texts = self.stand_in.forms(real);
        forms.extend(texts.into_iter().zip(self.stand_in.forms(stand_in)));
        self.state().hidden.extend(forms);
    }
}
