//! SHA-256 (FIPS 180-4) and HMAC-SHA256 (RFC 2104).

use ring::{digest, hmac};

/// The length of a SHA-256 digest in bytes.
pub const DIGEST_BYTES: usize = 32;

/// The SHA-256 digest of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; DIGEST_BYTES] {
    fixed(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// The HMAC-SHA256 of `message` under `key`.
#[must_use]
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; DIGEST_BYTES] {
    fixed(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref())
}

/// Bytes in hexadecimal, two small digits each.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a pin begins with.
pub const PIN_PREFIX: &str = "sha256:";

/// A SHA-256 digest as configurations and entries name a thing by it: [`PIN_PREFIX`] and 64
/// hexadecimal digits.
#[must_use]
pub fn pin(digest: &[u8; DIGEST_BYTES]) -> String {
    format!("{PIN_PREFIX}{}", hex(digest))
}

/// A SHA-256 digest of bytes that come in pieces.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Sha256 {
    /// The digest of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Sha256(digest::Context::new(&digest::SHA256))
    }

    /// Adds a piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all pieces in their order.
    #[must_use]
    pub fn finish(self) -> [u8; DIGEST_BYTES] {
        fixed(self.0.finish().as_ref())
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

/// `ring` hands out slices whose length its types do not say.
fn fixed(bytes: &[u8]) -> [u8; DIGEST_BYTES] {
    let mut digest = [0; DIGEST_BYTES];
    digest.copy_from_slice(bytes);
    digest
}

#[cfg(test)]
mod tests {
    use super::{Sha256, hex, hmac_sha256, sha256};

    #[test]
    fn published_vectors() {
        for (message, expected) in [
            (
                "",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                "abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
        ] {
            assert_eq!(hex(&sha256(message.as_bytes())), expected);
            let mut pieces = Sha256::new();
            for byte in message.bytes() {
                pieces.update(&[byte]);
            }
            assert_eq!(hex(&pieces.finish()), expected);
        }
        // RFC 4231, test case 2.
        assert_eq!(
            hex(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
