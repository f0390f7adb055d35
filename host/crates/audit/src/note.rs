//! Signed notes (C2SP signed-note v1): a text, and lines that sign it.
//!
//! A text counts only once a key that the reader trusts has signed it: [`Note::signed_by`].
//!
//! ```
//! use wardlet_audit::note::Note;
//! let key = wardlet_keys::EntryKey::generate()?;
//! let mut note = Note::new("a text\n")?;
//! note.sign(&key, "laptop.example/log")?;
//! let read = Note::parse(note.to_string().as_bytes())?;
//! read.signed_by(&key.verifying_key("laptop.example/log")?)?;
//! assert_eq!(read.text(), "a text\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;

use wardlet_keys::{EntryKey, KeyError, SIGNATURE_BYTES, VerifyingKey};

use crate::text::{base64, from_base64};

/// The longest note. A checkpoint with 100 signatures has 16 KiB, one with 16 signatures of the
/// longest kind that C2SP names (5 kB, against quantum computers) 110 KiB.
pub const MAX_NOTE_BYTES: usize = 256 * 1024;

/// The most signatures of a note: those of a log and of all witnesses of the longest policy. The
/// format asks verifiers to take 16 at least.
pub const MAX_SIGNATURES: usize = 100;

/// What a signature's line begins with: U+2014 and a space.
const DASH: &str = "\u{2014} ";

/// The length of the key id that a signature's bytes begin with.
const KEY_ID_BYTES: usize = 4;

/// Why a text is no signed note, or not one to trust. No message quotes the note.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not what the format says.
    #[error("not a signed note: {why}")]
    Malformed {
        /// Which rule it breaks.
        why: &'static str,
    },
    /// No key that was asked for has signed it.
    #[error("the note is not signed by `{name}`")]
    Unsigned {
        /// The name of the key.
        name: String,
    },
    /// A signature under a known key does not fit the text: the note was changed.
    #[error("the signature of `{name}` does not fit the note")]
    Forged {
        /// The name of the key.
        name: String,
    },
}

fn malformed(why: &'static str) -> NoteError {
    NoteError::Malformed { why }
}

/// A key that can tell whether a signature fits a note.
pub trait NoteKey {
    /// What a signature says beside that the text was signed.
    type Statement;

    /// The name of the key.
    fn name(&self) -> &str;

    /// Tells keys of one name apart.
    fn key_id(&self) -> [u8; KEY_ID_BYTES];

    /// What the signature says; none where it does not fit the text.
    fn check(&self, text: &str, signature: &[u8]) -> Option<Self::Statement>;
}

impl NoteKey for VerifyingKey {
    type Statement = ();

    fn name(&self) -> &str {
        self.name()
    }

    fn key_id(&self) -> [u8; KEY_ID_BYTES] {
        self.key_id()
    }

    fn check(&self, text: &str, signature: &[u8]) -> Option<()> {
        self.verify(text.as_bytes(), signature).then_some(())
    }
}

/// One line that signs a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    key_id: [u8; KEY_ID_BYTES],
    bytes: Vec<u8>,
}

impl NoteSignature {
    /// The signature that `key` made.
    pub(crate) fn new(key: &impl NoteKey, bytes: Vec<u8>) -> Self {
        NoteSignature {
            name: key.name().to_owned(),
            key_id: key.key_id(),
            bytes,
        }
    }

    /// Reads a line, without its line break.
    ///
    /// # Errors
    /// [`NoteError::Malformed`]
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let rest = line.strip_prefix(DASH);
        let rest = rest.ok_or_else(|| malformed("a signature does not begin with a dash"))?;
        let (name, encoded) = rest
            .split_once(' ')
            .ok_or_else(|| malformed("a signature has no space after its name"))?;
        if name.is_empty() || name.contains(|c: char| c == '+' || c.is_whitespace()) {
            return Err(malformed("the name of a signature's key is no name"));
        }
        let decoded = from_base64(encoded);
        let decoded = decoded.ok_or_else(|| malformed("a signature is not base64"))?;
        match decoded.split_first_chunk() {
            Some((key_id, bytes)) if !bytes.is_empty() => Ok(NoteSignature {
                name: name.to_owned(),
                key_id: *key_id,
                bytes: bytes.to_vec(),
            }),
            _ => Err(malformed("a signature is too short")),
        }
    }

    /// The name of the key. Anybody can write any name: only [`Note::signed_by`] says who signed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it claims to be by `key`.
    fn claims(&self, key: &impl NoteKey) -> bool {
        self.name == key.name() && self.key_id == key.key_id()
    }
}

