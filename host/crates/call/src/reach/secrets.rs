//! Behind the capability `secret-use`.

use std::fmt::Debug;

/// Why a secret cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretFailure {
    /// There is no secret of this name in the grant, or not for this use.
    #[error("no such use of a secret is granted")]
    NotGranted,
    /// The bytes to be signed are over the limit.
    #[error("too much to sign")]
    TooLarge,
    /// As many secrets are attached as may be, or one for the same header.
    #[error("too many secrets are attached")]
    TooMany,
}

/// The secrets that an operator granted to a plugin, each for certain uses. None of their bytes ever comes
/// out here.
pub trait Secrets: Debug + Send + Sync {
    /// HMAC-SHA-256 of `data` under the secret.
    ///
    /// # Errors
    /// [`SecretFailure`]
    fn hmac(&self, secret: &str, data: &[u8]) -> Result<[u8; 32], SecretFailure>;

    /// Whether the secret may be attached to a request, beside those that are already attached.
    ///
    /// # Errors
    /// [`SecretFailure`]
    fn may_attach(&self, secret: &str, attached: &[String]) -> Result<(), SecretFailure>;
}
