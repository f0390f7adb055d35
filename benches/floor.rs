//! The floors of a call that are not the sandbox's: ring alone, and one write(2). What a check costs
//! without Wardlet is measured by `wardlet_sandbox::Bare`.

use std::fs::File;
use std::io::Write as _;

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};

/// ring's keys, and a file to write to.
pub(crate) struct Seals {
    ed25519: Ed25519KeyPair,
    es256: EcdsaKeyPair,
    random: SystemRandom,
    file: File,
}

impl Seals {
    /// Keys that nobody keeps, and `file` to append to.
    pub(crate) fn new(file: File) -> Result<Self, Box<dyn std::error::Error>> {
        let random = SystemRandom::new();
        let bad = |_| "ring made no key";
        let ed25519 = Ed25519KeyPair::generate_pkcs8(&random).map_err(bad)?;
        let es256 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
        let es256 = es256.map_err(bad)?;
        let ed25519 = Ed25519KeyPair::from_pkcs8(ed25519.as_ref());
        let es256 =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, es256.as_ref(), &random);
        let (ed25519, es256) = (
            ed25519.map_err(|_| "no Ed25519 key")?,
            es256.map_err(|_| "no P-256 key")?,
        );
        Ok(Seals {
            ed25519,
            es256,
            random,
            file,
        })
    }

    /// One Ed25519 signature.
    pub(crate) fn ed25519(&self, message: &[u8]) -> bool {
        !self.ed25519.sign(message).as_ref().is_empty()
            && !self.ed25519.public_key().as_ref().is_empty()
    }

    /// One ES256 signature.
    pub(crate) fn es256(&self, message: &[u8]) -> bool {
        self.es256.sign(&self.random, message).is_ok()
    }

    /// One write of an entry.
    pub(crate) fn write(&self, entry: &[u8]) -> bool {
        (&self.file).write_all(entry).is_ok()
    }
}