/// As a line, with its line break.
impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signature = base64(&[&self.key_id, self.bytes.as_slice()].concat());
        writeln!(f, "{DASH}{} {signature}", self.name)
    }
}

/// A text with its signatures, of which none is checked yet. Shown it is the note, to the byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// A text that nobody has signed yet.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] where the text does not end in a line break, is too long, or has a
    /// control character.
    pub fn new(text: impl Into<String>) -> Result<Self, NoteError> {
        let text = text.into();
        check_characters(&text)?;
        if !text.ends_with('\n') {
            return Err(malformed("its text does not end in a line break"));
        }
        Ok(Note {
            text,
            signatures: Vec::new(),
        })
    }

    /// Reads a note with one signature at least. It is not checked.
    ///
    /// # Errors
    /// [`NoteError::Malformed`]
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        // Before anything is looked at, so that a stranger's note costs no more than this.
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(malformed("it is too long"));
        }
        let note = str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))?;
        check_characters(note)?;
        // A text may hold empty lines; signatures never do.
        let end = note
            .rfind("\n\n")
            .ok_or_else(|| malformed("it has no empty line before its signatures"))?;
        let (text, rest) = note.split_at(end + 1);
        let lines = rest.strip_prefix('\n').unwrap_or(rest);
        let lines = lines
            .strip_suffix('\n')
            .ok_or_else(|| malformed("it has no signature, or its last line has no end"))?;
        if lines.split('\n').nth(MAX_SIGNATURES).is_some() {
            return Err(malformed("it has too many signatures"));
        }
        Ok(Note {
            text: text.to_owned(),
            signatures: lines
                .split('\n')
                .map(NoteSignature::parse)
                .collect::<Result<_, _>>()?,
        })
    }

    /// The text, with its last line break.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in their order.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature of type Ed25519 by `key` under `name`.
    ///
    /// # Errors
    /// [`KeyError::Name`]
    pub fn sign(&mut self, key: &EntryKey, name: &str) -> Result<(), KeyError> {
        let signature: [u8; SIGNATURE_BYTES] = key.sign(self.text.as_bytes());
        let key = key.verifying_key(name)?;
        self.add(NoteSignature::new(&key, signature.to_vec()));
        Ok(())
    }

    /// Adds a signature, in the place of those that claim to be by the same key.
    pub fn add(&mut self, signature: NoteSignature) {
        self.signatures
            .retain(|other| (&other.name, other.key_id) != (&signature.name, signature.key_id));
        self.signatures.push(signature);
    }

    /// The note without the signatures that claim to be by others than `keys`.
    pub(crate) fn only_by<K: NoteKey>(&self, keys: &[K]) -> Note {
        let is_by_one = |signature: &&NoteSignature| keys.iter().any(|key| signature.claims(key));
        Note {
            text: self.text.clone(),
            signatures: self.signatures.iter().filter(is_by_one).cloned().collect(),
        }
    }

    /// What the signatures by `key` say, one at least. Signatures by others are passed over, also
    /// those that share either the name or the key id.
    ///
    /// # Errors
    /// [`NoteError::Unsigned`]; [`NoteError::Forged`] where one of them does not fit.
    pub fn signed_by<K: NoteKey>(&self, key: &K) -> Result<Vec<K::Statement>, NoteError> {
        let mut statements = Vec::new();
        for signature in &self.signatures {
            match self.signed_with(key, signature) {
                Ok(statement) => statements.push(statement),
                Err(NoteError::Unsigned { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if statements.is_empty() {
            return Err(unsigned(key));
        }
        Ok(statements)
    }

    /// What one signature says, which need not be part of the note yet.
    ///
    /// # Errors
    /// [`NoteError::Unsigned`] where it does not claim to be by `key`; [`NoteError::Forged`].
    pub(crate) fn signed_with<K: NoteKey>(
        &self,
        key: &K,
        signature: &NoteSignature,
    ) -> Result<K::Statement, NoteError> {
        if !signature.claims(key) {
            return Err(unsigned(key));
        }
        let statement = key.check(&self.text, &signature.bytes);
        statement.ok_or_else(|| NoteError::Forged {
            name: key.name().to_owned(),
        })
    }
}

fn unsigned(key: &impl NoteKey) -> NoteError {
    let name = key.name().to_owned();
    NoteError::Unsigned { name }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures
            .iter()
            .try_for_each(|signature| signature.fmt(f))
    }
}

fn check_characters(note: &str) -> Result<(), NoteError> {
    if note.len() > MAX_NOTE_BYTES {
        return Err(malformed("it is too long"));
    }
    if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err(malformed("it has a control character"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
