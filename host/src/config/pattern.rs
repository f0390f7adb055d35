//! Which tools and methods a rule is about.

use std::fmt;

use wardlet_call::ServerName;

/// Longer patterns are refused: the names of tools end at 128 characters (MCP, section Tools), and
/// a server's at 64.
const MAX_PATTERN_BYTES: usize = 256;

/// `<server>/<name>`: the server is named or `*`; in the name a `*` stands for any run of
/// characters, also none, also with `/` in it. There is no escape: no tool's name may hold a `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    server: Option<ServerName>,
    name: String,
}

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PatternError {
    /// No slash between the server and the name.
    #[error("it names no server")]
    NoServer,
    /// The part before the slash is neither a server's name nor `*`.
    #[error("before the first `/` stands a server's name or a single `*`")]
    Server,
    /// Nothing after the slash.
    #[error("nothing stands after the `/`")]
    NoName,
    /// White space or a control character.
    #[error("it holds white space or a control character")]
    Character,
    /// Over 256 bytes.
    #[error("it is longer than {MAX_PATTERN_BYTES} bytes")]
    Long,
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, PatternError> {
        if text.len() > MAX_PATTERN_BYTES {
            return Err(PatternError::Long);
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(PatternError::Character);
        }
        let (server, name) = text.split_once('/').ok_or(PatternError::NoServer)?;
        let server = match server {
            "*" => None,
            _ => Some(ServerName::parse(server).map_err(|_| PatternError::Server)?),
        };
        if name.is_empty() {
            return Err(PatternError::NoName);
        }
        let name = name.to_owned();
        Ok(Pattern { server, name })
    }

    /// Whether it is about the tool or method `name` of `server`. The time is linear in the length
    /// of the name, which a stranger chose.
    #[must_use]
    pub fn matches(&self, server: &ServerName, name: &str) -> bool {
        self.is_about(server) && matches(&self.name, name)
    }

    /// Whether it is about anything of `server`.
    #[must_use]
    pub fn is_about(&self, server: &ServerName) -> bool {
        self.server.as_ref().is_none_or(|own| own == server)
    }

    /// The server, where it names one.
    #[must_use]
    pub fn server(&self) -> Option<&ServerName> {
        self.server.as_ref()
    }

    /// What stands after the server, with its wildcards.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether everything that `other` matches is matched by this one.
    ///
    /// Put a character that no pattern holds in the place of each `*` of `other`: if this pattern
    /// matches the outcome, one of its own `*` took in that character, and would take in any run
    /// of characters there.
    pub(super) fn covers(&self, other: &Pattern) -> bool {
        (self.server.is_none() || self.server == other.server)
            && matches(&self.name, &other.name.replace('*', "\0"))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.server.as_ref().map_or("*", ServerName::as_str);
        write!(f, "{server}/{}", self.name)
    }
}

/// Takes the leftmost place for each piece between two `*`: a later one leaves less for the pieces
/// that follow, so that there is nothing to go back for.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for piece in middle.split('*') {
        let Some((_, after)) = text.split_once(piece) else {
            return false;
        };
        // `split_once` with an empty piece takes nothing away.
        text = after;
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wardlet_call::ServerName;

    use super::{Pattern, PatternError, matches};

    fn check(pattern: &str, server: &str, name: &str, expected: bool) {
        let server = ServerName::parse(server).unwrap();
        let got = Pattern::parse(pattern).unwrap().matches(&server, name);
        assert_eq!(got, expected, "{pattern} {server} {name}");
    }

    #[test]
    fn what_a_pattern_matches() {
        check("files/read", "files", "read", true);
        check("files/read", "files", "reads", false);
        check("files/read", "file", "read", false);
        check("files/*", "files", "", true);
        check("files/*", "files", "a/b\n", true);
        check("*/read", "x", "read", true);
        check("files/read_*", "files", "read_", true);
        check("files/read_*", "files", "read", false);
        check("files/*_file", "files", "read_file", true);
        check("files/*_file", "files", "_file_x", false);
        check("files/a*a", "files", "a", false);
        check("files/a*a", "files", "aa", true);
        check("files/a*b*c", "files", "a-b-b-c", true);
        check("files/a*b*c", "files", "a-c-b", false);
        check("files/**", "files", "é", true);
        check("files/resources/read", "files", "resources/read", true);
        check("files/Read", "files", "read", false);
    }

    #[test]
    fn a_hostile_name_costs_linear_time() {
        let pattern = format!("files/{}", "*a".repeat(100)) + "b";
        check(&pattern, "files", &"a".repeat(1_000_000), false);
    }

    #[test]
    fn what_is_no_pattern() {
        for (text, expected) in [
            ("", PatternError::NoServer),
            ("read", PatternError::NoServer),
            ("*", PatternError::NoServer),
            ("/read", PatternError::Server),
            ("fi*/read", PatternError::Server),
            ("Files/read", PatternError::Server),
            ("files/", PatternError::NoName),
            ("files/ read", PatternError::Character),
            ("files/a\0", PatternError::Character),
            (&format!("files/{}", "a".repeat(256)), PatternError::Long),
        ] {
            assert_eq!(Pattern::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn what_covers_what() {
        for (one, other, expected) in [
            ("files/*", "files/read", true),
            ("files/*", "files/*_x", true),
            ("*/*", "files/read", true),
            ("files/*", "*/read", false),
            ("files/read_*", "files/read_a*", true),
            ("files/read_a*", "files/read_*", false),
            ("files/*a", "files/*", false),
            ("files/a*b", "files/a*c*b", true),
            ("files/a*c*b", "files/a*b", false),
            ("files/a", "files/a", true),
            ("files/a", "tickets/a", false),
        ] {
            let (a, b) = (Pattern::parse(one).unwrap(), Pattern::parse(other).unwrap());
            assert_eq!(a.covers(&b), expected, "{one} {other}");
        }
    }

    /// Backtracking, straight from the definition.
    fn slow(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|n| slow(rest, &text[n..])),
            Some((c, rest)) => text.first() == Some(c) && slow(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn the_fast_way_agrees_with_the_definition(p in "[ab*]{0,8}", t in "[ab]{0,10}") {
            let (pattern, text): (Vec<char>, Vec<char>) = (p.chars().collect(), t.chars().collect());
            prop_assert_eq!(matches(&p, &t), slow(&pattern, &text));
        }

        #[test]
        fn what_covers_matches_no_less(a in "[ab*]{1,6}", b in "[ab*]{1,6}", t in "[abc]{0,8}") {
            let one = Pattern::parse(&format!("x/{a}")).unwrap();
            let other = Pattern::parse(&format!("x/{b}")).unwrap();
            if one.covers(&other) && matches(&b, &t) {
                prop_assert!(matches(&a, &t));
            }
        }
    }
}
