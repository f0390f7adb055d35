//! What stands in the place of a MAC of an operator's secret.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use wardlet_call::StandIn;
use wardlet_keys::digest::hmac_sha256;

/// A MAC under a key that everybody knows, so that it differs where a real one would, and proves nothing.
#[derive(Clone, Copy, Debug)]
pub struct PublicMac;

impl StandIn for PublicMac {
    fn mac(&self, secret: &str, data: &[u8]) -> [u8; 32] {
        hmac_sha256(format!("wardlet stand-in of {secret}").as_bytes(), data)
    }

    /// Base64 without padding, which is also the beginning of the padded form, in both alphabets.
    fn forms(&self, mac: &[u8; 32]) -> Vec<String> {
        vec![STANDARD_NO_PAD.encode(mac), URL_SAFE_NO_PAD.encode(mac)]
    }
}
