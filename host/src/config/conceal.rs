//! Hides the values of environment variables before a text is kept for messages.
//!
//! `set_env` is where people put credentials, and a message shows the line that it is about. The
//! text is searched rather than the parsed tree, since the lines of a broken file are shown too, and
//! anything that looks like a misspelling of the key is hidden as well.

/// How far around the letters `env` is looked: a longer key is no slip of the fingers, and without
/// an end the work would grow with the square of a long line.
const MAX_LOOK: usize = 256;

/// What ends the text that is hidden.
#[derive(Clone, Copy, PartialEq)]
enum Until {
    /// The next table: `[server.files.set_env]` stands above the values.
    Header,
    /// The closing brace: `set_env = { … }`.
    Brace,
    /// The end of the value: `set_env.KEY = …`.
    Value,
}

/// A copy of the text in which each byte of such a value is a `*`, so that places stay the same.
pub(super) fn conceal(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let lower = text.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = lower.get(from..).and_then(|rest| rest.find("env")) {
        from += at + "env".len();
        if let Some((start, until)) = region(text.as_bytes(), from) {
            from = hide(&mut bytes, start, until).max(from);
        }
    }
    as_text(bytes)
}

/// A copy of the text in which the value after the key that ends at `key_end` is hidden.
pub(super) fn conceal_value(text: &str, key_end: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    hide(&mut bytes, key_end, Until::Value);
    as_text(bytes)
}

/// Only whole runs between ASCII characters are overwritten, hence this stays UTF-8.
fn as_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}

/// Where values may begin after the letters `env` that end at `at`, if they are the end of a key.
/// A list (`env = ["HOME"]`) holds names, not values.
fn region(bytes: &[u8], at: usize) -> Option<(usize, Until)> {
    let mut rest = bytes
        .get(at..)?
        .iter()
        .take(MAX_LOOK)
        .enumerate()
        .skip_while(|(_, byte)| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'-' | b'"' | b'\'' | b' ' | b'\t')
        });
    let (offset, byte) = rest.next()?;
    let start = at + offset;
    match byte {
        b']' => begins_header(bytes, at).then_some((start, Until::Header)),
        b'.' => Some((start, Until::Value)),
        b'=' => {
            let (_, first) = rest.find(|(_, byte)| !matches!(byte, b' ' | b'\t'))?;
            match first {
                b'[' => None,
                b'{' => Some((start, Until::Brace)),
                _ => Some((start, Until::Value)),
            }
        }
        _ => None,
    }
}

/// Overwrites the values from `start` on, and says where it stopped. Keys, punctuation and white
/// space stay readable.
fn hide(bytes: &mut [u8], start: usize, until: Until) -> usize {
    let mut in_value = false;
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'=' if !in_value => in_value = true,
            b'{' if in_value => {
                depth += 1;
                in_value = false;
            }
            b'}' if depth > 0 => {
                depth -= 1;
                in_value = false;
                if depth == 0 && until != Until::Header {
                    return at;
                }
            }
            b',' if depth > 0 => in_value = false,
            b'\n' => {
                in_value = false;
                if (until == Until::Value && depth == 0) || header_follows(bytes, at + 1) {
                    return at;
                }
            }
            b'"' | b'\'' if in_value => {
                at = hide_quoted(bytes, at);
                continue;
            }
            b' ' | b'\t' | b'\r' => {}
            _ if in_value => overwrite(bytes, at),
            _ => {}
        }
        at += 1;
    }
    at
}

/// Overwrites what stands between quotes, and says where it goes on. An unclosed string ends with
/// its line, or with the text if it has three quotes.
fn hide_quoted(bytes: &mut [u8], start: usize) -> usize {
    let quote = bytes.get(start).copied().unwrap_or_default();
    let triple = [quote; 3];
    let is_triple = bytes.get(start..start + 3) == Some(&triple[..]);
    let mut at = start + if is_triple { 3 } else { 1 };
    while let Some(&byte) = bytes.get(at) {
        if is_triple && bytes.get(at..at + 3) == Some(&triple[..]) {
            return at + 3;
        }
        if !is_triple && byte == quote {
            return at + 1;
        }
        if byte == b'\n' && !is_triple {
            return at;
        }
        overwrite(bytes, at);
        if byte == b'\\' && quote == b'"' && bytes.get(at + 1).is_some_and(|b| *b != b'\n') {
            overwrite(bytes, at + 1);
            at += 1;
        }
        at += 1;
    }
    at
}

