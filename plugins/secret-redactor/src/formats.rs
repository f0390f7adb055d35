//! Credentials with a prefix of their own.

use crate::chance::{bits, digits, has_crc, is_placeholder, letters};
use crate::scan::Hit;

/// The bytes that may follow a prefix.
#[derive(Clone, Copy)]
enum Set {
    /// `A-Z 2-7` (RFC 4648, base 32).
    Base32,
    /// `A-Z a-z 0-9`
    Alphanumeric,
    /// `A-Z a-z 0-9 _`
    Word,
    /// `A-Z a-z 0-9 - _`
    Url,
    /// `A-Z a-z 0-9 - _ .`
    Dotted,
    /// `0-9 a-f`
    Hex,
}

impl Set {
    fn has(self, byte: u8) -> bool {
        let alphanumeric = byte.is_ascii_alphanumeric();
        match self {
            Set::Base32 => byte.is_ascii_uppercase() || matches!(byte, b'2'..=b'7'),
            Set::Alphanumeric => alphanumeric,
            Set::Word => alphanumeric || byte == b'_',
            Set::Url => alphanumeric || matches!(byte, b'-' | b'_'),
            Set::Dotted => alphanumeric || matches!(byte, b'-' | b'_' | b'.'),
            Set::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        }
    }
}

/// A format: what follows its prefix, between how many bytes, and what else must hold.
struct Format {
    prefix: &'static [u8],
    entity: &'static str,
    set: Set,
    least: usize,
    /// A longer run is something else; the bound also keeps the scan linear.
    most: usize,
    holds: fn(&[u8]) -> bool,
    confidence: u8,
}

const fn format(
    prefix: &'static str,
    entity: &'static str,
    set: Set,
    (least, most): (usize, usize),
    holds: fn(&[u8]) -> bool,
    confidence: u8,
) -> Format {
    Format {
        prefix: prefix.as_bytes(),
        entity,
        set,
        least,
        most,
        holds,
        confidence,
    }
}

/// The formats. Where one prefix begins another, the longer one comes first.
#[rustfmt::skip]
const FORMATS: [Format; 28] = [
    format("AKIA", "aws-access-key-id", Set::Base32, (16, 16), aws_id, 98),
    format("ASIA", "aws-access-key-id", Set::Base32, (16, 16), aws_id, 98),
    format("ghp_", "github-token", Set::Word, (36, 36), has_crc, 100),
    format("gho_", "github-token", Set::Word, (36, 36), has_crc, 100),
    format("ghu_", "github-token", Set::Word, (36, 36), has_crc, 100),
    format("ghs_", "github-token", Set::Word, (36, 36), has_crc, 100),
    format("ghr_", "github-token", Set::Word, (36, 36), has_crc, 100),
    format("github_pat_", "github-fine-grained-token", Set::Word, (82, 82), fine_grained, 99),
    format("glpat-", "gitlab-token", Set::Dotted, (20, 300), random, 97),
    format("gldt-", "gitlab-token", Set::Dotted, (20, 300), random, 97),
    format("glrt-", "gitlab-token", Set::Dotted, (20, 300), random, 97),
    format("xoxb-", "slack-token", Set::Url, (20, 255), slack, 97),
    format("xoxp-", "slack-token", Set::Url, (20, 255), slack, 97),
    format("xoxa-", "slack-token", Set::Url, (20, 255), slack, 97),
    format("xoxr-", "slack-token", Set::Url, (20, 255), slack, 97),
    format("xoxs-", "slack-token", Set::Url, (20, 255), slack, 97),
    format("xoxe-", "slack-token", Set::Url, (20, 255), slack, 97),
    format("xapp-", "slack-token", Set::Url, (20, 255), slack, 97),
    format("sk_live_", "stripe-key", Set::Alphanumeric, (16, 255), random, 98),
    format("rk_live_", "stripe-key", Set::Alphanumeric, (16, 255), random, 98),
    format("sk-ant-", "anthropic-key", Set::Url, (32, 255), random, 98),
    format("sk-", "openai-key", Set::Url, (32, 255), openai, 90),
    format("AIza", "google-api-key", Set::Url, (35, 35), random, 96),
    format("npm_", "npm-token", Set::Word, (36, 36), has_crc, 100),
    format("pypi-AgE", "pypi-token", Set::Url, (50, 1000), random, 99),
    format("hf_", "huggingface-token", Set::Word, (34, 40), letters_and_chance, 95),
    format("SG.", "sendgrid-key", Set::Dotted, (66, 66), sendgrid, 99),
    format("SK", "twilio-key", Set::Hex, (32, 32), random, 70),
];

