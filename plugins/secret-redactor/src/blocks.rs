//! Credentials with a structure: keys in PEM form, JSON Web Tokens, URLs and headers.

use crate::chance::{bits, digits, is_placeholder};
use crate::formats;
use crate::scan::Hit;

/// The longest JOSE header that is read: real ones are under 200 bytes, and the bound keeps the
/// scan linear.
const MAX_JOSE: usize = 1024;
/// The longest authority of a URL that is read.
const MAX_AUTHORITY: usize = 512;
/// The longest label of a PEM block: RFC 7468 has none over 30 bytes.
const MAX_LABEL: usize = 64;
/// A body shorter than this is an illustration; the shortest real one (Ed25519) has 64.
const LEAST_PEM: usize = 32;
/// A run of base64 that is not a whole line is taken from this length on.
const LEAST_WORD: usize = 24;
/// The shortest bearer token that is taken for one.
const LEAST_BEARER: usize = 16;

fn is_url_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn run(bytes: &[u8], from: usize, has: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| has(**byte)).count()
}

/// A JSON Web Token in compact form (RFC 7515, section 3.1; RFC 7516 has five parts): base64url
/// parts of which the first decodes to JSON with a member `alg`.
pub(crate) fn jwt(bytes: &[u8], at: usize) -> Option<Hit> {
    let rest = bytes.get(at..)?;
    // How base64url of `{"`, or of `{` and white space, begins.
    if !(rest.starts_with(b"ey") || rest.starts_with(b"ew")) {
        return None;
    }
    let header = rest.get(..MAX_JOSE).unwrap_or(rest);
    let header = header.get(..run(header, 0, is_url_safe))?;
    let after = at + header.len();
    if bytes.get(after) != Some(&b'.') || !is_jose_header(header) {
        return None;
    }
    let payload = run(bytes, after + 1, is_url_safe);
    if bytes.get(payload) != Some(&b'.') {
        return None;
    }
    let mut end = run(bytes, payload + 1, is_url_safe);
    for _ in 0..2 {
        let next = run(bytes, end + 1, is_url_safe);
        if bytes.get(end) == Some(&b'.') && next > end + 1 {
            end = next;
        }
    }
    Some(Hit {
        span: at..end,
        entity: "jwt",
        confidence: 99,
    })
}

/// Whether base64url text decodes to printable text that is an object with `"alg"`.
fn is_jose_header(text: &[u8]) -> bool {
    let mut decoded = Vec::with_capacity(text.len());
    let (mut word, mut held) = (0_u32, 0_u32);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            _ => 63,
        };
        word = (word << 6 | u32::from(value)) & 0x3fff;
        held += 6;
        if held >= 8 {
            held -= 8;
            let byte = (word >> held & 0xff) as u8;
            if byte < 0x20 && !byte.is_ascii_whitespace() {
                return false;
            }
            decoded.push(byte);
        }
    }
    let object = decoded.trim_ascii();
    object.starts_with(b"{")
        && object.ends_with(b"}")
        && object.windows(5).any(|window| window == b"\"alg\"")
}

/// A private key in PEM form (RFC 7468): the whole block, or what is left of one that was cut off.
/// Line ends may be escaped as in JSON within a text.
pub(crate) fn private_key(bytes: &[u8], at: usize) -> Option<Hit> {
    let label_start = at + b"-----BEGIN ".len();
    if !bytes.get(at..)?.starts_with(b"-----BEGIN ") {
        return None;
    }
    let rest = bytes.get(label_start..)?;
    let limit = rest.get(..MAX_LABEL).unwrap_or(rest);
    let label = limit.get(
        ..run(limit, 0, |b| {
            b.is_ascii_uppercase() || b == b' ' || b.is_ascii_digit()
        }),
    )?;
    let is_private = label.windows(11).any(|window| window == b"PRIVATE KEY");
    let body = label_start + label.len() + b"-----".len();
    if !is_private || bytes.get(body - 5..body)? != b"-----" {
        return None;
    }
    let (mut end, length) = body_lines(bytes, body);
    if length < LEAST_PEM {
        return None;
    }
    let after = bytes.get(end..).unwrap_or_default();
    if after.starts_with(b"-----END ") {
        let label = run(bytes, end + 9, |b| b.is_ascii_alphanumeric() || b == b' ');
        end = run(bytes, label, |b| b == b'-');
    }
    Some(Hit {
        span: at..end,
        entity: "private-key",
        confidence: 100,
    })
}

