//! What the integration tests share: fixed keys, small trees, and the files of the test vectors.

pub(crate) mod log;

use std::convert::Infallible;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use wardlet_audit::merkle::proof::{Hashes, consistency, inclusion, root};
use wardlet_audit::merkle::{Hash, leaf, node};
use wardlet_keys::{EntryKey, PrivateFolder};

pub(crate) const ORIGIN: &str = "laptop.example/log";
pub(crate) const WITNESS: &str = "witness.example/w1";

/// Seeds and public keys of RFC 8032, section 7.1, tests 1 to 3. Everybody knows them: they sign
/// nothing but test vectors.
const PUBLISHED: [(&str, &str); 3] = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    ),
];

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(byte).collect()
}

/// One of the published keys.
pub(crate) fn key(which: usize) -> EntryKey {
    let (seed, public) = PUBLISHED[which];
    // PKCS#8 version 2 (RFC 5958) with an Ed25519 key (RFC 8410).
    let document = [
        unhex("3053020101300506032b657004220420"),
        unhex(seed),
        unhex("a123032100"),
        unhex(public),
    ]
    .concat();
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("keys");
    let folder = PrivateFolder::open(&path).unwrap();
    folder.create_new("published", &document).unwrap();
    EntryKey::open(&path, "published").unwrap()
}

/// The entries of a small log.
pub(crate) struct Entries(Vec<String>);

impl Entries {
    pub(crate) fn new(count: usize) -> Self {
        Entries((0..count).map(|at| format!("{{\"n\":{at}}}")).collect())
    }

    /// Others from entry `same` on.
    pub(crate) fn forked(count: usize, same: usize) -> Self {
        let mut entries = Entries::new(count);
        for entry in entries.0.iter_mut().skip(same) {
            *entry = entry.replace('n', "m");
        }
        entries
    }

    pub(crate) fn entry(&self, index: usize) -> &str {
        &self.0[index]
    }

    pub(crate) fn root(&mut self, size: u64) -> Hash {
        root(self, size).unwrap()
    }

    pub(crate) fn inclusion(&mut self, index: u64, size: u64) -> Vec<Hash> {
        inclusion(self, index, size).unwrap().unwrap()
    }

    pub(crate) fn consistency(&mut self, old: u64, new: u64) -> Vec<Hash> {
        consistency(self, old, new).unwrap().unwrap()
    }
}

impl Hashes for Entries {
    type Error = Infallible;

    fn hash(&mut self, level: u8, index: u64) -> Result<Hash, Infallible> {
        if level == 0 {
            return Ok(leaf(self.0[usize::try_from(index).unwrap()].as_bytes()));
        }
        let left = self.hash(level - 1, index * 2)?;
        Ok(node(&left, &self.hash(level - 1, index * 2 + 1)?))
    }
}

/// Where the test vectors are.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// The vectors of one file.
pub(crate) fn vectors(name: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder().join(name)).unwrap();
    let parsed: Value = serde_json::from_str(&text).unwrap();
    parsed.as_array().unwrap().clone()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

pub(crate) fn unbase64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap()
}
