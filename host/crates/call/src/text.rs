//! Strangers' texts where people and models read them.

use std::borrow::Cow;

/// Whether a character steers or deceives whoever reads it: control characters, and those that
/// reorder, hide or invisibly spell text, such as directional and zero-width marks, the soft hyphen,
/// variation selectors, and the tags that models read and people do not see (Unicode 16, chapter 23).
///
/// One list for all places where a stranger's text is shown or a plugin's is taken: what one of them
/// missed would be the way in.
#[must_use]
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// A text with every character made visible that [`steers`], such as `\u{1b}`.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            shown.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::{steers, visible};

    #[test]
    fn what_is_made_visible() {
        for (text, shown) in [
            ("", ""),
            ("plain é 😀", "plain é 😀"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\u{202e}b\n", "a\\u{202e}b\\u{a}"),
            ("\u{200b}", "\\u{200b}"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn what_steers_and_what_is_text() {
        for c in ['a', 'é', '漢', '😀', ' ', '\u{301}'] {
            assert!(!steers(c), "{c:?}");
        }
        for c in [
            '\0',
            '\n',
            '\u{1b}',
            '\u{9b}',
            '\u{ad}',
            '\u{200b}',
            '\u{202e}',
            '\u{2066}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{e0041}',
            '\u{e0100}',
        ] {
            assert!(steers(c), "{c:?}");
        }
    }
}
