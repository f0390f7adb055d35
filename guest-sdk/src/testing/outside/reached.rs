//! Servers, folders and secrets of a test.

use std::collections::{BTreeMap, BTreeSet};

use super::Outside;
use crate::http_fetch::{Header, Method, Request, Response};
use crate::{fs_read, http_fetch, secret_use};

/// The largest file, and the most entries of a folder (contract, `fs-read`).
const MAX_FILE: usize = 1 << 20;
const MAX_ENTRIES: usize = 1024;

/// The longest path (contract, `fs-read`).
const MAX_PATH: usize = 1024;

/// The most bytes of a body, and the headers of a request (contract, `http-fetch`).
const MAX_BODY: usize = 256 << 10;
const MAX_HEADERS: usize = 32;

/// The most bytes to sign, and the most secrets of a request (contract, `secret-use`).
const MAX_SIGNED: usize = 64 << 10;
const MAX_ATTACHED: usize = 4;

/// What a server answers to one method and URL.
#[derive(Debug)]
struct Answer {
    method: Method,
    url: String,
    outcome: Result<Response, http_fetch::Failure>,
}

/// A request as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The request.
    pub request: Request,
    /// The secrets that were attached to it.
    pub attached: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct Reached {
    answers: Vec<Answer>,
    sent: Vec<Sent>,
    folders: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// Whether it may be used for `hmac`, and for `attach`.
    secrets: BTreeMap<String, (bool, bool)>,
}

impl Outside {
    /// Every request with this method and URL is answered so. All others are `not-granted`.
    #[must_use]
    pub fn answer(self, method: Method, url: &str, status: u16, body: &[u8]) -> Self {
        let response = Response {
            status,
            headers: vec![Header {
                name: "content-length".to_owned(),
                value: body.len().to_string(),
            }],
            body: body.to_vec(),
        };
        self.outcome(method, url, Ok(response))
    }

    /// Every request with this method and URL comes to this.
    #[must_use]
    pub fn outcome(
        self,
        method: Method,
        url: &str,
        outcome: Result<Response, http_fetch::Failure>,
    ) -> Self {
        let url = url.to_owned();
        self.state().reached.answers.push(Answer {
            method,
            url,
            outcome,
        });
        self
    }

