//! Names that operators and plugin authors give. Strangers' names never become one of these.

use std::fmt;

/// Names longer than this are refused: they stand in every entry.
const MAX_NAME: usize = 64;

/// A name or code that is empty, over 64 bytes, or has characters outside of its set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a name is 1 to {MAX_NAME} characters of `a-z`, `0-9` and `-`, and begins with a letter or digit"
)]
pub struct NameError;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Checks a name: 1 to 64 characters of `a-z`, `0-9` and `-`, not beginning with `-`.
            ///
            /// # Errors
            /// [`NameError`]
            pub fn parse(text: &str) -> Result<Self, NameError> {
                is_name(text).then(|| $name(text.to_owned())).ok_or(NameError)
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// An upstream, as the operator calls it.
    ServerName
);
name!(
    /// A plugin, as the operator calls it.
    PluginName
);
name!(
    /// A rule of the configuration.
    RuleName
);
name!(
    /// A reason or an entity that a plugin declared.
    Code
);

fn is_name(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len())
        && !text.starts_with('-')
        && text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::RuleName;

    #[test]
    fn names() {
        let long = "x".repeat(64);
        let too_long = "x".repeat(65);
        for (text, good) in [
            ("a", true),
            ("files-inside-root", true),
            ("7z", true),
            (long.as_str(), true),
            (too_long.as_str(), false),
            ("", false),
            ("-a", false),
            ("A", false),
            ("a_b", false),
            ("a b", false),
            ("é", false),
            ("a\n", false),
        ] {
            assert_eq!(RuleName::parse(text).is_ok(), good, "{text:?}");
        }
    }
}
