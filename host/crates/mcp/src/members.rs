//! An object whose members are kept as they were written.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use wardlet_call::has_duplicate;

use crate::flaw::Flaw;
use crate::unique::check_unique;

/// One member of an object.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// The JSON string that names it, with its quotes and escapes.
    pub(crate) name_text: &'a str,
    pub(crate) name: Cow<'a, str>,
    pub(crate) value: &'a RawValue,
}

impl<'a> Member<'a> {
    /// Its name, unescaped.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> &'a RawValue {
        self.value
    }
}

/// Equal if written the same.
impl PartialEq for Member<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.name_text == other.name_text && self.value.get() == other.value.get()
    }
}

/// Members in the order of the text, no name twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Members<'a>(pub(crate) Vec<Member<'a>>);

impl<'a> Members<'a> {
    /// Reads an object, all of which must mean the same to all readers.
    ///
    /// # Errors
    /// [`Flaw::NotObject`], and those of [`check_unique`]
    pub fn parse(value: &'a RawValue) -> Result<Self, Flaw> {
        let members = Self::shallow(value.get())?;
        if members.has_duplicate() {
            return Err(Flaw::Duplicate);
        }
        for member in &members.0 {
            check_unique(member.value)?;
        }
        Ok(members)
    }

    /// Reads an object without looking into the values of its members.
    pub(crate) fn shallow(text: &'a str) -> Result<Self, Flaw> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let members = deserializer.deserialize_map(Pairs).map_err(flaw_of)?;
        deserializer.end().map_err(flaw_of)?;
        members.map(Members)
    }

    /// Whether a name stands in it twice.
    pub(crate) fn has_duplicate(&self) -> bool {
        has_duplicate(&self.0, |member| &member.name)
    }

    /// The value of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0
            .iter()
            .find(|member| member.name == name)
            .map(|member| member.value)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Member<'a>> {
        self.0.iter()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses names that only differ by case from one of `known`.
    pub(crate) fn check_case(&self, known: &[&str]) -> Result<(), Flaw> {
        let variant = |member: &Member<'_>| {
            known
                .iter()
                .any(|k| *k != member.name && same_folded(&member.name, k))
        };
        if self.0.iter().any(variant) {
            Err(Flaw::CaseVariant)
        } else {
            Ok(())
        }
    }
}

/// Whether a reader that ignores case takes `name` for `known`, which is in small ASCII letters: the
/// Kelvin sign and the long s are the only others that fold to such.
pub(crate) fn same_folded(name: &str, known: &str) -> bool {
    let folded = name.chars().map(|c| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    });
    folded.eq(known.chars().map(|c| c.to_ascii_lowercase()))
}

/// The text of a JSON string whose grammar was checked.
pub(crate) fn unescape(quoted: &str) -> Result<Cow<'_, str>, Flaw> {
    if memchr::memchr(b'\\', quoted.as_bytes()).is_some() {
        // All that the checked grammar leaves open is whether surrogates are in pairs.
        return serde_json::from_str(quoted)
            .map(Cow::Owned)
            .map_err(|_| Flaw::LoneSurrogate);
    }
    let inner = quoted
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.map(Cow::Borrowed).ok_or(Flaw::NotJson)
}

/// The text of a value that is a string.
pub(crate) fn as_string(value: &RawValue) -> Result<Option<Cow<'_, str>>, Flaw> {
    if value.get().starts_with('"') {
        unescape(value.get()).map(Some)
    } else {
        Ok(None)
    }
}

/// Whether a value is an object.
pub(crate) fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

fn flaw_of(error: serde_json::Error) -> Flaw {
    match error.classify() {
        serde_json::error::Category::Data => Flaw::NotObject,
        _ => Flaw::NotJson,
    }
}

/// Names and values as raw text: a name is read as such too, since `serde_json` hands out some values
/// under names of its own, which a stranger could write as well.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Result<Vec<Member<'de>>, Flaw>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Ok(Vec::new());
        while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            let name_text = name.get();
            // A flaw does not end the reading: an error of grammar further on comes first.
            match (unescape(name_text), &mut members) {
                (Ok(name), Ok(members)) => members.push(Member {
                    name_text,
                    name,
                    value,
                }),
                (Err(flaw), _) => members = Err(flaw),
                (Ok(_), Err(_)) => {}
            }
        }
        Ok(members)
    }
}
