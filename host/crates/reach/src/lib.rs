//! What plugins reach outside of their sandbox, behind the traits of `wardlet_call`: one file for each
//! dangerous dependency, all of them blocking until a deadline and no longer.
//!
//! [`Disk`] keeps what plugins remember and [`Bucket`]s count what agents take, [`HttpClient`] speaks HTTP/1.1 to
//! the servers that an operator named, [`FolderSet`] reads below the folders that it opened,
//! [`PluginSecrets`] uses secrets without giving them away.
#![forbid(unsafe_code)]
// Standard output carries the protocol; a library that wrote there would corrupt it.
#![deny(clippy::print_stdout)]

mod address;
mod buckets;
mod connection;
mod folders;
mod header;
mod http;
mod origin;
mod resolve;
mod secret;
mod secrets;
mod store;
mod traces;
mod wire;

pub use buckets::{Bucket, Granted, MAX_TOKENS, Per, Terms};
pub use folders::{FolderError, FolderSet, MAX_ENTRIES, MAX_FILE_BYTES};
pub use header::{HeaderError, attachable};
pub use http::{
    CaError, DEFAULT_REQUESTS, DEFAULT_RESPONSE, HttpClient, HttpGrant, MAX_REQUESTS, MAX_RESPONSE,
};
pub use origin::{Origin, UrlError};
pub use resolve::{Resolve, SystemResolver};
pub use secret::{MIN_KEY_BYTES, MIN_SECRET_BYTES, Secret, SecretError, SecretSource};
pub use secrets::{Attached, HmacSha256, PluginSecrets, SecretUse};
pub use store::{DEFAULT_QUOTA, Disk, MAX_QUOTA, MIN_QUOTA, OpenError};
