//! The secrets that one plugin may use, and for what.

use std::collections::BTreeMap;
use std::fmt;

use wardlet_call::{HttpFailure, HttpResponse, PluginName, SecretFailure, Secrets};
use zeroize::Zeroizing;

use crate::header::is_value;
use crate::origin::Origin;
use crate::secret::{MIN_KEY_BYTES, Secret, SecretError};
use crate::traces::{Traces, shows};

/// Bytes of one signature: what is signed is a request or a digest, not a document.
const MAX_SIGNED: usize = 64 << 10;

/// Secrets attached to one request: an API asks for one or two.
const MAX_ATTACHED: usize = 4;

/// What stands before the bytes of a plugin in what is signed.
const PURPOSE: &[u8] = b"wardlet-plugin-hmac-v1\0";

/// HMAC-SHA-256 of a message under a key. The host's cryptography stands elsewhere.
pub type HmacSha256 = fn(key: &[u8], message: &[u8]) -> [u8; 32];

/// As what a secret is attached, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// The header, in lower case; see [`crate::attachable`].
    pub header: String,
    /// What stands before the secret in its value, such as `Bearer `.
    pub prefix: String,
    /// The only origins that it is sent to.
    pub origins: Vec<Origin>,
}

/// One secret, with what a plugin may do with it.
#[derive(Clone, Debug)]
pub struct SecretUse {
    /// The bytes.
    pub secret: Secret,
    /// Whether the plugin may have bytes signed.
    pub hmac: bool,
    /// Whether exactly the plugin's bytes are signed, without what tells its signatures apart from others.
    pub raw: bool,
    /// As what the plugin may attach it; none if it may not.
    pub attach: Option<Attached>,
}

struct Held {
    granted: SecretUse,
    /// The whole value of the header; empty where there is none.
    value: Zeroizing<String>,
    traces: Traces,
}

/// The secrets of one plugin.
pub struct PluginSecrets {
    plugin: PluginName,
    held: BTreeMap<String, Held>,
    hmac: HmacSha256,
}

impl fmt::Debug for PluginSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginSecrets")
            .field("plugin", &self.plugin)
            .field("names", &self.held.keys())
            .finish_non_exhaustive()
    }
}

impl PluginSecrets {
    /// The secrets of a plugin by their names.
    ///
    /// # Errors
    /// [`SecretError`] of a secret that does not suit its use.
    pub fn new(
        plugin: PluginName,
        secrets: impl IntoIterator<Item = (String, SecretUse)>,
        hmac: HmacSha256,
    ) -> Result<Self, SecretError> {
        let mut held = BTreeMap::new();
        for (name, granted) in secrets {
            if granted.hmac {
                granted.secret.of_at_least(MIN_KEY_BYTES)?;
            }
            let value = match &granted.attach {
                Some(attached) => value_of(&granted.secret, attached)?,
                None => Zeroizing::default(),
            };
            let traces = Traces::of(granted.secret.bytes());
            held.insert(
                name,
                Held {
                    granted,
                    value,
                    traces,
                },
            );
        }
        Ok(PluginSecrets { plugin, held, hmac })
    }

    fn attached(&self, secret: &str) -> Option<(&Attached, &str)> {
        let held = self.held.get(secret)?;
        Some((held.granted.attach.as_ref()?, held.value.as_str()))
    }

    /// The headers, as which any secret may be attached.
    pub(crate) fn headers(&self) -> Vec<&str> {
        let attached = self.held.values().filter_map(|h| h.granted.attach.as_ref());
        attached.map(|attached| attached.header.as_str()).collect()
    }

    /// The headers of these secrets toward an origin.
    pub(crate) fn toward(
        &self,
        origin: &Origin,
        attached: &[String],
    ) -> Result<Vec<(&str, &str)>, HttpFailure> {
        let headers = attached.iter().map(|name| {
            let (attached, value) = self.attached(name)?;
            let is_for = attached.origins.contains(origin);
            is_for.then_some((attached.header.as_str(), value))
        });
        headers
            .collect::<Option<_>>()
            .ok_or(HttpFailure::SecretOrigin)
    }

    /// Whether an answer shows any of the secrets: also one that was not attached to this request may have
    /// been to an earlier one.
    pub(crate) fn show_in(&self, response: &HttpResponse) -> bool {
        let secrets = self.held.values().map(|held| &held.traces);
        let headers = response.headers.iter();
        let mut texts = headers.flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        texts.any(|text| shows(secrets.clone(), text)) || shows(secrets.clone(), &response.body)
    }
}

fn value_of(secret: &Secret, attached: &Attached) -> Result<Zeroizing<String>, SecretError> {
    let text = str::from_utf8(secret.bytes()).unwrap_or_default();
    let mut value = Zeroizing::new(String::with_capacity(attached.prefix.len() + text.len()));
    value.push_str(&attached.prefix);
    value.push_str(text);
    if text.is_empty() || !is_value(value.as_bytes()) {
        return Err(SecretError::NotAHeader(secret.source().clone()));
    }
    Ok(value)
}

impl Secrets for PluginSecrets {
    fn hmac(&self, secret: &str, data: &[u8]) -> Result<[u8; 32], SecretFailure> {
        let held = self.held.get(secret).filter(|held| held.granted.hmac);
        let held = held.ok_or(SecretFailure::NotGranted)?;
        if data.len() > MAX_SIGNED {
            return Err(SecretFailure::TooLarge);
        }
        let key = held.granted.secret.bytes();
        if held.granted.raw {
            return Ok((self.hmac)(key, data));
        }
        let name = self.plugin.as_str().as_bytes();
        let message = [PURPOSE, name, b"\0", data].concat();
        Ok((self.hmac)(key, &message))
    }

    fn may_attach(&self, secret: &str, attached: &[String]) -> Result<(), SecretFailure> {
        let (wanted, _) = self.attached(secret).ok_or(SecretFailure::NotGranted)?;
        let same = |name: &String| {
            self.attached(name)
                .is_some_and(|(other, _)| other.header == wanted.header)
        };
        if attached.len() >= MAX_ATTACHED || attached.iter().any(same) {
            return Err(SecretFailure::TooMany);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
