//! The ids that notifications and `_meta` point to.

use serde_json::value::RawValue;

use crate::flaw::Flaw;
use crate::id::Id;
use crate::members::{Members, is_object};
use crate::params::META;

const REQUEST_ID: &str = "requestId";
const PROGRESS_TOKEN: &str = "progressToken";

/// Which request `notifications/cancelled` is about. It may name none: a task of version 2025-11-25
/// is cancelled by a request of its own.
///
/// # Errors
/// [`Flaw::BadMember`] where `requestId` is no id,
/// [`Flaw::Duplicate`], [`Flaw::CaseVariant`], [`Flaw::NotObject`].
pub fn cancelled(params: Option<&RawValue>) -> Result<Option<Id>, Flaw> {
    id_in(params, REQUEST_ID)
}

/// Which request `notifications/progress` is about, by its token.
///
/// # Errors
/// [`Flaw::BadMember`] where `progressToken` is no token,
/// [`Flaw::Duplicate`], [`Flaw::CaseVariant`], [`Flaw::NotObject`].
pub fn progress(params: Option<&RawValue>) -> Result<Option<Id>, Flaw> {
    id_in(params, PROGRESS_TOKEN)
}

/// The token under which a request wants to hear of its progress (`_meta.progressToken`).
///
/// # Errors
/// [`Flaw::BadMember`] where it is no token or `_meta` no object,
/// [`Flaw::Duplicate`], [`Flaw::CaseVariant`], [`Flaw::NotObject`].
pub fn progress_token(params: Option<&RawValue>) -> Result<Option<Id>, Flaw> {
    id_in(meta(params)?, PROGRESS_TOKEN)
}

/// `_meta`, if it is there.
pub(crate) fn meta(params: Option<&RawValue>) -> Result<Option<&RawValue>, Flaw> {
    let meta = member(params, META)?;
    if meta.is_none_or(is_object) {
        Ok(meta)
    } else {
        Err(Flaw::BadMember(META))
    }
}

/// A member of an object, if both are there. Names that another reader takes for it are refused.
pub(crate) fn member<'a>(
    object: Option<&'a RawValue>,
    name: &'static str,
) -> Result<Option<&'a RawValue>, Flaw> {
    let Some(object) = object else {
        return Ok(None);
    };
    // What lies deeper cannot change which member is meant, and was checked by `Message::decode`.
    let members = Members::shallow(object.get())?;
    if members.has_duplicate() {
        return Err(Flaw::Duplicate);
    }
    members.check_case(&[name])?;
    Ok(members.get(name))
}

fn id_in(object: Option<&RawValue>, name: &'static str) -> Result<Option<Id>, Flaw> {
    let value = member(object, name)?;
    value
        .map(|value| Id::parse(value).map_err(|_| Flaw::BadMember(name)))
        .transpose()
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{cancelled, progress, progress_token};
    use crate::flaw::Flaw;
    use crate::id::Id;

    type Read = fn(Option<&RawValue>) -> Result<Option<Id>, Flaw>;

    #[test]
    fn ids_that_others_point_to() {
        const REQUEST: Result<Option<&str>, Flaw> = Err(Flaw::BadMember("requestId"));
        const TOKEN: Result<Option<&str>, Flaw> = Err(Flaw::BadMember("progressToken"));
        for (read, params, expected) in [
            (
                cancelled as Read,
                r#"{"requestId":7,"reason":"x"}"#,
                Ok(Some("7")),
            ),
            (cancelled, r#"{"requestId":"a"}"#, Ok(Some("\"a\""))),
            (cancelled, r#"{"reason":"x"}"#, Ok(None)),
            (cancelled, r#"{"requestId":null}"#, REQUEST),
            (cancelled, r#"{"requestId":1.5}"#, REQUEST),
            (
                cancelled,
                r#"{"requestId":1,"requestId":2}"#,
                Err(Flaw::Duplicate),
            ),
            (
                cancelled,
                r#"{"requestId":1,"RequestID":2}"#,
                Err(Flaw::CaseVariant),
            ),
            (
                progress,
                r#"{"progressToken":"t","progress":0.5}"#,
                Ok(Some("\"t\"")),
            ),
            (progress, r#"{"progressToken":{},"progress":1}"#, TOKEN),
            (progress, r#"{"progress":1}"#, Ok(None)),
            (
                progress_token,
                r#"{"_meta":{"progressToken":3}}"#,
                Ok(Some("3")),
            ),
            (progress_token, r#"{"progressToken":3}"#, Ok(None)),
            (progress_token, r#"{"_meta":{}}"#, Ok(None)),
            (progress_token, r#"{"_meta":{"progressToken":[3]}}"#, TOKEN),
            (
                progress_token,
                r#"{"_meta":null}"#,
                Err(Flaw::BadMember("_meta")),
            ),
        ] {
            let raw = RawValue::from_string(params.to_owned()).unwrap();
            let got = read(Some(&raw)).map(|id| id.map(|id| id.to_string()));
            assert_eq!(got, expected.map(|id| id.map(str::to_owned)), "{params}");
            assert_eq!(read(None), Ok(None));
        }
    }
}
