//! What a plugin that is measured reaches: nothing of the machine. Who reads the figures is told what each
//! capability answers.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use wardlet_call::{
    Buckets, Caller, FileKind, FileStatus, FolderFailure, Folders, Http, HttpFailure, HttpRequest,
    HttpResponse, PluginName, Reach, SecretFailure, Secrets, TakeError, Taken,
};
use wardlet_reach::{DEFAULT_QUOTA, Disk, OpenError};
use wardlet_sandbox::Capability;

use crate::reach;

/// The store that is opened, in the folder of the measurement.
const STORE: &str = "store";

/// Everything there is, for one plugin.
pub(super) fn reach(name: &PluginName, folder: &Path) -> Result<Reach, OpenError> {
    let nobody = Arc::new(Nobody);
    Ok(Reach {
        log: None,
        entropy: Some(reach::entropy()),
        store: Some(Disk::open(&folder.join(STORE))?.of(name, DEFAULT_QUOTA)),
        buckets: Some(nobody.clone()),
        http: Some(nobody.clone()),
        folders: Some(nobody.clone()),
        secrets: Some(nobody),
    })
}

/// What a capability answers while a plugin is measured; none where it is as in a gateway.
pub(super) fn answers(capability: Capability) -> Option<&'static str> {
    match capability {
        Capability::RateLimit => Some("`rate-limit` always gives what is asked for"),
        Capability::HttpFetch => Some("`http-fetch` reaches no server"),
        Capability::FsRead => Some("`fs-read` finds no file"),
        Capability::SecretUse => Some("`secret-use` has no secret"),
        Capability::KeyValue | Capability::Counter => {
            Some("what it keeps is in a file of its own, empty at first")
        }
        Capability::Log
        | Capability::Clock
        | Capability::Random
        | Capability::Scan
        | Capability::Wasi => None,
    }
}

/// A world in which there is nobody to be reached.
#[derive(Debug)]
struct Nobody;

impl Buckets for Nobody {
    fn take(&self, _: &str, _: u32, _: &Caller) -> Result<Taken, TakeError> {
        Ok(Taken::Taken(u32::MAX))
    }
}

impl Http for Nobody {
    fn requests_per_check(&self) -> u32 {
        u32::MAX
    }

    fn fetch(
        &self,
        _: &HttpRequest,
        _: &[String],
        _: Instant,
    ) -> Result<HttpResponse, HttpFailure> {
        Err(HttpFailure::Unreachable)
    }
}

impl Folders for Nobody {
    fn read(&self, _: &str, _: &str, _: Instant) -> Result<Vec<u8>, FolderFailure> {
        Err(FolderFailure::NotFound)
    }

    fn list(&self, _: &str, _: &str, _: Instant) -> Result<Vec<(String, FileKind)>, FolderFailure> {
        Err(FolderFailure::NotFound)
    }

    fn stat(&self, _: &str, _: &str) -> Result<FileStatus, FolderFailure> {
        Err(FolderFailure::NotFound)
    }
}

impl Secrets for Nobody {
    fn hmac(&self, _: &str, _: &[u8]) -> Result<[u8; 32], SecretFailure> {
        Err(SecretFailure::NotGranted)
    }

    fn may_attach(&self, _: &str, _: &[String]) -> Result<(), SecretFailure> {
        Err(SecretFailure::NotGranted)
    }
}
