//! Keys, signatures and digests of a gateway.
//!
//! All cryptography of the host stands here and is done by `ring`: SHA-256, HMAC, Ed25519 for the
//! audit log ([`EntryKey`], [`VerifyingKey`], [`CosignerKey`]), ES256 for the tokens of calls
//! ([`TokenKey`]) HMAC tags for compiled plugins ([`ArtifactKey`]), and AES-256-GCM for
//! what is kept of callers ([`SealingKey`]). [`Keys`] holds the keys of one gateway and keeps them in a [`PrivateFolder`],
//! which only its owner can read.
//!
//! ```
//! let folder = tempfile::tempdir()?;
//! let keys = wardlet_keys::Keys::open(&folder.path().join("keys"))?;
//! let public = keys.entry().verifying_key("laptop.example/log")?;
//! let signature = keys.entry().sign(b"a message");
//! assert!(public.verify(b"a message", &signature));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

pub mod base64url;
pub mod digest;

mod artifact_key;
mod entry_key;
mod error;
mod keys;
mod private;
mod random;
mod sealing_key;
mod token_key;
mod verifying_key;

pub use artifact_key::{ARTIFACT_KEY_FILE, ArtifactKey, TAG_BYTES};
pub use entry_key::{
    CHECKPOINT_KEY_FILE, EntryKey, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, WITNESS_KEY_FILE,
    verify_ed25519,
};
pub use error::KeyError;
pub use keys::{ENTRY_KEY_FILE, Keys, PSEUDONYM_KEY_FILE, TOKEN_KEY_FILE};
pub use private::{PrivateFile, PrivateFolder};
pub use random::{fill, random};
pub use sealing_key::{SealingKey, VAULT_KEY_FILE};
pub use token_key::TokenKey;
pub use verifying_key::{CosignerKey, NamedKey, VerifyingKey};
