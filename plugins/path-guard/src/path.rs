//! Judges one path by its spelling. A spelling that two readers could resolve differently is
//! refused, rather than resolved as one of them would.

use crate::Setup;

/// The longest path in bytes: `PATH_MAX` of Linux, beyond which no file opens by path.
const MAX_PATH: usize = 4096;

macro_rules! refusals {
    ($($name:ident $code:literal $sentence:literal;)+) => {
        /// Why a path is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Refusal {
            $(#[doc = $sentence] $name,)+
        }

        impl Refusal {
            /// All of them.
            pub const ALL: &[Refusal] = &[$(Refusal::$name),+];

            /// The reason code.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Refusal::$name => $code,)+ }
            }

            /// The sentence that people read.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self { $(Refusal::$name => $sentence,)+ }
            }
        }
    };
}

refusals! {
    OutsideRoots "outside-roots" "A path leads outside of the folders that are allowed.";
    Traversal "traversal" "A path has a step `..`.";
    Relative "relative-path" "A path is relative.";
    Home "home-path" "A path begins in a home folder (`~`).";
    Encoded "encoded-path" "A path has a percent-encoded separator, dot or control character.";
    LookAlike "look-alike" "A path has a character that looks like a separator or dot, or is invisible.";
    Control "control-character" "A path has a control character.";
    Backslash "backslash" "A path has a backslash.";
    Drive "drive-path" "A path names a drive.";
    Malformed "malformed-path" "A path is empty, or has an empty step, a step `.`, or a step that ends in a dot or space.";
    TooLong "path-too-long" "A path is over 4,096 bytes.";
    BadUri "bad-uri" "A URI is not a plain `file:///` URI of this machine.";
}

/// Judges a path or `file:` URI against the roots.
///
/// # Errors
/// Why it is refused.
pub fn judge(setup: &Setup, text: &str) -> Result<(), Refusal> {
    let path = spelled(text, setup.base.as_deref())?;
    if inside(&path, &setup.roots) {
        Ok(())
    } else {
        Err(Refusal::OutsideRoots)
    }
}

