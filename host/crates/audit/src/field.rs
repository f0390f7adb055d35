//! What a field of an entry may hold. A value outside of its bound is refused, never cut or
//! changed, since a cut name could be mistaken for another.

use serde::ser::{Error as _, SerializeSeq as _, Serializer};
use wardlet_call::{Blame, MAX_EXACT};

/// The longest name, code, id or digest in an entry. Names of strangers that are longer, or that
/// the upstream's own list does not hold, are committed to instead.
pub const MAX_NAME_BYTES: usize = 128;

/// The longest URI in an entry: the audience of a token.
pub const MAX_URI_BYTES: usize = 1024;

pub(crate) fn name<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(bounded::<S>(text, MAX_NAME_BYTES)?)
}

pub(crate) fn maybe_name<S: Serializer>(
    text: &Option<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match text {
        Some(text) => name(text, serializer),
        None => serializer.serialize_none(),
    }
}

pub(crate) fn names<S: Serializer>(texts: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    let mut sequence = serializer.serialize_seq(Some(texts.len()))?;
    for text in texts {
        sequence.serialize_element(bounded::<S>(text, MAX_NAME_BYTES)?)?;
    }
    sequence.end()
}

pub(crate) fn uri<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(bounded::<S>(text, MAX_URI_BYTES)?)
}

pub(crate) fn integer<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    if *value > MAX_EXACT {
        return Err(S::Error::custom(format_args!(
            "a number is over {MAX_EXACT}"
        )));
    }
    serializer.serialize_u64(*value)
}

pub(crate) fn maybe_integer<S: Serializer>(
    value: &Option<u64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => integer(value, serializer),
        None => serializer.serialize_none(),
    }
}

pub(crate) fn blame<S: Serializer>(
    blame: &Option<Blame>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match blame {
        Some(blame) => serializer.serialize_str(blame.word()),
        None => serializer.serialize_none(),
    }
}

fn bounded<S: Serializer>(text: &str, most: usize) -> Result<&str, S::Error> {
    if text.is_empty() {
        return Err(S::Error::custom("a name is empty"));
    }
    if text.len() > most {
        return Err(S::Error::custom(format_args!(
            "a name has more than {most} bytes"
        )));
    }
    Ok(text)
}