/// Where the lines of a PEM body end, and how many base64 characters they have. Headers, as in
/// keys with a password or in OpenPGP's armour, have a colon and come before the body.
fn body_lines(bytes: &[u8], from: usize) -> (usize, usize) {
    let (mut end, mut length) = (from, 0);
    loop {
        let start = skip_line_ends(bytes, end);
        if bytes.get(start) == Some(&b'-') {
            return (start, length);
        }
        let line_end = run(bytes, start, |b| !matches!(b, b'\n' | b'\r' | b'\\'));
        let line = bytes.get(start..line_end).unwrap_or_default();
        if length == 0 && line.contains(&b':') {
            end = line_end;
            continue;
        }
        let base64 = run(line, 0, |b| {
            b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')
        });
        let rest = line.get(base64..).unwrap_or_default();
        // A word of prose after a key that was cut off is shorter than a line of base64.
        let whole = rest.trim_ascii().is_empty() || rest.starts_with(b"-----END ");
        if base64 == 0 || !(whole || base64 >= LEAST_WORD) {
            return (end, length);
        }
        length += base64;
        end = start + base64;
    }
}

fn skip_line_ends(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        at = match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'\n' | b'\r' | b' ' | b'\t'), _) => at + 1,
            (Some(b'\\'), Some(b'n' | b'r' | b't')) => at + 2,
            _ => return at,
        };
    }
}

/// The password in `scheme://user:password@host` (RFC 3986, section 3.2.1), or the path of a Slack
/// webhook, which is one. `at` is the colon after the scheme.
pub(crate) fn url_password(bytes: &[u8], at: usize) -> Option<Hit> {
    let start = at + 3;
    let before = bytes.get(at.checked_sub(1)?)?;
    if bytes.get(at..start)? != b"://" || !before.is_ascii_alphanumeric() {
        return None;
    }
    let rest = bytes.get(start..)?;
    let hook = b"hooks.slack.com/services/";
    if rest.starts_with(hook) {
        let from = start + hook.len();
        let end = run(bytes, from, |b| b.is_ascii_alphanumeric() || b == b'/');
        let path = bytes.get(from..end)?;
        let real = path.len() >= 40 && digits(path) > 0 && !is_placeholder(path);
        return real.then_some(Hit {
            span: from..end,
            entity: "slack-webhook",
            confidence: 98,
        });
    }
    let limit = rest.get(..MAX_AUTHORITY).unwrap_or(rest);
    let ends = |b: u8| {
        b <= b' '
            || matches!(
                b,
                b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\'
            )
    };
    let authority = limit.get(..run(limit, 0, |b| !ends(b)))?;
    // Readers take the last `@` as the end of the password.
    let host = authority.iter().rposition(|byte| *byte == b'@')?;
    let user = authority.iter().position(|byte| *byte == b':')?;
    let password = authority.get(user + 1..host)?;
    let harmless: [&[u8]; 4] = [b"password", b"pass", b"pw", b"secret"];
    if password.is_empty() || is_placeholder(password) || harmless.contains(&password) {
        return None;
    }
    if let Some(hit) = formats::at(bytes, start + user + 1) {
        return Some(hit);
    }
    Some(Hit {
        span: start + user + 1..start + host,
        entity: "url-password",
        confidence: 90,
    })
}

/// The credentials of an HTTP Authorization header: `Bearer` (RFC 6750, section 2.1) and `Basic`
/// (RFC 7617), in whatever case, also without the header's name.
pub(crate) fn authorization(bytes: &[u8], at: usize) -> Option<Hit> {
    let rest = bytes.get(at..)?;
    let is = |word: &[u8]| {
        rest.get(..word.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(word))
    };
    let (start, bearer) = if is(b"bearer ") {
        (at + 7, true)
    } else if is(b"basic ") {
        (at + 6, false)
    } else {
        return None;
    };
    let end = run(bytes, start, |b| {
        is_url_safe(b) || matches!(b, b'.' | b'~' | b'+' | b'/' | b'=')
    });
    let token = bytes.get(start..end)?;
    let token = token.strip_suffix(b".").unwrap_or(token);
    if is_placeholder(token) {
        return None;
    }
    if bearer {
        let specific = formats::at(bytes, start).or_else(|| jwt(bytes, start));
        if specific.is_some() {
            return specific;
        }
        let chance = token.len() >= LEAST_BEARER && digits(token) > 0 && bits(token) >= 704;
        return chance.then(|| Hit {
            span: start..start + token.len(),
            entity: "bearer-token",
            confidence: 85,
        });
    }
    is_basic(token).then(|| Hit {
        span: start..start + token.len(),
        entity: "basic-credentials",
        confidence: 95,
    })
}

/// Whether base64 decodes to printable text with a colon that is not its last character.
fn is_basic(token: &[u8]) -> bool {
    let digits = token
        .strip_suffix(b"==")
        .or_else(|| token.strip_suffix(b"="));
    let digits = digits.unwrap_or(token);
    let (mut word, mut held, mut colon, mut after) = (0_u32, 0_u32, false, 0);
    for byte in digits {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return false,
        };
        word = (word << 6 | u32::from(value)) & 0x3fff;
        held += 6;
        if held >= 8 {
            held -= 8;
            let byte = (word >> held & 0xff) as u8;
            if !(0x20..0x7f).contains(&byte) {
                return false;
            }
            after += usize::from(colon);
            colon |= byte == b':';
        }
    }
    colon && after > 0
}