/// Whether a path is one of the roots or below one.
pub(crate) fn inside(path: &str, roots: &[String]) -> bool {
    roots.iter().any(|root| {
        path.strip_prefix(root.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// The absolute path that a text spells, if there is no second way to read it. Relative paths are
/// put below `base`, where there is one.
pub(crate) fn spelled(text: &str, base: Option<&str>) -> Result<String, Refusal> {
    if text.len() > MAX_PATH {
        return Err(Refusal::TooLong);
    }
    let decoded = match scheme(text) {
        Some("file") => decode_uri(text)?,
        Some(one) if one.len() == 1 => return Err(Refusal::Drive),
        Some(_) => return Err(Refusal::BadUri),
        None => text.to_owned(),
    };
    check_characters(&decoded)?;
    if decoded.starts_with('~') {
        return Err(Refusal::Home);
    }
    let Some(steps) = decoded.strip_prefix('/') else {
        return below(base, &decoded);
    };
    check_steps(steps)?;
    Ok(decoded)
}

fn below(base: Option<&str>, relative: &str) -> Result<String, Refusal> {
    // Traversal is told first: it says more about the call than that the path was relative.
    if relative.split('/').any(|step| step == "..") {
        return Err(Refusal::Traversal);
    }
    if relative.is_empty() {
        return Err(Refusal::Malformed);
    }
    let base = base.ok_or(Refusal::Relative)?;
    let steps = match relative {
        "." | "./" => return Ok(base.to_owned()),
        other => other.strip_prefix("./").unwrap_or(other),
    };
    check_steps(steps)?;
    Ok([base, "/", steps].concat())
}

/// The lower-case scheme of a URI (RFC 3986, section 3.1), of the schemes that matter here: `file`,
/// a drive's letter, or the empty text for any other.
fn scheme(text: &str) -> Option<&'static str> {
    let (scheme, _) = text.split_once(':')?;
    let mut bytes = scheme.bytes();
    let plain = bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if !plain {
        return None;
    }
    Some(match scheme {
        one if one.len() == 1 => "c",
        file if file.eq_ignore_ascii_case("file") => "file",
        _ => "",
    })
}

/// The path of a `file:` URI (RFC 8089), decoded once. Authorities but the empty one and
/// `localhost`, queries and fragments are refused: readers differ in what they make of them.
fn decode_uri(uri: &str) -> Result<String, Refusal> {
    let rest = uri.get("file:".len()..).ok_or(Refusal::BadUri)?;
    let rest = rest.strip_prefix("//").ok_or(Refusal::BadUri)?;
    let path = match rest.get(.."localhost".len()) {
        Some(host) if host.eq_ignore_ascii_case("localhost") => rest.get(host.len()..),
        _ => Some(rest),
    };
    let path = path
        .filter(|path| path.starts_with('/'))
        .ok_or(Refusal::BadUri)?;
    if path.contains(['?', '#']) {
        return Err(Refusal::BadUri);
    }
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let byte = octet(bytes.next(), bytes.next()).ok_or(Refusal::BadUri)?;
        match byte {
            b'/' | b'\\' | b'%' => return Err(Refusal::Encoded),
            // RFC 3986, section 2.3: nobody needs to encode a dot, but some readers take `%2e%2e`
            // for a step up.
            b'.' => return Err(Refusal::Encoded),
            other => decoded.push(other),
        }
    }
    // Overlong and broken UTF-8 ends here.
    String::from_utf8(decoded).map_err(|_| Refusal::Encoded)
}

fn octet(high: Option<u8>, low: Option<u8>) -> Option<u8> {
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

fn check_characters(path: &str) -> Result<(), Refusal> {
    for character in path.chars() {
        match character {
            '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
                return Err(Refusal::Control);
            }
            '\\' => return Err(Refusal::Backslash),
            other if is_look_alike(other) => return Err(Refusal::LookAlike),
            _ => {}
        }
    }
    let bytes = path.as_bytes();
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%') {
        let next = |ahead: usize| bytes.get(at + ahead).copied();
        let hides = match octet(next(1), next(2)) {
            // Also `%25`, which a second decoding would open, and bytes of overlong UTF-8.
            Some(byte) => matches!(byte, b'.' | b'/' | b'\\' | b'%' | 0..=0x1f | 0x7f..),
            // `%u2215`, as old servers of Windows decoded it.
            None => matches!(next(1), Some(b'u' | b'U')),
        };
        if hides {
            return Err(Refusal::Encoded);
        }
    }
    Ok(())
}

/// Characters that look like `/`, `\`, `.` or `~`, that compatibility normalisation (Unicode
/// Standard Annex 15) turns into them, or that are not seen at all.
fn is_look_alike(character: char) -> bool {
    matches!(
        character,
        '\u{2044}' | '\u{2215}' | '\u{2571}' | '\u{29f8}' | '\u{ff0f}' | '\u{1735}' // slashes
        | '\u{2216}' | '\u{29f5}' | '\u{29f9}' | '\u{fe68}' | '\u{ff3c}' | '\u{2572}' // backslashes
        | '\u{2024}'..='\u{2026}' | '\u{3002}' | '\u{fe52}' | '\u{ff0e}' | '\u{ff61}' // dots
        | '\u{fe19}' | '\u{ff5e}' | '\u{ff1a}' | '\u{ff05}' | '\u{fe6a}' // more dots, tilde, colon, percent
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' // not seen
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}'
    )
}

/// Checks the steps of a path, without the slash at its beginning. One slash at the end is usual
/// for folders.
fn check_steps(steps: &str) -> Result<(), Refusal> {
    if steps.split('/').any(|step| step == "..") {
        return Err(Refusal::Traversal);
    }
    let steps = match steps.strip_suffix('/') {
        Some("") => return Err(Refusal::Malformed),
        Some(folder) => folder,
        None if steps.is_empty() => return Ok(()),
        None => steps,
    };
    for (position, step) in steps.split('/').enumerate() {
        if step.is_empty() || step.ends_with(['.', ' ']) {
            return Err(Refusal::Malformed);
        }
        if step.starts_with('~') {
            return Err(Refusal::Home);
        }
        let mut bytes = step.bytes();
        let drive = bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
            && matches!(bytes.next(), Some(b':' | b'|'));
        if position == 0 && drive {
            return Err(Refusal::Drive);
        }
    }
    Ok(())
}