    /// The requests that were sent, in their order.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.state().reached.sent.clone()
    }

    /// Puts a file into a folder, and grants the folder.
    #[must_use]
    pub fn file(self, folder: &str, path: &str, bytes: &[u8]) -> Self {
        let mut state = self.state();
        let files = state.reached.folders.entry(folder.to_owned()).or_default();
        files.insert(path.to_owned(), bytes.to_vec());
        drop(state);
        self
    }

    /// Grants a secret, to be signed with, to be attached, or for both.
    #[must_use]
    pub fn secret(self, name: &str, hmac: bool, attach: bool) -> Self {
        let mut state = self.state();
        state
            .reached
            .secrets
            .insert(name.to_owned(), (hmac, attach));
        drop(state);
        self
    }

    pub(in crate::testing) fn fetch(
        &self,
        request: &Request,
        attached: Vec<String>,
    ) -> Result<Response, http_fetch::Failure> {
        use http_fetch::Failure;
        let mut state = self.state();
        if !state.available {
            return Err(Failure::NotGranted);
        }
        let bodiless = matches!(request.method, Method::Get | Method::Head);
        let body = request.body.as_ref();
        let fits = body.is_none_or(|body| !bodiless && body.len() <= MAX_BODY);
        if !fits || request.headers.len() > MAX_HEADERS {
            return Err(Failure::BadRequest);
        }
        let is_it = |one: &&Answer| one.method == request.method && one.url == request.url;
        let answer = state.reached.answers.iter().find(is_it);
        let outcome = answer.map_or(Err(Failure::NotGranted), |one| one.outcome.clone());
        if outcome != Err(Failure::NotGranted) {
            state.reached.sent.push(Sent {
                request: request.clone(),
                attached,
            });
        }
        outcome
    }

    pub(in crate::testing) fn read(
        &self,
        folder: &str,
        path: &str,
    ) -> Result<Vec<u8>, fs_read::Failure> {
        use fs_read::Failure;
        let state = self.state();
        let files = state
            .reached
            .folders
            .get(folder)
            .ok_or(Failure::NotGranted)?;
        check(path)?;
        match files.get(path) {
            Some(bytes) if bytes.len() <= MAX_FILE => Ok(bytes.clone()),
            Some(_) => Err(Failure::TooLarge),
            None if below(files, path).next().is_some() => Err(Failure::NotAFile),
            None => Err(Failure::NotFound),
        }
    }

    pub(in crate::testing) fn list(
        &self,
        folder: &str,
        path: &str,
    ) -> Result<Vec<fs_read::Entry>, fs_read::Failure> {
        use fs_read::{Entry, Failure, Kind};
        let state = self.state();
        let files = state
            .reached
            .folders
            .get(folder)
            .ok_or(Failure::NotGranted)?;
        if path != "." {
            check(path)?;
        }
        let entries: BTreeSet<_> = below(files, path)
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => (name, true),
                None => (rest, false),
            })
            .collect();
        match entries.len() {
            0 if files.contains_key(path) => Err(Failure::NotAFolder),
            0 => Err(Failure::NotFound),
            1..=MAX_ENTRIES => Ok(entries
                .into_iter()
                .map(|(name, is_folder)| Entry {
                    name: name.to_owned(),
                    kind: if is_folder { Kind::Folder } else { Kind::File },
                })
                .collect()),
            _ => Err(Failure::TooMany),
        }
    }

    pub(in crate::testing) fn stat(
        &self,
        folder: &str,
        path: &str,
    ) -> Result<fs_read::Status, fs_read::Failure> {
        use fs_read::{Failure, Kind, Status};
        let state = self.state();
        let files = state
            .reached
            .folders
            .get(folder)
            .ok_or(Failure::NotGranted)?;
        if path != "." {
            check(path)?;
        }
        let (kind, size) = match files.get(path) {
            Some(bytes) => (Kind::File, bytes.len() as u64),
            None if below(files, path).next().is_some() => (Kind::Folder, 0),
            None => return Err(Failure::NotFound),
        };
        Ok(Status {
            kind,
            size,
            modified: 0,
        })
    }

    /// No signature, but the same for the same bytes: each is added to one of 32.
    pub(in crate::testing) fn hmac(
        &self,
        secret: &str,
        data: &[u8],
    ) -> Result<Vec<u8>, secret_use::Failure> {
        use secret_use::Failure;
        let state = self.state();
        if !matches!(state.reached.secrets.get(secret), Some((true, _))) {
            return Err(Failure::NotGranted);
        }
        if data.len() > MAX_SIGNED {
            return Err(Failure::TooLarge);
        }
        let mut tag = vec![0_u8; 32];
        let bytes = secret.bytes().chain(data.iter().copied());
        for (at, byte) in bytes.enumerate() {
            if let Some(sum) = tag.get_mut(at % 32) {
                *sum = sum.wrapping_add(byte);
            }
        }
        Ok(tag)
    }

    pub(in crate::testing) fn attach(
        &self,
        secret: &str,
        attached: &[String],
    ) -> Result<(), secret_use::Failure> {
        use secret_use::Failure;
        let state = self.state();
        if !matches!(state.reached.secrets.get(secret), Some((_, true))) {
            return Err(Failure::NotGranted);
        }
        if attached.len() >= MAX_ATTACHED || attached.iter().any(|one| one == secret) {
            return Err(Failure::TooMany);
        }
        Ok(())
    }
}

/// The paths of the files below a folder, from there.
fn below<'a>(files: &'a BTreeMap<String, Vec<u8>>, path: &'a str) -> impl Iterator<Item = &'a str> {
    files.keys().filter_map(move |file| match path {
        "." => Some(file.as_str()),
        _ => file.strip_prefix(path)?.strip_prefix('/'),
    })
}

fn check(path: &str) -> Result<(), fs_read::Failure> {
    let is_step = |step: &str| !matches!(step, "" | "." | "..");
    if path.len() > MAX_PATH || path.contains('\0') || !path.split('/').all(is_step) {
        return Err(fs_read::Failure::BadPath);
    }
    Ok(())
}
