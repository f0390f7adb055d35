//! The places of a text. The byte decides which format can begin at a place, so that most places
//! cost one look into a table.

use std::ops::Range;

use crate::{assigned, blocks, formats};

/// A credential in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its bytes. On characters' boundaries, since credentials are ASCII or end where one begins.
    pub span: Range<usize>,
    /// One of the declared entities.
    pub entity: &'static str,
    /// In percent.
    pub confidence: u8,
}

/// The entities, with the sentences that people read.
pub(crate) const ENTITIES: [(&str, &str); 22] = [
    ("anthropic-key", "An Anthropic API key."),
    (
        "assigned-secret",
        "A value assigned to a name like `password` or `api_key`.",
    ),
    ("aws-access-key-id", "The id of an AWS access key."),
    ("aws-secret-access-key", "An AWS secret access key."),
    (
        "basic-credentials",
        "A user and password for HTTP basic authentication.",
    ),
    ("bearer-token", "A bearer token of an Authorization header."),
    (
        "github-fine-grained-token",
        "A fine-grained personal access token of GitHub.",
    ),
    ("github-token", "A GitHub token."),
    ("gitlab-token", "A GitLab access token."),
    ("google-api-key", "A Google API key."),
    ("huggingface-token", "A Hugging Face access token."),
    ("jwt", "A JSON Web Token."),
    ("npm-token", "An npm access token."),
    ("openai-key", "An OpenAI API key, or one of the same form."),
    ("private-key", "A private key in PEM form."),
    ("pypi-token", "A PyPI API token."),
    ("sendgrid-key", "A SendGrid API key."),
    ("slack-token", "A Slack token."),
    ("stripe-key", "A live Stripe key."),
    ("twilio-key", "A Twilio API key."),
    ("url-password", "A password within a URL."),
    ("slack-webhook", "The secret part of a Slack webhook's URL."),
];

/// What may begin at a byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    Nothing,
    /// A format with a prefix, a JWT or an Authorization scheme.
    Word,
    /// `-----BEGIN`
    Dashes,
    /// `name: value` or `scheme://`
    Colon,
    /// `name=value`
    Equals,
}

const STARTS: [Start; 256] = starts();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn starts() -> [Start; 256] {
    let mut table = [Start::Nothing; 256];
    let words = b"ABSbeghnprsx";
    let mut at = 0;
    while at < words.len() {
        table[words[at] as usize] = Start::Word;
        at += 1;
    }
    table[b'-' as usize] = Start::Dashes;
    table[b':' as usize] = Start::Colon;
    table[b'=' as usize] = Start::Equals;
    table
}

/// Finds the credentials of a text, from its beginning to its end, never two at one place. `name`
/// is that of the member whose value the text is. The plugin itself looks only where the host's search
/// says that there may be one; this is what that must come to.
pub fn scan(text: &str, name: Option<&str>, found: &mut dyn FnMut(Hit)) {
    let bytes = text.as_bytes();
    let whole = name.and_then(|name| assigned::whole(bytes, name));
    if let Some(hit) = whole {
        found(hit);
        return;
    }
    let (mut at, mut judged) = (0, 0);
    while let Some(hit) = next(bytes, at..bytes.len(), &mut judged) {
        at = hit.span.end;
        found(hit);
    }
}

/// The first credential that shows at one of these places: where it begins, or at the sign by which
/// it is assigned. Up to `judged`, no name's value needs to be looked at again.
pub(crate) fn next(bytes: &[u8], places: Range<usize>, judged: &mut usize) -> Option<Hit> {
    places.into_iter().find_map(|at| {
        let start = STARTS.get(usize::from(*bytes.get(at)?)).copied();
        match start.unwrap_or(Start::Nothing) {
            Start::Nothing => None,
            Start::Word => word(bytes, at),
            Start::Dashes => blocks::private_key(bytes, at),
            Start::Colon => {
                blocks::url_password(bytes, at).or_else(|| assigned::after(bytes, at, judged))
            }
            Start::Equals => assigned::after(bytes, at, judged),
        }
    })
}

/// Whether any prefix begins with these two bytes: this spares most words the list of formats.
fn may_begin(pair: (u8, u8)) -> bool {
    matches!(
        pair,
        (b'A', b'K' | b'S' | b'I')
            | (b'B' | b'b', b'E' | b'e' | b'A' | b'a')
            | (b'e', b'y' | b'w')
            | (b'g', b'h' | b'i' | b'l')
            | (b'h', b'f')
            | (b'n', b'p')
            | (b'p', b'y')
            | (b'r' | b's', b'k')
            | (b'S', b'G' | b'K')
            | (b'x', b'o' | b'a')
    )
}

/// A credential that begins at a place with a prefix of its own.
pub(crate) fn word(bytes: &[u8], at: usize) -> Option<Hit> {
    let pair = (*bytes.get(at)?, *bytes.get(at + 1)?);
    if !may_begin(pair) {
        return None;
    }
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    // An escape of JSON within a text (`\n`) ends in a letter, but is no part of a word.
    let escape = at.checked_sub(2).and_then(|before| bytes.get(before)) == Some(&b'\\');
    if before.is_some_and(u8::is_ascii_alphanumeric) && !escape {
        return None;
    }
    formats::at(bytes, at)
        .or_else(|| blocks::jwt(bytes, at))
        .or_else(|| blocks::authorization(bytes, at))
}
