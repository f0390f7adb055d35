//! Which era of MCP a peer speaks: up to 2025-11-25 with a handshake (legacy), from 2026-07-28 without (modern).

use serde_json::value::RawValue;

use crate::flaw::Flaw;
use crate::members::as_string;
use crate::notice;

/// The member of `_meta` that every modern request carries.
pub const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";

const PROTOCOL_VERSION: &str = "protocolVersion";

/// Longest protocol version, in bytes. They are dates of ten; drafts have a name before the date.
pub const MAX_VERSION_BYTES: usize = 64;

/// The version that a modern request names in its `_meta`; none for a legacy request.
///
/// # Errors
/// [`Flaw::BadMember`] where it is no string of at most [`MAX_VERSION_BYTES`] or `_meta` is no object,
/// [`Flaw::Duplicate`], [`Flaw::CaseVariant`], [`Flaw::NotObject`].
pub fn of_request(params: Option<&RawValue>) -> Result<Option<String>, Flaw> {
    version_in(notice::meta(params)?, META_VERSION)
}

/// `protocolVersion` of the parameters, or of the result, of `initialize`.
///
/// # Errors
/// [`Flaw::BadMember`] where it is no string of at most [`MAX_VERSION_BYTES`],
/// [`Flaw::Duplicate`], [`Flaw::CaseVariant`], [`Flaw::NotObject`].
pub fn of_initialize(object: &RawValue) -> Result<Option<String>, Flaw> {
    version_in(Some(object), PROTOCOL_VERSION)
}

fn version_in(object: Option<&RawValue>, name: &'static str) -> Result<Option<String>, Flaw> {
    let Some(value) = notice::member(object, name)? else {
        return Ok(None);
    };
    match as_string(value)? {
        Some(version) if version.len() <= MAX_VERSION_BYTES => Ok(Some(version.into_owned())),
        _ => Err(Flaw::BadMember(name)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{META_VERSION, of_initialize, of_request};
    use crate::flaw::Flaw;

    fn check(
        value: &str,
        request: Result<Option<&str>, Flaw>,
        initialize: Result<Option<&str>, Flaw>,
    ) {
        let raw = RawValue::from_string(value.to_owned()).unwrap();
        assert_eq!(
            of_request(Some(&raw)).as_ref().map(Option::as_deref),
            request.as_ref().copied(),
            "{value}"
        );
        assert_eq!(
            of_initialize(&raw).as_ref().map(Option::as_deref),
            initialize.as_ref().copied(),
            "{value}"
        );
    }

    #[test]
    fn versions() {
        let modern = |version: &str| format!(r#"{{"_meta":{{"{META_VERSION}":{version}}}}}"#);
        let long = format!("\"{}\"", "2".repeat(65));
        check(&modern(r#""2026-07-28""#), Ok(Some("2026-07-28")), Ok(None));
        check(&modern("1"), Err(Flaw::BadMember(META_VERSION)), Ok(None));
        check(&modern(&long), Err(Flaw::BadMember(META_VERSION)), Ok(None));
        check(r#"{"_meta":{}}"#, Ok(None), Ok(None));
        check(r#"{"_meta":[]}"#, Err(Flaw::BadMember("_meta")), Ok(None));
        check(
            r#"{"protocolVersion":"2025-11-25"}"#,
            Ok(None),
            Ok(Some("2025-11-25")),
        );
        check(
            r#"{"protocolVersion":null}"#,
            Ok(None),
            Err(Flaw::BadMember("protocolVersion")),
        );
        check(
            r#"{"protocolversion":"x"}"#,
            Ok(None),
            Err(Flaw::CaseVariant),
        );
        check("[]", Err(Flaw::NotObject), Err(Flaw::NotObject));
        assert_eq!(of_request(None), Ok(None));
    }
}
