//! What is given and answered, as JSON that people can write.

use crate::json::Json;
use crate::reach::{
    FileKind, FileStatus, FolderFailure, HttpFailure, HttpResponse, SecretFailure, StoreError,
    TakeError, Taken,
};

/// What a call is answered with.
pub(super) trait Given: Sized {
    /// The form in a file.
    fn written(&self) -> Json;

    /// From there; none where it is not of that form.
    fn read(json: &Json) -> Option<Self>;
}

/// Why a call failed.
pub(super) trait Failure: Copy + PartialEq + 'static {
    /// All of them with their words, which are those of the contract where it has them.
    const WORDS: &'static [(Self, &'static str)];

    /// What a replay fails with where it has no answer.
    const LOST: Self;

    fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(failure, _)| *failure == self);
        found.map_or("unavailable", |(_, word)| word)
    }

    fn of_word(word: &str) -> Option<Self> {
        let found = Self::WORDS.iter().find(|(_, known)| *known == word);
        found.map(|(failure, _)| *failure)
    }
}

/// Randomness that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoEntropy;

macro_rules! failures {
    ($($failure:ty, lost $lost:expr, { $($variant:path => $word:literal),+ $(,)? })+) => {
        $(impl Failure for $failure {
            const WORDS: &'static [(Self, &'static str)] = &[$(($variant, $word)),+];
            const LOST: Self = $lost;
        })+
    };
}

failures! {
    NoEntropy, lost NoEntropy, { NoEntropy => "unavailable" }
    StoreError, lost StoreError::Unavailable, {
        StoreError::Quota => "quota",
        StoreError::OutOfRange => "out-of-range",
        StoreError::Unavailable => "unavailable",
    }
    TakeError, lost TakeError::NoRoom, {
        TakeError::NotGranted => "not-granted",
        TakeError::TooMany => "too-many",
        TakeError::NoRoom => "unavailable",
    }
    HttpFailure, lost HttpFailure::Unreachable, {
        HttpFailure::BadRequest => "bad-request",
        HttpFailure::NotGranted => "not-granted",
        HttpFailure::SecretOrigin => "secret-origin",
        HttpFailure::Unresolved => "unresolved",
        HttpFailure::RefusedAddress => "refused-address",
        HttpFailure::Unreachable => "unreachable",
        HttpFailure::BadCertificate => "bad-certificate",
        HttpFailure::BadRedirect => "bad-redirect",
        HttpFailure::BadResponse => "bad-response",
        HttpFailure::TooLarge => "too-large",
        HttpFailure::TooMany => "too-many",
        HttpFailure::TimedOut => "timed-out",
        HttpFailure::ShowsSecret => "shows-secret",
    }
    FolderFailure, lost FolderFailure::Unavailable, {
        FolderFailure::NotGranted => "not-granted",
        FolderFailure::BadPath => "bad-path",
        FolderFailure::Outside => "outside",
        FolderFailure::NotFound => "not-found",
        FolderFailure::NotAFile => "not-a-file",
        FolderFailure::NotAFolder => "not-a-folder",
        FolderFailure::TooLarge => "too-large",
        FolderFailure::TooMany => "too-many",
        FolderFailure::NotText => "not-text",
        FolderFailure::Changed => "changed",
        FolderFailure::TimedOut => "timed-out",
        FolderFailure::Unavailable => "unavailable",
    }
    SecretFailure, lost SecretFailure::NotGranted, {
        SecretFailure::NotGranted => "not-granted",
        SecretFailure::TooLarge => "too-large",
        SecretFailure::TooMany => "too-many",
    }
}

/// Bytes: a text where they are one, else `{"hex": "…"}`.
pub(super) fn bytes_json(bytes: &[u8]) -> Json {
    match str::from_utf8(bytes) {
        Ok(text) => Json::text(text),
        Err(_) => Json::object([("hex", Json::String(hex(bytes)))]),
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let pair = str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    };
    pairs.map(byte).collect()
}

impl Given for Vec<u8> {
    fn written(&self) -> Json {
        bytes_json(self)
    }

    fn read(json: &Json) -> Option<Self> {
        match json {
            Json::String(text) => Some(text.clone().into_bytes()),
            Json::Object(members) if members.len() == 1 => unhex(json.member("hex")?.as_str()?),
            _ => None,
        }
    }
}

impl<T: Given> Given for Option<T> {
    fn written(&self) -> Json {
        self.as_ref().map_or(Json::Null, T::written)
    }

    fn read(json: &Json) -> Option<Self> {
        match json {
            Json::Null => Some(None),
            some => T::read(some).map(Some),
        }
    }
}

