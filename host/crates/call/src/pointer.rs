//! JSON pointers (RFC 6901).

use std::borrow::Cow;

use crate::json::Json;

/// Longer pointers are refused: no real document needs them, and they are parsed at every use.
pub const MAX_POINTER_BYTES: usize = 1024;

/// A text that is no pointer: it does not begin with `/`, is over [`MAX_POINTER_BYTES`], or has a
/// `~` that is not followed by `0` or `1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON pointer (RFC 6901)")]
pub struct BadPointer;

/// A checked pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer<'a>(&'a str);

impl<'a> Pointer<'a> {
    /// Checks a text.
    ///
    /// # Errors
    /// [`BadPointer`]
    pub fn parse(text: &'a str) -> Result<Self, BadPointer> {
        if text.len() > MAX_POINTER_BYTES || !(text.is_empty() || text.starts_with('/')) {
            return Err(BadPointer);
        }
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            if byte == b'~' && !matches!(bytes.next(), Some(b'0' | b'1')) {
                return Err(BadPointer);
            }
        }
        Ok(Pointer(text))
    }

    /// Its steps, unescaped.
    pub fn steps(self) -> impl Iterator<Item = Cow<'a, str>> {
        self.0.split('/').skip(1).map(|step| {
            if step.contains('~') {
                Cow::Owned(step.replace("~1", "/").replace("~0", "~"))
            } else {
                Cow::Borrowed(step)
            }
        })
    }

    /// The value it names in `root`.
    #[must_use]
    pub fn of(self, root: &Json) -> Option<&Json> {
        self.steps()
            .try_fold(root, |value, step| Some(child(value, &step)?.1))
    }

    /// The position at each level on the way to the value it names.
    pub(crate) fn positions(self, root: &Json) -> Option<Vec<u32>> {
        let mut value = root;
        let mut positions = Vec::new();
        for step in self.steps() {
            let (position, next) = child(value, &step)?;
            positions.push(position);
            value = next;
        }
        Some(positions)
    }
}

/// Appends a step to a pointer's text, escaped.
pub(crate) fn push_step(pointer: &mut String, step: &str) {
    pointer.push('/');
    pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
}

fn child<'a>(value: &'a Json, step: &str) -> Option<(u32, &'a Json)> {
    let position = match value {
        Json::Object(members) => members.iter().position(|(name, _)| name == step)?,
        Json::Array(_) => index(step)?,
        _ => return None,
    };
    let child = match value {
        Json::Object(members) => members.get(position).map(|(_, value)| value),
        Json::Array(items) => items.get(position),
        _ => None,
    };
    Some((u32::try_from(position).ok()?, child?))
}

/// An array index: digits without a leading zero (RFC 6901, section 4).
fn index(step: &str) -> Option<usize> {
    let plain = !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit());
    (plain && (step == "0" || !step.starts_with('0'))).then(|| step.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::{BadPointer, Pointer};
    use crate::json::Json;

    #[test]
    fn the_examples_of_rfc_6901_and_what_is_refused() {
        let root = Json::parse(
            r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#,
        )
        .unwrap();
        for (pointer, expected) in [
            ("", Ok(Some(root.to_text()))),
            ("/foo", Ok(Some(r#"["bar","baz"]"#.into()))),
            ("/foo/0", Ok(Some(r#""bar""#.into()))),
            ("/foo/00", Ok(None)),
            ("/foo/-", Ok(None)),
            ("/foo/+1", Ok(None)),
            ("/foo/2", Ok(None)),
            ("/foo/99999999999999999999999", Ok(None)),
            ("/", Ok(Some("0".into()))),
            ("/a~1b", Ok(Some("1".into()))),
            ("/c%d", Ok(Some("2".into()))),
            ("/m~0n", Ok(Some("8".into()))),
            ("/m~01n", Ok(None)),
            ("foo", Err(BadPointer)),
            ("/~", Err(BadPointer)),
            ("/~2", Err(BadPointer)),
        ] {
            let got = Pointer::parse(pointer).map(|p| p.of(&root).map(Json::to_text));
            assert_eq!(got, expected, "{pointer}");
        }
        assert_eq!(
            Pointer::parse(&format!("/{}", "x".repeat(1024))),
            Err(BadPointer)
        );
    }
}
