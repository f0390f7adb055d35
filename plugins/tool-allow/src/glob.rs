//! Patterns with `*`, in linear time.

/// Whether a text fits a pattern in which each `*` stands for any run of characters, also an empty
/// one. The pieces between the stars are taken where they come first: a later place for a piece
/// leaves less of the text for the next one, so nothing needs to be tried twice.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for piece in middle.split('*').filter(|piece| !piece.is_empty()) {
        let Some((_, after)) = text.split_once(piece) else {
            return false;
        };
        text = after;
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("*", "x/y", true),
            ("**", "x", true),
            ("a*", "a", true),
            ("a*", "ba", false),
            ("*a", "ba", true),
            ("*a", "ab", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("ab*ba", "aba", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXcYb", false),
            ("*ab*ab*", "abab", true),
            ("*ab*ab*", "aba", false),
            ("*.md", "notes.md.exe", false),
            ("é*", "é", true),
            ("a?", "ab", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
        let stars = "*a".repeat(2000);
        assert!(!matches(&format!("{stars}b"), &"a".repeat(100_000)));
    }
}