/// The credential that begins at a place, if one does.
pub(crate) fn at(bytes: &[u8], at: usize) -> Option<Hit> {
    let rest = bytes.get(at..)?;
    FORMATS
        .iter()
        .filter(|format| rest.starts_with(format.prefix))
        .find_map(|format| {
            // `disk-` and `task_live_` are words.
            let before = at.checked_sub(1).and_then(|before| bytes.get(before));
            if format.prefix.starts_with(b"sk") && matches!(before, Some(b'-' | b'_')) {
                return None;
            }
            let length = body(rest.get(format.prefix.len()..)?, format)?;
            let start = at + format.prefix.len();
            Some(Hit {
                span: at..start + length,
                entity: format.entity,
                confidence: format.confidence,
            })
        })
}

/// The length of a format's body, if it is one. Punctuation that ends a sentence is not of it.
fn body(rest: &[u8], format: &Format) -> Option<usize> {
    let limit = rest.get(..=format.most).unwrap_or(rest);
    let mut run = limit
        .iter()
        .take_while(|byte| format.set.has(**byte))
        .count();
    if run > format.most {
        // One dot more may end a sentence.
        let next = rest.get(format.most + 1);
        let ends = limit.last() == Some(&b'.') && !next.is_some_and(|b| format.set.has(*b));
        if !ends {
            return None;
        }
        run -= 1;
    }
    let mut body = rest.get(..run)?;
    while let Some((b'.' | b'-', shorter)) = body.split_last() {
        if body.len() == format.least {
            break;
        }
        body = shorter;
    }
    let fits = body.len() >= format.least && !is_placeholder(body) && (format.holds)(body);
    fits.then_some(body.len())
}

/// Amazon's own documentation uses ids that end so; [`is_placeholder`] knows the word. An id has
/// digits in nearly all cases, but a word in capitals never.
fn aws_id(body: &[u8]) -> bool {
    digits(body) > 0 && bits(body) >= 640
}

/// Two and a half bits a character, which words joined together do not lack either: so digits too.
fn random(body: &[u8]) -> bool {
    bits(body) >= 640 && digits(body) > 0 && letters(body) > 0
}

/// Hugging Face's tokens may have no digit. Three and a half bits are more than a word has.
fn letters_and_chance(body: &[u8]) -> bool {
    bits(body) >= 896 && !body.contains(&b'_')
}

/// 22 characters, an underscore, 59 characters.
fn fine_grained(body: &[u8]) -> bool {
    let mut underscores = (0..).zip(body).filter(|(_, byte)| **byte == b'_');
    underscores.next().is_some_and(|(at, _)| at == 22)
        && underscores.next().is_none()
        && random(body)
}

/// Slack's tokens carry the numbers of team and bot.
fn slack(body: &[u8]) -> bool {
    digits(body) >= 8 && bits(body) >= 640
}

/// Names of styles and packages begin with `sk-` too, but have no long run of mixed characters.
fn openai(body: &[u8]) -> bool {
    let longest = body
        .split(|byte| *byte == b'-')
        .max_by_key(|piece| piece.len());
    let longest = longest.unwrap_or_default();
    longest.len() >= 20 && digits(longest) >= 3 && bits(longest) >= 768
}

/// Two parts of 22 and 43 base64url characters.
fn sendgrid(body: &[u8]) -> bool {
    let mut dots = (0..).zip(body).filter(|(_, byte)| **byte == b'.');
    dots.next().is_some_and(|(at, _)| at == 22) && dots.next().is_none() && random(body)
}