fn overwrite(bytes: &mut [u8], at: usize) {
    if let Some(byte) = bytes.get_mut(at)
        && !matches!(byte, b'\n' | b'\r')
    {
        *byte = b'*';
    }
}

/// Whether the line on which `at` stands begins as the header of a table that can hold values:
/// `[server.files.set_env]`, or one without its server, but not `[server.env]`.
fn begins_header(bytes: &[u8], at: usize) -> bool {
    let before = bytes
        .get(at.saturating_sub(MAX_LOOK)..at)
        .unwrap_or_default();
    let line = before.rsplit(|byte| *byte == b'\n').next();
    line.is_some_and(|line| {
        let dots = line.iter().filter(|byte| **byte == b'.').count();
        line.trim_ascii_start().starts_with(b"[") && dots != 1
    })
}

fn header_follows(bytes: &[u8], line: usize) -> bool {
    bytes
        .get(line..)
        .and_then(|rest| rest.iter().find(|byte| !matches!(byte, b' ' | b'\t')))
        == Some(&b'[')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{conceal, conceal_value};

    fn check(text: &str, expected: &str) {
        assert_eq!(conceal(text), expected);
    }

    #[test]
    fn values_are_hidden_and_the_rest_is_not() {
        check(r#"set_env = { A = "x\"y" }"#, r#"set_env = { A = "****" }"#);
        check("set_env.A = 'xy'\nb = 'c'", "set_env.A = '**'\nb = 'c'");
        check(
            "[server.f.set_env]\nA = \"xé\"\n\nB = 12\n[gateway]\nname = 'n'",
            "[server.f.set_env]\nA = \"***\"\n\nB = **\n[gateway]\nname = 'n'",
        );
        check(r#"env = ["HOME"]"#, r#"env = ["HOME"]"#);
        check(r#"env = { A = "x" }"#, r#"env = { A = "*" }"#);
        check(r#"SETENV={A="x",B='y'}"#, r#"SETENV={A="*",B='*'}"#);
        check(r#"environment = "x""#, r#"environment = "*""#);
        check("set_env = { A = xy", "set_env = { A = **");
        check(
            "set_env = { A = \"xy\n[a]\nb='c'",
            "set_env = { A = \"**\n[a]\nb='c'",
        );
        check(
            "set_env = {\n A = \"x\",\n B = \"y\"\n}\nc='d'",
            "set_env = {\n A = \"*\",\n B = \"*\"\n}\nc='d'",
        );
        check(
            "set_env.A = \"\"\"\nx\n\"\"\"",
            "set_env.A = \"\"\"\n*\n\"\"\"",
        );
        check("\"set_env\" = {A='x'}", "\"set_env\" = {A='*'}");
        check("x = [\"ENV\"]\nb = 'c'", "x = [\"ENV\"]\nb = 'c'");
        check("[plugin.env]\nb = 'c'", "[plugin.env]\nb = 'c'");
        check("[set_env]\nb = 'c'", "[set_env]\nb = '*'");
        check("env", "env");
        assert_eq!(
            conceal_value("token = 'x'\nb = 'c'", 5),
            "token = '*'\nb = 'c'"
        );
    }

    proptest! {
        #[test]
        fn places_stay_the_same(text in "(env|set_env| |=|\\{|\\}|\\[|\\]|\"|'|\n|é|,|\\\\|a){0,40}") {
            let hidden = conceal(&text);
            prop_assert_eq!(hidden.len(), text.len());
            let ends = |t: &str| t.match_indices('\n').map(|(at, _)| at).collect::<Vec<_>>();
            prop_assert_eq!(ends(&hidden), ends(&text));
        }
    }
}