impl<T: Given> Given for Vec<T> {
    fn written(&self) -> Json {
        Json::Array(self.iter().map(T::written).collect())
    }

    fn read(json: &Json) -> Option<Self> {
        match json {
            Json::Array(items) => items.iter().map(T::read).collect(),
            _ => None,
        }
    }
}

impl Given for () {
    fn written(&self) -> Json {
        Json::Null
    }

    fn read(json: &Json) -> Option<Self> {
        (*json == Json::Null).then_some(())
    }
}

impl Given for bool {
    fn written(&self) -> Json {
        Json::Bool(*self)
    }

    fn read(json: &Json) -> Option<Self> {
        match json {
            Json::Bool(flag) => Some(*flag),
            _ => None,
        }
    }
}

macro_rules! numbers {
    ($($number:ty),+) => {
        $(impl Given for $number {
            fn written(&self) -> Json {
                Json::Number(self.to_string())
            }

            fn read(json: &Json) -> Option<Self> {
                match json {
                    Json::Number(literal) => literal.parse().ok(),
                    _ => None,
                }
            }
        })+
    };
}

numbers!(i64, u64, u32, u16);

impl Given for Taken {
    fn written(&self) -> Json {
        match self {
            Taken::Taken(left) => Json::object([("taken", left.written())]),
            Taken::Refused(ms) => Json::object([("refused", ms.written())]),
        }
    }

    fn read(json: &Json) -> Option<Self> {
        match (json.member("taken"), json.member("refused")) {
            (Some(left), None) => u32::read(left).map(Taken::Taken),
            (None, Some(ms)) => u64::read(ms).map(Taken::Refused),
            _ => None,
        }
    }
}

impl Given for HttpResponse {
    fn written(&self) -> Json {
        Json::object([
            ("status", self.status.written()),
            ("headers", headers_json(&self.headers)),
            ("body", bytes_json(&self.body)),
        ])
    }

    fn read(json: &Json) -> Option<Self> {
        let headers = match json.member("headers") {
            Some(Json::Array(pairs)) => pairs.iter().map(header).collect::<Option<_>>()?,
            None => Vec::new(),
            _ => return None,
        };
        Some(HttpResponse {
            status: u16::read(json.member("status")?)?,
            headers,
            body: json.member("body").map_or(Some(Vec::new()), Given::read)?,
        })
    }
}

/// Names may stand twice among headers, so that they are a list of pairs.
pub(super) fn headers_json(headers: &[(String, String)]) -> Json {
    let pair =
        |(name, value): &(String, String)| Json::Array(vec![Json::text(name), Json::text(value)]);
    Json::Array(headers.iter().map(pair).collect())
}

fn header(json: &Json) -> Option<(String, String)> {
    match json {
        Json::Array(pair) => match pair.as_slice() {
            [name, value] => Some((name.as_str()?.to_owned(), value.as_str()?.to_owned())),
            _ => None,
        },
        _ => None,
    }
}

/// The kinds with their words.
const KINDS: [(FileKind, &str); 4] = [
    (FileKind::File, "file"),
    (FileKind::Folder, "folder"),
    (FileKind::Link, "link"),
    (FileKind::Other, "other"),
];

impl Given for FileKind {
    fn written(&self) -> Json {
        let found = KINDS.iter().find(|(kind, _)| kind == self);
        Json::text(found.map_or("other", |(_, word)| word))
    }

    fn read(json: &Json) -> Option<Self> {
        let word = json.as_str()?;
        KINDS
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(kind, _)| *kind)
    }
}

/// An entry of a folder.
impl Given for (String, FileKind) {
    fn written(&self) -> Json {
        Json::object([("name", Json::text(&self.0)), ("kind", self.1.written())])
    }

    fn read(json: &Json) -> Option<Self> {
        let name = json.member("name")?.as_str()?.to_owned();
        Some((name, FileKind::read(json.member("kind")?)?))
    }
}

impl Given for FileStatus {
    fn written(&self) -> Json {
        Json::object([
            ("kind", self.kind.written()),
            ("size", self.size.written()),
            ("modified", self.modified_ms.written()),
        ])
    }

    fn read(json: &Json) -> Option<Self> {
        Some(FileStatus {
            kind: FileKind::read(json.member("kind")?)?,
            size: u64::read(json.member("size")?)?,
            modified_ms: json.member("modified").map_or(Some(0), u64::read)?,
        })
    }
}

/// A MAC of an operator's secret: nothing of it is written, only that it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Made;

impl Given for Made {
    fn written(&self) -> Json {
        Json::text("made")
    }

    fn read(json: &Json) -> Option<Self> {
        (json.as_str() == Some("made")).then_some(Made)
    }
}
