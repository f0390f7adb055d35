//! What plugins may reach outside of their sandbox, as small traits. The sandbox calls them where an
//! operator granted the capability; what stands behind them is made elsewhere, so that the sandbox
//! has no disk, no network and no randomness of its own.
//!
//! All of them may be called from several threads at one time.

mod buckets;
mod folders;
mod http;
mod log;
mod secrets;
mod store;

use std::fmt::Debug;
use std::sync::Arc;

pub use buckets::{Buckets, Caller, TakeError, Taken};
pub use folders::{FileKind, FileStatus, FolderFailure, Folders};
pub use http::{Http, HttpFailure, HttpMethod, HttpRequest, HttpResponse};
pub use log::{Log, LogLevel, LogLine};
pub use secrets::{SecretFailure, Secrets};
pub use store::{
    ENTRY_BYTES, Entry, MAX_KEY_BYTES, MAX_LIFETIME_MS, MAX_VALUE_BYTES, Moment, Store, StoreError,
    is_key, is_lifetime,
};

/// Unpredictable bytes.
pub trait Entropy: Debug + Send + Sync {
    /// Fills `bytes`; false where there are none, and then nothing of `bytes` may be used.
    #[must_use]
    fn fill(&self, bytes: &mut [u8]) -> bool;
}

/// What one plugin may reach; what is none is not there for it.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Reads what the plugin writes by the capability `log`, beside the debug log. Nothing has to: the
    /// capability is there without it.
    pub log: Option<Arc<dyn Log>>,
    /// Behind the capability `random`.
    pub entropy: Option<Arc<dyn Entropy>>,
    /// Behind the capabilities `key-value` and `counter`.
    pub store: Option<Arc<dyn Store>>,
    /// Behind the capability `rate-limit`.
    pub buckets: Option<Arc<dyn Buckets>>,
    /// Behind the capability `http-fetch`.
    pub http: Option<Arc<dyn Http>>,
    /// Behind the capability `fs-read`.
    pub folders: Option<Arc<dyn Folders>>,
    /// Behind the capability `secret-use`.
    pub secrets: Option<Arc<dyn Secrets>>,
}
